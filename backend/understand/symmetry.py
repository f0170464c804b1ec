"""Mirror planes and turning axes of a set of points. Exact: a symmetry is one that takes every point onto a point."""

from __future__ import annotations

from itertools import product

import numpy as np

TOLERANCE = 1 / 250
"""Part of the longest side by which points may miss each other: half a step of the codec's 128 an axis, by which
a symmetric mesh of an even number of steps is off."""

MOST_FOLDS = 64  # a turn by 1/64 of a circle is the smallest that is tried
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)
ROUND = 16  # folds from which on a thing is called round
PROBE = 48  # points that are tried before the others are
MOST = 4_000  # points that are tried; of more, as many spread over them
SHIFTS = np.array(list(product((0.0, 0.5), repeat=3)))


class Places:
    """A set of points [V, 3], to be asked whether there is one at a place: within `reach` for certain, and beyond
    twice that never.

    Eight grids with cells of twice the reach, moved by half a cell against each other: two numbers that differ by less
    than half a cell share a cell in one of two such grids, so three of them do in one of eight."""

    def __init__(self, points: np.ndarray, reach: float) -> None:
        self.cell = 2 * reach
        self.low = points.min(0) - 2 * self.cell
        self.span = np.ceil((points.max(0) - self.low) / self.cell).astype(np.int64) + 3
        self.keys = np.unique(self._cells(points)[0])

    def hold(self, points: np.ndarray) -> bool:
        """Whether there is a point at each of these places [N, 3]."""
        cells, inside = self._cells(points)
        found = np.minimum(np.searchsorted(self.keys, cells), len(self.keys) - 1)
        return bool(((self.keys[found] == cells) & inside).any(0).all())

    def _cells(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[8, N]: one number for each point's cell in each grid, and whether it is in the grid at all."""
        cells = np.floor((points - self.low) / self.cell + SHIFTS[:, None]).astype(np.int64)  # [8, N, 3]
        inside = ((cells >= 0) & (cells < self.span)).all(2)
        grids = np.arange(8)[:, None] * self.span[0]
        return ((grids + cells[..., 0]) * self.span[1] + cells[..., 1]) * self.span[2] + cells[..., 2], inside


def symmetry(vertices: np.ndarray) -> tuple[list[np.ndarray], list[tuple[np.ndarray, int]]]:
    """Of vertices [V, 3]: the unit normals of the mirror planes, and the turning axes with their folds (4: every
    quarter turn is the same; at most 64). All go through the mean of the points. Tried are the axes of the space, the
    diagonals between them, and the principal axes of the points; what is symmetric in another direction only is
    not found. Nothing for points that have no extent."""
    extent = float(np.ptp(vertices, 0).max()) if len(vertices) else 0.0
    if not extent:
        return [], []
    reach = extent * TOLERANCE
    steps = np.round((vertices - vertices.min(0)) / (extent * 1e-5)).astype(np.int64)
    _, first = np.unique(steps @ [1, 1 << 20, 1 << 40], return_index=True)  # each place once
    points = vertices[first].astype(np.float64)
    points -= points.mean(0)
    places = Places(points, reach)
    probe, tried = _spread(points, PROBE), _spread(points, MOST)

    def same(moved: np.ndarray) -> bool:
        return places.hold(probe @ moved.T) and places.hold(tried @ moved.T)

    normals = _directions(points)
    planes = [n for n in normals if same(np.eye(3) - 2 * np.outer(n, n))]
    axes = []
    for axis in normals:
        fold = 1
        for prime in PRIMES:  # a turn of 4 * 3 folds is one of 4 and one of 3
            while fold * prime <= MOST_FOLDS and same(turn(axis, 2 * np.pi / (fold * prime))):
                fold *= prime
        if fold > 1:
            axes.append((axis, fold))
    return planes, axes


def _spread(points: np.ndarray, most: int) -> np.ndarray:
    return points[np.linspace(0, len(points) - 1, min(most, len(points))).astype(int)]


def _directions(points: np.ndarray) -> list[np.ndarray]:
    """Unit vectors to try: no two alike, those of the space first."""
    diagonals = [np.array(d) for d in ((1, 0, 1), (1, 0, -1), (1, 1, 0), (1, -1, 0), (0, 1, 1), (0, 1, -1))]
    principal = np.linalg.eigh(np.cov(points.T, bias=True))[1].T
    out: list[np.ndarray] = []
    for direction in [*np.eye(3), *diagonals, *principal]:
        unit = direction / np.linalg.norm(direction)
        unit = unit * (1.0 if unit[np.abs(unit).argmax()] > 0 else -1.0)
        if all(abs(unit @ known) < 0.9999 for known in out):
            out.append(unit)
    return out


def turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """float64 [3, 3]: the rotation about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
