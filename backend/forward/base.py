"""The forward pass behind three verbs. A runtime keeps one sequence's cache; the decode loop owns its length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Scores(NamedTuple):
    """The last token's logits: float32 [K] at the ids that were asked for, and log(sum(exp)) over the whole vocabulary
    (so that exp(logits - total) are the model's own probabilities)."""

    logits: np.ndarray
    total: float


class Forward(Protocol):
    """One model with one sequence in its cache."""

    context: int  # tokens that fit

    @property
    def length(self) -> int:
        """Tokens in the cache."""
        ...

    def extend(self, tokens: Sequence[int], ids: np.ndarray | None = None) -> Scores:
        """Append a chunk of tokens and score what may follow it: at `ids` int64 [K], or at the whole vocabulary."""
        ...

    def truncate(self, length: int) -> None:
        """Forget the tokens from `length` on."""
        ...

    def fork(self) -> Forward:
        """Another sequence that begins with what is in the cache; the weights are shared."""
        ...
