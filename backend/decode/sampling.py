"""Choosing a token from scores: temperature, top-p, min-p, one seeded draw a token. numpy only."""

from __future__ import annotations

import numpy as np


class Sampler:
    """Draws positions in a score vector. The same seed draws the same for the same scores; temperature 0 is greedy
    (ties go to the first). `min_p`: what the model finds less likely than this share of its best is not drawn, whatever
    the temperature (Nguyen et al., arXiv 2407.01082): unlike top-p it cuts little where much is open, as in a vertex,
    and all slips where little is, as in a count."""

    def __init__(self, seed: int, temperature: float = 0.7, top_p: float = 1.0, min_p: float = 0.0):
        self.temperature, self.top_p, self.min_p = temperature, top_p, min_p
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
        below = (logits - logits.max()).astype(np.float64)
        scaled = np.exp(below / self.temperature)
        if self.min_p > 0.0:
            scaled[below < np.log(self.min_p)] = 0.0
        if self.top_p < 1.0:
            order = np.argsort(-scaled, kind="stable")
            before = np.cumsum(scaled[order]) - scaled[order]
            scaled[order[before >= self.top_p * scaled.sum()]] = 0.0
        return scaled
