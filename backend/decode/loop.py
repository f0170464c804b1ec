"""The decode loop, for every local model and for one text or several at a time. Knows tokens and logits; not text, not
meshes, not a runtime.

Each pass takes the tokens that were decided last, then guesses (draft.py), and scores what may follow each of them. The
tokens are then decided one after another as if there had been no guesses, until one differs from its guess; what the
cache holds past that is forgotten. What the grammar leaves no choice in is not sampled and rides along in the next
pass. So the text is the same with and without guesses: the same draws from the same scores.

Texts that are made at the same time share passes, and nothing else: each has its own grammar, draws, guesses and row of
the cache. Where the runtime runs several passes at a time, tokens are decided while others are computed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from meshscribe.backend.forward.base import Chunk, Forward

from .draft import Draft
from .grammar import Grammar
from .sampling import Sampler

GUESSES = 16  # tokens of a text a pass at the most: one over 17 takes about twice the time of one over 1
FIRST_CHUNK, LONGEST_PASS = 64, 0.025  # prefill: tokens of the first pass, and seconds that a pass should stay under
NOWHERE = np.empty(0, np.int64)


@dataclass(slots=True)
class Run:
    """What decoding a text made and took."""

    tokens: list[int] = field(default_factory=list)
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


class Stream:
    """One text in the making: up to `limit` tokens after `prompt` [T], of which the cache's `row` holds the first
    `cached` (at most T - 1 count).

    With a grammar only its legal tokens are decided and it ends by itself within the limit; without one, a token of
    `stops` or the limit ends the text. `emit` gets tokens (without the stop) as they are decided; `cancelled` is asked
    before every pass.
    """

    def __init__(
        self,
        row: int,
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
    ):
        self.row, self.run, self.over = row, Run(), False
        self.cached = min(cached, len(prompt) - 1)
        self.cancelled = cancelled
        self._sampler, self._grammar, self._draft = sampler, grammar, draft
        self._stops, self._limit, self._emit = stops, limit, emit
        self._pending = list(prompt[self.cached :])  # decided, and not in the cache yet
        self._guesses: list[int] = []
        self._chunk = FIRST_CHUNK  # tokens of the prompt in the next pass
        self._choice: np.ndarray | None = None  # what is legal next, once it was asked
        self._scored, self._places = _scored(grammar)
        self._began = time.perf_counter()

    def ask(self, room: int) -> Chunk:
        """What the next pass should append to the row, where `room` tokens fit."""
        if len(self._pending) > self._chunk:
            return Chunk(self._pending[: self._chunk], 1, NOWHERE)
        most = min(GUESSES, self._limit - len(self.run.tokens) - 1, room - len(self._pending))
        self._guesses = self._draft.guess(most) if self._draft and most > 0 else []
        self.run.guessed += len(self._guesses)
        return Chunk([*self._pending, *self._guesses], len(self._guesses) + 1, self._scored)

    def tell(self, logs: np.ndarray, seconds: float) -> int:
        """What the pass gave, and how long it took. Decides tokens; how many at the end of the row are to be
        forgotten."""
        run, guesses = self.run, self._guesses
        run.passes += 1
        if len(self._pending) > self._chunk:
            del self._pending[: self._chunk]
            if seconds < LONGEST_PASS / 2:
                self._chunk *= 2
            return 0
        start, right = len(run.tokens), 0
        chosen: list[np.ndarray] = []  # logarithms of what the model gave to all that was legal
        while True:
            token = self._decide(logs[right], chosen)
            self._take(token)
            if self.over or right == len(guesses) or token != guesses[right]:
                break
            right += 1
        if chosen:
            run.masked += len(chosen) - float(np.exp(np.concatenate(chosen)).sum())
            run.sampled += len(chosen)
        run.accepted += right
        known = start + right  # tokens in the cache
        while self._grammar and not self.over and len(self._legal(self._grammar)) == 1:
            self._take(int(self._legal(self._grammar)[0]))
        self._pending = run.tokens[known:]
        run.first_token = run.first_token or time.perf_counter() - self._began
        if len(run.tokens) > start:
            self._emit(run.tokens[start:])
        if self.over:
            self._end()
        return len(guesses) - right

    def cancel(self) -> None:
        self.over, self.run.finish = True, "cancelled"
        self._end()

    def _end(self) -> None:
        if self.run.finish == "stop" and self._grammar and self._grammar.starved:
            self.run.finish = "length"
        self.run.seconds = time.perf_counter() - self._began

    def _legal(self, grammar: Grammar) -> np.ndarray:
        if self._choice is None:
            self._choice = grammar.legal(self._limit - len(self.run.tokens))
        return self._choice

    def _decide(self, logs: np.ndarray, chosen: list[np.ndarray]) -> int:
        """The next token, from logarithms of shares at the places that are scored."""
        if self._grammar is None:
            return self._sampler.pick(logs)
        ids = self._legal(self._grammar)
        if len(ids) == 1 and self.run.tokens:  # the first token tells whether the model wanted a mesh at all
            return int(ids[0])
        allowed = logs[ids if self._places is None else self._places[ids]]
        chosen.append(allowed)
        place = int(allowed.argmax()) if self._grammar.settled else self._sampler.pick(allowed)
        return int(ids[place])

    def _take(self, token: int) -> None:
        self._choice = None
        if self._grammar:
            self._grammar.accept(token)
        if token in self._stops:
            self.over = True
            return
        self.run.tokens.append(token)
        if self._draft:
            self._draft.accept(token)
        if len(self.run.tokens) >= self._limit:
            self.over, self.run.finish = True, "length"


def _scored(grammar: Grammar | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The ids that are worth scoring for a grammar (None: all), and where each id is among them (None: at its own
    number)."""
    if grammar is None or 2 * len(grammar.tokens) > grammar.tokens[-1]:
        return None, None
    places = np.zeros(grammar.tokens[-1] + 1, np.int64)
    places[grammar.tokens] = np.arange(len(grammar.tokens))
    return grammar.tokens, places


