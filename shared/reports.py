"""What the backend tells of itself: its workers, counters, clients, models and jobs, as parts of its replies."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .tasks import Count, Id, Seconds, Word

State = Literal["queued", "running", "done", "failed"]


class WorkerStatus(Struct, frozen=True, kw_only=True, omit_defaults=True):
    pid: Count = 0
    state: Literal["off", "starting", "loading", "ready", "running"] = "off"
    model: Word = ""
    device: Word = ""
    memory: Count = 0  # bytes, resident
    restarts: Count = 0
    quiet: Seconds = 0.0  # seconds since the running job's last sign of life


class Spread(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last values of a quantity (serve/counters.py says how many)."""

    count: Count = 0
    median: Seconds = 0.0
    p99: Seconds = 0.0
    last: Seconds = 0.0


class Counters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the broker has counted since its start."""

    accepted: Count = 0
    refused: Count = 0  # "busy"
    done: Count = 0
    failed: Count = 0
    cancelled: Count = 0
    tokens: Count = 0
    memory: Count = 0  # bytes, resident, of the broker
    queue: Spread = Spread()  # seconds in the queue
    first_token: Spread = Spread()  # seconds from Accepted to the first text
    speed: Spread = Spread()  # tokens a second, by the job
    cancel: Spread = Spread()  # seconds from a Cancel to the end of its job


class ClientEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A connected client: what it calls itself, and the name of its invitation ("" on the backend's machine)."""

    name: Word = ""
    guest: Word = ""
    jobs: Count = 0


class ModelEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: Word
    title: Word = ""
    state: Literal["ready", "absent"] = "absent"
    size: Count = 0  # bytes to download or on disk
    licence: Word = ""
    dialect: Word = ""
    needs: Word = ""  # the extra it needs, "" where the base install runs it
    licence_text: Annotated[str, Meta(max_length=20_000)] = (
        ""  # to be accepted before a Download; "": nothing to accept
    )


class JobEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    job: Id
    state: State
    task: Word  # a TaskName, or one of a later version
    model: Word = ""
    prompt: Word = ""  # the beginning of what the person said
    created: Seconds = 0.0  # Unix time
    tokens: Count = 0
