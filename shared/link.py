"""Link: a client's one DEALER socket to the broker. It never blocks (except `wait`, for headless callers) and
starts no Python thread: call `poll` from a timer.

The thinking is done in ledger.py, without a socket; Link moves the messages.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

import zmq

from .connection import Connection, NoConnectionError, process_alive
from .frames import ProtocolError, decode, encode
from .ledger import BEAT, Ledger, Pulse, Question
from .messages import (
    Bye,
    Cancel,
    Error,
    FromBroker,
    Goodbye,
    Hello,
    Ping,
    Pong,
    Resume,
    Submit,
    Welcome,
    WhoAreYou,
)
from .pipe import Event, Pipe
from .tasks import Request

BYE_LINGER = 200  # milliseconds that closing may take to get the Bye out
ENDED = "The backend has ended: start it again."
SILENT = "The backend at {} does not answer: it may be busy, or the way to it is closed."
REFUSED = "The backend does not know this key (any more): ask for a new invitation."


class Link:
    """A connection to the broker that mends itself. Use from one thread.

    `state` is "joining" until the first Welcome, "open", or "lost"; `session` is the broker's, new with every
    start of it. `reload` reads the connection file again (NoConnectionError where it cannot) when the broker
    is lost: it may have been started anew elsewhere. `trouble` is why it is lost, in a sentence, where it will not
    come back by itself.
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
        self._unread: deque[FromBroker] = deque()
        self._cut = -BEAT  # when the connection broke last
        self._context = zmq.Context()
        self._pipe = Pipe(self._context, connection)

    # ----------------------------------------------------------------------------------------------- requests

    def submit(self, request: Request, detached: bool = False, job: str = "", limit: float | None = None) -> str:
        """Run a request; the id of its job. Its messages come from `poll`: Accepted, Progress, Delta, and
        Done or Error. A `detached` job goes on without its client; with `limit` it ends after so many seconds.
        ValueError where the request is too large for a message."""
        submit = Submit(job or uuid.uuid4().hex, request, detached, limit)
        self._say(submit)
        return submit.job

    def cancel(self, job: str) -> None:
        """Stop a job. Its Done, with finish "cancelled", comes from `poll` where this link follows the
        job."""
        self._say(Cancel(job))

    def resume(self, job: str) -> None:
        """Ask for a job that this link has not submitted: all its text, then what follows."""
        self._say(Resume(job))

    def send(self, message: Question) -> None:
        """Ask for something that is no job. What has an answer is asked again where the connection breaks before it;
        a Load also where the backend is started anew."""
        if not self.ledger.ask(message) or self.state == "open":  # otherwise `rejoin` asks it
            self._outbox.append(encode(message))
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
        out = list(self._unread)
        self._unread.clear()
        while (frames := self._pipe.get()) is not None:
            out += self._take(frames)
            if time.monotonic() >= until:
                break
        self._heed(self._pipe.events())
        self._beat(time.monotonic())
        self._flush()
        return out

    def wait(self, timeout: float) -> list[FromBroker]:
        """What comes first within `timeout` seconds; empty where nothing does. Blocks: not for an add-on."""
        until = time.monotonic() + timeout
        while not (out := self.poll()) and (left := until - time.monotonic()) > 0:
            self._pipe.wait(min(left, BEAT / 4))
        return out

    def unread(self, messages: Iterable[FromBroker]) -> None:
        """Give back what is for somebody else: the next `poll` brings it again."""
        self._unread.extend(messages)

    def close(self, bye: bool = True) -> None:
        """End. With `bye` the broker cancels this client's jobs that are not detached; else they go on."""
        if self._pipe.closed:
            return
        if bye and self.state == "open":
            self._outbox.append(encode(Bye()))
            self._flush()
        self._pipe.close(linger=BYE_LINGER if bye else 0)
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
                again = self.ledger.rejoin(message.credit, message.session)
                self._outbox.extendleft(encode(each) for each in reversed(again))
            case Goodbye():
                self._lose(ENDED)
        fresh, replies = self.ledger.take(message)
        self._outbox.extend(encode(reply) for reply in replies)
        return [] if fresh is None else [fresh]

    # ----------------------------------------------------------------------------------------- the connection

    def _heed(self, events: list[Event]) -> None:
        if "refused" in events:
            self._lose(REFUSED)
        elif "cut" in events:  # the broker is gone, or has opened its door anew: ZeroMQ connects again
            self._cut = time.monotonic()
            if self.state == "open":
                self.state, self._greeted = "joining", False

    def _beat(self, now: float) -> None:
        if now - self._cut < BEAT:  # a process that is being killed takes a moment
            self._pulse.hurry()
        if not self._pulse.ask(now):
            return
        if self.state == "open":
            self._pipe.put(encode(Ping(now)))
        if self.connection.pid and not process_alive(self.connection.pid):
            self._lose(ENDED)
        elif self._pulse.lost(now):
            self._lose("" if self._reload else SILENT.format(self.connection.endpoint.removeprefix("tcp://")))
        if self.state == "lost":
            self._seek(now)

    def _lose(self, why: str) -> None:
        if self.state != "lost":  # one Hello, for the broker that ZeroMQ may find again by itself
            self.state, self._greeted, self.trouble = "lost", False, why

    def _seek(self, now: float) -> None:
        """Connect anew where the connection file names another broker, or the connection stays silent."""
        try:
            found = self._reload() if self._reload else self.connection
        except NoConnectionError as trouble:
            self.trouble = trouble.sentence
            return
        if found != self.connection or self._pulse.lost(now):
            self._pulse.hear()
            self._pipe.close()
            self.connection, self._greeted = found, False
            self._pipe = Pipe(self._context, found)

    def _flush(self) -> None:
        if not self._greeted:
            self._greeted = self._pipe.put(encode(self._hello))
        while self.state == "open" and self._outbox and self._pipe.put(self._outbox[0]):
            self._outbox.popleft()
