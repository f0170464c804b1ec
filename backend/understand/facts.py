"""What can be computed of a mesh is computed, not guessed: size, counts, pieces, edges, holes, volume, symmetry,
repeated pieces, how it stands. A model is told these facts; it need not find them."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshscribe.shared.mesh import Mesh, components

from .repeats import Pieces, repeats
from .solids import solid
from .symmetry import symmetry
from .topology import Edges

LEVEL = 1e-4  # of the longest side: vertices that lie so close to the lowest one are on the ground
FEET = 0.01  # and so close are feet that it stands on, more or less
FLAT = 1e-3  # of the box's floor: less than this on the ground is no flat base


def facts(mesh: Mesh, whole: tuple[int, int] | None = None) -> dict[str, Any]:
    """Facts in the mesh's own units and axes (Y up), ready for JSON. With `whole`, the mesh is a thinned copy of one
    with so many vertices and faces, and `thinned` is True: the rest was measured on the copy.

    size [x, y, z] of the box; vertices, faces, edges; triangles, quads, ngons; loose (vertices without a face); doubles
    (vertices on the place of another); parts (loose pieces of faces); named (parts by name, with counts); closed (no
    open edge, all wound alike); open_edges, holes (rims of open edges), crowded_edges (of more than two faces),
    twisted_edges (between faces wound against each other); area; volume (signed sum over the pieces: positive where
    faces point outward; None where not closed); filled (the volume's share of the box); edge_length [shortest, mean,
    longest]; density (faces a squared unit); planes (normals of mirror planes) and axes ([direction, folds]), see
    symmetry.py; ball (closed, and no vertex more than 1 % nearer to the middle than another); repeats ([how many, name
    or "", whether scaled] of equal pieces), see repeats.py; base (area on the ground, feet that it stands on, whether
    flat); up (the direction that is up when it stands by itself: "+y" as it is, "-z"...; None where it would fall
    over); materials (of the parts, by name); solid ("box", "cylinder"... or "", see solids.py)."""
    edges = Edges.of(mesh)
    count = len(mesh.vertices)
    used = np.zeros(count, bool)
    used[mesh.loops] = True
    points = mesh.vertices[used].astype(np.float64)
    pieces = _pieces(mesh, edges, used)
    low, high = mesh.bounds()
    size = high - low
    areas, area = _areas(mesh)
    faulty = edges.open | edges.crowded | edges.twisted
    closed = bool(len(mesh.sizes)) and bool(len(edges.faces)) and not faulty.any()
    volume, middle = _volume(mesh, (low + high) / 2)
    planes, axes = symmetry(points)
    lengths = np.linalg.norm(np.diff(mesh.vertices[edges.ends].astype(np.float64), axis=1)[:, 0], axis=1)
    room = float(size.prod())
    if not closed:
        middle = _middle(mesh, areas)
    known = {
        "size": [_short(side) for side in size],
        "vertices": whole[0] if whole else count,
        "faces": whole[1] if whole else len(mesh.sizes),
        "thinned": whole is not None,
        "edges": len(edges.ends),
        "triangles": int((mesh.sizes == 3).sum()),
        "quads": int((mesh.sizes == 4).sum()),
        "ngons": int((mesh.sizes > 4).sum()),
        "loose": int(count - used.sum()),
        "doubles": _doubles(mesh.vertices),
        "parts": pieces.count,
        "named": _named(mesh),
        "closed": closed,
        "open_edges": int(edges.open.sum()),
        "holes": _holes(count, edges),
        "crowded_edges": int(edges.crowded.sum()),
        "twisted_edges": int(edges.twisted.sum()),
        "area": area,
        "volume": volume if closed else None,
        "filled": _short(abs(volume) / room) if closed and room else None,
        "edge_length": [_short(f(lengths)) for f in (np.min, np.mean, np.max)] if len(lengths) else None,
        "density": _short(len(mesh.sizes) / area) if area else None,
        "planes": [[_short(part) for part in normal] for normal in planes],
        "axes": [[[_short(part) for part in axis], fold] for axis, fold in axes],
        "ball": closed and _ball(points, abs(volume)),
        "repeats": _repeats(mesh, edges, pieces),
        "base": _base(mesh, edges, areas, size),
        "up": _up(points, middle, float(size.max())) if len(points) else None,
        "materials": sorted({part.material for part in mesh.parts if part.material}),
    }
    return known | {"solid": solid(mesh, points, known)}


def _short(value: float) -> float:
    """Six figures, and 0 for what is no more than the rounding of float32."""
    return float(f"{value:.6g}") if abs(value) > 1e-9 else 0.0


def _areas(mesh: Mesh) -> tuple[np.ndarray, float]:
    """The area of every face [F], and of all. A face is the triangles of a fan from its first corner; those that turn
    against the whole count negative, so that a concave face is right, and a bent one is what is drawn of it."""
    if not len(mesh.sizes):
        return np.zeros(0), 0.0
    corners = mesh.vertices[mesh.triangles()].astype(np.float64)  # [T, 3, 3]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.sqrt((normals**2).sum(1)) / 2
    fans = mesh.sizes - 2
    if fans.max() > 1:
        starts = np.cumsum(fans) - fans
        whole = np.repeat(np.add.reduceat(normals, starts), fans, axis=0)
        areas = np.add.reduceat(np.where((normals * whole).sum(1) < 0, -areas, areas), starts)
    return areas, float(areas.sum())


def _volume(mesh: Mesh, origin: np.ndarray) -> tuple[float, np.ndarray]:
    """The signed volume, and the middle of the mass of a closed mesh [3]; summed around `origin`, near the mesh."""
    if not len(mesh.sizes):
        return 0.0, origin
    corners = mesh.vertices[mesh.triangles()] - origin  # [T, 3, 3] float64
    six = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    total = float(six.sum())
    middle = (corners.sum(1) / 4 * six[:, None]).sum(0) / total if total else np.zeros(3)
    return total / 6, middle + origin


def _middle(mesh: Mesh, areas: np.ndarray) -> np.ndarray:
    """The middle of the surface [3]: the mean of the faces' middles, by area."""
    if not areas.sum():
        return mesh.bounds().mean(0)
    middles = np.add.reduceat(mesh.vertices[mesh.loops].astype(np.float64), mesh.starts) / mesh.sizes[:, None]
    return (middles * areas[:, None]).sum(0) / areas.sum()


