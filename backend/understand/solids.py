"""The plain solids, told by their geometry: a ball, a box, a cylinder, a cone, a ring, a flat thing. What is one of
them to within a hundredth needs no model to say so."""

from __future__ import annotations

from typing import Any

import numpy as np

from meshscribe.shared.mesh import Mesh

from .symmetry import ROUND

OFF = 0.01  # of its radius: how far a vertex may be from the solid's surface
FILLED = (0.9, 1.02)  # of the solid's volume: what a mesh of 12 sides and more has
UPRIGHT = 1e-3  # of a cosine: two faces at right angles


def solid(mesh: Mesh, points: np.ndarray, known: dict[str, Any]) -> str:
    """ "ball", "cube", "box", "cylinder", "cone", "ring", "flat rectangle", "flat disc", or "" for any other mesh.
    `points` float64 [V, 3] are its vertices that have faces, `known` its facts so far."""
    if known["parts"] != 1 or not known["area"]:
        return ""
    if known["ball"]:
        return "ball"
    axes = [np.array(axis) for axis, fold in known["axes"] if fold >= ROUND]
    if not known["closed"]:
        return _flat(points, axes, known["area"])
    volume = abs(known["volume"])
    return next((found for axis in axes if (found := _round(points, axis, volume))), "") or _box(mesh, points, volume)


def _flat(points: np.ndarray, axes: list[np.ndarray], area: float) -> str:
    middle = points.mean(0)
    _, spread, way = np.linalg.svd(points - middle, full_matrices=False)
    if spread[-1] > 1e-5 * spread[0]:
        return ""
    flat = (points - middle) @ way[:2].T  # [V, 2]
    if any(abs(axis @ way[-1]) > 1 - UPRIGHT for axis in axes):
        radius = float(np.linalg.norm(flat, axis=1).max())
        return "flat disc" if FILLED[0] < area / (np.pi * radius**2) < FILLED[1] else ""
    corner = flat[np.linalg.norm(flat, axis=1).argmax()]
    others = flat[np.abs(np.linalg.norm(flat, axis=1) - np.linalg.norm(corner)) < OFF * np.linalg.norm(corner)]
    sides = np.sort(np.linalg.norm(others - corner, axis=1))
    sides = sides[sides > OFF * sides[-1]]
    return "flat rectangle" if len(sides) == 3 and abs(sides[0] * sides[1] / area - 1) < OFF else ""


def _round(points: np.ndarray, axis: np.ndarray, volume: float) -> str:
    """Of solids of revolution: by the heights along the axis, and the distances from it."""
    offset = points - points.mean(0)  # the mean is on the axis
    along = offset @ axis
    out = np.linalg.norm(offset - along[:, None] * axis, axis=1)
    height = np.ptp(along)
    radius = out.max()
    if not height or not radius:
        return ""
    level = (along - along.min()) / height  # 0 at one end, 1 at the other
    at_end = np.minimum(level, 1 - level) < OFF
    if (at_end | (np.abs(out - radius) < OFF * radius)).all() and _fills(volume, np.pi * radius**2 * height):
        return "cylinder"
    for up in (level, 1 - level):
        on_side = np.abs(out - radius * (1 - up)) < OFF * radius
        if (on_side | (up < OFF)).all() and _fills(volume, np.pi * radius**2 * height / 3):
            return "cone"
    ring, thick = (radius + out.min()) / 2, (radius - out.min()) / 2
    if (np.abs(np.hypot(out - ring, (level - 0.5) * height) - thick) < 2 * OFF * radius).all() and thick < ring:
        return "ring" if 0.8 < volume / (2 * np.pi**2 * ring * thick**2) < FILLED[1] else ""
    return ""


def _fills(volume: float, whole: float) -> bool:
    return bool(FILLED[0] < volume / whole < FILLED[1])


def _box(mesh: Mesh, points: np.ndarray, volume: float) -> str:
    corners = mesh.vertices[mesh.triangles()].astype(np.float64)  # [T, 3, 3]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    normals = normals[length > 0] / length[length > 0, None]
    one = normals[0]
    upright = normals[np.abs(normals @ one) < UPRIGHT]
    if not len(upright):
        return ""
    two = upright[0]
    sides = np.ptp(points @ np.stack([one, two, np.cross(one, two)]).T, 0)
    if abs(volume / sides.prod() - 1) > OFF:
        return ""
    return "cube" if sides.max() - sides.min() < OFF * sides.max() else "box"
