"""The dispatch: the jobs in hand, what the workers do now and next, and how every job ends. No sockets here.

A job in hand waits, runs, or has ended and is not delivered to all its clients yet; every other job is in the
journal. A worker's orders are in its duty, `news` are for clients (beside the text and the end of their jobs).

A job goes to the worker that has the least to do. Meshes run side by side where a worker has room. No job overtakes
another: what no worker can begin beside the meshes that run (a question, another model, a load) waits for them, and the
meshes behind it wait for it. Only jobs for servers, which have a worker of their own, do not wait for the others.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from meshscribe.shared.messages import Error, Ping, Progress
from meshscribe.shared.reports import JobEntry
from meshscribe.shared.tasks import MAX_TEXT, Outcome

from .counters import Tally
from .duty import Duty
from .jobs import FairQueue, Job
from .journal import Journal
from .orders import Failed, Finished, FromWorker, Output, Ready

PATIENCE = 1.0  # seconds that a cancelled job may take to end before it is ended without its worker
STILL = "The model stood still for {:.0f} s and was ended. The text so far is kept: run the job again."
LATE = "This job was not done within its limit of {:g} s. The text so far is kept: run it again with more time."
STOPPED = "The backend was stopped before this job was done. The text so far is kept: run the job again."
TOO_LONG = f"The model wrote more than {MAX_TEXT:,} characters, the limit of a job. The text so far is kept."

log = logging.getLogger(__name__)


class Dispatch:
    """Jobs and workers; `remote` says whether a model is a server's. All changes of a job's state happen here, and are
    in the journal before anyone hears of them."""

    def __init__(
        self,
        journal: Journal,
        queue: FairQueue | None = None,
        duties: list[Duty] | None = None,
        remote: Callable[[str], bool] = lambda model: False,
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self.queue = queue or FairQueue()
        self.duties = duties or [Duty()]
        self.news: list[tuple[Job | None, Progress | Error]] = []  # None: of a load, for the clients that asked for it
        self.tally = Tally()
        self._preload = ""  # the model to load next
        self.remote, self._journal = remote, journal

    # ----------------------------------------------------------------------------------- what clients ask for

    def find(self, id: str) -> Job | None:
        """A job in hand, or from the journal."""
        if (job := self.jobs.get(id)) is not None:
            return job
        try:
            return self._journal.find(id)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            log.error("job %s could not be read from the journal: %s", id, error)
            return None

    def newest(self, count: int, guest: str) -> list[JobEntry]:
        """The last jobs of the journal, newest first: all for this machine's own clients, else the guest's."""
        try:
            found = self._journal.newest(count, guest)
            here = self.jobs
            return [replace(job, tokens=here[job.job].tokens) if job.job in here else job for job in found]
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            log.error("the jobs could not be read from the journal: %s", error)
            return []

    def add(self, job: Job, now: float) -> None:
        """Accept a job. ValueError where the queue `refuses` it, sqlite3.Error where the journal fails."""
        self.queue.push(job.lane, job.id)
        try:
            self._journal.accept(job)
        except sqlite3.Error:
            self.queue.remove(job.id)
            raise
        self.tally.accepted()
        self.jobs[job.id], job.accepted = job, now
        job.position = list(self.queue).index(job.id)
        self._renumber()

    def cancel(self, job: Job, now: float) -> None:
        """Stop a job: at once where it waits, within PATIENCE where it runs. Nothing where it has ended."""
        if self.queue.remove(job.id):
            job.cancelled = now
            self._end(job, _cancelled(job), now)
            self._renumber()
        elif job.state == "running" and job.cancelled is None:
            job.cancelled = now
            self._abort(job, now)

    def load(self, model: str) -> None:
        """Load a model when a worker is free, before the next job. The last one asked for wins."""
        self._preload = model

    def unload(self) -> None:
        """Have every worker give its memory back when it is idle."""
        for duty in self.duties:
            duty.unload = True

    # -------------------------------------------------------------------------------- what the workers report

    def take(self, duty: Duty, message: FromWorker, now: float) -> None:
        """A message of a worker. What it still says of a job that has ended is not heard."""
        duty.hear(message, now)
        job = self.jobs.get(getattr(message, "job", None) or "")
        running = job if job is not None and job.state == "running" else None
        match message:
            case Ready() if duty.load is not None and message.model:
                duty.end(None, now)
                self.news.append((None, Progress(phase="ready", unit=message.model)))
            case Progress() if running is not None or message.job is None:
                self.news.append((running, message))
            case Output() if running is not None:
                self._write(running, message, now)
            case Finished():
                if running is not None:
                    self._end(running, message.outcome, now)
                duty.end(message.job, now)
            case Failed():
                error = Error(message.code, message.sentence, message.job, message.retryable)
                if running is not None:
                    self._end(running, error, now)
                elif message.job is None:
                    self.news.append((None, error))
                duty.end(message.job, now)

    def worker_gone(self, duty: Duty, why: Error, now: float) -> None:
        """A worker's process has ended, by itself or by our hand."""
        self._fail(duty, why, now)
        duty.renew(now)

    def give_up(self, sentence: str, now: float, remote: bool = False) -> None:
        """No worker of this kind can be started: what waits for one has failed."""
        if self._preload and self.remote(self._preload) == remote:
            self._preload = ""
            self.news.append((None, Error("engine_dead", sentence)))
        for id in [id for id in self.queue if self.jobs[id].remote == remote]:
            self.queue.remove(id)
            self._end(self.jobs[id], Error("engine_dead", sentence, id, retryable=True), now)

    # ----------------------------------------------------------------------------------------------- the turn

    def waiting(self, remote: bool) -> bool:
        """Whether there is something for a worker of this kind to do."""
        jobs = any(self.jobs[id].remote == remote for id in self.queue)
        return jobs or bool(self._preload) and self.remote(self._preload) == remote

    def next(self, now: float) -> None:
        """Give the workers what they have room for. Jobs for servers and jobs for this machine do not wait for each
        other; no other job overtakes one."""
        full: set[bool] = set()  # the kinds of workers that have no room
        if self._preload:
            model, remote = self._preload, self.remote(self._preload)
            if free := [duty for duty in self.duties if duty.remote == remote and duty.free]:
                self._preload = ""
                min(free, key=lambda duty: duty.cost(model)).preload(model, now)
            else:
                full.add(remote)
        for job in [self.jobs[id] for id in self.queue]:
            if job.remote in full:
                continue
            able = [duty for duty in self.duties if duty.remote == job.remote and duty.room(job.request)]
            if not able:
                full.add(job.remote)
            else:
                self._start(job, min(able, key=lambda duty: duty.cost(job.request.model)), now)
        self._renumber()

    def _start(self, job: Job, duty: Duty, now: float) -> None:
        self.queue.take(job.id)
        job.state, job.position = "running", 0
        self._journal.start(job)
        self.tally.started(job, now)
        duty.start(job.id, job.request, now)
        self.news.append((job, Progress(job.id, "running")))

    def watch(self, now: float) -> list[Duty]:
        """End what is over its time; the workers that have to be ended, because they are stuck."""
        for late in [job for job in self.jobs.values() if job.overdue(now)]:
            if not self.queue.remove(late.id):
                self._abort(late, now)
            self._end(late, Error("deadline", LATE.format(late.limit), late.id, retryable=True), now)
            self._renumber()
        return [duty for duty in self.duties if self._stuck(duty, now)]

    def _stuck(self, duty: Duty, now: float) -> bool:
        for job in [self.jobs[id] for id in duty.jobs if id in self.jobs]:
            if job.cancelled is not None and not job.ended and now - job.cancelled > PATIENCE:
                self._end(job, _cancelled(job), now)
        dog = duty.watchdog
        if dog.ask(now):
            duty.orders.append(Ping())
        if (still := dog.wedged(now)) is not None:
            log.error("the worker has stood still for %.1f s (%s)", still, dog.phase)
            self._fail(duty, Error("engine_dead", STILL.format(still), retryable=True), now)
            duty.doom()
            return True
        if duty.deaf(now):
            log.error("the worker does not heed an Abort")
            return True
        return False

    def stop(self, now: float) -> None:
        """The backend ends: so does every job that has not."""
        for job in self.jobs.values():
            if not job.ended:
                self._end(job, Error("shutting_down", STOPPED, job.id, retryable=True), now)

    # ---------------------------------------------------------------------------------------------- its parts

    def _abort(self, job: Job, now: float) -> None:
        for duty in self.duties:
            duty.abort(job.id, now)

    def _write(self, job: Job, output: Output, now: float) -> None:
        if not job.text and output.text:
            self.tally.first_text(job, now)
        fits = job.append(output.text, output.tokens)
        self._journal.append(job, fits)
        if len(fits) < len(output.text):
            self._abort(job, now)
            self._end(job, Error("too_large", TOO_LONG, job.id), now)

    def _fail(self, duty: Duty, why: Error, now: float) -> None:
        """What a worker was doing has failed."""
        if duty.load is not None:
            self.news.append((None, why))
        for job in [self.jobs[id] for id in duty.jobs if id in self.jobs]:
            if not job.ended:
                self._end(job, _cancelled(job) if job.cancelled is not None else replace(why, job=job.id), now)

    def _end(self, job: Job, how: Outcome | Error, now: float) -> None:
        job.end(how)
        self._journal.finish(job)
        self.tally.ended(job, now)
        what = how.finish if isinstance(how, Outcome) else how.code
        log.info("job ended: %s", what, extra={"job": job.id, "guest": job.guest, "tokens": job.tokens})

    def _renumber(self) -> None:
        """Tell clients whose jobs have moved in the queue."""
        for position, id in enumerate(self.queue):
            job = self.jobs[id]
            if job.position != position:
                job.position = position
                self.news.append((job, Progress(id, "queued", total=position, unit="jobs before")))


def _cancelled(job: Job) -> Outcome:
    return Outcome(finish="cancelled", model=job.request.model, seed=job.request.seed, tokens=job.tokens)
