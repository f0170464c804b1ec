"""Every message of the wire protocol, as msgspec structs; encoding and decoding of frames; the version.

A message on the wire is two frames: `MAGIC + major + minor` (4 bytes) and one msgpack map with the struct's
name under "type". Unknown fields are ignored, an unknown type is a ProtocolError. All sizes are bounded by
the decoder, before memory is taken. Text from a model is data here: it is never evaluated.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from .mesh import INDEX, Mesh, Part

MAGIC = b"MS"
MAJOR, MINOR = 1, 0
VERSION_FRAME = MAGIC + bytes((MAJOR, MINOR))

MAX_MESSAGE = 8 << 20  # bytes; ZMQ_MAXMSGSIZE of every socket
MAX_TEXT = 1 << 20  # characters of model text in one message, and in one job
OVERHEAD = 1 << 10  # bytes that a piece of text costs besides its own, so that credit bounds the number of messages too

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=200)]
Sentence = Annotated[str, Meta(max_length=2_000)]
Prompt = Annotated[str, Meta(max_length=20_000)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Buffer = Annotated[bytes, Meta(max_length=MAX_MESSAGE)]

Finish = Literal["stop", "length", "cancelled"]
State = Literal["queued", "running", "done", "failed"]
Code = Literal[
    "bad_message",  # could not be read as a message of this protocol
    "version",  # client and backend speak different versions
    "busy",  # the queue is full
    "too_large",  # over a stated limit
    "unknown_job",
    "unknown_model",
    "bad_request",  # an empty prompt, an empty mesh, a value out of range
    "over_budget",  # the mesh does not fit the model's context
    "model_missing",  # known, but not on this machine
    "licence_needed",
    "download_failed",
    "checksum",
    "no_space",
    "out_of_memory",
    "missing_library",  # the engine needs a package that is not installed
    "engine_dead",  # the worker process ended during the job
    "deadline",
    "shutting_down",
    "internal",
]


class Message(Struct, tag_field="type", frozen=True, omit_defaults=True):
    """The base of everything on the wire."""


# --------------------------------------------------------------------------------------------------- requests


class MeshData(Struct, frozen=True, kw_only=True):
    """A mesh on the wire: little-endian float32 vertices [V, 3], int32 loops [L], int32 sizes [F]."""

    vertices: Buffer
    loops: Buffer
    sizes: Buffer
    parts: Annotated[list[tuple[Word, Word, Count, Count]], Meta(max_length=20_000)] = []

    @classmethod
    def pack(cls, mesh: Mesh) -> MeshData:
        return cls(
            vertices=mesh.vertices.astype("<f4").tobytes(),
            loops=mesh.loops.astype("<i4").tobytes(),
            sizes=mesh.sizes.astype("<i4").tobytes(),
            parts=[(p.name[:200], p.material[:200], p.vertices, p.faces) for p in mesh.parts],
        )

    def unpack(self) -> Mesh:
        """The mesh, checked. ValueError where the buffers lie about their shape or contents."""
        if len(self.vertices) % 12 or len(self.loops) % 4 or len(self.sizes) % 4:
            raise ValueError("The mesh's buffers are not whole.")
        mesh = Mesh(
            np.frombuffer(self.vertices, "<f4").reshape(-1, 3).astype(np.float32),
            np.frombuffer(self.loops, "<i4").astype(INDEX),
            np.frombuffer(self.sizes, "<i4").astype(INDEX),
            tuple(Part(*part) for part in self.parts),
        )
        mesh.check()
        return mesh


class Generate(Struct, tag_field="task", tag="generate", frozen=True, kw_only=True, omit_defaults=True):
    """Words to mesh."""

    prompt: Prompt
    model: Word = "starter"
    seed: Seed = 0
    temperature: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.7  # 0: greedy
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    max_tokens: Annotated[int, Meta(ge=1, le=131_072)] | None = None  # None: what the model's context allows
    masks: bool = True  # the grammar; off only for evaluation


class Describe(Struct, tag_field="task", tag="describe", frozen=True, kw_only=True, omit_defaults=True):
    """Mesh to words. `prompt` replaces the model's own question where it understands language."""

    mesh: MeshData
    model: Word = "starter"
    prompt: Prompt = ""
    seed: Seed = 0
    temperature: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.0
    max_tokens: Annotated[int, Meta(ge=1, le=131_072)] | None = None


Request = Generate | Describe


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


class Cancel(Message, frozen=True, tag="cancel"):
    job: Id


class Credit(Message, frozen=True, tag="credit"):
    """The client has room for `bytes` more bytes of text, counted by `cost`."""

    bytes: Annotated[int, Meta(ge=1, le=16 << 20)]


class Resume(Message, frozen=True, tag="resume"):
    """Send the text so far (a Snapshot), then deltas, or the end if it has ended. Works for any job in the
    journal."""

    job: Id


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


class Ping(Message, frozen=True, tag="ping"):
    sent: float = 0.0  # the sender's clock; comes back in the Pong


class Bye(Message, frozen=True, tag="bye"):
    """The client ends; its jobs that are not detached are cancelled."""


