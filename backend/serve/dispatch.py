"""The dispatch: the jobs in hand, what the worker does now and next, and how every job ends. No sockets here.

A job in hand waits, runs, or has ended and is not delivered to all its clients yet; every other job is in the
journal. `orders` are for the worker, `news` for clients (beside the text and the end of their jobs).

Meshes run side by side where the worker has room. No job overtakes another: what cannot run beside the meshes that do
(a question, another model, a load) waits for them, and the meshes behind it wait for it.
"""

from __future__ import annotations

import logging
import sqlite3

import msgspec
from msgspec.structs import replace

from meshscribe.shared.messages import Error, Ping, Progress
from meshscribe.shared.reports import JobEntry
from meshscribe.shared.tasks import MAX_TEXT, Outcome

from .counters import Tally
from .duty import Duty
from .jobs import FairQueue, Job
from .journal import Journal
from .orders import Abort, Failed, Finished, FromWorker, Output, Preload, Ready, Start, ToWorker

PATIENCE = 1.0  # seconds that a cancelled job may take to end before it is ended without its worker
STILL = "The model stood still for {:.0f} s and was ended. The text so far is kept: run the job again."
LATE = "This job was not done within its limit of {:g} s. The text so far is kept: run it again with more time."
STOPPED = "The backend was stopped before this job was done. The text so far is kept: run the job again."
TOO_LONG = f"The model wrote more than {MAX_TEXT:,} characters, the limit of a job. The text so far is kept."

log = logging.getLogger(__name__)


class Dispatch:
    """Jobs and one worker. All changes of a job's state happen here, and are in the journal before anyone
    hears of them."""

    def __init__(self, journal: Journal, queue: FairQueue | None = None) -> None:
        self.jobs: dict[str, Job] = {}
        self.queue = queue or FairQueue()
        self.orders: list[ToWorker] = []
        self.news: list[tuple[Job | None, Progress | Error]] = []  # None: of a load, for the clients that asked for it
        self.duty = Duty()
        self.tally = Tally()
        self._preload = ""  # the model to load next
        self._journal = journal

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
        """Load a model when the worker is free, before the next job. The last one asked for wins."""
        self._preload = model

    # -------------------------------------------------------------------------------- what the worker reports

    def take(self, message: FromWorker, now: float) -> None:
        """A message of the worker. What it still says of a job that has ended is not heard."""
        self.duty.hear(message, now)
        job = self.jobs.get(getattr(message, "job", None) or "")
        running = job if job is not None and job.state == "running" else None
        match message:
            case Ready() if self.duty.load is not None and message.model:
                self.duty.end(None, now)
                self.news.append((None, Progress(phase="ready", unit=message.model)))
            case Progress() if running is not None or message.job is None:
                self.news.append((running, message))
            case Output() if running is not None:
                self._write(running, message, now)
            case Finished():
                if running is not None:
                    self._end(running, message.outcome, now)
                self.duty.end(message.job, now)
            case Failed():
                error = Error(message.code, message.sentence, message.job, message.retryable)
                if running is not None:
                    self._end(running, error, now)
                elif message.job is None:
                    self.news.append((None, error))
                self.duty.end(message.job, now)

    def worker_gone(self, why: Error, now: float) -> None:
        """The worker's process has ended, by itself or by our hand."""
        self._fail(why, now)
        self.duty.renew(now)

    def give_up(self, sentence: str, now: float) -> None:
        """No worker can be started: what waits for one has failed."""
        if self._preload:
            self._preload = ""
            self.news.append((None, Error("engine_dead", sentence)))
        while (id := self.queue.pop()) is not None:
            self._end(self.jobs[id], Error("engine_dead", sentence, id, retryable=True), now)

    # ----------------------------------------------------------------------------------------------- the turn

    @property
    def waiting(self) -> bool:
        """Whether there is something for a worker to do."""
        return bool(self._preload or len(self.queue))

    def next(self, now: float) -> None:
        """Give the worker what it has room for."""
        if self._preload:
            if self.duty.idle and not self.duty.spent:
                model, self._preload = self._preload, ""
                self.duty.begin(None, None, now)
                self.orders.append(Preload(model))
            return
        while (id := next(iter(self.queue), None)) is not None and self.duty.room(self.jobs[id].request):
            self.queue.pop()
            job = self.jobs[id]
            job.state, job.position = "running", 0
            self._journal.start(job)
            self.tally.started(job, now)
            self.duty.begin(id, job.request, now)
            self.orders.append(Start(id, job.request))
            self.news.append((job, Progress(id, "running")))
            self._renumber()

    def watch(self, now: float) -> bool:
        """End what is over its time; whether the worker has to be ended, because it is stuck."""
        for late in [job for job in self.jobs.values() if job.overdue(now)]:
            if not self.queue.remove(late.id):
                self._abort(late, now)
            self._end(late, Error("deadline", LATE.format(late.limit), late.id, retryable=True), now)
            self._renumber()
        for job in [self.jobs[id] for id in self.duty.jobs if id in self.jobs]:
            if job.cancelled is not None and not job.ended and now - job.cancelled > PATIENCE:
                self._end(job, _cancelled(job), now)
        dog = self.duty.watchdog
        if dog.ask(now):
            self.orders.append(Ping())
        if (still := dog.wedged(now)) is not None:
            log.error("the worker has stood still for %.1f s (%s)", still, dog.phase)
            self._fail(Error("engine_dead", STILL.format(still), retryable=True), now)
            self.duty.doom()
            return True
        if self.duty.deaf(now):
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
        self.duty.abort(job.id, now)
        self.orders.append(Abort(job.id))

    def _write(self, job: Job, output: Output, now: float) -> None:
        if not job.text and output.text:
            self.tally.first_text(job, now)
        fits = job.append(output.text, output.tokens)
        self._journal.append(job, fits)
        if len(fits) < len(output.text):
            self._abort(job, now)
            self._end(job, Error("too_large", TOO_LONG, job.id), now)

    def _fail(self, why: Error, now: float) -> None:
        """What the worker was doing has failed."""
        if self.duty.load is not None:
            self.news.append((None, why))
        for job in [self.jobs[id] for id in self.duty.jobs if id in self.jobs]:
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
