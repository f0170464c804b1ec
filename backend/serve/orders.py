"""Every message between the broker and its worker: orders, and reports. They never leave the machine and both
sides are of one version, so they may change at any time."""

from __future__ import annotations

from meshscribe.shared.messages import Code, Message, Ping, Pong, Progress
from meshscribe.shared.tasks import Change, Count, Generate, Id, Outcome, Request, Sentence, Text, Word

Making = Generate | Change  # the tasks that a worker runs beside others of their kind


class Start(Message, frozen=True, tag="start"):
    """broker -> worker: run this job now, beside those that run where it is a Making."""

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
    """worker -> broker: up, or loaded another model. model "" before the first. `rows` jobs run side by side."""

    pid: Count
    model: Word = ""
    device: Word = ""
    memory: Count = 0
    rows: Count = 1


class Output(Message, frozen=True, tag="output"):
    """worker -> broker: more text of a running job; `tokens` of the job so far."""

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


ToWorker = Start | Abort | Preload | Exit | Ping
FromWorker = Ready | Output | Progress | Finished | Failed | Pong
