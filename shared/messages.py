"""Every message between a client and the broker, as msgspec structs, and the version of the protocol.
docs/protocol.md says how they follow one another.

frames.py puts them into bytes; tasks.py holds what a job asks for, reports.py what the backend tells of itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .reports import ClientEntry, Counters, JobEntry, ModelEntry, State, WorkerStatus
from .tasks import Count, Id, Outcome, Request, Seconds, Sentence, Text, Word

MAJOR, MINOR = 1, 1

Code = Literal[
    "bad_message",  # could not be read as a message of this protocol
    "version",  # client and backend speak different versions
    "busy",  # the queue is full
    "too_large",  # over a stated limit
    "unknown_job",
    "unknown_model",
    "bad_request",  # an empty prompt, an empty mesh, a value out of range
    "server_failed",  # a server that an engine asks over HTTP cannot be reached, fails, stalls or breaks off
    "key_refused",  # such a server does not take the key, or wants one
    "no_mesh",  # the model answered, with something that is no mesh
    "declined",  # words for something that the model does not make
    "over_budget",  # the mesh does not fit the model's context
    "model_missing",  # known, but not on this machine
    "licence_needed",
    "download_failed",
    "checksum",
    "no_space",
    "out_of_memory",
    "missing_library",  # the engine needs a package that is not installed
    "engine_dead",  # the worker process ended during the job, or was ended because it did nothing
    "deadline",  # the job's own limit, or a queue that is too long for it
    "not_allowed",  # only for clients on the backend's own machine
    "shutting_down",
    "internal",
]


AnyCode = Annotated[str, Meta(max_length=40)]  # a Code, or one of a later version


class Message(Struct, tag_field="type", frozen=True, omit_defaults=True):
    """The base of everything on the wire."""


# ------------------------------------------------------------------------------------------- client -> broker


class Hello(Message, frozen=True, tag="hello"):
    """The first message of a connection."""

    client: Id  # stays the same over reconnects of one client
    major: Count = MAJOR
    minor: Count = MINOR
    name: Word = ""  # for people: "Blender 5.2", "meshscribe"


class Submit(Message, frozen=True, tag="submit"):
    """A job. The client makes the id; the same id twice is the same job."""

    job: Id
    request: Request
    detached: bool = False  # goes on when its client is gone
    limit: Annotated[float, Meta(gt=0, le=604_800)] | None = None  # seconds from Accepted to its end, else "deadline"


class Cancel(Message, frozen=True, tag="cancel"):
    job: Id


class Credit(Message, frozen=True, tag="credit"):
    """The client has room for `bytes` more bytes of text, counted by `cost`."""

    bytes: Annotated[int, Meta(ge=1, le=16 << 20)]


class Resume(Message, frozen=True, tag="resume"):
    """Send the text so far (a Snapshot), then deltas, or the end if it has ended. Works for any job in the
    journal."""

    job: Id
    have: Count = 0  # characters (Unicode code points) that the client has, from the beginning: they are left out


class Status(Message, frozen=True, tag="status"):
    """Asks for a StatusReply."""


class Jobs(Message, frozen=True, tag="jobs"):
    """Asks for a JobsReply."""


class Models(Message, frozen=True, tag="models"):
    """Asks for a ModelsReply."""


class Load(Message, frozen=True, tag="load"):
    """Load this model now, without a job. Answered by Progress without a job, the last with phase "ready", or
    by Error."""

    model: Word


class Unload(Message, frozen=True, tag="unload"):
    """Free the memory of the loaded model, as soon as no job runs. A job that comes loads it again."""


class Download(Message, frozen=True, tag="download"):
    """Get a model of the catalog onto the backend's disk. Answered by DownloadReply, again and again until one
    whose state is not "running". Files that came whole are kept, so a second try goes on where the first one
    ended. Only for clients on the backend's own machine, like StopDownload."""

    model: Word
    accept_licence: bool = False  # the person has read and accepted `licence_text` of the ModelEntry


class StopDownload(Message, frozen=True, tag="stop_download"):
    """End a download, for all who asked for it."""

    model: Word


class Ping(Message, frozen=True, tag="ping"):
    sent: Seconds = 0.0  # the sender's clock; comes back in the Pong


