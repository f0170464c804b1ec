"""The Python API: what the buttons do, for scripts. Works with a window, where the timer goes on by itself,
and without one, where `wait` does.

    from bl_ext.user_default.meshscribe import api
    job = api.wait(api.generate("a round table with four legs", seed=1)[0])
    print(job.object().name, api.wait(api.describe([job.object()])).text)
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import bpy

from . import runtime, variations
from .geometry import Point
from .job import Job
from .variations import Asked


class BackendError(RuntimeError):
    """There is no backend to ask: the sentence says why."""


def generate(
    prompt: str,
    *,
    model: str = "starter",
    seed: int | None = None,
    temperature: float = 0.7,
    metres: float = 1.0,
    count: int = 1,
    location: Point | None = None,
) -> list[Job]:
    """Ask for `count` meshes, side by side from `location` (the 3D cursor by default) on. Returns at once.
    ValueError where the prompt is empty, BackendError where no backend is installed."""
    _backend()
    return variations.ask(runtime.current().session, Asked(prompt, model, seed, temperature, metres, count, location))


def describe(objects: Iterable[bpy.types.Object], *, model: str = "starter", question: str = "") -> Job:
    """Ask what objects show, as one mesh; `job.text` is the answer. Returns at once. ValueError where there is
    no face in them, BackendError as above."""
    _backend()
    return runtime.current().session.describe(objects, model=model, prompt=question)


def change(
    source: bpy.types.Object,
    instruction: str,
    *,
    instead: bool = False,
    model: str = "starter",
    seed: int | None = None,
    temperature: float = 0.7,
) -> Job:
    """Ask for another mesh of an object, changed as told: beside it, or with `instead` in its place. Returns at once.
    ValueError where there is no face in it or nothing is told, BackendError as above."""
    _backend()
    return runtime.current().session.change(
        source, instruction, instead=instead, model=model, seed=seed, temperature=temperature
    )


def wait(job: Job, timeout: float = 600.0) -> Job:
    """Work until a job is over: its state is then "done", "failed" (with `job.sentence`) or "cancelled".
    BackendError where the backend cannot be started, TimeoutError."""
    until = time.monotonic() + timeout
    while not job.over:
        now = runtime.current()
        now.tick(wait=0.02)
        if now.backend.trouble is not None:
            raise BackendError(now.backend.trouble.sentence)
        if time.monotonic() > until:
            raise TimeoutError(f"No answer within {timeout:.0f} s.")
    return job


def cancel(job: Job, keep: bool = True) -> None:
    """End a job now; what has come of it stays with `keep`."""
    runtime.current().session.cancel(job, keep)


def _backend() -> None:
    now = runtime.current()
    if not now.ready_to_work():
        assert now.problem is not None
        raise BackendError(now.problem.sentence)
