"""Closed solids to build shapes from: boxes, turned profiles, lofts and extrusions. Y is up, lengths are free units.

Every function returns a Solid that is closed, with outward faces, quads where it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Point = Sequence[float]


@dataclass(frozen=True, slots=True)
class Solid:
    """Vertices float64 [n, 3] and faces as corner lists (counter-clockwise seen from outside)."""

    vertices: np.ndarray
    faces: tuple[tuple[int, ...], ...]

    def move(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Solid:
        return Solid(self.vertices + (x, y, z), self.faces)

    def turn(self, axis: str, degrees: float, about: Point = (0.0, 0.0, 0.0)) -> Solid:
        """Rotated about the axis "x", "y" or "z" through the point `about`, counter-clockwise seen from its tip."""
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        matrix = {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis]
        return Solid((self.vertices - about) @ np.array(matrix).T + about, self.faces)

    def scale(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Solid:
        """Scaled about the origin by positive factors."""
        return Solid(self.vertices * (x, y, z), self.faces)

    def around(self, count: int, first: float = 0.0) -> list[Solid]:
        """`count` copies turned evenly about the Y axis, the first one by `first` degrees."""
        return [self.turn("y", first + 360.0 * i / count) for i in range(count)]


def loft(rings: Sequence[np.ndarray]) -> Solid:
    """Quads between rings [n, 3] that run counter-clockwise seen from the last ring's side (seen from above where rings
    go up); n-gon caps. The first and last ring may be one point [1, 3]: a tip of triangles."""
    n = max(len(ring) for ring in rings)
    starts = np.cumsum([0] + [len(ring) for ring in rings]).tolist()
    faces: list[tuple[int, ...]] = []
    for k in range(len(rings) - 1):
        low, high = starts[k], starts[k + 1]
        for i in range(n):
            j = (i + 1) % n
            if len(rings[k]) == 1:
                faces.append((low, high + j, high + i))
            elif len(rings[k + 1]) == 1:
                faces.append((low + i, low + j, high))
            else:
                faces.append((low + i, low + j, high + j, high + i))
    if len(rings[0]) > 1:
        faces.append(tuple(range(n - 1, -1, -1)))
    if len(rings[-1]) > 1:
        faces.append(tuple(starts[-2] + i for i in range(n)))
    return Solid(np.concatenate([np.asarray(ring, float).reshape(-1, 3) for ring in rings]), tuple(faces))


def circle(radius: float, y: float, sides: int, first: float | None = None) -> np.ndarray:
    """A ring [sides, 3] about the Y axis. By default a flat side faces +Z for even `sides`, -Z for odd ones."""
    first = 180.0 / sides + 90.0 if first is None else first
    angle = np.radians(first) + np.arange(sides) * 2 * np.pi / sides
    return np.stack([radius * np.cos(angle), np.full(sides, y), -radius * np.sin(angle)], 1)


def rectangle(width: float, depth: float, y: float, x: float = 0.0, z: float = 0.0) -> np.ndarray:
    """A ring [4, 3]: `width` along X, `depth` along Z, centred on (x, z) at height y."""
    w, d = width / 2, depth / 2
    return np.array([(x - w, y, z + d), (x + w, y, z + d), (x + w, y, z - d), (x - w, y, z - d)])


def box(width: float, height: float, depth: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A box; `at` is the centre of its bottom face."""
    return taper((width, depth), (width, depth), height, at)


