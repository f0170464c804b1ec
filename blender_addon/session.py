"""Session: the running jobs and the Link that carries them; `tick` does all the work, a little at a time.

A timer calls `tick` (or a loop, without a window); nothing here blocks, and nothing here is a thread. An
object that is gone was deleted by the artist, and its job ends; undo is no deletion (`undone`). Jobs can be
asked for before there is a Link: `attach` sends them."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable

import bpy

from . import geometry, growing
from .geometry import Point
from .job import Job, JobState
from .reading import read
from .shared.link import Link
from .shared.messages import (
    Accepted,
    Delta,
    Done,
    DownloadReply,
    Error,
    FromBroker,
    Models,
    ModelsReply,
    Progress,
    StatusReply,
)
from .shared.reports import ModelEntry
from .shared.tasks import Ask, Change, Describe, Generate, Ground, Name, Scene
from .shared.thin import packed

SLICE = 4096  # characters that are read between two looks at the clock
BESIDE = 1.25  # sizes from the middle of an object to the middle of its changed one
KEPT = 60  # jobs that are over and still known, so that F9 can finish them anew
NO_MESH = "The model wrote no mesh for this prompt: try other words or another seed."


def settle(job: Job) -> None:
    """Finish a job's object as one undo step, without an operator."""
    made = growing.finish(job)
    bpy.ops.ed.undo_push(message=f"MeshScribe: {made.name}")


