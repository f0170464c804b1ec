"""Sampling: seeded, greedy at temperature 0, and by the distribution that it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend.decode.sampling import Sampler

LOGITS = np.array([1.0, 3.0, 0.5, 3.0, -2.0], np.float32)


def draws(sampler: Sampler, count: int, logits: np.ndarray = LOGITS) -> np.ndarray:
    return np.array([sampler.pick(logits) for _ in range(count)])


def test_temperature_zero_is_the_first_of_the_best() -> None:
    assert set(draws(Sampler(0, 0.0), 20)) == {1}
    assert set(draws(Sampler(5, -0.0), 20)) == {1}


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (draws(Sampler(seed), 200).tolist() for seed in (7, 7, 8))
    assert first == again != other
    assert draws(Sampler(2**63 - 1), 5).size == 5  # the largest seed of the protocol


def test_a_single_choice_takes_no_draw() -> None:
    """So that forced tokens do not shift what comes after them."""
    sampler, plain = Sampler(3), Sampler(3)
    assert sampler.pick(LOGITS[:1]) == 0
    assert draws(sampler, 50).tolist() == draws(plain, 50).tolist()


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 2.0])
def test_draws_follow_the_distribution(temperature: float) -> None:
    shares = np.exp(LOGITS / temperature) / np.exp(LOGITS / temperature).sum()
    found = np.bincount(draws(Sampler(1, temperature), 6000), minlength=5) / 6000
    assert np.abs(found - shares).max() < 4 * np.sqrt(0.25 / 6000)


def test_top_p_keeps_the_fewest_that_reach_it() -> None:
    """Shares .5, .3, .2: a token is kept while those before it are under top_p; the kept share the rest."""
    logits = np.log(np.array([0.2, 0.5, 0.3], np.float32))
    for top_p, kept in ((0.01, {1}), (0.49, {1}), (0.51, {1, 2}), (0.79, {1, 2}), (0.81, {0, 1, 2}), (1.0, {0, 1, 2})):
        assert set(np.flatnonzero(Sampler(0, 1.0, top_p).weights(logits)).tolist()) == kept
    weights = Sampler(0, 1.0, 0.7).weights(logits)
    assert weights[1] / weights.sum() == pytest.approx(0.5 / 0.8, abs=1e-6)


def test_min_p_cuts_what_is_far_below_the_best() -> None:
    """By the model's own shares, not those that the temperature makes."""
    logits = np.log(np.array([0.8, 0.07, 0.13], np.float32))
    for temperature in (0.2, 1.0, 3.0):
        for min_p, kept in ((0.05, {0, 1, 2}), (0.1, {0, 2}), (0.2, {0}), (1.0, {0})):
            sampler = Sampler(0, temperature, min_p=min_p)
            assert set(np.flatnonzero(sampler.weights(logits)).tolist()) == kept


@given(
    st.lists(st.floats(-80, 80, width=32), min_size=1, max_size=40),
    st.floats(0.01, 5.0),
    st.floats(0.01, 1.0),
    st.integers(0, 99),
)
def test_any_pick_is_one_of_the_kept(logits: list[float], temperature: float, top_p: float, seed: int) -> None:
    scores = np.array(logits, np.float32)
    sampler = Sampler(seed, temperature, top_p)
    for _ in range(5):
        place = sampler.pick(scores)
        assert 0 <= place < len(scores) and sampler.weights(scores)[place] > 0


def test_no_draw_falls_past_the_end() -> None:
    class Last:
        def random(self) -> float:
            return float(np.nextafter(1.0, 0.0))

    sampler = Sampler(0, 1.0, 0.9)
    sampler._random = Last()  # type: ignore[assignment]
    for count in (1, 3, 1000):
        logits = np.random.default_rng(count).normal(size=count).astype(np.float32)
        assert sampler.weights(logits)[sampler.pick(logits)] > 0
