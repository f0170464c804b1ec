"""The forward pass behind three verbs. A runtime keeps one sequence's cache; the decode loop owns its length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Scores(NamedTuple):
    """What may follow each of the last `keep` tokens: logits float32 [keep, K] at the ids that were asked for, and
    totals float64 [keep], log(sum(exp)) over the whole vocabulary: exp(logits - total) are the model's own shares."""

    logits: np.ndarray
    totals: np.ndarray


class Forward(Protocol):
    """One model with one sequence in its cache."""

    context: int  # tokens that fit

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        ...

    def extend(self, tokens: Sequence[int], ids: np.ndarray | None = None, keep: int = 1) -> Scores:
        """Append a chunk of tokens and score what may follow each of its last `keep`: at `ids` int64 [K], or at the
        whole vocabulary. ValueError where the chunk is empty or does not fit."""
        ...

    def truncate(self, length: int) -> None:
        """Forget the tokens from `length` on."""
        ...

    def fork(self) -> Forward:
        """Another sequence that begins with what is in the cache; the weights are shared."""
        ...
