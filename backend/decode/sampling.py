"""Choosing a token from scores: temperature, top-p, one seeded draw a token. numpy only."""

from __future__ import annotations

import numpy as np


class Sampler:
    """Draws positions in a score vector. The same seed draws the same for the same scores; temperature 0 is greedy
    (ties go to the first)."""

    def __init__(self, seed: int, temperature: float = 0.7, top_p: float = 1.0):
        self.temperature, self.top_p = temperature, top_p
        self._random = np.random.Generator(np.random.PCG64(seed))

    def pick(self, logits: np.ndarray) -> int:
        """A position in logits float [K]."""
        if self.temperature <= 0 or len(logits) == 1:
            return int(np.argmax(logits))
        return int(np.searchsorted(np.cumsum(self.probabilities(logits)), self._random.random(), side="right"))

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """float64 [K], summing to a little over 1 so that no draw falls past the end."""
        scaled = np.exp((logits.astype(np.float64) - logits.max()) / self.temperature)
        shares = scaled / scaled.sum()
        if self.top_p < 1.0:
            order = np.argsort(-shares, kind="stable")
            before = np.cumsum(shares[order]) - shares[order]
            shares[order[before >= self.top_p]] = 0.0
            shares /= shares.sum()
        last = int(np.flatnonzero(shares)[-1])
        shares[last] += 1e-9
        return shares
