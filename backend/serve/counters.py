"""What the broker counts about its jobs: for `meshscribe doctor` and `meshscribe top`. Pure."""

from __future__ import annotations

from collections import Counter, deque

from msgspec.structs import replace

from meshscribe.shared.reports import Counters, Spread

from .jobs import Job

WINDOW = 256  # values of a quantity that are kept


class Tally:
    """Counts events and keeps the last values of a few quantities."""

    def __init__(self) -> None:
        self._events: Counter[str] = Counter()
        self._values: dict[str, deque[float]] = {
            name: deque(maxlen=WINDOW) for name in ("queue", "first_token", "speed", "cancel")
        }
        self._tokens = 0

    def accepted(self) -> None:
        self._events["accepted"] += 1

    def refused(self) -> None:
        self._events["refused"] += 1

    def started(self, job: Job, now: float) -> None:
        self._add("queue", now - job.accepted)

    def first_text(self, job: Job, now: float) -> None:
        self._add("first_token", now - job.accepted)

    def ended(self, job: Job, now: float) -> None:
        outcome = job.outcome
        kind = "failed" if outcome is None else "cancelled" if outcome.finish == "cancelled" else "done"
        self._events[kind] += 1
        self._tokens += job.tokens
        if job.cancelled is not None:
            self._add("cancel", now - job.cancelled)
        if outcome is not None and outcome.seconds > 0:
            self._add("speed", outcome.tokens / outcome.seconds)

    def report(self, memory: int) -> Counters:
        """All of it; `memory` in bytes is the broker's own."""
        spreads = {name: _spread(values) for name, values in self._values.items()}
        return replace(Counters(tokens=self._tokens, memory=memory), **self._events, **spreads)

    def _add(self, name: str, value: float) -> None:
        self._values[name].append(value)


def _spread(values: deque[float]) -> Spread:
    if not values:
        return Spread()
    order = sorted(values)
    return Spread(count=len(order), median=order[len(order) // 2], p99=order[int(0.99 * len(order))], last=values[-1])
