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
            return int(logits.argmax())
        sums = self.weights(logits).cumsum()
        place = int(sums.searchsorted(self._random.random() * sums[-1], side="right"))
        # the draw is below 1, but its product with the sum can round up to the sum: then it is the last that counts
        return place if place < len(sums) else int(sums.searchsorted(sums[-1]))

    def weights(self, logits: np.ndarray) -> np.ndarray:
        """float64 [K], in proportion to what each position is drawn with."""
        scaled = np.exp((logits - logits.max()).astype(np.float64) / self.temperature)
        if self.top_p < 1.0:
            order = np.argsort(-scaled, kind="stable")
            before = np.cumsum(scaled[order]) - scaled[order]
            scaled[order[before >= self.top_p * scaled.sum()]] = 0.0
        return scaled
