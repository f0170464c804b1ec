"""The desk: what the broker does about every message of a client. No sockets here.

A client is known by the id in its Hello; its route (the identity that the ROUTER socket gave its connection)
changes with every reconnect. What to send lies in `out` until the broker has committed the journal.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from meshscribe.shared.messages import (
    Accepted,
    Bye,
    Cancel,
    Code,
    Credit,
    Describe,
    Error,
    FromBroker,
    FromClient,
    Hello,
    Jobs,
    JobsReply,
    Load,
    ModelEntry,
    Models,
    ModelsReply,
    Ping,
    Pong,
    ProtocolError,
    Request,
    Resume,
    Shutdown,
    Status,
    StatusReply,
    Submit,
    Welcome,
    WhoAreYou,
    WorkerStatus,
    decode,
)

from .dispatch import LOAD, Dispatch
from .jobs import WINDOW, Account, Job, Stream

MAX_CLIENTS = 256
MAX_STREAMS = 64  # jobs that one client may have open at once
MAX_LISTED = 100  # jobs in a JobsReply
CLIENT_SILENCE = 60.0  # seconds until a client is forgotten. A Link pings every second; one that slept says Hello again

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Client:
    id: str
    route: bytes
    account: Account
    heard: float


class Desk:
    """The clients, and who follows which job.

    `about` is what never changes of a StatusReply; `models` lists the models; `worker` tells of the worker.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        about: StatusReply,
        models: Callable[[], list[ModelEntry]] = list,
        worker: Callable[[], WorkerStatus] = WorkerStatus,
        now: float = 0.0,
    ) -> None:
        self.out: list[tuple[bytes, FromBroker]] = []
        self.stopping = False
        self.clients: dict[str, Client] = {}
        self._routes: dict[bytes, Client] = {}
        self._loaders: set[str] = set()  # the clients that asked for a load
        self._dispatch, self._about, self._models, self._worker, self._started = (
            dispatch,
            about,
            models,
            worker,
            now,
        )

    def receive(self, route: bytes, frames: list[bytes], now: float) -> None:
        """One message of a client. Does not raise, whatever is in it."""
        try:
            message: FromClient = decode(frames, FromClient)
        except ProtocolError as error:
            self.out.append((route, Error(error.code, str(error))))
            return
        client = self._routes.get(route)
        if isinstance(message, Hello):
            self._greet(route, message, now)
        elif client is None:
            self.out.append((route, WhoAreYou()))
        else:
            client.heard = now
            self._handle(client, message, now)

    def _handle(self, client: Client, message: FromClient, now: float) -> None:
        match message:
            case Ping():
                self._say(client, Pong(message.sent))
            case Credit():
                client.account.grant(message.bytes)
            case Submit():
                self._submit(client, message)
            case Cancel():
                self._cancel(client, message.job, now)
            case Resume():
                if (job := self._find(client, message.job)) is not None:
                    self._follow(client, job)
            case Load():
                self._loaders.add(client.id)
                self._dispatch.load(message.model)
            case Jobs():
                self._say(client, JobsReply(self._dispatch.newest(MAX_LISTED)))
            case Models():
                self._say(client, self._list_models())
            case Status():
                self._say(client, self._status(now))
            case Bye():
                for job in [job for job in self._dispatch.jobs.values() if job.client == client.id]:
                    if not job.detached:
                        self._dispatch.cancel(job, now)
                self._forget(client)
            case Shutdown():
                self.stopping = True

    def _greet(self, route: bytes, hello: Hello, now: float) -> None:
        """A connection begins with full credit and no streams: Resume asks for what the last one held."""
        for known in (self.clients.get(hello.client), self._routes.get(route)):
            if known is not None:
                self._forget(known)
        if len(self.clients) >= MAX_CLIENTS:
            self.out.append((route, Error("busy", "The backend has too many clients: close some and try again.")))
            return
        client = self.clients[hello.client] = self._routes[route] = Client(hello.client, route, Account(WINDOW), now)
        about = self._about
        self._say(client, Welcome(about.session, app=about.app, pid=about.pid, credit=WINDOW))

    def _submit(self, client: Client, submit: Submit) -> None:
        job = self._dispatch.find(submit.job)
        if job is None:
            if (refusal := self._refuse(client, submit.request)) is not None:
                code, sentence = refusal
                self._say(client, Error(code, sentence, submit.job, retryable=code == "busy"))
                return
            job = Job(submit.job, client.id, submit.request, submit.detached)
            try:
                self._dispatch.add(job)
            except sqlite3.Error as error:
                log.error("job %s was not accepted: %s", job.id, error)
                sentence = f"The backend's disk does not take the job ({error}): make room and try again."
                self._say(client, Error("no_space", sentence, job.id, retryable=True))
                return
            job.streams[client.id] = Stream()
        elif client.id not in job.streams and not self._follow(client, job):
            return
        self._say(client, Accepted(job.id, job.position))

    def _refuse(self, client: Client, request: Request) -> tuple[Code, str] | None:
        """Why a request cannot be a job: what is wrong with it, or with the time."""
        if isinstance(request, Describe):
            try:
                mesh = request.mesh.unpack()
            except ValueError as error:
                return "bad_request", str(error)
            if not len(mesh.sizes):
                return "bad_request", "The mesh has no faces: there is nothing to describe."
        elif not request.prompt.strip():
            return "bad_request", "The prompt is empty: say what to make."
        if reason := self._dispatch.queue.refuses(client.id):
            return "busy", reason
        return self._too_many(client)

    def _too_many(self, client: Client) -> tuple[Code, str] | None:
        if sum(client.id in job.streams for job in self._dispatch.jobs.values()) < MAX_STREAMS:
            return None
        return "busy", f"You have {MAX_STREAMS} jobs open already: read their text first."

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
        if job is None:
            self._say(client, Error("unknown_job", "The backend does not know this job (any more).", id))
        return job

    def _follow(self, client: Client, job: Job) -> bool:
        """Let a client have a job's text from its beginning, as a Snapshot; whether it may."""
        if client.id not in job.streams and (refusal := self._too_many(client)) is not None:
            self._say(client, Error(*refusal, job.id, retryable=True))
            return False
        self._dispatch.jobs.setdefault(job.id, job)
        job.streams[client.id] = Stream(fresh=True)
        return True

    def _list_models(self) -> ModelsReply | Error:
        try:
            return ModelsReply(self._models())
        except Exception:  # the catalog is not the broker's: whatever is wrong with it must not end the broker
            log.exception("the models could not be listed")
            return Error("internal", "The backend could not list its models: its log says why.")

    def _status(self, now: float) -> StatusReply:
        worker, slot = self._worker(), self._dispatch.slot
        if slot is not None:
            worker = replace(worker, state="loading" if slot == LOAD else "running")
        return replace(
            self._about,
            uptime=now - self._started,
            clients=len(self.clients),
            queued=len(self._dispatch.queue),
            workers=[worker],
        )

    # --------------------------------------------------------------------------------------------- to clients

    def flush(self, now: float) -> None:
        """Put all that is due into `out`: news, text, ends. Jobs that every client has whole are let go."""
        for about, message in self._dispatch.news:
            for id in self._loaders if about is None else about.streams:
                self._say(self.clients[id], message)
            if about is None and (isinstance(message, Error) or message.phase == "ready"):
                self._loaders.clear()
        self._dispatch.news.clear()
        for job in list(self._dispatch.jobs.values()):
            for id, stream in list(job.streams.items()):
                client = self.clients[id]
                if (piece := job.piece(stream, client.account, now)) is not None:
                    self._say(client, piece)
                if (end := job.ending(stream)) is not None:
                    self._say(client, end)
                    del job.streams[id]
            if job.ended and not job.streams:
                del self._dispatch.jobs[job.id]
        for client in [client for client in self.clients.values() if now - client.heard > CLIENT_SILENCE]:
            self._forget(client)

    def due(self, now: float) -> float | None:
        """Seconds until `flush` has a delta to send; None where there is nothing to wait for."""
        times = [
            stream.next - now
            for job in self._dispatch.jobs.values()
            for id, stream in job.streams.items()
            if job.pending(stream) and self.clients[id].account.open
        ]
        return max(0.0, min(times)) if times else None

    def drop(self, route: bytes) -> None:
        """A connection that does not take our messages: its client is forgotten until it says Hello again.
        Its jobs go on; their text waits."""
        if (client := self._routes.get(route)) is not None:
            self._forget(client)

    def goodbye(self, message: FromBroker) -> None:
        """The same message to every client."""
        for client in self.clients.values():
            self._say(client, message)

    def _forget(self, client: Client) -> None:
        self.clients.pop(client.id, None)
        self._routes.pop(client.route, None)
        self._loaders.discard(client.id)
        for job in self._dispatch.jobs.values():
            job.streams.pop(client.id, None)

    def _say(self, client: Client, message: FromBroker) -> None:
        self.out.append((client.route, message))
