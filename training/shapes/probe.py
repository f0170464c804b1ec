"""Measuring a mesh by its loose pieces, for the checkers. Names, materials and plans are not looked at."""

from __future__ import annotations

import numpy as np

from meshscribe.shared.mesh import Mesh

NEAR = 3.0  # steps of the codec's grid that count as touching


def boxes(mesh: Mesh) -> np.ndarray:
    """float64 [P, 2, 3]: the bounding box of every piece."""
    return np.stack([piece.bounds() for piece in mesh.pieces()])


def standing(mesh: Mesh) -> list[int]:
    """The pieces that stand on the ground."""
    spans = boxes(mesh)
    return [int(i) for i in np.flatnonzero(spans[:, 0, 1] <= spans[:, 0, 1].min() + NEAR)]


def highest(mesh: Mesh) -> int:
    """The piece that reaches highest; of several, the widest."""
    spans = boxes(mesh)
    tops = spans[:, 1, 1] >= spans[:, 1, 1].max() - NEAR
    area = (spans[:, 1, 0] - spans[:, 0, 0]) * (spans[:, 1, 2] - spans[:, 0, 2])
    return int(np.argmax(np.where(tops, area, -1.0)))


def outline_corners(piece: Mesh) -> int:
    """Distinct (x, z) of the piece's highest ring: 4 for a box, the number of sides for a prism."""
    top = piece.vertices[piece.vertices[:, 1] >= piece.vertices[:, 1].max() - 0.5]
    return len(np.unique(np.round(top[:, [0, 2]]), axis=0))


def end_corners(piece: Mesh, axis: int, high: bool = True) -> int:
    """Vertices at a piece's highest (or lowest) X, Y or Z (axis 0, 1, 2): 1 for a tip."""
    along = piece.vertices[:, axis]
    return int((along >= along.max() - 0.5).sum() if high else (along <= along.min() + 0.5).sum())


def end_width(piece: Mesh, high: bool = True) -> float:
    """The width along X of a piece at its top (or bottom)."""
    y = piece.vertices[:, 1]
    ring = piece.vertices[y >= y.max() - 1.5 if high else y <= y.min() + 1.5]
    return float(np.ptp(ring[:, 0]))


def fill(piece: Mesh) -> float:
    """The share of its bounding box that a piece fills: 1 for a box, 1/3 for a pyramid."""
    low, high = piece.bounds()
    return piece.volume() / float(np.prod(high - low))
