"""Which loose pieces of a mesh are the same piece again: moved, turned, mirrored or scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .symmetry import TOLERANCE

OF_PIECE = 0.05  # a small piece may differ by this part of its own radius, and no more


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Loose pieces: `of_vertex` int64 [V] and `of_face` int64 [F], numbers 0..count-1; of a vertex without a face -1.
    Numbered by their lowest vertex."""

    count: int
    of_vertex: np.ndarray
    of_face: np.ndarray


@dataclass(frozen=True, slots=True)
class Repeat:
    """Pieces that are the same: their numbers. `scaled` where not all have one size."""

    pieces: list[int]
    scaled: bool


def repeats(vertices: np.ndarray, edges: np.ndarray, pieces: Pieces) -> list[Repeat]:
    """The groups of two and more pieces of a mesh with edges int64 [E, 2], the largest first. Two pieces count as the
    same where they have as many vertices, edges and faces, and both the sorted distances of their vertices from their
    middle and the sorted lengths of their edges agree, scaled by their mean distance, to within 1/250 of the whole mesh
    and 5 % of that mean. That says yes to every copy however it was turned, mirrored or scaled; a different
    piece would have to agree in all these lengths."""
    if pieces.count < 2:
        return []
    used = np.flatnonzero(pieces.of_vertex >= 0)
    used = used[np.argsort(pieces.of_vertex[used], kind="stable")]
    owner = pieces.of_vertex[used]
    points = vertices[used].astype(np.float64)
    counts = np.bincount(owner, minlength=pieces.count)
    middles = np.add.reduceat(points, np.cumsum(counts) - counts) / counts[:, None]
    radii = np.linalg.norm(points - middles[owner], axis=1)
    lengths = np.linalg.norm(np.diff(vertices[edges].astype(np.float64), axis=1)[:, 0], axis=1)
    vertex_rows, edge_rows = (
        _Rows(radii, owner, pieces.count),
        _Rows(lengths, pieces.of_vertex[edges[:, 0]], pieces.count),
    )
    means = np.maximum(np.bincount(owner, radii, pieces.count) / counts, 1e-30)
    reach = float(np.ptp(points, 0).max()) * TOLERANCE
    faces = np.bincount(pieces.of_face, minlength=pieces.count)
    kinds = np.unique(np.stack([vertex_rows.counts, edge_rows.counts, faces], 1), axis=0, return_inverse=True)[1]
    order = np.argsort(kinds.reshape(-1), kind="stable")
    out = []
    for members in np.split(order, np.flatnonzero(np.diff(kinds.reshape(-1)[order])) + 1):
        if len(members) > 1:
            rows = np.concatenate([vertex_rows.of(members), edge_rows.of(members)], 1)
            out += _alike(members, rows, means[members], reach)
    return sorted(out, key=lambda repeat: (-len(repeat.pieces), repeat.pieces))


class _Rows:
    """Numbers by piece, sorted."""

    def __init__(self, values: np.ndarray, owner: np.ndarray, count: int) -> None:
        self.values = values[np.lexsort((values, owner))]
        self.counts = np.bincount(owner, minlength=count)
        self.starts = np.cumsum(self.counts) - self.counts

    def of(self, members: np.ndarray) -> np.ndarray:
        """[n, K]: the numbers of pieces that all have K."""
        return self.values[self.starts[members][:, None] + np.arange(self.counts[members[0]])]


def _alike(members: np.ndarray, rows: np.ndarray, means: np.ndarray, reach: float) -> list[Repeat]:
    """Groups of pieces with as many vertices and faces: each is compared with the first that is left."""
    out = []
    left = np.arange(len(members))
    while len(left) > 1:
        first = left[0]
        scaled = rows[left] * (means[first] / means[left])[:, None]
        allowed = np.minimum(reach * np.maximum(means[first] / means[left], 1), OF_PIECE * means[first])
        same = np.abs(scaled - rows[first]).max(1) <= allowed
        group, left = left[same], left[~same]
        if len(group) > 1:
            sizes = means[group]
            limit = min(reach, OF_PIECE * float(sizes[0]))
            out.append(Repeat(members[group].tolist(), bool(np.ptp(sizes) > 2 * limit)))
    return out