class Bye(Message, frozen=True, tag="bye"):
    """The client ends; its jobs that are not detached are cancelled. Without a Bye they have some seconds' grace."""


class Shutdown(Message, frozen=True, tag="shutdown"):
    """End the backend. Only for clients on its own machine."""


# ------------------------------------------------------------------------------------------- broker -> client


class Welcome(Message, frozen=True, tag="welcome"):
    session: Id  # new with every start of the broker
    major: Count = MAJOR
    minor: Count = MINOR
    app: Word = ""  # the backend's version
    pid: Count = 0
    credit: Count = 0  # bytes of text that the broker will send before it waits for Credit


class WhoAreYou(Message, frozen=True, tag="who_are_you"):
    """The broker does not know this connection (it is new, or was silent for long) and took no notice of the
    message: say Hello, then resume. A client cannot see that ZeroMQ reconnected below it; this tells."""


class Accepted(Message, frozen=True, tag="accepted"):
    """In the journal. `position` jobs are before this one (0: next or running)."""

    job: Id
    position: Count = 0


class Progress(Message, frozen=True, tag="progress"):
    """What a job, or a load (no job), is doing. `phase` is "queued", "download", "load", "prefill"..."""

    job: Id | None = None
    phase: Word = ""
    done: Count = 0
    total: Count = 0  # 0: unknown
    unit: Word = ""


class Delta(Message, frozen=True, tag="delta"):
    """The next piece of a job's text. `seq` counts the deltas of a job to one client without gaps, from 1
    after Accepted or from the Snapshot's `seq` + 1."""

    job: Id
    seq: Count
    text: Text
    tokens: Count = 0  # of the job so far


class Snapshot(Message, frozen=True, tag="snapshot"):
    """Text of a job from the character `start` on; the next delta, which goes on from there, has seq + 1."""

    job: Id
    seq: Count
    text: Text
    state: State
    tokens: Count = 0
    start: Count = 0


class Done(Message, frozen=True, tag="done"):
    job: Id
    seq: Count  # of the last delta or snapshot
    outcome: Outcome


class Error(Message, frozen=True, tag="error"):
    """Something failed. `sentence` is for people and says what to do; `job` is None where no job is
    concerned. An Error with a job is the last message of that job."""

    code: AnyCode
    sentence: Sentence
    job: Id | None = None
    retryable: bool = False


class Pong(Message, frozen=True, tag="pong"):
    sent: Seconds = 0.0


class StatusReply(Message, frozen=True, tag="status_reply"):
    session: Id
    app: Word = ""
    pid: Count = 0
    uptime: Seconds = 0.0
    clients: Count = 0
    queued: Count = 0
    workers: list[WorkerStatus] = []
    counters: Counters = Counters()
    connected: list[ClientEntry] = []


class ModelsReply(Message, frozen=True, tag="models_reply"):
    models: list[ModelEntry]


class DownloadReply(Message, frozen=True, tag="download_reply"):
    """How a download goes on, or that it has ended. `code` and `sentence` say why it "failed"."""

    model: Word
    state: Literal["running", "ready", "stopped", "failed"]
    phase: Word = ""  # "download", "verify"
    done: Count = 0  # bytes
    total: Count = 0  # 0: not known yet
    code: AnyCode | None = None
    sentence: Sentence = ""


class JobsReply(Message, frozen=True, tag="jobs_reply"):
    """The newest jobs of the journal, newest first: of all clients, or for a guest of the same guest's."""

    jobs: list[JobEntry]


class Goodbye(Message, frozen=True, tag="goodbye"):
    """The broker ends, on purpose."""


FromClient = (
    Hello
    | Submit
    | Cancel
    | Credit
    | Resume
    | Status
    | Jobs
    | Models
    | Load
    | Unload
    | Download
    | StopDownload
    | Ping
    | Bye
    | Shutdown
)
FromBroker = (
    Welcome
    | WhoAreYou
    | Accepted
    | Progress
    | Delta
    | Snapshot
    | Done
    | Error
    | Pong
    | StatusReply
    | JobsReply
    | ModelsReply
    | DownloadReply
    | Goodbye
)
