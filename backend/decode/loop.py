"""The decode loop, for every local model: prefill, then one pass a sampled token; what the grammar forces rides along
unsampled in the next pass. Knows tokens and logits; not text, not meshes, not a runtime."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meshscribe.backend.forward.base import Forward

from .grammar import Grammar
from .sampling import Sampler

CHUNK = 256  # tokens of a prefill pass: cancel is heard between them


@dataclass(slots=True)
class Run:
    """What a decode run made and took."""

    tokens: list[int]
    finish: str = "stop"  # "stop", "length" or "cancelled"
    passes: int = 0
    seconds: float = 0.0
    first_token: float = 0.0  # seconds
    masked: float = 0.0  # probability taken away by the grammar, summed over the sampled tokens
    sampled: int = 0

    @property
    def masked_mass(self) -> float:
        """Mean over the sampled tokens, 0..1."""
        return min(1.0, max(0.0, self.masked / self.sampled)) if self.sampled else 0.0


def decode(
    forward: Forward,
    prompt: Sequence[int],
    sampler: Sampler,
    *,
    grammar: Grammar | None,
    stops: frozenset[int],
    limit: int,
    emit: Callable[[list[int]], None],
    cancelled: Callable[[], bool] = lambda: False,
) -> Run:
    """Decode up to `limit` tokens after `prompt` [T].

    With a grammar only its legal tokens are sampled and it ends by itself within the limit; without one, a token of
    `stops` or the limit ends the run. `emit` gets tokens (without the stop) as they are decided; `cancelled` is asked
    before every pass.
    """
    run = Run([])
    began = time.perf_counter()
    forward.truncate(0)
    pending = list(prompt)
    ended = False
    while not ended:
        while len(pending) > CHUNK and not cancelled():
            forward.extend(pending[:CHUNK])
            pending, run.passes = pending[CHUNK:], run.passes + 1
        if cancelled():
            run.finish = "cancelled"
            break
        ids = grammar.legal(limit - len(run.tokens)) if grammar else None
        scores = forward.extend(pending, ids)
        run.passes += 1
        if ids is not None:
            run.masked += 1.0 - float(np.exp(scores.logits.astype(np.float64) - scores.total).sum())
            run.sampled += 1
        place = sampler.pick(scores.logits)
        fresh = [place if ids is None else int(ids[place])]
        if grammar:
            grammar.accept(fresh[0])
            while fresh[-1] not in stops:
                ids = grammar.legal(limit - len(run.tokens) - len(fresh))
                if len(ids) > 1:
                    break
                fresh.append(int(ids[0]))
                grammar.accept(fresh[-1])
        ended = fresh[-1] in stops
        if ended:
            fresh.pop()
        run.first_token = run.first_token or time.perf_counter() - began
        run.tokens += fresh
        if fresh:
            emit(fresh)
        if not ended and len(run.tokens) >= limit:
            run.finish = "length"
            break
        pending = fresh
    if ended and grammar and grammar.starved:
        run.finish = "length"
    run.seconds = time.perf_counter() - began
    return run
