"""The watchdog: whether the worker still gets on with what it was told to do. Pure.

A process that answers is no sign that its model works, so only what the engine's own thread says counts: text,
progress, and answers to Ping, which the engine gives between two passes.
"""

from __future__ import annotations

from typing import Literal

from meshscribe.shared.messages import Pong, Progress

from .orders import FromWorker, Output, Ready

PING = 1.0  # seconds between two questions to a worker that does something
# Seconds without a sign, by what the worker does:
CALLED = 10.0  # it was given an order
LOADING = 300.0  # a large model from a slow disk, and the import of its libraries
READING = 120.0  # one pass over a piece of a long prompt, on a slow machine
WRITING = 8.0  # one pass; more for a model that has shown to be slow:
SLOWNESS = 10.0  # times the longest pause so far
SILENT = 120.0  # without new text, though there are signs
ASLEEP = 2.0  # between two looks of ours: we stood still ourselves, so silence proves nothing

Phase = Literal["called", "loading", "reading", "writing"]


class Watchdog:
    """Set on a worker by `call`, told by `hear`, asked by `wedged`, and called off by `rest`."""

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._sign = self._text = self._asked = self._looked = 0.0
        self._pause = 0.0  # the longest between two signs while this worker wrote

    def call(self, now: float) -> None:
        self.phase = "called"
        self._sign = self._text = self._looked = now
        self._asked = now - PING  # ask at once

    def rest(self) -> None:
        self.phase = None

    def renew(self) -> None:
        """Another worker: nothing is known of it."""
        self.phase, self._pause = None, 0.0

    def hear(self, message: FromWorker, now: float) -> None:
        if self.phase is None:
            return
        if self.phase == "writing":
            self._pause = max(self._pause, now - self._sign)
        self._sign = now
        match message:
            case Output():
                self.phase, self._text = "writing", now
            case Progress(phase="load") | Progress(phase="download") | Pong() if self.phase == "called":
                self.phase = "loading"
            case Ready():
                self.phase = "reading"
            case Progress() if message.phase != "load" and self.phase != "writing":
                self.phase = "reading"

    def ask(self, now: float) -> bool:
        """Whether to send a Ping now; if so, it counts as sent."""
        if self.phase is None or now < self._asked + PING:
            return False
        self._asked = now
        return True

    def quiet(self, now: float) -> float:
        """Seconds since the last sign; 0 where nothing is to be done."""
        return 0.0 if self.phase is None else now - self._sign

    def wedged(self, now: float) -> float | None:
        """For how many seconds nothing has come, where that is too long."""
        if self.phase is None:
            return None
        if (asleep := now - self._looked) > ASLEEP:
            self._sign, self._text = self._sign + asleep, self._text + asleep
        self._looked = now
        limits = {
            "called": CALLED,
            "loading": LOADING,
            "reading": READING,
            "writing": max(WRITING, SLOWNESS * self._pause),
        }
        if now - self._sign > limits[self.phase]:
            return now - self._sign
        if self.phase == "writing" and now - self._text > SILENT:
            return now - self._text
        return None
