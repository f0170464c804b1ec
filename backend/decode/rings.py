"""Guesses the vertices of turned and tapered pieces: rings at one height, mirrored about the middle of their box, each
a scaled copy of the one below. Knows grid steps, no tokens."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[int, ...]


def following(points: Sequence[Point], told: Sequence[int], low: Point, high: Point) -> int | None:
    """The likely next coordinate (x, y or z by how many are `told`) of a piece in the box from `low` to `high` whose
    `points` so far are sorted by (y, x, z); None where nothing speaks for one."""
    axis = len(told)
    if not points:
        return low[axis] if axis < 2 else None
    level = points[-1][1]
    ring = [p for p in points if p[1] == level]
    below = [p for p in points[: -len(ring)] if p[1] == points[-len(ring) - 1][1]]
    whole = len(ring) >= len(below) if below else closed(ring, low, high)
    if whole:  # a new ring begins: straight up, to the top
        if axis != 2:
            return ring[0][0] if axis == 0 else high[1] if level < high[1] else None
        return scaled(ring, [], 2, low, high, told[0])
    if axis == 1:
        return level
    if below:
        return scaled(below, ring, axis, low, high, told[0] if told else None)
    if axis == 0:
        return column(ring, low, high)
    twin = [p for p in ring if p[0] == told[0]] or [p for p in ring if p[0] == low[0] + high[0] - told[0]]
    if not twin:
        return None
    return low[2] + high[2] - twin[-1][2] if twin[-1][0] == told[0] else twin[0][2]


def closed(ring: Sequence[Point], low: Point, high: Point) -> bool:
    """Whether a lowest ring ends as it began, mirrored in x, with as many vertices in its last column."""
    first, last = ring[0][0], ring[-1][0]
    ends = [sum(p[0] == x for p in ring) for x in (first, last)]
    return first != last and first + last == low[0] + high[0] and ends[0] == ends[1]


def column(ring: Sequence[Point], low: Point, high: Point) -> int:
    """The x of the lowest ring's next vertex: again the same while a column waits for its mirrored end, else the mirror
    of a column before."""
    xs = [p[0] for p in ring]
    if xs.count(xs[-1]) % 2 and ring[-1][2] * 2 != low[2] + high[2]:
        return xs[-1]
    columns, twice = sorted(set(xs)), low[0] + high[0]
    mirrored = [twice - x for x in reversed(columns) if twice - x > columns[-1]]
    return mirrored[0] if mirrored else twice - columns[0]


def scaled(
    below: Sequence[Point], ring: Sequence[Point], axis: int, low: Point, high: Point, x: int | None
) -> int | None:
    """A coordinate of the vertex over the ring below, by the scale of the ring so far (or of its first `x` alone)."""
    middle, over = (low[axis] + high[axis]) / 2, below[len(ring)]
    pairs = [
        (r[i] - (low[i] + high[i]) / 2, b[i] - (low[i] + high[i]) / 2)
        for r, b in zip(ring, below, strict=False)
        for i in (0, 2)
    ]
    if x is not None:
        pairs.append((x - (low[0] + high[0]) / 2, over[0] - (low[0] + high[0]) / 2))
    reach, base = max(pairs, key=lambda pair: abs(pair[1]), default=(0.0, 0.0))
    if not base:
        return None
    return int(middle + (over[axis] - middle) * reach / base + 0.5)
