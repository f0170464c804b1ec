"""The decode loop, for every local model. Knows tokens and logits; not text, not meshes, not a runtime.

Each pass takes the tokens that were decided last, then guesses (draft.py), and scores what may follow each of them. The
tokens are then decided one after another as if there had been no guesses, until one differs from its guess; what the
cache holds past that is forgotten. What the grammar leaves no choice in is not sampled and rides along in the next
pass. So the text is the same with and without guesses: the same draws from the same scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meshscribe.backend.forward.base import Forward

from .draft import Draft
from .grammar import Grammar
from .sampling import Sampler

GUESSES = 16  # tokens a pass at the most: on two cores a pass over 17 takes about three times one over 1
FIRST_CHUNK, LONGEST_PASS = 64, 0.025  # prefill: tokens of the first pass, and seconds that a pass should stay under


@dataclass(slots=True)
class Run:
    """What a decode run made and took."""

    tokens: list[int]
    finish: str = "stop"  # "stop", "length" or "cancelled"
    passes: int = 0
    seconds: float = 0.0
    first_token: float = 0.0  # seconds
    guessed: int = 0  # tokens that were guessed
    accepted: int = 0  # of them right
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
    stops: frozenset[int],
    limit: int,
    emit: Callable[[list[int]], None],
    grammar: Grammar | None = None,
    draft: Draft | None = None,
    cached: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Run:
    """Decode up to `limit` tokens after `prompt` [T], of which the cache holds the first `cached` (at most T - 1).

    With a grammar only its legal tokens are decided and it ends by itself within the limit; without one, a token of
    `stops` or the limit ends the run. `emit` gets tokens (without the stop) as they are decided; `cancelled` is asked
    before every pass.
    """
    run = Run([])
    began = time.perf_counter()
    universe = grammar.tokens if grammar else None  # int64 [U], ascending: all that can ever be legal
    fresh: list[int] = []  # tokens that this pass decided
    choice: np.ndarray | None = None  # what is legal next, once it was asked

    def legal(grammar: Grammar) -> np.ndarray:
        nonlocal choice
        if choice is None:
            choice = grammar.legal(limit - len(run.tokens) - len(fresh))
        return choice

    def decide(logits: np.ndarray, total: float) -> int:
        """The next token, from logits [U] (or of the whole vocabulary)."""
        if grammar is None or universe is None:
            return sampler.pick(logits)
        ids = legal(grammar)
        if len(ids) == 1 and (run.tokens or fresh):  # the first token tells whether the model wanted a mesh at all
            return int(ids[0])
        allowed = logits[np.searchsorted(universe, ids)]
        run.masked += 1.0 - float(np.exp(allowed - total).sum())
        run.sampled += 1
        return int(ids[sampler.pick(allowed)])

    def take(token: int) -> None:
        nonlocal choice
        choice = None
        fresh.append(token)
        if grammar:
            grammar.accept(token)
        if draft and token not in stops:
            draft.accept(token)

    forward.truncate(min(cached, len(prompt) - 1))
    pending = _prefill(forward, list(prompt[forward.length :]), run, cancelled)
    ended = False
    while not ended:
        if cancelled():
            run.finish = "cancelled"
            break
        room = min(GUESSES, limit - len(run.tokens) - 1, forward.context - forward.length - len(pending))
        guesses = draft.guess(room) if draft and room > 0 else []
        scores = forward.extend([*pending, *guesses], universe, keep=len(guesses) + 1)
        base = forward.length - len(guesses)
        run.passes += 1
        run.guessed += len(guesses)
        fresh = []
        for place in range(len(guesses) + 1):
            take(decide(scores.logits[place], float(scores.totals[place])))
            ended = fresh[-1] in stops or len(run.tokens) + len(fresh) >= limit
            if ended or place == len(guesses) or fresh[-1] != guesses[place]:
                break
            run.accepted += 1
        forward.truncate(base + len(fresh) - 1)
        known = len(fresh) - 1  # of the fresh tokens, in the cache
        while grammar and not ended and len(legal(grammar)) == 1:
            take(int(legal(grammar)[0]))
            ended = fresh[-1] in stops or len(run.tokens) + len(fresh) >= limit
        pending = fresh[known:]
        stopped = fresh[-1] in stops
        if stopped:
            fresh.pop()
        elif ended:
            run.finish = "length"
        run.first_token = run.first_token or time.perf_counter() - began
        run.tokens += fresh
        if fresh:
            emit(fresh)
    if run.finish == "stop" and grammar and grammar.starved:
        run.finish = "length"
    run.seconds = time.perf_counter() - began
    return run


def _prefill(forward: Forward, tokens: list[int], run: Run, cancelled: Callable[[], bool]) -> list[int]:
    """Feed all but the last tokens, in chunks that grow while passes are short, so that cancel is heard soon; what is
    left over."""
    chunk = FIRST_CHUNK
    while len(tokens) > chunk and not cancelled():
        began = time.perf_counter()
        forward.extend(tokens[:chunk])
        tokens, run.passes = tokens[chunk:], run.passes + 1
        if time.perf_counter() - began < LONGEST_PASS / 2:
            chunk *= 2
    return tokens
