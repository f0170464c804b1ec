"""A worker's duty: the jobs that it was given and has not ended, or the load, and whether it gets on. Pure.

Meshes of one model are made side by side, as many as the worker says it has rows for; everything else is done alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshscribe.shared.messages import Progress
from meshscribe.shared.tasks import Request

from .orders import Abort, Failed, FromWorker, Making, Preload, Ready, Start, ToWorker
from .watchdog import Watchdog

STUCK = 30.0  # seconds until a worker that does not heed an Abort is taken for stuck


@dataclass(slots=True)
class Task:
    """What a worker was told to do: a job, which may have ended by a Cancel already, or a load (no request)."""

    request: Request | None
    aborted: float | None = None  # when it was told to stop, or gave its last sign of life after that


class Duty:
    """What one worker has to do. `remote`: it asks servers, and holds no model of this machine."""

    def __init__(self, remote: bool = False) -> None:
        self.remote = remote
        self.ready = True  # whether it takes orders
        self.unload = False  # it is to give its memory back as soon as it is idle
        self.orders: list[ToWorker] = []
        self.jobs: dict[str, Task] = {}
        self.load: Task | None = None
        self.dying = False  # it was ended, and is not gone yet
        self.spent = False  # its memory ran out: another one has to take its place before there is more to do
        self.watchdog = Watchdog()
        self.worked = 0.0  # when it was last given something, or was done with something
        self._model, self._rows = "", 1  # what it has loaded, and how many meshes that makes side by side

    @property
    def idle(self) -> bool:
        return not (self.jobs or self.load or self.dying)

    @property
    def free(self) -> bool:
        """Whether it can begin anything now."""
        return self.ready and self.idle and not self.spent

    def room(self, request: Request) -> bool:
        """Whether it can begin this now."""
        if self.idle or self.spent or not self.ready:
            return self.free
        beside = [task.request for task in self.jobs.values()]
        return (
            not (self.load or self.dying)
            and len(beside) < self._rows
            and all(isinstance(each, Making) and each.model == self._model for each in (request, *beside))
        )

    def cost(self, model: str) -> tuple[bool, int, bool]:
        """What it takes to run one more job of a model here, to be compared: another model has to go, so many run
        already, this one has to be loaded."""
        return self._model not in ("", model), len(self.jobs), self._model != model

    def start(self, job: str, request: Request, now: float) -> None:
        """Give it a job."""
        self._call(Start(job, request), now)
        self.jobs[job] = Task(request)

    def preload(self, model: str, now: float) -> None:
        """Have it load a model."""
        self._call(Preload(model), now)
        self.load = Task(None)

    def abort(self, job: str, now: float) -> None:
        """Have it stop a job, where it has that."""
        if job in self.jobs:
            self.jobs[job].aborted = now
            self.orders.append(Abort(job))

    def hear(self, message: FromWorker, now: float) -> None:
        """What it says of itself, and that it says anything."""
        self.watchdog.hear(message, now)
        match message:
            case Ready():
                self._model, self._rows = message.model, message.rows
            case Failed(code="out_of_memory"):
                self.spent = True
            case Progress():
                for job, task in self.jobs.items():
                    if task.aborted is not None and message.job in (None, job):
                        task.aborted = now

    def end(self, job: str | None, now: float) -> None:
        """It is done with a job, or with the load (None)."""
        if job is None:
            self.load = None
        elif job not in self.jobs:
            return
        else:
            del self.jobs[job]
        self.worked = now
        if self.idle:
            self.watchdog.rest()

    def doom(self) -> None:
        """It is to be ended, whatever it does."""
        self.jobs.clear()
        self.load, self.dying = None, True
        self.watchdog.rest()

    def renew(self, now: float) -> None:
        """Another worker takes its place: nothing is known of that."""
        self.jobs.clear()
        self.orders.clear()
        self.load, self.dying, self.spent, self.worked = None, False, False, now
        self._model, self._rows = "", 1
        self.watchdog.renew()

    def deaf(self, now: float) -> bool:
        """Whether it does not heed an Abort."""
        return any(task.aborted is not None and now - task.aborted > STUCK for task in self.jobs.values())

    def _call(self, order: ToWorker, now: float) -> None:
        if self.idle:
            self.watchdog.call(now)
        self.worked = now
        self.orders.append(order)
