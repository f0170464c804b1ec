"""What a client knows without its socket: its open jobs and questions (Ledger), and whether the broker is alive
(Pulse). Pure.

Whatever happens to the connection, the caller gets every character of a job's text once and in order.
"""

from __future__ import annotations

from dataclasses import dataclass

from .frames import cost
from .messages import (
    Accepted,
    Cancel,
    Credit,
    Delta,
    Done,
    Download,
    DownloadReply,
    Error,
    FromBroker,
    FromClient,
    Jobs,
    JobsReply,
    Load,
    Models,
    ModelsReply,
    Progress,
    Resume,
    Shutdown,
    Snapshot,
    Status,
    StatusReply,
    StopDownload,
    Submit,
    Unload,
)

BEAT = 1.0  # seconds between pings
DEAD_AFTER = 4.0  # seconds without an answer

Question = Status | Jobs | Models | Load | Unload | Download | StopDownload | Shutdown


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
    """A client's open jobs and questions, and its credit. Pure: messages in, messages out."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.questions: dict[str, Question] = {}  # that wait for their answers
        self.session = ""
        self._loaded: Load | None = None  # the model that was wanted last, once it was there
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

    def ask(self, question: Question) -> bool:
        """Remember a question, so that `rejoin` can ask it again; whether that is so. (A backend that was started
        anew is not to be ended by what was said to the one before.)"""
        match question:
            case Status() | Jobs() | Models() | Load():
                self.questions[type(question).__name__] = question
            case Download():
                self.questions[f"Download {question.model}"] = question
            case _:
                return False
        return True

    def rejoin(self, window: int, session: str = "") -> list[FromClient]:
        """What to say after a Welcome: every open question and job again (Submit is idempotent, Resume brings the
        text), and to a backend that was started anew, which model is wanted."""
        self.window, self.owed = window, 0
        if session != self.session and self._loaded is not None:
            self.questions.setdefault("Load", self._loaded)
        self.session = session
        out: list[FromClient] = list(self.questions.values())
        for job, track in self.tracks.items():
            track.waiting = track.submit is None
            out.append(track.submit or Resume(job, track.received))
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
                    return None, [Resume(message.job, track.received)]
                del self.tracks[message.job]
            case Error(job=str(job)) if job in self.tracks:
                del self.tracks[job]
            case Done() | Error(job=str()):  # the job has ended here before: it ends once
                return None, []
            case _:
                self._answer(message)
        return message, []

    def _answer(self, message: FromBroker) -> None:
        match message:
            case StatusReply():
                self.questions.pop("Status", None)
            case JobsReply():
                self.questions.pop("Jobs", None)
            case ModelsReply():
                self.questions.pop("Models", None)
            case Progress(job=None, phase="ready"):
                if isinstance(load := self.questions.pop("Load", None), Load):
                    self._loaded = load
            case Error(job=None):  # the answer to one of them: none is worth the same error again
                self.questions.clear()
            case DownloadReply() if message.state != "running":
                self.questions.pop(f"Download {message.model}", None)

    def _text(self, message: Delta | Snapshot) -> tuple[Delta | None, list[FromClient]]:
        track = self.tracks.get(message.job)
        if track is None:
            return None, []
        if isinstance(message, Snapshot) and message.start <= track.received:
            track.submit, track.waiting, track.position = None, False, message.start
        elif track.waiting:
            return None, []
        elif message.seq != track.seq + 1:
            track.waiting = True
            return None, [Resume(message.job, track.received)]
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

    def hurry(self) -> None:
        """Something has happened: ask at once."""
        self.next = 0.0

    def lost(self, now: float) -> bool:
        return self.asked is not None and now - self.asked > DEAD_AFTER