def _pieces(mesh: Mesh, edges: Edges, used: np.ndarray) -> Pieces:
    roots = components(len(mesh.vertices), edges.ends)
    of_vertex = np.full(len(roots), -1)
    known, of_vertex[used] = np.unique(roots[used], return_inverse=True)
    return Pieces(len(known), of_vertex, of_vertex[mesh.loops[mesh.starts]])


def _ball(points: np.ndarray, volume: float) -> bool:
    """Whether these vertices [V, 3] of a closed mesh lie on a sphere, and the mesh fills it: a cylinder does not."""
    radii = np.linalg.norm(points - (points.min(0) + points.max(0)) / 2, axis=1)
    return bool(np.ptp(radii) <= 0.01 * radii.max() and volume > 0.85 * 4 / 3 * np.pi * radii.max() ** 3)


def _doubles(vertices: np.ndarray) -> int:
    """How many vertices lie exactly where another one does."""
    rows = np.ascontiguousarray(vertices + 0.0, np.float32).view(np.uint32).astype(np.uint64)  # -0 is 0
    mixed = rows @ np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    return len(mixed) - len(np.unique(mixed))


def _named(mesh: Mesh) -> dict[str, int]:
    named: dict[str, int] = {}
    for part in mesh.parts:
        if part.name and part.name != "part":
            named[part.name] = named.get(part.name, 0) + 1
    return named


def _holes(count: int, edges: Edges) -> int:
    """How many connected rims the open edges make."""
    rim = edges.ends[edges.open]
    corners, ends = np.unique(rim, return_inverse=True)
    return len(np.unique(components(len(corners), ends.reshape(-1, 2)))) if len(rim) else 0


def _repeats(mesh: Mesh, edges: Edges, pieces: Pieces) -> list[list[Any]]:
    """[how many, the name that all have or "", whether scaled]."""
    first = np.unique(pieces.of_vertex[mesh.loops], return_index=True)[1]  # a corner of every piece
    part = np.searchsorted(np.cumsum([part.vertices for part in mesh.parts]), mesh.loops[first], "right")
    out = []
    for repeat in repeats(mesh.vertices, edges.ends, pieces):
        names = {mesh.parts[part[piece]].name for piece in repeat.pieces} if mesh.parts else set()
        name = names.pop() if len(names) == 1 else ""
        out.append([len(repeat.pieces), "" if name == "part" else name, repeat.scaled])
    return out


def _base(mesh: Mesh, edges: Edges, areas: np.ndarray, size: np.ndarray) -> dict[str, Any]:
    """What lies on the ground: the lowest vertices and the faces between them."""
    if not len(mesh.sizes):
        return {"area": 0.0, "feet": 0, "flat": False}
    heights = mesh.vertices[:, 1]
    lowest = heights[mesh.loops].min()
    down = heights <= lowest + LEVEL * size.max()
    on_ground = np.add.reduceat(down[mesh.loops], mesh.starts) == mesh.sizes
    area = float(areas[on_ground].sum())
    down = heights <= lowest + FEET * size.max()
    touching = edges.ends[down[edges.ends].all(1)]
    standing = np.unique(mesh.loops[down[mesh.loops]])
    feet = len(np.unique(components(len(heights), touching)[standing]))
    return {"area": _short(area), "feet": feet, "flat": bool(area > FLAT * size[0] * size[2])}


def _up(points: np.ndarray, middle: np.ndarray, extent: float) -> str | None:
    """The direction that is up when it stands still. Of several "+y", then the one with the broadest stand."""
    found: list[tuple[float, bool, str]] = []
    for axis, sign in ((1, 1), (1, -1), (0, 1), (0, -1), (2, 1), (2, -1)):
        heights = points[:, axis] * sign
        stand = points[heights <= heights.min() + 10 * LEVEL * extent]
        flat = np.delete(stand - middle, axis, 1)  # [N, 2]
        angles = np.sort(np.arctan2(flat[:, 1], flat[:, 0]))
        gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
        if len(stand) > 2 and gaps.max() < np.pi:  # the middle lies over what it stands on
            name = "+-"[sign < 0] + "xyz"[axis]
            if name == "+y":
                return name
            found.append((float(np.ptp(flat, 0).prod()), sign > 0, name))
    return max(found)[2] if found else None