class Shutdown(Message, frozen=True, tag="shutdown"):
    """End the backend."""


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
    """All text of a job so far; the next delta has seq + 1."""

    job: Id
    seq: Count
    text: Text
    state: State
    tokens: Count = 0


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a run ended, and what it took."""

    finish: Finish
    model: Word = ""
    revision: Word = ""
    device: Word = ""
    seed: Seed = 0
    prompt_tokens: Count = 0
    tokens: Count = 0
    passes: Count = 0  # forward passes, prefill included
    seconds: float = 0.0  # of the model's work: prefill and decoding
    first_token: float = 0.0  # seconds until the first token
    masked_mass: Share = 0.0  # mean probability that the grammar took away from a sampled token
    dialect: Word = ""  # of the text; "" for words
    facts: dict[str, Any] | None = None  # of the mesh that was described (backend/facts.py)


class Done(Message, frozen=True, tag="done"):
    job: Id
    seq: Count  # of the last delta or snapshot
    outcome: Outcome


class Error(Message, frozen=True, tag="error"):
    """Something failed. `sentence` is for people and says what to do; `job` is None where no job is
    concerned. An Error with a job is the last message of that job."""

    code: Code
    sentence: Sentence
    job: Id | None = None
    retryable: bool = False


class Pong(Message, frozen=True, tag="pong"):
    sent: float = 0.0


class WorkerStatus(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pid: Count = 0
    state: Literal["off", "starting", "loading", "ready", "running"] = "off"
    model: Word = ""
    device: Word = ""
    memory: Count = 0  # bytes, resident
    restarts: Count = 0


class StatusReply(Message, frozen=True, tag="status_reply"):
    session: Id
    app: Word = ""
    pid: Count = 0
    uptime: float = 0.0
    clients: Count = 0
    queued: Count = 0
    workers: list[WorkerStatus] = []


class ModelEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: Word
    title: Word = ""
    state: Literal["ready", "absent"] = "absent"
    size: Count = 0  # bytes to download or on disk
    licence: Word = ""
    dialect: Word = ""
    needs: Word = ""  # the extra it needs, "" where the base install runs it


class ModelsReply(Message, frozen=True, tag="models_reply"):
    models: list[ModelEntry]


class JobEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    job: Id
    state: State
    task: Literal["generate", "describe"]
    model: Word = ""
    prompt: Word = ""  # its beginning
    created: float = 0.0  # Unix time
    tokens: Count = 0


class JobsReply(Message, frozen=True, tag="jobs_reply"):
    """The newest jobs of the journal, of all clients, newest first."""

    jobs: list[JobEntry]


class Goodbye(Message, frozen=True, tag="goodbye"):
    """The broker ends, on purpose."""


# ------------------------------------------------------------------------------------------ broker <-> worker


class Start(Message, frozen=True, tag="start"):
    """broker -> worker: run this job now."""

    job: Id
    request: Request


class Abort(Message, frozen=True, tag="abort"):
    """broker -> worker: stop this job; answered by Finished with finish "cancelled" (or the end it had
    already)."""

    job: Id


class Preload(Message, frozen=True, tag="preload"):
    """broker -> worker: load this model."""

    model: Word


class Exit(Message, frozen=True, tag="exit"):
    """broker -> worker: end."""


class Ready(Message, frozen=True, tag="ready"):
    """worker -> broker: up, or loaded another model. model "" before the first."""

    pid: Count
    model: Word = ""
    device: Word = ""
    memory: Count = 0


class Output(Message, frozen=True, tag="output"):
    """worker -> broker: more text of the running job; `tokens` of the job so far."""

    job: Id
    text: Text
    tokens: Count = 0


class Finished(Message, frozen=True, tag="finished"):
    """worker -> broker."""

    job: Id
    outcome: Outcome


class Failed(Message, frozen=True, tag="failed"):
    """worker -> broker: the job (or the load, where job is None) failed; the worker goes on."""

    code: Code
    sentence: Sentence
    job: Id | None = None
    retryable: bool = False


FromClient = Hello | Submit | Cancel | Credit | Resume | Status | Jobs | Models | Load | Ping | Bye | Shutdown
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
    | Goodbye
)
ToWorker = Start | Abort | Preload | Exit | Ping
FromWorker = Ready | Output | Progress | Finished | Failed | Pong


class ProtocolError(ValueError):
    """Frames that are no message of this protocol; `code` is "version" or "bad_message"."""

    def __init__(self, code: Literal["version", "bad_message"], sentence: str):
        super().__init__(sentence)
        self.code = code


_encoder = msgspec.msgpack.Encoder()
_decoders = {kind: msgspec.msgpack.Decoder(kind) for kind in (FromClient, FromBroker, ToWorker, FromWorker)}


def cost(text: str) -> int:
    """What a Delta or Snapshot with this text takes from the client's credit, in bytes."""
    return len(text.encode()) + OVERHEAD


def encode(message: Message, limit: int = MAX_MESSAGE) -> list[bytes]:
    """The two frames of a message. ValueError where it is larger than `limit` bytes."""
    body = _encoder.encode(message)
    if len(body) > limit:
        raise ValueError(f"The message has {len(body):,} bytes; the limit is {limit:,}.")
    return [VERSION_FRAME, body]


def decode(frames: list[bytes], kind: Any) -> Any:
    """The message in two frames, as one of `kind` (FromClient, FromBroker, ToWorker or FromWorker).
    ProtocolError."""
    if len(frames) != 2 or len(frames[0]) != 4 or frames[0][:2] != MAGIC:
        raise ProtocolError("bad_message", "These frames are not a MeshScribe message.")
    if frames[0][2] != MAJOR:
        raise ProtocolError(
            "version",
            f"The other side speaks protocol {frames[0][2]}, this side {MAJOR}: update the older one.",
        )
    try:
        return _decoders[kind].decode(frames[1])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError("bad_message", f"The message could not be read: {error}.") from None
