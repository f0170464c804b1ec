"""What a job is, its states, how its text goes out, and the bounded fair queue. Pure: no sockets, no clock,
no files.

A job keeps all its text. What a client has of it is a number (Stream.sent), so nothing can be lost between
the two: a client without credit only gets its next, larger piece later.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from meshscribe.shared.frames import cost
from meshscribe.shared.messages import Delta, Done, Error, Snapshot
from meshscribe.shared.reports import State
from meshscribe.shared.tasks import MAX_TEXT, Outcome, Request

PIECE = 2_048  # characters in one message: over a slow line each one that arrives is a sign of life
DELTA_INTERVAL = 1 / 60  # seconds between the deltas of one job to one client
WINDOW = 256 << 10  # bytes of credit that a client starts with
MAX_CREDIT = 16 << 20  # bytes; more than this a client cannot pile up
MAX_QUEUED = 32  # jobs that wait, of all clients
MAX_QUEUED_LANE = 16  # jobs that wait, of one client or guest: as many variations can be asked for at once


@dataclass(slots=True)
class Account:
    """A client's byte credit. It may fall below zero by one piece: pieces are not cut to fit."""

    credit: int

    def grant(self, count: int) -> None:
        self.credit = min(self.credit + count, MAX_CREDIT)

    def spend(self, count: int) -> None:
        self.credit -= count

    @property
    def open(self) -> bool:
        return self.credit > 0


@dataclass(slots=True)
class Stream:
    """How far one client is in one job's text."""

    sent: int = 0  # characters
    seq: int = 0  # of the last delta
    fresh: bool = False  # begins with a Snapshot (after Resume), which may be empty
    next: float = 0.0  # when the next delta may go


@dataclass(slots=True)
class Job:
    """One accepted request. Ends once: with an outcome, or with an error."""

    id: str
    client: str  # who submitted it
    request: Request
    detached: bool = False  # goes on when nobody follows it
    guest: str = ""  # whose invitation it came with, "" for this machine's own
    limit: float | None = None  # seconds from `accepted` to its end
    accepted: float = 0.0
    alone: float | None = None  # since when nobody follows it
    state: State = "queued"
    text: str = ""
    tokens: int = 0
    outcome: Outcome | None = None
    error: Error | None = None
    cancelled: float | None = None  # when a client asked to stop it
    position: int = 0  # in the queue, as its client knows it
    remote: bool = False  # its model is a server's
    streams: dict[str, Stream] = field(default_factory=dict)  # by client

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")

    def append(self, text: str, tokens: int) -> str:
        """Add text up to the limit of a job; what was added."""
        fits = text[: MAX_TEXT - len(self.text)]
        self.text += fits
        self.tokens = max(self.tokens, tokens)
        return fits

    def end(self, how: Outcome | Error) -> None:
        if isinstance(how, Outcome):
            self.state, self.outcome = "done", how
        else:
            self.state, self.error = "failed", how

    @property
    def lane(self) -> str:
        """Whose turn it takes in the queue: a guest's clients share one, and servers have turns of their own."""
        lane = f"guest {self.guest}" if self.guest else self.client
        return f"{lane} elsewhere" if self.remote else lane

    def overdue(self, now: float) -> bool:
        """Whether it has not ended within its limit."""
        return not self.ended and self.limit is not None and now - self.accepted > self.limit

    def pending(self, stream: Stream) -> bool:
        return stream.fresh or stream.sent < len(self.text)

    def piece(self, stream: Stream, account: Account, now: float) -> Snapshot | Delta | None:
        """The next piece of text for a client, if there is one, it is time and the client has credit."""
        if not self.pending(stream) or not account.open or (now < stream.next and not self.ended):
            return None
        message: Snapshot | Delta
        text = self.text[stream.sent : stream.sent + PIECE]
        if stream.fresh:
            message = Snapshot(self.id, stream.seq, text, self.state, self.tokens, stream.sent)
        else:
            stream.seq += 1
            message = Delta(self.id, stream.seq, text, self.tokens)
        stream.fresh, stream.sent = False, stream.sent + len(text)
        if stream.sent == len(self.text):
            stream.next = now + DELTA_INTERVAL
        account.spend(cost(text))
        return message

    def ending(self, stream: Stream) -> Done | Error | None:
        """The last message for a client, once the job has ended and the client has all its text."""
        if self.pending(stream) or not self.ended:
            return None
        return self.error if self.outcome is None else Done(self.id, stream.seq, self.outcome)


class FairQueue:
    """Waiting jobs: first in first out in a lane (one client's, or one guest's), and the lanes take turns."""

    def __init__(self, limit: int = MAX_QUEUED, lane_limit: int = MAX_QUEUED_LANE) -> None:
        self.limit, self.lane_limit = limit, lane_limit
        self._lanes: OrderedDict[str, deque[str]] = OrderedDict()  # job ids, the lane first whose turn it is

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[str]:
        """The jobs in the order in which they will run, if no other comes."""
        lanes = [iter(lane) for lane in self._lanes.values()]
        while lanes:
            going = []
            for lane in lanes:
                if (job := next(lane, None)) is not None:
                    going.append(lane)
                    yield job
            lanes = going

    def refuses(self, lane: str) -> str:
        """Why this lane cannot have one more job now, in a sentence; "" where it can."""
        if len(self._lanes.get(lane, ())) >= self.lane_limit:
            return f"You have {self.lane_limit} jobs waiting already: let one finish or cancel one."
        if len(self) >= self.limit:
            return f"The backend's queue is full ({self.limit} jobs): try again in a while."
        return ""

    def push(self, lane: str, job: str) -> None:
        """Add a job. ValueError where the queue `refuses` it."""
        if reason := self.refuses(lane):
            raise ValueError(reason)
        self._lanes.setdefault(lane, deque()).append(job)

    def take(self, job: str) -> None:
        """Take out a job that is to run; its lane goes to the end of the round."""
        for name, lane in self._lanes.items():
            if job in lane:
                lane.remove(job)
                del self._lanes[name]
                if lane:
                    self._lanes[name] = lane
                return

    def remove(self, job: str) -> bool:
        """Take a job out; whether it was there."""
        for name, lane in self._lanes.items():
            if job in lane:
                lane.remove(job)
                if not lane:
                    del self._lanes[name]
                return True
        return False
