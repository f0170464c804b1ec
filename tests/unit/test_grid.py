import numpy as np
import pytest
from hypothesis import given
from shapes import SEEDS, points

from meshscribe.shared.grid import TIE, Grid

BINS = pytest.mark.parametrize("bins", [64, 128])


@BINS
@given(seed=SEEDS)
def test_a_vertex_moves_by_half_a_step_on_each_axis_at_most(bins, seed):
    vertices = points(np.random.default_rng(seed), 40)
    grid = Grid.fit(vertices, bins)
    error = np.abs(grid.decode(grid.encode(vertices)).astype(float) - vertices)
    assert error.max() <= (0.5 + TIE) * grid.step + np.abs(vertices).max() * 2**-23


@BINS
@given(seed=SEEDS)
def test_encoding_what_was_decoded_gives_the_same_integers(bins, seed):
    vertices = points(np.random.default_rng(seed), 40)
    grid = Grid.fit(vertices, bins)
    steps = grid.encode(vertices)
    decoded = grid.decode(steps)
    assert (grid.encode(decoded) == steps).all()
    assert (Grid.fit(decoded, bins).encode(decoded) == steps).all()  # also on the frame that it would choose anew


@BINS
@given(seed=SEEDS)
def test_the_longest_side_spans_all_steps_and_the_box_is_centred(bins, seed):
    vertices = points(np.random.default_rng(seed), 40)
    steps = Grid.fit(vertices, bins).encode(vertices)
    low, high = steps.min(0), steps.max(0)
    assert (high - low).max() == (bins - 1 if np.ptp(vertices, axis=0).any() else 0)
    assert set((low + high).tolist()) <= {bins - 1, bins}


@pytest.mark.parametrize("mirror", [0, 1, 2])
def test_mirrored_pairs_stay_within_a_step_of_symmetry(mirror):
    half = np.random.default_rng(mirror).uniform(-1, 1, (50, 3)).astype(np.float32)
    flip = np.where(np.arange(3) == mirror, -1, 1)
    steps = Grid.fit(both := np.concatenate([half, half * flip]), 64).encode(both)
    off = steps[:50] - np.where(np.arange(3) == mirror, 63 - steps[50:], steps[50:])
    assert set(off[:, mirror].tolist()) <= {0, 1} and not np.delete(off, mirror, 1).any()


def test_nothing_one_point_and_a_line_have_a_frame():
    assert Grid.fit(np.zeros((0, 3), np.float32), 64) == Grid(64)
    one = Grid.fit(np.array([(3, 4, 5)], np.float32), 64)
    assert one.encode(np.array([(3, 4, 5)])).tolist() == [[32, 32, 32]]
    assert np.abs(one.decode([[32, 32, 32]]) - (3, 4, 5)).max() <= one.step
    line = np.array([(0, 0, 0), (0, 2, 0)], np.float32)
    assert Grid.fit(line, 64).encode(line).tolist() == [[32, 0, 32], [32, 63, 32]]


def test_what_lies_outside_the_frame_moves_to_its_side():
    assert Grid(64).encode(np.array([(-9, 0.5, 1e30)])).tolist() == [[0, 63, 63]]


def test_lists_and_other_number_types_are_taken():
    grid = Grid(128, (1, 2, 3), 4)
    assert grid.decode([[0, 64, 127]]).dtype == np.float32
    assert grid.encode([[1, 2, 3]]).dtype == np.int32
    assert (grid.encode(np.asfortranarray(np.eye(3))[::-1]) == grid.encode(np.eye(3))[::-1]).all()