def taper(bottom: tuple[float, float], top: tuple[float, float], height: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A frustum with (width, depth) at the bottom and at the top; `at` is the centre of its bottom face."""
    return loft([rectangle(*bottom, 0.0), rectangle(*top, height)]).move(*at)


def lathe(
    profile: Sequence[tuple[float, float]], sides: int, at: Point = (0.0, 0.0, 0.0), first: float | None = None
) -> Solid:
    """A profile of (radius, y) going up, turned about the Y axis; radius 0 at an end makes a tip."""
    rings = [circle(r, y, sides, first) if r > 0 else np.array([(0.0, y, 0.0)]) for r, y in profile]
    return loft(rings).move(*at)


def vessel(
    outer: Sequence[tuple[float, float]], inner: Sequence[tuple[float, float]], sides: int, at: Point = (0.0, 0.0, 0.0)
) -> Solid:
    """A hollow turned body (mug, bowl, vase): `outer` (radius, y) going up to the rim, then `inner` going down to the
    floor inside."""
    return lathe([*outer, *inner], sides, at)


def cylinder(radius: float, height: float, sides: int = 8, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """An upright prism; `at` is the centre of its bottom face."""
    return lathe([(radius, 0.0), (radius, height)], sides, at)


def cone(radius: float, height: float, sides: int = 8, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """An upright cone; `at` is the centre of its bottom face."""
    return lathe([(radius, 0.0), (0.0, height)], sides, at)


def ball(radius: float, sides: int = 8, rows: int = 4, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A sphere of `rows` bands of quads (triangles at the poles); `at` is its lowest point."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)
    profile = [(radius * np.cos(a), radius + radius * np.sin(a)) for a in angle]
    profile[0], profile[-1] = (0.0, 0.0), (0.0, 2 * radius)
    return lathe(profile, sides, at)


def extrude(outline: Sequence[tuple[float, float]], depth: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A flat outline of (x, y), counter-clockwise seen from +Z, made `depth` thick along Z and centred on z = 0. Keep
    outlines convex, or build them from several solids: caps are single n-gons."""
    front = np.array([(x, y, depth / 2) for x, y in outline])
    back = front * (1, 1, -1)
    return loft([back, front]).move(*at)


def tube(radius: float, start: Point, end: Point, sides: int = 6, tip: float | None = None) -> Solid:
    """A straight rod from `start` to `end`; `tip` is the radius at the end (as at the start by default)."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length
    helper = np.array([0.0, 0.0, 1.0]) if abs(along[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    side = np.cross(helper, along)
    side /= np.linalg.norm(side)
    frame = np.stack([side, along, np.cross(side, along)])  # rows: where x, y and z of the upright rod go
    rod = lathe([(radius, 0.0), (radius if tip is None else tip, length)], sides)
    return Solid(rod.vertices @ frame + start, rod.faces)


def ribbon(path: Sequence[tuple[float, float]], thick: float, width: float) -> Solid:
    """A bar along a path of (x, y) points, mitred at its corners: `thick` across the path, `width` along Z
    (handles, bent arms)."""
    points = np.asarray(path, float)
    along = np.diff(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.stack([-along[:, 1], along[:, 0]], 1)
    before, after = np.vstack([left[:1], left]), np.vstack([left, left[-1:]])
    mitre = (before + after) / (1.0 + (before * after).sum(1, keepdims=True)) * (thick / 2)
    rings = []
    for (x, y), (a, b) in zip(points, mitre, strict=True):
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        rings.append(np.array([(x + s * a, y + s * b, z * width / 2) for s, z in corners]))
    return loft(rings)


def gem(width: float, height: float, depth: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """An octahedron (jewels, eyes, buttons); `at` is its centre."""
    flat = np.array([(-0.5, 0.0, 0.0), (0.0, 0.0, 0.5), (0.5, 0.0, 0.0), (0.0, 0.0, -0.5)])
    tips = np.array([(0.0, -0.5, 0.0)]), np.array([(0.0, 0.5, 0.0)])
    return loft([tips[0], flat, tips[1]]).scale(width, height, depth).move(*at)


def mirrored(solid: Solid, axis: str = "x") -> Solid:
    """The mirror image in the plane through the origin across `axis`, still outward."""
    factors = [-1.0 if name == axis else 1.0 for name in "xyz"]
    return Solid(solid.vertices * factors, tuple(face[::-1] for face in solid.faces))


def silhouette(outline: Sequence[tuple[float, float]], width: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A side view of (z, y) points, counter-clockwise with z to the right, made `width` wide along X and centred on
    x = 0 (bodies of vehicles that drive towards +Z). Keep it convex."""
    return extrude(outline, width).turn("y", -90).move(*at)


def wheel(radius: float, width: float, sides: int = 6, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A wheel that rolls along Z, standing on a flat side; `at` is the middle of that side."""
    rim = lathe([(radius, -width / 2), (radius, width / 2)], sides, first=180 / sides).turn("z", 90)
    return rim.move(*at).move(y=radius * float(np.cos(np.pi / sides)))


def _across(path: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """The points [n, 2] of a path and, at each, what lies one unit to its left across it, mitred at the bends."""
    points = np.asarray(path, float)
    along = np.diff(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    left = np.stack([-along[:, 1], along[:, 0]], 1)
    before, after = np.vstack([left[:1], left]), np.vstack([left, left[-1:]])
    return points, (before + after) / (1.0 + (before * after).sum(1, keepdims=True))


def sweep(path: Sequence[tuple[float, float]], radii: Sequence[float], sides: int = 6) -> Solid:
    """A round rod along a path of (x, y) points, a radius at each (arms, leaning trunks); radius 0 at an end makes a
    tip."""
    points, left = _across(path)
    angle = (np.arange(sides) + 0.5) * 2 * np.pi / sides
    rings = []
    for (x, y), (a, b), radius in zip(points, left, radii, strict=True):
        c = radius * np.cos(angle)
        ring = np.stack([x + a * c, y + b * c, radius * np.sin(angle)], 1)
        rings.append(ring if radius > 0 else ring[:1])
    return loft(rings)


def frond(path: Sequence[tuple[float, float]], widths: Sequence[float], thick: float) -> Solid:
    """A leaf or petal along a path of (x, y) points, ridged on the left of the path: `widths` along Z at each point;
    width 0 at an end makes a tip."""
    points, left = _across(path)
    rings = []
    for (x, y), (a, b), width in zip(points, left, widths, strict=True):
        corners = ((0.6, 0.0), (-0.4, 0.5), (-0.4, -0.5)) if width else ((0.0, 0.0),)
        rings.append(np.array([(x + s * thick * a, y + s * thick * b, z * width) for s, z in corners]))
    return loft(rings)


def stud(width: float, height: float, depth: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A four-sided pyramid that points to +Z (knobs, rivets); `at` is the middle of its base."""
    w, h = width / 2, height / 2
    base = np.array([(-w, -h, 0.0), (w, -h, 0.0), (w, h, 0.0), (-w, h, 0.0)])
    return loft([base, np.array([(0.0, 0.0, depth)])]).move(*at)


def pull(width: float, height: float, depth: float, at: Point = (0.0, 0.0, 0.0)) -> Solid:
    """A three-sided bar along X with its edge to +Z (handles of drawers); `at` is the middle of its back."""
    return silhouette([(0.0, -height / 2), (depth, 0.0), (0.0, height / 2)], width, at)


def hollow(width: float, height: float, depth: float, wall: float, floor: float, at: Point = (0, 0, 0)) -> Solid:
    """A box open at the top; `at` is the centre of its bottom face."""
    inner = width - 2 * wall, depth - 2 * wall
    rings = [rectangle(width, depth, 0.0), rectangle(width, depth, height)]
    return loft([*rings, rectangle(*inner, height), rectangle(*inner, floor)]).move(*at)


def bow(path: Sequence[tuple[float, float]], thick: float, width: float) -> Solid:
    """A ribbon of three sides, to save vertices: flat on the right of its path, an edge on the left (slim handles)."""
    rings = ribbon(path, thick, width).vertices.reshape(-1, 4, 3)
    return loft([np.stack([ring[0], (ring[1] + ring[2]) / 2, ring[3]]) for ring in rings])
