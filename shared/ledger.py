"""What a client knows without its socket: its open jobs (Ledger), and whether the broker is alive (Pulse).
Pure.

Whatever happens to the connection, the caller gets every character of a job's text once and in order.
"""

from __future__ import annotations

from dataclasses import dataclass

from .messages import (
    Accepted,
    Cancel,
    Credit,
    Delta,
    Done,
    Error,
    FromBroker,
    FromClient,
    Resume,
    Snapshot,
    Submit,
    cost,
)

BEAT = 1.0  # seconds between pings
DEAD_AFTER = 4.0  # seconds without an answer


@dataclass(slots=True)
class Track:
    """What a client knows of one job that has not ended."""

    submit: Submit | None  # until it is accepted
    cancelled: bool = False
    seq: int = 0  # of the last delta
    position: int = 0  # characters of the text up to and with that delta
    received: int = 0  # characters that the caller has got
    waiting: bool = False  # for a Snapshot: what comes before it is not contiguous


class Ledger:
    """A client's open jobs, and its credit. Pure: messages in, messages out."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.window = 0  # bytes of credit that a Welcome gave
        self.owed = 0  # bytes received, not yet given back as credit

    def note(self, message: Submit | Cancel | Resume) -> None:
        """Remember a request, so that `rejoin` can make it again."""
        match message:
            case Submit():
                self.tracks.setdefault(message.job, Track(message))
            case Resume():
                self.tracks.setdefault(message.job, Track(None)).waiting = True
            case Cancel():
                if track := self.tracks.get(message.job):
                    track.cancelled = True

    def rejoin(self, window: int) -> list[FromClient]:
        """What to say after a Welcome: every open job again. (Submit is idempotent, Resume brings the text.)"""
        self.window, self.owed = window, 0
        out: list[FromClient] = []
        for job, track in self.tracks.items():
            track.waiting = track.submit is None
            out.append(track.submit or Resume(job))
            if track.cancelled:
                out.append(Cancel(job))
        return out

    def take(self, message: FromBroker) -> tuple[FromBroker | None, list[FromClient]]:
        """What the caller gets for a message (text always as a Delta that continues what it has), and what to
        reply."""
        match message:
            case Delta() | Snapshot():
                self.owed += cost(message.text)
                fresh, replies = self._text(message)
                if self.owed * 2 >= self.window:
                    replies.append(Credit(self.owed))
                    self.owed = 0
                return fresh, replies
            case Accepted() if track := self.tracks.get(message.job):
                track.submit = None
            case Done() if track := self.tracks.get(message.job):
                if track.waiting:  # this end belongs to text that was missed: the Snapshot's own follows
                    return None, []
                if message.seq != track.seq:
                    track.waiting = True
                    return None, [Resume(message.job)]
                del self.tracks[message.job]
            case Error(job=str(job)) if job in self.tracks:
                del self.tracks[job]
            case Done() | Error(job=str()):  # the job has ended here before: it ends once
                return None, []
        return message, []

    def _text(self, message: Delta | Snapshot) -> tuple[Delta | None, list[FromClient]]:
        track = self.tracks.get(message.job)
        if track is None:
            return None, []
        if isinstance(message, Snapshot):
            track.submit, track.waiting, track.position = None, False, 0
        elif track.waiting:
            return None, []
        elif message.seq != track.seq + 1:
            track.waiting = True
            return None, [Resume(message.job)]
        fresh = message.text[max(0, track.received - track.position) :]
        track.seq = message.seq
        track.position += len(message.text)
        track.received = max(track.received, track.position)
        return (Delta(message.job, message.seq, fresh, message.tokens) if fresh else None), []


class Pulse:
    """When to ping, and whether the other side is lost. Silence counts from a question that was asked: a
    client that stood still itself (Blender in a modal operation) has asked nothing, and does not take its own
    silence for the broker's."""

    def __init__(self) -> None:
        self.next = 0.0
        self.asked: float | None = None

    def ask(self, now: float) -> bool:
        """Whether to ask now; if so, the question counts as asked."""
        if now < self.next:
            return False
        self.next = now + BEAT
        self.asked = now if self.asked is None else self.asked
        return True

    def hear(self) -> None:
        self.asked = None

    def lost(self, now: float) -> bool:
        return self.asked is not None and now - self.asked > DEAD_AFTER
