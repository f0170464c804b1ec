"""The forward pass behind three verbs. A runtime keeps the caches of several sequences, one a row; the decode loop owns
their lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Chunk(NamedTuple):
    """Tokens to append to a row, and what is wanted: how likely what may follow each of the last `keep` of them is, at
    `ids` int64 [K], or at the whole vocabulary."""

    tokens: Sequence[int]
    keep: int = 1
    ids: np.ndarray | None = None


class Forward(Protocol):
    """One model, and the sequences in its cache."""

    context: int  # tokens that fit in a row
    rows: int
    width: int  # rows that a pass takes at the most
    lanes: int  # passes that are worth running at a time, each on a thread of its own and over rows of its own

    def length(self, row: int) -> int:
        """Tokens in the cache of a row."""
        ...

    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        """One pass: append a chunk to each of these rows, 1 to `width` of them. What may follow: logarithms of the
        model's own shares of the whole vocabulary, float32 [keep, K] for each row. ValueError where a chunk is empty,
        is to tell more than it has, or does not fit."""
        ...

    def truncate(self, row: int, length: int) -> None:
        """Forget the tokens of a row from `length` on."""
        ...

    def fork(self, row: int, into: int, length: int) -> None:
        """Let the row `into` begin with the first `length` tokens of another, and hold no more than these."""
        ...

    def close(self) -> None:
        """Free the memory."""
        ...


def check(forward: Forward, chunks: Mapping[int, Chunk]) -> None:
    """ValueError where these chunks are none of a pass."""
    if not 0 < len(chunks) <= forward.width:
        raise ValueError(f"A pass takes 1 to {forward.width} rows, not {len(chunks)}.")
    for row, (tokens, keep, _) in chunks.items():
        if not 0 < keep <= len(tokens) or forward.length(row) + len(tokens) > forward.context:
            raise ValueError(f"{len(tokens)} tokens do not fit behind {forward.length(row)} of {forward.context}.")