def decode(
    forward: Forward, streams: Iterable[Stream], more: Callable[[], Stream | None] = lambda: None
) -> Iterator[Stream]:
    """Decode texts together, each in its own row; yields each at its end. Between passes `more` is asked for another
    one, as long as rows are free."""
    arriving, idle = deque(streams), deque[Stream]()
    running: dict[Future[Passed], list[Stream]] = {}

    def hear(group: list[Stream], passed: Passed) -> Iterator[Stream]:
        logs, seconds = passed
        for stream in group:
            forget = stream.tell(logs[stream.row], seconds)
            forward.truncate(stream.row, forward.length(stream.row) - forget)
            if stream.over:
                yield stream
            else:
                idle.append(stream)

    with ThreadPoolExecutor(forward.lanes) as pool:
        while True:
            busy = sum(map(len, running.values()))
            while len(idle) + busy < forward.rows and (stream := arriving.popleft() if arriving else more()):
                forward.truncate(stream.row, stream.cached)
                idle.append(stream)
            while idle and len(running) < forward.lanes:
                share = -(-(len(idle) + busy) // forward.lanes)  # of the texts, for each pass
                group = [idle.popleft() for _ in range(min(len(idle), share, forward.width))]
                for stream in [stream for stream in group if stream.cancelled()]:
                    stream.cancel()
                    group.remove(stream)
                    yield stream
                if group and not idle and not running:  # all there is: no need for another thread
                    yield from hear(group, _pass(forward, _ask(forward, group)))
                    break
                if group:
                    running[pool.submit(_pass, forward, _ask(forward, group))] = group
                    busy += len(group)
            if not running and not idle and not arriving:
                return
            if running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield from hear(running.pop(future), future.result())


Passed = tuple[dict[int, np.ndarray], float]


def _ask(forward: Forward, group: list[Stream]) -> dict[int, Chunk]:
    rows = sorted(group, key=lambda stream: stream.row)
    return {stream.row: stream.ask(forward.context - forward.length(stream.row)) for stream in rows}


def _pass(forward: Forward, chunks: Mapping[int, Chunk]) -> Passed:
    began = time.perf_counter()
    return forward.extend(chunks), time.perf_counter() - began
