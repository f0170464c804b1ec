"""The desk: what the broker does about every message of a client. No sockets here.

What it answers goes through delivery.py.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from msgspec.structs import replace

from meshscribe.shared.frames import ProtocolError, decode
from meshscribe.shared.messages import (
    Accepted,
    Bye,
    Cancel,
    Code,
    Credit,
    Download,
    Error,
    FromClient,
    Hello,
    Jobs,
    JobsReply,
    Load,
    Models,
    ModelsReply,
    Ping,
    Pong,
    Resume,
    Shutdown,
    Status,
    StatusReply,
    StopDownload,
    Submit,
    Unload,
    Welcome,
    WhoAreYou,
)
from meshscribe.shared.reports import ClientEntry, ModelEntry, WorkerStatus

from .check import fault
from .clients import Client
from .delivery import Delivery
from .dispatch import Dispatch
from .downloads import Downloads
from .duty import Duty
from .jobs import WINDOW, Job, Stream
from .process import resident

MAX_STREAMS = 64  # jobs that one client may have open at once
MAX_LISTED = 100  # jobs in a JobsReply
OWN_MACHINE = "Only somebody on the backend's own machine may do that."

log = logging.getLogger(__name__)


class Desk:
    """What clients may ask, and what follows from it.

    `about` is what never changes of a StatusReply; `models` lists the models; `workers` tells of the workers.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        delivery: Delivery,
        about: StatusReply,
        models: Callable[[], list[ModelEntry]] = list,
        workers: Callable[[], list[WorkerStatus]] = lambda: [WorkerStatus()],
        downloads: Downloads | None = None,
        now: float = 0.0,
    ) -> None:
        self.stopping = False  # whether the broker is asked to end
        self.clients, self._say = delivery.clients, delivery.say
        self._delivery = delivery
        self._dispatch, self._about, self._models = dispatch, about, models
        self._workers, self._downloads, self._started = workers, downloads, now

    def receive(self, route: bytes, frames: list[bytes], now: float, guest: str = "") -> None:
        """One message, from this machine or from a guest's key. Does not raise, whatever is in it."""
        try:
            message: FromClient = decode(frames, FromClient)
        except ProtocolError as error:
            self._delivery.out.append((route, Error(error.code, str(error), error.job)))
            return
        client = self.clients.at(route)
        if isinstance(message, Hello):
            self._greet(route, message, now, guest)
        elif client is None:
            self._delivery.out.append((route, WhoAreYou()))
        else:
            client.heard = now
            self._handle(client, message, now)

    def _handle(self, client: Client, message: FromClient, now: float) -> None:
        match message:
            case Download() | StopDownload() | Unload() | Shutdown() if client.guest:
                self._say(client, Error("not_allowed", OWN_MACHINE))
            case Ping():
                self._say(client, Pong(message.sent))
            case Credit():
                client.account.grant(message.bytes)
            case Submit():
                self._submit(client, message, now)
            case Cancel():
                self._cancel(client, message.job, now)
            case Resume():
                if (job := self._find(client, message.job)) is not None:
                    self._follow(client, job, message.have)
            case Load():
                self._load(client, message.model)
            case Unload():
                self._dispatch.unload()
            case Download():
                self._fetch(client, message)
            case StopDownload():
                if self._downloads is not None:
                    self._downloads.stop(message.model)
            case Jobs():
                self._say(client, JobsReply(self._dispatch.newest(MAX_LISTED, client.guest)))
            case Models():
                self._say(client, self._list_models())
            case Status():
                self._say(client, self._status(client, now))
            case Bye():
                for job in [job for job in self._dispatch.jobs.values() if job.client == client.id]:
                    if not job.detached:
                        self._dispatch.cancel(job, now)
                self.clients.forget(client)
            case Shutdown():
                self.stopping = True

    def _greet(self, route: bytes, hello: Hello, now: float, guest: str) -> None:
        """A connection begins without streams: Resume asks for what the last one held."""
        client = self.clients.greet(route, hello, guest, now)
        if isinstance(client, str):
            self._delivery.out.append((route, Error("busy", client)))
            return
        about = self._about
        self._say(client, Welcome(about.session, app=about.app, pid=about.pid, credit=WINDOW))

    def revoke(self, guest: str, now: float) -> None:
        """A guest is a guest no longer: their jobs end, and nothing more is said to them."""
        for job in [job for job in self._dispatch.jobs.values() if job.guest == guest]:
            self._dispatch.cancel(job, now)
        for client in self.clients:
            if client.guest == guest:
                self.clients.forget(client)

    def _submit(self, client: Client, submit: Submit, now: float) -> None:
        job = self._dispatch.find(submit.job)
        if job is None:
            job = Job(submit.job, client.id, submit.request, submit.detached, client.guest, submit.limit)
            job.remote = self._dispatch.remote(submit.request.model)
            if (refusal := self._refuse(client, job)) is not None:
                code, sentence = refusal
                self._say(client, Error(code, sentence, job.id, retryable=code == "busy"))
                return
            try:
                self._dispatch.add(job, now)
            except sqlite3.Error as error:
                log.error("a job was not accepted: %s", error, extra={"job": job.id})
                sentence = f"The backend's disk does not take the job ({error}): make room and try again."
                self._say(client, Error("no_space", sentence, job.id, retryable=True))
                return
            job.streams[client.id] = Stream()
        elif not _may_see(client, job):
            self._say(client, Error("bad_request", "Another job has this id: choose one at random.", job.id))
            return
        elif client.id not in job.streams and not self._follow(client, job):
            return
        self._say(client, Accepted(job.id, job.position))

    def _refuse(self, client: Client, job: Job) -> tuple[Code, str] | None:
        """Why a job cannot be accepted: what is wrong with it, or with the time."""
        if wrong := fault(job.request):
            return "bad_request", wrong
        if (unknown := self._not_for_guests(client, job.request.model)) is not None:
            return unknown
        if reason := self._dispatch.queue.refuses(job.lane):
            self._dispatch.tally.refused()
            return "busy", reason
        return self._too_many(client)

    def _not_for_guests(self, client: Client, model: str) -> tuple[Code, str] | None:
        """A guest may use the models that are listed; this machine's own clients also any folder of its disk."""
        if not client.guest or isinstance(listed := self._list_models(), Error):
            return None
        names = [entry.name for entry in listed.models]
        if model.partition(":")[0] in names:
            return None
        return "unknown_model", f"There is no model {model[:60]!r} for guests, only {', '.join(names)}."

    def _load(self, client: Client, model: str) -> None:
        if (unknown := self._not_for_guests(client, model)) is not None:
            self._say(client, Error(*unknown))
            return
        self._delivery.await_load(client)
        self._dispatch.load(model)

    def _fetch(self, client: Client, message: Download) -> None:
        if self._downloads is not None:
            self._delivery.await_download(client, message.model)
            self._downloads.start(message.model, message.accept_licence)

    def _too_many(self, client: Client) -> tuple[Code, str] | None:
        if self._open(client) < MAX_STREAMS:
            return None
        return "busy", f"You have {MAX_STREAMS} jobs open already: read their text first."

    def _entry(self, client: Client) -> ClientEntry:
        return ClientEntry(name=client.name, guest=client.guest, jobs=self._open(client))

    def _open(self, client: Client) -> int:
        return sum(client.id in job.streams for job in self._dispatch.jobs.values())

    def _cancel(self, client: Client, id: str, now: float) -> None:
        job = self._find(client, id)
        if job is None:
            return
        self._dispatch.cancel(job, now)
        if job.ended and client.id not in job.streams:  # the answer is how it ended; a stream brings that by itself
            end = job.ending(Stream(sent=len(job.text)))
            assert end is not None
            self._say(client, end)

    def _find(self, client: Client, id: str) -> Job | None:
        job = self._dispatch.find(id)
        if job is None or not _may_see(client, job):
            job = None
            self._say(client, Error("unknown_job", "The backend does not know this job (any more).", id))
        return job

    def _follow(self, client: Client, job: Job, have: int = 0) -> bool:
        """Let a client have a job's text, but for what it has; whether it may."""
        if client.id not in job.streams and (refusal := self._too_many(client)) is not None:
            self._say(client, Error(*refusal, job.id, retryable=True))
            return False
        self._dispatch.jobs.setdefault(job.id, job)
        job.streams[client.id] = Stream(sent=min(have, len(job.text)), fresh=True)
        job.alone = None
        return True

    def _list_models(self) -> ModelsReply | Error:
        try:
            return ModelsReply(self._models())
        except Exception:  # the catalog is not the broker's: whatever is wrong with it must not end the broker
            log.exception("the models could not be listed")
            return Error("internal", "The backend could not list its models: its log says why.")

    def _status(self, client: Client, now: float) -> StatusReply:
        return replace(
            self._about,
            uptime=now - self._started,
            clients=len(self.clients),
            queued=len(self._dispatch.queue),
            workers=[
                self._worker(worker, duty, now)
                for worker, duty in zip(self._workers(), self._dispatch.duties, strict=True)
                if not duty.remote or worker.state != "off"
            ],
            counters=self._dispatch.tally.report(resident()),
            connected=[] if client.guest else [self._entry(each) for each in self.clients],
        )

    def _worker(self, worker: WorkerStatus, duty: Duty, now: float) -> WorkerStatus:
        if not duty.idle:
            worker = replace(worker, state="loading" if duty.load else "running")
        return replace(worker, quiet=duty.watchdog.quiet(now))


def _may_see(client: Client, job: Job) -> bool:
    """This machine's own clients see every job, guests those of their own invitation."""
    return not client.guest or client.guest == job.guest
