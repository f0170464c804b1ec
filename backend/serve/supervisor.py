"""The supervisor: starts the worker process, holds the socket to it, sees that it ended, and starts it again.

Each worker has a socket and keys of its own: nothing that a dead one left can be taken for its successor's.
The keys go through the child's stdin, never through arguments or the environment, which other processes can
read; stdin stays open, and its end tells the worker that the broker is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import zmq

from meshscribe.shared.frames import ProtocolError, decode, encode
from meshscribe.shared.messages import Error
from meshscribe.shared.reports import WorkerStatus
from meshscribe.shared.tasks import MAX_MESSAGE

from . import winjob
from .keys import AllowList, KeyPair, secure
from .orders import Exit, FromWorker, Ready, ToWorker
from .process import resident

DOMAIN = "worker"
COMMAND = [sys.executable, "-m", "meshscribe.backend.worker"]
BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before each restart of a worker that keeps dying
STEADY = 10.0  # seconds after which a worker counts as well started
STDERR_BYTES = 1 << 20
FAREWELL = 0.1  # seconds that a worker may take to end when asked, and to be gone when killed
LEAVING = 5.0  # seconds that it may take to end when it is only to be renewed
GONE = "The model's process ended during this job. The text so far is kept: run the job again."
STARVED = (
    "The model's process ended during this job. It was ended from outside, as a system does when memory runs out: "
    "close other programs, or choose a smaller model. The text so far is kept."
)

log = logging.getLogger(__name__)


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """The one line on a worker's stdin: where to connect, with which keys, and the backend's folder and the worker's
    name (for its log)."""

    endpoint: str
    server_key: str
    public_key: str
    secret_key: str
    folder: str
    name: str


class Supervisor:
    """One worker process at a time. `ready` when it takes orders. `environment` is what it has beside ours; one that
    is `asleep` is not started before it is woken."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        folder: Path,
        allow: AllowList,
        command: list[str] | None,
        name: str = "worker",
        environment: Mapping[str, str] | None = None,
        asleep: bool = False,
    ) -> None:
        self.socket: zmq.Socket[bytes] | None = None
        self.ready = False
        self.given_up = asleep  # or it died too often; `wake` tries again
        self._about = Ready(0)  # the worker's last report
        self._context, self._folder, self._allow, self._command = context, folder, allow, command or COMMAND
        self._name, self._environment = name, {**os.environ, **(environment or {})}
        self._key = ""  # of the worker
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0  # in a row
        self._restarts = 0
        self._next = 0.0  # when to start
        self._started = 0.0
        self._killed = False  # by us
        self._leave_by: float | None = None  # it was asked to end, to be renewed
        self._job: int | None = None  # the job object of Windows that ends it with us

    def watch(self, now: float) -> Error | None:
        """Start the worker where there is none; why its jobs have failed, where it has ended or could not be
        started."""
        if self._process is None:
            if self.given_up or now < self._next:
                return None
            try:
                self._start(now)
                return None
            except OSError as error:
                log.error("the worker could not be started: %s", error)
                code = None
        elif (code := self._process.poll()) is None:
            if self._leave_by is not None and now > self._leave_by:
                self._process.kill()
            return None
        elif self._leave_by is not None:
            self._release()
            return None
        else:
            log.error("the worker ended", extra={"pid": self._process.pid, "code": code, "killed": self._killed})
        starved = code == -9 and not self._killed  # SIGKILL, and not from us
        self._deaths = 1 if now - self._started > STEADY else self._deaths + 1
        self._restarts += 1
        self.given_up = self._deaths >= len(BACKOFF)
        self._next = now + BACKOFF[min(self._deaths, len(BACKOFF)) - 1]
        self._release()
        return Error("engine_dead", STARVED if starved else GONE, retryable=True)

    def renew(self, now: float) -> None:
        """Have a fresh worker instead of this idle one: the memory of a model comes back whole only with its
        process."""
        if self.ready:
            self.send(Exit())
            self.ready, self._leave_by = False, now + LEAVING

    @property
    def loaded(self) -> bool:
        """Whether an idle worker holds a model."""
        return self.ready and bool(self._about.model)

    def wake(self) -> None:
        """There is work: try again where it was given up."""
        if self.given_up:
            self.given_up, self._deaths, self._next = False, 0, 0.0

    def messages(self) -> Iterator[FromWorker]:
        """What the worker has said, without waiting. A worker that says what is no message is ended."""
        while self.socket is not None:
            try:
                message: FromWorker = decode(self.socket.recv_multipart(zmq.DONTWAIT), FromWorker)
            except zmq.Again:
                return
            except ProtocolError as error:
                log.error("the worker's message could not be read: %s", error)
                self.kill()
                return
            if isinstance(message, Ready) and self._leave_by is None:
                self.ready, self._about = True, message
            yield message

    def send(self, message: ToWorker) -> None:
        if self.socket is not None:
            with contextlib.suppress(zmq.Again):  # full: the worker is stuck, and will be found so
                # a request that a client packed tightly may grow by some bytes when we pack it again
                self.socket.send_multipart(encode(message, 2 * MAX_MESSAGE), zmq.DONTWAIT)

    def kill(self) -> None:
        """End the worker at once; `watch` then reports it."""
        if self._process is not None:
            self.ready, self._killed = False, True
            self._process.kill()

    def stop(self) -> None:
        """End the worker for good. It may close its engine, but holds nothing that is worth waiting for."""
        if self._process is not None:
            self.send(Exit())
            for last in (False, True):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(FAREWELL)
                    break
                if not last:
                    self._process.kill()
            self._release()
        self.given_up = True

    def status(self) -> WorkerStatus:
        if self._process is None:
            return WorkerStatus(restarts=self._restarts)
        about = self._about
        return WorkerStatus(
            pid=self._process.pid,
            state="ready" if self.ready else "starting",
            model=about.model,
            device=about.device,
            memory=resident(self._process.pid) or about.memory,
            restarts=self._restarts,
        )

    def _start(self, now: float) -> None:
        server, client = KeyPair.fresh(), KeyPair.fresh()
        self._allow.names = {**self._allow.names, client.public: DOMAIN}
        self._key = client.public
        self.socket = self._context.socket(zmq.DEALER)
        secure(self.socket, server, DOMAIN)
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        handover = Handover(
            endpoint=f"tcp://127.0.0.1:{port}",
            server_key=server.public,
            public_key=client.public,
            secret_key=client.secret,
            folder=str(self._folder),
            name=self._name,
        )
        self._started = now
        with open(self._folder / "logs" / "worker.stderr", "ab") as stderr:
            if stderr.tell() > STDERR_BYTES:
                stderr.truncate(0)
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=self._environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        self._job = winjob.hold(getattr(self._process, "_handle", 0))
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(handover) + b"\n")
        self._process.stdin.flush()

    def _release(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self.socket is not None:
            self.socket.close(linger=0)
        winjob.release(self._job)
        self._allow.names = {key: name for key, name in self._allow.names.items() if key != self._key}
        self._process, self.socket, self.ready, self._about = None, None, False, Ready(0)
        self._killed, self._leave_by, self._job = False, None, None
