"""Guesses of rings: most of a turned piece follows from its box and its first ring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend.decode.rings import following

STEPS = st.integers(0, 127)


def turned(sides: int, radii: list[int], heights: list[int]) -> list[tuple[int, ...]]:
    """Rings about (63.5, y, 63.5), sorted as the codec sorts."""
    angles = (np.arange(sides) + 0.5) * 2 * np.pi / sides
    points = []
    for radius, y in zip(radii, heights, strict=True):
        ring = np.floor(np.stack([np.cos(angles), np.sin(angles)], 1) * radius + 63.5 + 0.5).astype(int)
        points += [(int(x), y, int(z)) for x, z in ring]
    return sorted(set(points), key=lambda p: (p[1], p[0], p[2]))


@pytest.mark.parametrize("sides", [4, 6, 8, 12])
def test_most_of_a_turned_piece_is_guessed(sides: int) -> None:
    points = turned(sides, [40, 60, 30], [0, 50, 127])
    low, high = np.min(points, 0).tolist(), np.max(points, 0).tolist()
    right = 0
    for k, point in enumerate(points):
        for axis in range(3):
            guess = following(points[:k], point[:axis], low, high)
            right += guess is not None and abs(guess - point[axis]) <= (0 if axis == 1 else 1)
    assert right > 0.7 * 3 * len(points)


@given(st.lists(st.tuples(STEPS, STEPS, STEPS), max_size=20), st.lists(STEPS, max_size=2))
def test_any_points_can_be_followed(points: list[tuple[int, ...]], told: list[int]) -> None:
    ordered = sorted(set(points), key=lambda p: (p[1], p[0], p[2]))
    guess = following(ordered, told, (0, 0, 0), (127, 127, 127))
    assert guess is None or isinstance(guess, int)
