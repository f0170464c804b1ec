"""Cutting one polygon into triangles: strictly convex ones as a fan, others by clipping ears."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Triangle = tuple[int, int, int]
Point = tuple[float, float]


def triangulate(points: np.ndarray, corners: Sequence[int]) -> list[Triangle]:
    """Triangles over `points` [V, 3] that cover the polygon, with its winding; all have an area where the
    polygon is planar and does not touch itself. One that is not planar is cut as its projection along its
    mean normal; one without area, or that crosses itself, is cut as a fan."""
    corners = list(corners)
    if len(corners) == 3:
        return _fan(corners)
    flat = _flattened(np.asarray(points)[corners].astype(np.float64).tolist())
    count = len(flat)
    turns = [_turn(flat[i - 1], flat[i], flat[(i + 1) % count]) for i in range(count)]
    if not flat or min(turns) > 0:
        return _fan(corners)
    left = list(range(count))
    cut: list[Triangle] = []
    while len(left) > 3:
        for i in range(len(left)):
            a, b, c = left[i - 1], left[i], left[(i + 1) % len(left)]
            p, q, r = flat[a], flat[b], flat[c]
            # Clipping an ear turns no convex corner into a reflex one: only the others can lie in an ear.
            if _turn(p, q, r) > 0 and not any(
                _inside(flat[k], p, q, r) for k in left if turns[k] <= 0 and k != a and k != b and k != c
            ):
                cut.append((corners[a], corners[b], corners[c]))
                del left[i]
                break
        else:
            return _fan(corners)
    cut.append((corners[left[0]], corners[left[1]], corners[left[2]]))
    return cut


def _flattened(ring: list[list[float]]) -> list[Point]:
    """The ring seen from the tip of its mean normal (Newell's), along the nearest axis; [] without area."""
    normal = [0.0, 0.0, 0.0]
    ox, oy, oz = ring[0]  # from a corner, so that a place far from the origin costs no digits
    for (ax, ay, az), (bx, by, bz) in zip(ring, ring[1:] + ring[:1], strict=True):
        ax, ay, az, bx, by, bz = ax - ox, ay - oy, az - oz, bx - ox, by - oy, bz - oz
        normal[0] += ay * bz - az * by
        normal[1] += az * bx - ax * bz
        normal[2] += ax * by - ay * bx
    drop = max(range(3), key=lambda axis: abs(normal[axis]))
    if normal[drop] == 0:
        return []
    x, y = (drop + 1) % 3, (drop + 2) % 3
    if normal[drop] < 0:
        x, y = y, x
    return [(point[x], point[y]) for point in ring]


def _fan(corners: Sequence[int]) -> list[Triangle]:
    return [(corners[0], corners[i], corners[i + 1]) for i in range(1, len(corners) - 1)]


def _turn(p: Point, q: Point, r: Point) -> float:
    """Twice the area of a triangle: positive where it runs counter-clockwise."""
    return (q[0] - p[0]) * (r[1] - q[1]) - (q[1] - p[1]) * (r[0] - q[0])


def _inside(point: Point, p: Point, q: Point, r: Point) -> bool:
    """Whether a point lies in a counter-clockwise triangle or on its sides."""
    return _turn(p, q, point) >= 0 and _turn(q, r, point) >= 0 and _turn(r, p, point) >= 0
