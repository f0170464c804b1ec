"""Any mesh into a budget of faces: simplified on a copy, by parts where there are parts, and what was lost is said.

Quadric edge collapse (fast-simplification) keeps the silhouette; meshes that it copes badly with (very dense ones, long
slivers as at the poles of a sphere, thousands of pieces) are gathered on a grid first (shared/thin.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import fast_simplification
import numpy as np

from meshscribe.shared.mesh import INDEX, Mesh, Part
from meshscribe.shared.obj import Dialect, Written, write
from meshscribe.shared.thin import thin
from meshscribe.shared.triangulate import triangulate

DENSE = 20_000  # faces of a piece that is gathered on a grid before its edges are collapsed
GRIDS = (128, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2)  # cells along the longest side, tried in turn
PER_PIECE = 12  # faces of a box: a mesh with more pieces than boxes fit into the budget is gathered as a whole
BULGE = 0.02  # of the longest side, by which a piece may stand out further than it did
VANISHED = 0.05  # share of the faces that falls together on the steps of a dialect, over which it is said


@dataclass(frozen=True, slots=True)
class Fitted:
    """Text of a mesh that fits; `lost` says in a sentence what was left out of it, "" for nothing."""

    written: Written
    lost: str


def fitted(mesh: Mesh, dialect: Dialect, most: int, fits: Callable[[str], bool], count: int = 0) -> Fitted | None:
    """The text of a mesh in a dialect, simplified until it has at most `most` faces and its text `fits`. None where not
    even a few faces fit, or where no face has an area. `count` are the faces that it had before it was thinned."""
    pieces, count = len(mesh.parts), count or len(mesh.sizes)
    now, budget = mesh, most
    while budget >= 4:
        if len(now.sizes) > budget or not dialect.parts and len(now.loops) - 2 * len(now.sizes) > budget:
            now = simplified(mesh, budget)
        written = write(now, dialect)
        if written.faces and fits(written.text):
            return Fitted(written, _lost(count, pieces, now, mesh, written))
        if not written.faces:
            return None
        budget = min(budget, written.faces) * 3 // 4
    return None


def _lost(count: int, pieces: int, now: Mesh, mesh: Mesh, written: Written) -> str:
    if now is mesh and count == len(mesh.sizes):
        gone = written.dropped / max(count, 1)
        return f"{100 * gone:.0f} % of its faces are too small for the model's grid." if gone > VANISHED else ""
    parts = f" and {len(now.parts):,} of its {pieces:,} parts" if len(now.parts) < pieces else ""
    return f"The model read a simplified copy with {written.faces:,} of its {count:,} faces{parts}."


def simplified(mesh: Mesh, faces: int) -> Mesh:
    """A copy in at most `faces` triangles, which are shared out among the parts (else the loose pieces) by their area.
    Parts keep their names; those that are too small for a triangle go. The mesh itself is not touched."""
    pieces = mesh.pieces() if len(mesh.parts) <= faces // PER_PIECE else []
    if not mesh.parts and len(mesh.sizes) <= DENSE * 10:
        pieces = mesh.pieces()
    if not pieces or len(pieces) > faces // PER_PIECE:
        return reduced(Mesh(mesh.vertices, mesh.loops, mesh.sizes), faces)
    areas = np.array([piece.area() for piece in pieces])
    sizes = np.array([len(piece.loops) - 2 * len(piece.sizes) for piece in pieces])  # triangles
    shares = _shares(areas, sizes, faces)
    made = [reduced(piece, int(share)) for piece, share in zip(pieces, shares, strict=True)]
    named = [(piece.parts[0], now) for piece, now in zip(pieces, made, strict=True) if len(now.sizes)]
    joined = Mesh.join((part.name, part.material, now.vertices, now.faces()) for part, now in named)
    return joined if mesh.parts else Mesh(joined.vertices, joined.loops, joined.sizes)


def _shares(areas: np.ndarray, sizes: np.ndarray, faces: int) -> np.ndarray:
    """Faces for every piece: as many as a box has, or all of its own; the rest by the root of its area, which gives
    small pieces a little more than their size; none more than it has."""
    shares = np.minimum(sizes, PER_PIECE)
    weights = np.sqrt(areas) + 1e-30
    for _ in range(8):
        left, hungry = faces - shares.sum(), shares < sizes
        if left <= 0 or not hungry.any():
            break
        more = np.floor(left * weights / weights[hungry].sum()).astype(int)
        shares = np.where(hungry, np.minimum(sizes, shares + more), shares)
    return shares


def reduced(piece: Mesh, faces: int) -> Mesh:
    """One piece in at most `faces` triangles, with its outline kept as well as that allows."""
    whole = triangular(piece)
    if len(whole.sizes) <= faces:
        return whole
    low, high = piece.bounds()
    slack = BULGE * float((high - low).max())
    for cells in (() if len(whole.sizes) > DENSE else (0,)) + GRIDS:
        start = thin(whole, cells) if cells else whole
        if len(start.sizes) <= faces:
            return start
        points, corners = fast_simplification.simplify(
            start.vertices.astype(np.float64), start.triangles(), target_count=faces, agg=5
        )
        within = len(points) and (points.min(0) >= low - slack).all() and (points.max(0) <= high + slack).all()
        if 0 < len(corners) <= faces and within:
            sizes = np.full(len(corners), 3, INDEX)
            return _named(Mesh(points.astype(np.float32), corners.reshape(-1).astype(INDEX), sizes), piece.parts)
    return _named(Mesh(whole.vertices[:0], whole.loops[:0], whole.sizes[:0]), piece.parts)


def triangular(piece: Mesh) -> Mesh:
    """The same in triangles: fans for quads, which are nearly always convex, ears for larger faces."""
    if (piece.sizes == 3).all():
        return piece
    large = piece.sizes > 4
    corners = Mesh(piece.vertices, piece.loops[~np.repeat(large, piece.sizes)], piece.sizes[~large]).triangles()
    starts = piece.starts
    for face in np.flatnonzero(large):
        ring = piece.loops[starts[face] : starts[face] + piece.sizes[face]].tolist()
        ears = np.array(triangulate(piece.vertices, ring), INDEX).reshape(-1, 3)
        corners = np.concatenate([corners, ears])
    return _named(Mesh(piece.vertices, corners.reshape(-1).astype(INDEX), np.full(len(corners), 3, INDEX)), piece.parts)


def _named(mesh: Mesh, parts: tuple[Part, ...]) -> Mesh:
    """Under the name of its only part."""
    if len(parts) != 1:
        return mesh
    part = Part(parts[0].name, parts[0].material, len(mesh.vertices), len(mesh.sizes))
    return Mesh(mesh.vertices, mesh.loops, mesh.sizes, (part,))
