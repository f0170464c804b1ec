"""The broker: one thread, one loop between the clients' ROUTER socket and the worker. It moves messages;
desk.py decides about clients, dispatch.py about jobs, supervisor.py about the worker's process.

A turn of the loop: take what has come, commit the journal, send what is due. It waits for no model and no
client. It imports no torch and no onnxruntime: it is up in half a second, and stays up when an engine dies.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import zmq
from zmq.auth.thread import ThreadAuthenticator

from meshscribe import __version__
from meshscribe.shared.connection import Connection, NoConnectionError, process_alive
from meshscribe.shared.messages import Done, Error, FromBroker, Goodbye, ModelEntry, StatusReply, encode

from .desk import Desk
from .dispatch import Dispatch
from .folder import lock, log_to, prepare
from .journal import Journal
from .keys import AllowList, KeyPair, load_or_make, remove_connection, secure, write_connection
from .supervisor import DOMAIN, Supervisor

CLIENTS = "clients"  # the ZAP domain of the clients' socket
TICK, IDLE_TICK = (
    0.1,
    0.25,
)  # seconds between looks at the worker's process, while it works and while it does not
PARENT_TICK = 1.0
PRUNE = 3_600.0  # seconds between prunings of the journal
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
) -> int:
    """Run a backend in the folder `home` until it is told to stop; the exit code, 2 where it could not start (one
    sentence on stderr says why). `port` 0 takes a free one; with `parent` it ends when that process is gone, with
    `idle` after so many seconds without a client and without a job."""
    try:
        prepare(home)
        held = lock(home)
        if held is None:
            return _refuse(f"A backend is running in {home} already: use it, or stop it first.")
        with held:
            log_to(home, "broker")
            with contextlib.closing(Broker(home, port, parent, models, worker_command, idle)) as broker:
                broker.run()
    except (StartError, NoConnectionError) as trouble:
        return _refuse(str(trouble))
    except (OSError, sqlite3.Error) as error:
        return _refuse(f"The backend's folder {home} cannot be used: {error}.")
    return 0


class StartError(Exception):
    """Why the broker cannot start, in a sentence."""


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


class Broker:
    """The sockets and the loop. StartError where the port is taken."""

    def __init__(
        self,
        home: Path,
        port: int,
        parent: int | None,
        models: Callable[[], list[ModelEntry]],
        worker_command: list[str] | None,
        idle: float | None,
    ) -> None:
        self._home, self._parent, self._idle = home, parent, idle
        server, client = load_or_make(home, "server"), load_or_make(home, "client")
        now = time.monotonic()
        allow_worker = AllowList()
        self._journal = Journal(home)
        self._context = zmq.Context()
        self._doorkeeper = ThreadAuthenticator(self._context)  # before the first bind: no door without a keeper
        self._doorkeeper.start()
        self._doorkeeper.configure_curve_callback(CLIENTS, AllowList(client.public))
        self._doorkeeper.configure_curve_callback(DOMAIN, allow_worker)
        self._socket = self._context.socket(zmq.ROUTER)
        secure(self._socket, server, CLIENTS)
        self._socket.router_mandatory = 1  # otherwise what cannot be sent vanishes without a word
        self._socket.heartbeat_ivl, self._socket.heartbeat_timeout = 1_000, 3_000
        self._socket.rcvhwm = 64  # messages of MAX_MESSAGE bytes that wait for us, from one client
        try:
            self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        except zmq.ZMQError as error:
            self._shut()
            sentence = f"Port {port} cannot be used ({error.strerror}): choose another with --port."
            raise StartError(sentence) from None
        self._about = StatusReply(secrets.token_hex(8), app=__version__, pid=os.getpid())
        self._supervisor = Supervisor(self._context, home, allow_worker, worker_command)
        self._dispatch = Dispatch(self._journal)
        self._desk = Desk(self._dispatch, self._about, models, self._supervisor.status, now)
        self._next_parent, self._next_prune, self._busy = now, now + PRUNE, now
        self._announce(client, server)

    def _announce(self, client: KeyPair, server: KeyPair) -> None:
        connection = Connection(
            endpoint=self._socket.getsockopt_string(zmq.LAST_ENDPOINT),
            server_key=server.public,
            public_key=client.public,
            secret_key=client.secret,
            session=self._about.session,
            pid=self._about.pid,
            app=self._about.app,
        )
        write_connection(self._home, connection)
        log.info("up at %s, version %s", connection.endpoint, connection.app)

    # ----------------------------------------------------------------------------------------------- the loop

    def run(self) -> None:
        """Serve until a client's Shutdown, a signal, or the end of the parent."""
        with _signals(self.stop) as alarm:
            while not self._desk.stopping:
                self._wait(alarm)
                self._turn(time.monotonic())
        log.info("stopping")
        self._dispatch.stop()
        self._send(time.monotonic())
        self._desk.goodbye(Goodbye())
        self._send(time.monotonic())

    def stop(self) -> None:
        self._desk.stopping = True

    def _wait(self, alarm: socket.socket) -> None:
        """Until a message comes, a delta is due, or it is time to look at the worker's process."""
        poller = zmq.Poller()
        for source in (self._socket, alarm, self._supervisor.socket):
            if source is not None:
                poller.register(source, zmq.POLLIN)
        tick = IDLE_TICK if self._dispatch.slot is None and self._supervisor.ready else TICK
        due = self._desk.due(time.monotonic())
        poller.poll(math.ceil(1000 * (tick if due is None else min(due, tick))))

    def _turn(self, now: float) -> None:
        for _ in range(BATCH):
            try:
                route, *frames = self._socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                break
            self._desk.receive(route, frames, now)
        for message in self._supervisor.messages():
            self._dispatch.take(message, now)
        if self._supervisor.watch(now):
            self._dispatch.worker_gone()
            if self._supervisor.given_up:
                self._dispatch.give_up(NO_ENGINE.format(self._home))
        if self._dispatch.waiting:
            self._supervisor.wake()
        if self._dispatch.overdue(now):
            log.error("the worker does not stop its job: ending it")
            self._supervisor.kill()
        if self._supervisor.ready:
            self._dispatch.next()
        self._send(now)
        self._chores(now)

    def _send(self, now: float) -> None:
        """The journal first, so that what anybody has heard of is never lost; then the messages."""
        self._desk.flush(now)
        self._journal.commit()
        for order in self._dispatch.orders:
            self._supervisor.send(order)
        self._dispatch.orders.clear()
        deaf: set[bytes] = set()  # routes that failed: after a message is lost, none may follow
        for route, message in self._desk.out:
            if route not in deaf and not self._put(route, message):
                deaf.add(route)
                self._desk.drop(route)
        self._desk.out.clear()

    def _put(self, route: bytes, message: FromBroker) -> bool:
        try:
            frames = encode(message)
        except ValueError as error:  # an answer beyond the limit of a message
            job = message.job if isinstance(message, Done) else None
            log.error("an answer could not be sent: %s", error)
            frames = encode(Error("too_large", f"The backend's answer is too large to send. {error}", job))
        try:
            self._socket.send_multipart([route, *frames], zmq.DONTWAIT)
        except zmq.ZMQError:  # EHOSTUNREACH: gone. EAGAIN: it has not read for long. Resume mends both
            return False
        return True

    def _chores(self, now: float) -> None:
        if self._parent is not None and now >= self._next_parent:
            self._next_parent = now + PARENT_TICK
            if not process_alive(self._parent):
                log.info("the parent process has ended")
                self.stop()
        if self._desk.clients or self._dispatch.jobs:
            self._busy = now
        elif self._idle is not None and now - self._busy > self._idle:
            log.info("nobody and nothing for %.0f s", self._idle)
            self.stop()
        if now >= self._next_prune:
            self._next_prune = now + PRUNE
            self._journal.prune()

    def close(self) -> None:
        remove_connection(self._home, self._about.session)
        self._supervisor.stop()
        self._shut()

    def _shut(self) -> None:
        self._socket.close(linger=LINGER)
        self._doorkeeper.stop()
        self._context.term()
        self._journal.close()


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[socket.socket]:
    """Call `stop` on SIGINT, SIGTERM and SIGHUP. The socket becomes readable then, so that a poll ends at
    once (Python restarts a system call that a handler interrupted)."""

    def handle(_: int, __: FrameType | None) -> None:
        stop()

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    names = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, handle) for name in names}
    wakeup = signal.set_wakeup_fd(theirs.fileno())
    try:
        with ours, theirs:
            yield ours
    finally:
        signal.set_wakeup_fd(wakeup)
        for name, handler in before.items():
            signal.signal(name, handler)
