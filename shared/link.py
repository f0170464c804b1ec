"""Link: a client's one DEALER socket to the broker. It never blocks (except `wait`, for headless callers) and
starts no Python thread: call `poll` from a timer.

The thinking is done in ledger.py, without a socket; Link moves the messages.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Literal

import zmq

from .connection import Connection, NoConnectionError, process_alive
from .ledger import BEAT, Ledger, Pulse
from .messages import (
    MAX_MESSAGE,
    Bye,
    Cancel,
    Error,
    FromBroker,
    Goodbye,
    Hello,
    Jobs,
    Load,
    Models,
    Ping,
    Pong,
    ProtocolError,
    Request,
    Resume,
    Shutdown,
    Status,
    Submit,
    Welcome,
    WhoAreYou,
    decode,
    encode,
)

BYE_LINGER = 200  # milliseconds that closing may take to get the Bye out


class Link:
    """A connection to the broker that mends itself. Use from one thread.

    `state` is "joining" until the first Welcome, "open", or "lost"; `session` is the broker's, new with every
    start of it. `reload` reads the connection file again (NoConnectionError where it cannot) when the broker
    is lost: it may have been started anew elsewhere. `trouble` is the last sentence it had to say.
    """

    def __init__(
        self,
        connection: Connection,
        name: str = "",
        reload: Callable[[], Connection] | None = None,
        client: str = "",
    ) -> None:
        self.state: Literal["joining", "open", "lost"] = "joining"
        self.session = ""
        self.trouble = ""
        self.connection = connection
        self.ledger = Ledger()
        self.client = client or uuid.uuid4().hex  # stays the same over reconnects
        self._hello = Hello(self.client, name=name[:200])
        self._reload = reload
        self._pulse = Pulse()
        self._outbox: deque[list[bytes]] = deque()
        self._greeted = False  # the Hello went out
        self._context = zmq.Context()
        self._socket = self._connect()

    # ----------------------------------------------------------------------------------------------- requests

    def submit(self, request: Request, detached: bool = False, job: str = "") -> str:
        """Run a request; the id of its job. Its messages come from `poll`: Accepted, Progress, Delta, and
        Done or Error. ValueError where the request is too large for a message."""
        submit = Submit(job or uuid.uuid4().hex, request, detached)
        self._say(submit)
        return submit.job

    def cancel(self, job: str) -> None:
        """Stop a job. Its Done, with finish "cancelled", comes from `poll` where this link follows the
        job."""
        self._say(Cancel(job))

    def resume(self, job: str) -> None:
        """Ask for a job that this link has not submitted: all its text, then what follows."""
        self._say(Resume(job))

    def send(self, message: Status | Jobs | Models | Load | Shutdown) -> None:
        """Ask for something that is no job. It is not asked again where the connection breaks before the
        answer."""
        if (frames := encode(message)) not in self._outbox:  # one that waits for a connection need not wait twice
            self._outbox.append(frames)
        self._flush()

    def _say(self, message: Submit | Cancel | Resume) -> None:
        frames = encode(message)
        self.ledger.note(message)
        if self.state == "open":  # otherwise `rejoin` says it
            self._outbox.append(frames)
            self._flush()

    # ----------------------------------------------------------------------------------------------- messages

    def poll(self, budget: float = 0.008) -> list[FromBroker]:
        """What has come, without waiting, in at most about `budget` seconds. Text comes as Delta only, each
        character once and in order; Accepted may come again after a reconnect."""
        until = time.monotonic() + budget
        out: list[FromBroker] = []
        while (frames := self._receive()) is not None:
            out += self._take(frames)
            if time.monotonic() >= until:
                break
        self._beat(time.monotonic())
        self._flush()
        return out

    def wait(self, timeout: float) -> list[FromBroker]:
        """What comes first within `timeout` seconds; empty where nothing does. Blocks: not for an add-on."""
        until = time.monotonic() + timeout
        while not (out := self.poll()) and (left := until - time.monotonic()) > 0:
            self._socket.poll(int(1000 * min(left, BEAT / 4)) + 1)
        return out

    def close(self, bye: bool = True) -> None:
        """End. With `bye` the broker cancels this client's jobs that are not detached; else they go on."""
        if self._socket.closed:
            return
        if bye and self.state == "open":
            self._outbox.append(encode(Bye()))
            self._flush()
        self._socket.close(linger=BYE_LINGER if bye else 0)
        self._context.term()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, frames: list[bytes]) -> list[FromBroker]:
        self._pulse.hear()
        try:
            message: FromBroker = decode(frames, FromBroker)
        except ProtocolError as error:
            return [Error(error.code, str(error))]
        match message:
            case Pong():
                return []
            case WhoAreYou():
                if self.state != "joining":
                    self.state, self._greeted = "joining", False
                return []
            case Welcome():
                self.state, self.session, self.trouble = "open", message.session, ""
                self._outbox.extendleft(reversed([encode(m) for m in self.ledger.rejoin(message.credit)]))
            case Goodbye():
                self._lose()
        fresh, replies = self.ledger.take(message)
        self._outbox.extend(encode(reply) for reply in replies)
        return [] if fresh is None else [fresh]

    # ----------------------------------------------------------------------------------------- the connection

    def _beat(self, now: float) -> None:
        if not self._pulse.ask(now):
            return
        if self.state == "open":
            self._put(encode(Ping(now)))
        if self._pulse.lost(now) or (self.connection.pid and not process_alive(self.connection.pid)):
            self._lose()
        if self.state == "lost":
            self._seek(now)

    def _lose(self) -> None:
        if self.state != "lost":  # one Hello, for the broker that ZeroMQ may find again by itself
            self.state, self._greeted = "lost", False

    def _seek(self, now: float) -> None:
        """Connect anew where the connection file names another broker, or the connection stays silent."""
        try:
            found = self._reload() if self._reload else self.connection
        except NoConnectionError as trouble:
            self.trouble = trouble.sentence
            return
        if found != self.connection or self._pulse.lost(now):
            self._pulse.hear()
            self._socket.close(linger=0)
            self.connection, self._greeted = found, False
            self._socket = self._connect()

    def _connect(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.maxmsgsize = MAX_MESSAGE
        socket.handshake_ivl = 2_000
        socket.heartbeat_ivl, socket.heartbeat_timeout = 1_000, 3_000
        socket.reconnect_ivl, socket.reconnect_ivl_max = 100, 5_000
        socket.curve_serverkey = self.connection.server_key.encode()
        socket.curve_publickey = self.connection.public_key.encode()
        socket.curve_secretkey = self.connection.secret_key.encode()
        socket.connect(self.connection.endpoint)
        return socket

    def _flush(self) -> None:
        if not self._greeted:
            self._greeted = self._put(encode(self._hello))
        while self.state == "open" and self._outbox and self._put(self._outbox[0]):
            self._outbox.popleft()

    def _put(self, frames: list[bytes]) -> bool:
        try:
            self._socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def _receive(self) -> list[bytes] | None:
        try:
            return self._socket.recv_multipart(zmq.DONTWAIT)
        except zmq.Again:
            return None
