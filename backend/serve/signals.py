"""Signals that ask a process to end, heard by a loop that polls sockets."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Alarm:
    """`rung` once a signal has come; `socket` becomes readable then, so that a poll ends at once (Python restarts a
    system call that a handler interrupted)."""

    socket: socket.socket
    rung: bool = False


@contextlib.contextmanager
def signals() -> Iterator[Alarm]:
    """Hear SIGINT, SIGTERM, SIGHUP and SIGQUIT, until the process ends: a second one changes nothing."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    alarm = Alarm(ours)

    def ring(_: int, __: FrameType | None) -> None:
        alarm.rung = True

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
    numbers = [number for name in names if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.signal(number, ring) for number in numbers}
    wakeup = signal.set_wakeup_fd(theirs.fileno())
    try:
        with ours, theirs:
            yield alarm
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if alarm.rung else handler)  # rung: the process ends in peace
