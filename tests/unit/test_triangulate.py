import numpy as np
import pytest
from hypothesis import given
from shapes import OUTLINES, SEEDS

from meshscribe.shared.triangulate import triangulate


def area(ring: np.ndarray) -> np.ndarray:
    """Twice the area of a polygon [n, 3] as a vector along its normal."""
    return np.cross(ring, np.roll(ring, -1, 0)).sum(0)


def checked(ring: np.ndarray) -> None:
    cut = triangulate(ring, range(len(ring)))
    assert len(cut) == len(ring) - 2
    whole = area(ring)
    parts = [area(ring[list(triangle)]) for triangle in cut]
    assert np.allclose(sum(parts), whole)
    assert all(part @ whole > 0 for part in parts)  # none flat, none turned over: so none overlap


@pytest.mark.parametrize("outline", OUTLINES)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("back", [False, True])
def test_covers_outlines_in_every_plane_and_direction(outline, axis, back):
    ring = np.insert(np.array(outline[::-1] if back else outline), axis, 5.0, 1)
    for start in range(len(ring)):
        checked(np.roll(ring, start, 0))


@given(SEEDS)
def test_covers_random_simple_polygons_on_the_grid(seed):
    rng = np.random.default_rng(seed)
    flat = rng.integers(-30, 31, (rng.integers(4, 24), 2))
    angle = np.arctan2(flat[:, 1], flat[:, 0])
    flat = flat[np.unique(np.round(angle, 9), return_index=True)[1]]  # star-shaped about the origin
    angle = np.sort(np.arctan2(flat[:, 1], flat[:, 0]))
    if len(flat) < 3 or np.diff([*angle, angle[0] + 2 * np.pi]).max() >= 3.1 or not flat.any(1).all():
        return
    with_middles = [p for a, b in zip(flat, np.roll(flat, -1, 0), strict=True) for p in (a * 2, a + b)]
    checked(np.insert(np.array(with_middles if seed % 2 else flat, float), seed % 3, 7.0, 1))


def test_corners_on_a_straight_side_make_no_flat_triangle():
    side = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 2, 0)])
    assert triangulate(side, range(4)) == [(3, 0, 1), (1, 2, 3)]


def test_a_polygon_without_area_or_that_crosses_itself_is_a_fan():
    line = np.array([(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)])
    crossed = np.array([(0, 0, 0), (1, 1, 0), (1, 0, 0), (0, 1, 0)])
    for ring in (line, crossed):
        assert triangulate(ring, range(4)) == [(0, 1, 2), (0, 2, 3)]


def test_reads_only_the_corners_it_is_given():
    points = np.array([(9, 9, 9), (0, 0, 0), (4, 0, 0), (1, 1, 0), (0, 4, 0)])
    assert triangulate(points, [1, 2, 3, 4]) == [(1, 2, 3), (1, 3, 4)]
