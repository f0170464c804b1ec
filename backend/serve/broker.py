"""The broker: one thread, one loop between the clients' ROUTER socket and the workers. It moves messages;
desk.py decides about clients, dispatch.py about jobs, supervisor.py about a worker's process.

A turn of the loop: take what has come, commit the journal, send what is due. It waits for no model and no
client. It imports no torch and no onnxruntime: it is up in half a second, and stays up when an engine dies.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import os
import secrets
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from meshscribe import __version__
from meshscribe.shared import connection
from meshscribe.shared.connection import Connection, NoConnectionError
from meshscribe.shared.frames import encode
from meshscribe.shared.messages import Done, Error, FromBroker, Goodbye, StatusReply
from meshscribe.shared.reports import ModelEntry, WorkerStatus
from meshscribe.shared.servers import elsewhere

from .delivery import Delivery
from .desk import Desk
from .devices import places
from .dispatch import Dispatch
from .door import Door, StartError
from .downloads import Downloads
from .duty import Duty
from .folder import lock, prepare
from .journal import Journal
from .keys import AllowList, KeyPair, load_or_make
from .log import log_to
from .signals import Alarm, signals
from .supervisor import DOMAIN, Supervisor

TICK, IDLE_TICK = 0.1, 0.25  # seconds between looks at the children, while they work and while they do not
PARENT_TICK = 1.0
PRUNE = 3_600.0  # seconds between prunings of the journal
UNLOAD = 300.0  # seconds without a job after which a model gives its memory back
BATCH = 100  # messages of clients in one turn, so that a flood does not hold up what is due
LINGER = 200  # milliseconds that the Goodbyes may take
NO_ENGINE = "The model's process cannot be started: see logs/worker.log and logs/worker.stderr in {}."

log = logging.getLogger(__name__)


def serve(
    home: Path,
    port: int = 0,
    parent: int | None = None,
    models: Callable[[], list[ModelEntry]] = list,
    worker_command: list[str] | None = None,
    idle: float | None = None,
    host: str = "",
    workers: int | None = None,
) -> int:
    """Run a backend in the folder `home` until it is told to stop; the exit code, 2 where it could not start (one
    sentence on stderr says why). `port` 0 takes a free one. With `host`, an address of this machine, invited clients
    on other machines may come in there, at `port`. With `parent` it ends when that process is gone, with
    `idle` after so many seconds without a client and without a job. There is a worker for each graphics card, or as
    many `workers` as are asked for, and one for the servers of others."""
    try:
        prepare(home)
        held = lock(home)
        if held is None:
            return _refuse(f"A backend is running in {home} already: use it, or stop it first.")
        with held:
            log_to(home, "broker")
            with (
                signals() as alarm,
                contextlib.closing(Broker(home, port, host, parent, models, worker_command, idle, workers)) as broker,
            ):
                broker.run(alarm)
    except (StartError, NoConnectionError) as trouble:
        return _refuse(str(trouble))
    except (OSError, sqlite3.Error) as error:
        return _refuse(f"The backend's folder {home} cannot be used: {error}.")
    return 0


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


class Broker:
    """The door, the workers, and the loop between them. StartError where the port is taken."""

    def __init__(
        self,
        home: Path,
        port: int,
        host: str,
        parent: int | None,
        models: Callable[[], list[ModelEntry]],
        worker_command: list[str] | None,
        idle: float | None,
        workers: int | None,
    ) -> None:
        self._home, self._parent, self._idle = home, parent, idle
        server, client = load_or_make(home, "server"), load_or_make(home, "client")
        now = time.monotonic()
        self._journal = Journal(home)
        self._context = zmq.Context()
        self._keeper = ThreadAuthenticator(self._context)  # before the first bind: no door without a keeper
        self._keeper.start()
        allow_worker = AllowList({})
        self._keeper.configure_curve_callback(DOMAIN, allow_worker)
        try:
            self._door = Door(self._context, self._keeper, home, server, client, port, host)
        except (StartError, NoConnectionError):
            self._shut()
            raise
        self._about = StatusReply(secrets.token_hex(8), app=__version__, pid=os.getpid())
        self._crew = [
            (Supervisor(self._context, home, allow_worker, worker_command, name, environment), Duty())
            for name, environment in places(workers)
        ]
        servers = Supervisor(self._context, home, allow_worker, worker_command, "servers", asleep=True)
        self._crew.append((servers, Duty(remote=True)))
        duties = [duty for _, duty in self._crew]
        self._dispatch = Dispatch(self._journal, duties=duties, remote=functools.partial(elsewhere, home))
        self._delivery = Delivery(self._dispatch)
        self._downloads = Downloads(home)
        self._desk = Desk(self._dispatch, self._delivery, self._about, models, self._workers, self._downloads, now)
        self._next_parent, self._next_prune, self._busy = now, now + PRUNE, now
        self._announce(client, server)

    def _announce(self, client: KeyPair, server: KeyPair) -> None:
        there = Connection(
            endpoint=self._door.endpoint,
            server_key=server.public,
            public_key=client.public,
            secret_key=client.secret,
            session=self._about.session,
            pid=self._about.pid,
            app=self._about.app,
            door=self._door.remote,
        )
        connection.write(self._home, there)
        log.info("up", extra={"endpoint": there.endpoint, "door": there.door, "version": there.app})

    # ----------------------------------------------------------------------------------------------- the loop

    def run(self, alarm: Alarm) -> None:
        """Serve until a client's Shutdown, a signal, or the end of the parent."""
        while not (self._desk.stopping or alarm.rung):
            self._wait(alarm.socket)
            self._turn(time.monotonic())
        log.info("stopping")
        now = time.monotonic()
        self._dispatch.stop(now)
        self._send(now)
        self._delivery.goodbye(Goodbye())
        self._send(now)

    def _wait(self, alarm: socket.socket) -> None:
        """Until a message comes, a delta is due, or it is time to look at the children."""
        poller = zmq.Poller()
        for source in (self._door.socket, alarm, *(supervisor.socket for supervisor, _ in self._crew)):
            if source is not None:
                poller.register(source, zmq.POLLIN)
        settled = all(duty.idle and (one.ready or one.given_up) for one, duty in self._crew)
        idle = settled and not self._downloads.active
        tick = IDLE_TICK if idle else TICK
        due = self._delivery.due(time.monotonic())
        poller.poll(math.ceil(1000 * (tick if due is None else min(due, tick))))

    def _turn(self, now: float) -> None:
        for _ in range(BATCH):
            if (found := self._door.receive()) is None:
                break
            route, frames, guest = found
            self._desk.receive(route, frames, now, guest)
        self._attend(now)
        for update in self._downloads.updates():
            self._delivery.tell(update)
        self._send(now)
        self._chores(now)

    def _attend(self, now: float) -> None:
        """The workers: what they say, whether they still work, and what they do next."""
        for supervisor, duty in self._crew:
            for message in supervisor.messages():
                self._dispatch.take(duty, message, now)
            if (death := supervisor.watch(now)) is not None:
                self._dispatch.worker_gone(duty, death, now)
                if not self._hope(duty.remote):
                    self._dispatch.give_up(NO_ENGINE.format(self._home), now, duty.remote)
        stuck = self._dispatch.watch(now)
        for supervisor, duty in self._crew:
            waiting = self._dispatch.waiting(duty.remote)
            if waiting and not self._hope(duty.remote):
                supervisor.wake()
            if duty in stuck:
                supervisor.kill()
            if duty.idle and duty.spent:
                supervisor.renew(now)
                duty.renew(now)
            if duty.idle and not waiting:
                if supervisor.loaded and (duty.unload or now - duty.worked > UNLOAD):
                    supervisor.renew(now)
                duty.unload = False
            duty.ready = supervisor.ready
        self._dispatch.next(now)

    def _hope(self, remote: bool) -> bool:
        """Whether a worker of this kind runs, or is about to."""
        return any(not supervisor.given_up for supervisor, duty in self._crew if duty.remote == remote)

    def _workers(self) -> list[WorkerStatus]:
        return [supervisor.status() for supervisor, _ in self._crew]

    def _send(self, now: float) -> None:
        """The journal first, so that what anybody has heard of is never lost; then the messages."""
        self._delivery.flush(now)
        self._journal.commit()
        for supervisor, duty in self._crew:
            for order in duty.orders:
                supervisor.send(order)
            duty.orders.clear()
        deaf: set[bytes] = set()  # routes that failed: after a message is lost, none may follow
        for route, message in self._delivery.out:
            if route not in deaf and not self._put(route, message):
                deaf.add(route)
                self._delivery.drop(route)
        self._delivery.out.clear()

    def _put(self, route: bytes, message: FromBroker) -> bool:
        try:
            frames = encode(message)
        except ValueError as error:  # an answer beyond the limit of a message
            job = message.job if isinstance(message, Done) else None
            log.error("an answer could not be sent: %s", error)
            frames = encode(Error("too_large", f"The backend's answer is too large to send. {error}", job))
        return self._door.send(route, frames)

    def _chores(self, now: float) -> None:
        self._admit(now)
        if self._parent is not None and now >= self._next_parent:
            self._next_parent = now + PARENT_TICK
            if not connection.process_alive(self._parent):
                log.info("the parent process has ended")
                self._desk.stopping = True
        if self._delivery.clients or self._dispatch.jobs or self._downloads.active:
            self._busy = now
        elif self._idle is not None and now - self._busy > self._idle:
            log.info("nobody and nothing for %.0f s", self._idle)
            self._desk.stopping = True
        if now >= self._next_prune or self._journal.grown:
            self._next_prune = now + PRUNE
            self._journal.prune()

    def _admit(self, now: float) -> None:
        """Heed a changed list of guests."""
        try:
            gone = self._door.revoked()
        except (NoConnectionError, OSError) as error:
            log.error("the list of guests cannot be read: nobody is a guest now: %s", error)
            gone = {client.guest for client in self._delivery.clients if client.guest}
        if gone:
            log.info("revoked", extra={"guests": sorted(gone)})
            for guest in gone:
                self._desk.revoke(guest, now)
            self._door.reopen()

    def close(self) -> None:
        connection.remove(self._home, self._about.session)
        self._downloads.close()
        for supervisor, _ in self._crew:
            supervisor.stop()
        self._door.close(LINGER)
        self._shut()

    def _shut(self) -> None:
        self._keeper.stop()
        self._context.term()
        self._journal.close()