class Session:
    """Jobs by id. Those that are over stay in `jobs` until `forget`, or until there are many. `settle` finishes
    a job's object; `ended` hears of every job that is over."""

    def __init__(self, link: Link | None = None) -> None:
        self.link = link
        self.jobs: dict[str, Job] = {}
        self.trouble: Error | None = None  # the last error that concerned no job
        self.status: StatusReply | None = None
        self.loading: Progress | None = None  # of a model, without a job
        self.models: list[ModelEntry] = []
        self.download: DownloadReply | None = None  # of a model, while it runs
        self.settle: Callable[[Job], None] = settle
        self.ended: Callable[[Job], None] = lambda job: None

    @property
    def active(self) -> list[Job]:
        """The jobs that are not over, in the order they were asked for."""
        return [job for job in self.jobs.values() if not job.over]

    def attach(self, link: Link | None) -> None:
        """Use this link from now on; jobs that were never sent are sent."""
        self.link, self.status, self.loading, self.download = link, None, None, None
        for job in self.active:
            self._submit(job)

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
        group: str = "",
        first: Point | None = None,
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
        title, size = geometry.object_name(prompt), geometry.units(metres, scene)
        job = Job(uuid.uuid4().hex, request, title, size, (x, y, z), group, first or (x, y, z))
        job.scene, job.collection = scene.session_uid, bpy.context.collection.session_uid
        return self._start(job)

    def describe(self, objects: Iterable[bpy.types.Object], *, model: str = "starter", prompt: str = "") -> Job:
        """Start a job: what these objects show, in words (`job.text`). They are only read. ValueError, in a
        sentence, where there is nothing to read."""
        objects = list(objects)
        mesh = read(objects).mesh
        job = Job(uuid.uuid4().hex, Describe(mesh=packed(mesh), model=model, prompt=prompt))
        job.about = tuple(each.session_uid for each in objects)
        job.scene = bpy.context.scene.session_uid
        return self._start(job)

    def put(self, request: Ask | Describe | Ground | Name | Scene, about: Iterable[bpy.types.Object] = ()) -> Job:
        """Start a job whose answer is words: `job.text`, and the names or ids of its outcome. ValueError where it is
        too large for a message."""
        job = Job(uuid.uuid4().hex, request, about=tuple(each.session_uid for each in about))
        job.scene = bpy.context.scene.session_uid
        return self._start(job)

    def change(
        self,
        source: bpy.types.Object,
        instruction: str,
        *,
        instead: bool = False,
        model: str = "starter",
        seed: int | None = None,
        temperature: float = 0.7,
    ) -> Job:
        """Start a job: another mesh of an object and an instruction, of the same size, beside it or, with `instead`,
        in its place; the object goes when the answer is whole. ValueError, in a sentence, where there is nothing to
        change, or nothing said."""
        if not instruction.strip():
            raise ValueError("Say what to change first.")
        mesh = read([source]).mesh
        low, high = mesh.bounds().astype(float)
        size = float((high - low).max())
        aside = 0.0 if instead else BESIDE * size
        seed = random.SystemRandom().randrange(2**31) if seed is None else seed
        request = Change(mesh=packed(mesh), instruction=instruction, model=model, seed=seed, temperature=temperature)
        foot = (float(low[0] + high[0]) / 2 + aside, -float(low[2] + high[2]) / 2, float(low[1]))
        job = Job(uuid.uuid4().hex, request, source.name, size, foot, about=(source.session_uid,), instead=instead)
        job.scene, job.collection = (
            bpy.context.scene.session_uid,
            next(iter(source.users_collection), bpy.context.collection).session_uid,
        )
        return self._start(job)

    def cancel(self, job: Job, keep: bool = True) -> None:
        """End a job now; what has come stays as an object with `keep`, and goes without. What was to take another
        object's place goes."""
        if job.over:
            return
        if self.link and job.submitted:
            self.link.cancel(job.id)
        found = job.object()
        if found is not None and growing.writable(found):
            if keep and job.reader.faces and not job.instead:
                job.state = "cancelled"
                self.settle(job)
            else:
                growing.discard(found)
        self._end(job, "cancelled")

    def tick(self, budget: float = 0.008, wait: float = 0.0) -> bool:
        """Take what has come and show it, in about `budget` seconds; whether anything happened. With `wait`,
        block for up to so many seconds until something comes: for loops without a window."""
        until = time.monotonic() + budget
        messages = [] if self.link is None else self.link.wait(wait) if wait else self.link.poll(budget / 2)
        for message in messages:
            self._take(message)
        active = self.active
        for job in active:
            self._read(job, max(until, time.monotonic() + budget / 4))
            if self._show(job) or time.monotonic() > until:
                break
        return bool(messages) or any(job.waiting or job.fresh for job in active)

    def finish(self, job: Job, timeout: float = 600.0) -> Job:
        """Tick until a job is over: for scripts without a window. TimeoutError."""
        until = time.monotonic() + timeout
        while not job.over:
            if time.monotonic() > until:
                state = self.link.state if self.link else "not there"
                raise TimeoutError(f"No answer within {timeout:.0f} s; the link is {state}.")
            self.tick(wait=0.0 if job.waiting else 0.05)
        return job

    def undone(self) -> None:
        """Undo or redo has just happened: growing objects that it took away come back with the next text."""
        for job in self.active:
            if job.uid and job.object() is None:
                job.uid, job.fresh = 0, True

    def fail(self, job: Job, code: str, sentence: str) -> None:
        """A job ends without an object; what has come of it goes, unless the artist has begun to edit it."""
        job.code, job.sentence = code, sentence
        if (found := job.object()) is not None and growing.writable(found):
            growing.discard(found)
        self._end(job, "failed")

    def forget(self, job: Job) -> None:
        """Drop a job that is over. Its object stays."""
        if job.over:
            self.jobs.pop(job.id, None)

    def close(self) -> None:
        """Leave. Jobs that still run are cancelled by the backend; what has come of them stays as it is."""
        if self.link is not None:
            self.link.close()
            self.link = None

    # ----------------------------------------------------------------------------------------------- messages

    def _start(self, job: Job) -> Job:
        self._submit(job)  # first: what is too large for a message is no job
        self.jobs[job.id] = job
        for old in [each for each in self.jobs.values() if each.over][:-KEPT]:
            self.forget(old)
        return job

    def _submit(self, job: Job) -> None:
        if self.link is not None and not job.submitted:
            self.link.submit(job.request, job=job.id)
            job.submitted = True

    def _take(self, message: FromBroker) -> None:
        match message:
            case Error(job=None):
                self.trouble, self.loading = message, None
            case Progress(job=None):
                self.loading = None if message.phase == "ready" else message
            case StatusReply():
                self.status = message
            case ModelsReply():
                self.models = message.models
            case DownloadReply():
                self._fetched(message)
            case Accepted() | Progress() | Delta() | Done() | Error() if message.job in self.jobs:
                job = self.jobs[message.job]
                if not job.over:  # else what was on its way when it was cancelled
                    self._news(job, message)

    def _fetched(self, message: DownloadReply) -> None:
        self.download = message if message.state == "running" else None
        if message.state == "failed":
            self.trouble = Error(message.code or "download_failed", message.sentence)
        if message.state == "ready" and self.link is not None:
            self.link.send(Models())

    def _news(self, job: Job, message: Accepted | Progress | Delta | Done | Error) -> None:
        works = isinstance(message, Delta) or (isinstance(message, Progress) and message.phase != "queued")
        if works and job.state != "running":
            job.state, job.started = "running", time.monotonic()  # it waited until now
        match message:
            case Accepted():
                job.state, job.position = ("queued" if job.state == "sent" else job.state), message.position
            case Progress():
                job.progress = message
            case Delta():
                job.tokens = message.tokens
                job.first_token = job.first_token or time.monotonic()
                if job.makes_mesh:
                    job.waiting.append(message.text)
                else:
                    job.text += message.text
            case Done():
                job.outcome = message.outcome
                job.tokens = message.outcome.tokens or job.tokens
                if not job.makes_mesh:
                    self._end(job, "cancelled" if message.outcome.finish == "cancelled" else "done")
            case Error():
                self.fail(job, message.code, message.sentence)

    def _read(self, job: Job, until: float) -> None:
        """Feed waiting text to the reader until the clock says so."""
        while job.waiting:
            text = job.waiting.popleft()
            job.reader.feed(text[:SLICE])
            job.fresh = True
            if job.reader.parts != job.parts:
                job.parts, job.part_from = job.reader.parts, job.tokens
            if rest := text[SLICE:]:
                job.waiting.appendleft(rest)
            if time.monotonic() > until:
                return
        if job.outcome:
            job.reader.close()

    def _show(self, job: Job) -> bool:
        """Bring the object up to what was read; settle it at the end: then True, which is enough for a tick."""
        finished = job.makes_mesh and job.outcome is not None and not job.waiting
        if not finished and not (job.fresh and job.reader.faces):
            return False
        if bpy.app.is_job_running("RENDER"):
            return False  # a render reads the same data
        found = job.object()
        if found is None and job.uid:  # the artist deleted it
            if not finished and self.link:
                self.link.cancel(job.id)
            self._end(job, "cancelled")
        elif found is not None and not growing.writable(found):
            return False  # the artist edits it: wait until object mode
        elif not finished:
            growing.show(job)
        elif not job.reader.faces:
            self.fail(job, "empty", NO_MESH)
        elif bpy.context.mode != "OBJECT":
            if job.fresh:
                growing.show(job)  # an undo step of an edit mode would not hold a new object: settled after it
        else:
            assert job.outcome is not None
            self.settle(job)
            self._end(job, "cancelled" if job.outcome.finish == "cancelled" else "done")
            return True
        return False

    def _end(self, job: Job, state: JobState) -> None:
        job.state, job.ended = state, time.monotonic()
        growing.unveil(job)
        job.waiting.clear()
        self.ended(job)
