"""Session: the runtime of the add-on. It owns the Link and the running jobs; `tick` does all the work, a
little at a time.

One per Blender. A timer calls `tick` (or a loop, without a window); nothing here blocks, and nothing here is
a thread. No reference to an object outlives a tick: undo, deleting and loading a file would leave it pointing
at freed memory. A job keeps the object's `session_uid` and looks it up; an object that is gone was deleted by
the artist, and its job ends."""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import bpy

from . import geometry
from .geometry import Placement, Point
from .shared.grid import Grid
from .shared.link import Link
from .shared.mesh import Mesh
from .shared.messages import Accepted, Delta, Done, Error, FromBroker, Generate, Outcome, Progress
from .shared.obj import DIALECTS, LLAMA_MESH, PARTS
from .shared.stream import StreamReader

SLICE = 4096  # characters that are read between two looks at the clock
NO_MESH = "The model wrote no mesh for this prompt: try other words or another seed."

JobState = Literal["sent", "queued", "running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Job:
    """One prompt on its way to an object. `code` and `sentence` say why it failed; code "empty" is ours, the
    others are the protocol's. `outcome` comes with the end of the text, `refused` counts faces that Blender
    did not take."""

    id: str
    request: Generate
    size: float  # Blender units
    location: Point
    state: JobState = "sent"
    position: int = 0  # in the queue
    progress: Progress | None = None  # before the first text
    tokens: int = 0
    reader: StreamReader = field(default_factory=StreamReader)
    outcome: Outcome | None = None
    code: str = ""
    sentence: str = ""
    refused: int = 0
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    waiting: deque[str] = field(default_factory=deque)  # text that is not read yet
    fresh: bool = False  # the reader has more than the object shows
    uid: int = 0  # the object's session_uid; 0 before there is one
    name: str = ""  # the object's name when last seen: the quick way to it

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return (self.ended or time.monotonic()) - self.started

    def object(self) -> bpy.types.Object | None:
        """The job's object, for use within this tick; None before there is one and where it was deleted."""
        if not self.uid:
            return None
        found = bpy.data.objects.get(self.name)
        if found is None or found.session_uid != self.uid:
            found = next((each for each in bpy.data.objects if each.session_uid == self.uid), None)
        if found is not None:
            self.name = found.name
        return found


class Session:
    """A Link and its jobs, by id. Jobs that are over stay in `jobs` until `forget`."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.jobs: dict[str, Job] = {}
        self.trouble: Error | None = None  # the last error that concerned no job

    def generate(
        self,
        prompt: str,
        *,
        model: str = "starter",
        seed: int | None = None,
        temperature: float = 0.7,
        metres: float = 1.0,
        location: Point | None = None,
        max_tokens: int | None = None,
    ) -> Job:
        """Start a job: words to an object at `location` (the 3D cursor by default) whose longest side is
        `metres`. A seed is drawn where none is given. ValueError where the prompt is empty, or too
        long for a message."""
        if not prompt.strip():
            raise ValueError("Write a prompt first.")
        scene = bpy.context.scene
        x, y, z = location or scene.cursor.location
        seed = random.SystemRandom().randrange(2**31) if seed is None else seed
        request = Generate(prompt=prompt, model=model, seed=seed, temperature=temperature, max_tokens=max_tokens)
        job = Job(self.link.submit(request), request, geometry.units(metres, scene), (x, y, z))
        self.jobs[job.id] = job
        return job

    def cancel(self, job: Job, keep: bool = True) -> None:
        """End a job now; what has come stays as an object with `keep`, and goes without."""
        if job.over:
            return
        self.link.cancel(job.id)
        self._end(job, "cancelled")
        found = job.object()
        if found is None or not _writable(found):
            return
        if keep and job.reader.faces:
            self._settle(job, found)
        else:
            _remove(found)

    def tick(self, budget: float = 0.008, wait: float = 0.0) -> bool:
        """Take what has come and show it, in about `budget` seconds; whether anything happened. With `wait`,
        block for up to so many seconds until something comes: for loops without a window."""
        until = time.monotonic() + budget
        messages = self.link.wait(wait) if wait else self.link.poll(budget / 2)
        for message in messages:
            self._take(message)
        active = [job for job in self.jobs.values() if not job.over]
        for job in active:
            self._read(job, max(until, time.monotonic() + budget / 4))
            self._show(job)
            if time.monotonic() > until:
                break
        return bool(messages) or any(job.waiting for job in active)

    def finish(self, job: Job, timeout: float = 600.0) -> Job:
        """Tick until a job is over: for scripts without a window. TimeoutError."""
        until = time.monotonic() + timeout
        while not job.over:
            if time.monotonic() > until:
                raise TimeoutError(f"No answer within {timeout:.0f} s; the link is {self.link.state}.")
            self.tick(wait=0.0 if job.waiting else 0.05)
        return job

    def forget(self, job: Job) -> None:
        """Drop a job that is over. Its object stays."""
        if job.over:
            self.jobs.pop(job.id, None)

    def close(self) -> None:
        """Leave. Jobs that still run are cancelled by the backend; what has come of them stays as it is."""
        self.link.close()

    # ----------------------------------------------------------------------------------------------- messages

    def _take(self, message: FromBroker) -> None:
        match message:
            case Error(job=None):
                self.trouble = message
                return
            case Accepted() | Progress() | Delta() | Done() | Error() if message.job in self.jobs:
                job = self.jobs[message.job]
            case _:
                return
        if job.over:  # what was on its way when it was cancelled
            return
        match message:
            case Accepted():
                job.state, job.position = ("queued" if job.state == "sent" else job.state), message.position
            case Progress():
                job.progress = message
            case Delta():
                job.state, job.tokens = "running", message.tokens
                job.waiting.append(message.text)
            case Done():
                job.outcome = message.outcome
                job.tokens = message.outcome.tokens or job.tokens
            case Error():
                self._fail(job, message.code, message.sentence)

    def _read(self, job: Job, until: float) -> None:
        """Feed waiting text to the reader until the clock says so."""
        while job.waiting:
            text = job.waiting.popleft()
            job.reader.feed(text[:SLICE])
            job.fresh = True
            if rest := text[SLICE:]:
                job.waiting.appendleft(rest)
            if time.monotonic() > until:
                return
        if job.outcome:
            job.reader.close()

    def _show(self, job: Job) -> None:
        """Bring the object up to what was read; settle it at the end."""
        finished = job.outcome is not None and not job.waiting
        if not finished and not (job.fresh and job.reader.faces):
            return
        found = job.object()
        if found is None and job.uid:  # the artist deleted it, or went back before it by undo
            if not finished:
                self.link.cancel(job.id)
            self._end(job, "cancelled")
        elif found is not None and not _writable(found):
            return  # the artist edits it: wait until object mode
        elif finished and job.outcome:
            if not job.reader.faces:
                self._fail(job, "empty", NO_MESH)
                return
            self._settle(job, found or self._begin(job))
            self._end(job, "cancelled" if job.outcome.finish == "cancelled" else "done")
        else:
            mesh, placement = self._placed(job)
            geometry.update((found or self._begin(job)).data, mesh, placement)
            job.fresh = False

    # ------------------------------------------------------------------------------------------------ objects

    def _begin(self, job: Job) -> bpy.types.Object:
        made = geometry.build(geometry.object_name(job.request.prompt), job.location)
        geometry.remember(made, job=job.id, prompt=job.request.prompt)
        job.uid, job.name = made.session_uid, made.name
        return made

    def _settle(self, job: Job, made: bpy.types.Object) -> None:
        mesh, placement = self._placed(job)
        job.refused = geometry.settle(made, mesh, placement)
        outcome = job.outcome or Outcome(finish="cancelled", model=job.request.model, seed=job.request.seed)
        geometry.remember(
            made,
            prompt=job.request.prompt,
            seed=outcome.seed,
            model=outcome.model or job.request.model,
            revision=outcome.revision,
            temperature=job.request.temperature,
            plan=job.reader.plan,
            dialect=outcome.dialect,
            finish=outcome.finish,
            tokens=job.tokens,
            job=job.id,
        )
        geometry.select(made)
        bpy.ops.ed.undo_push(message=f"MeshScribe: {made.name}")

    def _placed(self, job: Job) -> tuple[Mesh, Placement]:
        """The mesh so far and where it goes. A whole mesh is fitted to the size that was asked for; one that
        grows, or broke off, keeps the scale of its frame."""
        mesh = job.reader.mesh()
        bins = _bins(job)
        whole = job.outcome is not None and job.outcome.finish == "stop"
        if len(mesh.vertices) and not 0 <= mesh.vertices.min() <= mesh.vertices.max() <= bins - 1:
            return mesh, Placement.stand(mesh.vertices, job.size, job.location)  # another tool's OBJ: no grid
        mesh = mesh.with_vertices(Grid(bins).decode(mesh.vertices))
        if whole:
            return mesh, Placement.stand(geometry.used(mesh).vertices, job.size, job.location)
        return mesh, Placement.growing(mesh.vertices, 1.0, job.size, job.location)

    def _fail(self, job: Job, code: str, sentence: str) -> None:
        """A job ends without an object; what has come of it goes, unless the artist has begun to edit it."""
        job.code, job.sentence = code, sentence
        self._end(job, "failed")
        if (found := job.object()) is not None and _writable(found):
            _remove(found)

    def _end(self, job: Job, state: JobState) -> None:
        job.state, job.ended = state, time.monotonic()
        job.waiting.clear()


def _bins(job: Job) -> int:
    """The grid of a job's text: what the backend says at the end, and what the text looks like before."""
    if job.outcome and job.outcome.dialect in DIALECTS:
        return DIALECTS[job.outcome.dialect].bins
    return (PARTS if job.reader.plan or job.reader.parts else LLAMA_MESH).bins


def _writable(found: bpy.types.Object) -> bool:
    """Whether its mesh may be rebuilt: not in edit, sculpt or paint mode."""
    return found.mode == "OBJECT"


def _remove(found: bpy.types.Object) -> None:
    data = found.data
    bpy.data.objects.remove(found)
    if data.users == 0:
        bpy.data.meshes.remove(data)
