"""A worker: a process that holds one engine and runs its jobs: meshes side by side, where the engine has rows for them,
and everything else alone. If it dies, the broker starts another.

It is started by the broker (serve/supervisor.py), which hands it keys through stdin. It ends when told to,
and when stdin ends: then the broker is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections import deque
from pathlib import Path

import msgspec
import zmq

from meshscribe.backend.engines.base import Engine, EngineError, Hooks, Opener, Work
from meshscribe.backend.serve.log import log_to
from meshscribe.backend.serve.orders import (
    Abort,
    Exit,
    Failed,
    Finished,
    FromWorker,
    Making,
    Output,
    Preload,
    Ready,
    Start,
    ToWorker,
)
from meshscribe.backend.serve.process import end_with_parent, offer_memory, resident
from meshscribe.backend.serve.supervisor import Handover
from meshscribe.shared.frames import decode, encode
from meshscribe.shared.messages import Ping, Pong, Progress
from meshscribe.shared.tasks import MAX_MESSAGE, MAX_TEXT, Outcome

OUTPUT_INTERVAL = 1 / 200  # seconds between two Outputs; the broker gathers them for its clients
PROGRESS_INTERVAL = 1 / 20  # and between two Progresses of one phase
LOOK_INTERVAL = 0.003  # seconds between looks at the socket: `cancelled` may be asked a thousand times a second

INTERNAL = "The engine failed in a way it should not ({}): logs/worker.log says where."
STARVED = "There is not enough memory for this job: close other programs, or choose a smaller model."

log = logging.getLogger("meshscribe.worker")


class Channel:
    """The socket to the broker."""

    def __init__(self, handover: Handover) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 200
        self._socket.maxmsgsize = 2 * MAX_MESSAGE
        self._socket.curve_serverkey = handover.server_key.encode()
        self._socket.curve_publickey = handover.public_key.encode()
        self._socket.curve_secretkey = handover.secret_key.encode()
        self._socket.connect(handover.endpoint)

    def send(self, message: FromWorker) -> None:
        """Waits where the broker does not read: it always does, or this process is about to end.
        ProtocolError where an engine's values are out of the protocol's bounds: better its job fails here
        than the broker refuses us."""
        frames = encode(message)
        decode(frames, FromWorker)
        self._socket.send_multipart(frames)

    def receive(self, wait: bool) -> ToWorker | None:
        """The next order; None where there is none and we do not wait."""
        try:
            message: ToWorker = decode(self._socket.recv_multipart(0 if wait else zmq.DONTWAIT), ToWorker)
            return message
        except zmq.Again:
            return None

    def close(self) -> None:
        self._socket.close()
        self._context.term()


class Inbox:
    """The broker's orders, in the order in which they came. Aborts and questions are heeded while jobs run."""

    def __init__(self, channel: Channel) -> None:
        self.exiting = False
        self._channel = channel
        self._later: deque[ToWorker] = deque()
        self._aborted: set[str] = set()
        self._next_look = 0.0

    def next(self) -> ToWorker:
        """The next order, as soon as there is one."""
        if not self._later:
            self._aborted.clear()  # what came after the end of its job
        while not self._later:
            self._take(self._channel.receive(wait=True))
        return self._later.popleft()

    def another(self, model: str) -> Start | None:
        """The next order, where it is for one more mesh of a model."""
        self._look()
        match self._later[0] if self._later else None:
            case Start(request=request) as start if isinstance(request, Making) and request.model == model:
                self._later.popleft()
                return start
        return None

    def aborted(self, job: str | None) -> bool:
        """Whether a job is to stop."""
        self._look()
        return self.exiting or job in self._aborted

    def ended(self, job: str) -> None:
        self._aborted.discard(job)

    def _look(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_INTERVAL
            while (message := self._channel.receive(wait=False)) is not None:
                self._take(message)

    def _take(self, message: ToWorker | None) -> None:
        match message:
            case Ping():
                self._channel.send(Pong(message.sent))
            case Abort():
                self._aborted.add(message.job)
            case Exit():
                self.exiting = True
                self._later.appendleft(message)
            case Start() | Preload():
                self._later.append(message)


class Run:
    """One job or load in progress: what its engine's hooks do. `job` is None for a load."""

    def __init__(self, channel: Channel, inbox: Inbox, job: str | None) -> None:
        self.job = job
        self.hooks = Hooks(self.emit, self.progress, self.cancelled)
        self._channel, self._inbox = channel, inbox
        self._text: list[str] = []
        self._tokens = 0
        self._next_output = self._next_progress = 0.0
        self._phase = ""

    def emit(self, text: str, tokens: int) -> None:
        self._text.append(text)
        self._tokens = max(self._tokens, tokens)
        if time.monotonic() >= self._next_output:
            self.flush()

    def flush(self) -> None:
        """Send the text that has gathered."""
        text = "".join(self._text).encode(errors="replace").decode()  # half a surrogate pair cannot be sent
        self._text.clear()
        self._next_output = time.monotonic() + OUTPUT_INTERVAL
        for start in range(0, len(text), MAX_TEXT):
            assert self.job is not None
            self._channel.send(Output(self.job, text[start : start + MAX_TEXT], self._tokens))

    def progress(self, phase: str, done: int, total: int, unit: str) -> None:
        now = time.monotonic()
        if phase != self._phase or done >= total or now >= self._next_progress:
            self._phase, self._next_progress = phase, now + PROGRESS_INTERVAL
            self._channel.send(Progress(self.job, phase[:200], max(0, done), max(0, total), unit[:200]))

    def cancelled(self) -> bool:
        if self._text and time.monotonic() >= self._next_output:
            self.flush()
        return self._inbox.aborted(self.job)


class Worker:
    """The main loop, and the one engine that is kept until another model is asked for."""

    def __init__(self, channel: Channel, open_engine: Opener) -> None:
        self._channel, self._open = channel, open_engine
        self._inbox = Inbox(channel)
        self._engine: Engine | None = None
        self._model = ""  # as it was asked for
        self._running: dict[Hooks, Run] = {}

    def loop(self) -> None:
        """Until an Exit."""
        self._channel.send(Ready(os.getpid(), memory=resident()))
        while True:
            match self._inbox.next():
                case Start() as start:
                    self._run(start)
                case Preload(model):
                    self._preload(model)
                case Exit():
                    self._drop()
                    return

    def _run(self, start: Start) -> None:
        """A job, and the meshes that may run beside it, to their ends."""
        self._channel.send(Pong())  # heard
        run = self._begin(start)
        try:
            engine = self._use(start.request.model, run)
            if run.cancelled():  # during the load
                self._end(run, Outcome(finish="cancelled", model=self._model, seed=start.request.seed))
            elif engine.rows > 1 and isinstance(start.request, Making):
                for work, how in engine.together(Work(start.request, run.hooks), self._another):
                    self._end(self._running[work.hooks], how)
            else:
                self._end(run, engine.run(start.request, run.hooks))
        except Exception as error:
            _let_go(error)
            for each in list(self._running.values()):
                self._end(each, error)
        self._tell_loss()

    def _begin(self, start: Start) -> Run:
        run = Run(self._channel, self._inbox, start.job)
        self._running[run.hooks] = run
        return run

    def _another(self) -> Work | None:
        """One more mesh to run beside those that do, where it is next."""
        start = self._inbox.another(self._model)
        return Work(start.request, self._begin(start).hooks) if start is not None else None

    def _end(self, run: Run, how: Outcome | Exception) -> None:
        """A job has ended."""
        assert run.job is not None
        run.flush()
        if isinstance(how, Outcome):
            self._channel.send(Finished(run.job, how))
        else:
            self._fail(how, run.job)
        del self._running[run.hooks]
        self._inbox.ended(run.job)

    def _preload(self, model: str) -> None:
        self._channel.send(Pong())
        try:
            self._use(model, Run(self._channel, self._inbox, None), anew=True)
        except Exception as error:
            _let_go(error)
            self._fail(error, None)
        self._tell_loss()

    def _use(self, model: str, run: Run, anew: bool = False) -> Engine:
        """The engine of a model, loaded where it is not. The broker hears of every load (of a Preload in any
        case)."""
        loaded = self._engine
        if loaded is None or model != self._model:
            self._drop()
            started = time.monotonic()
            loaded = self._engine = self._open(model, run.progress)
            self._model, anew = model, True
            took = round(time.monotonic() - started, 1)
            log.info("loaded a model", extra={"model": model, "device": loaded.device, "seconds": took})
        if anew:
            self._channel.send(Ready(os.getpid(), model, loaded.device[:200], resident(), loaded.rows))
        return loaded

    def _fail(self, error: Exception, job: str | None) -> None:
        """Say what went wrong, for people; the engine is kept only where it said itself what was wrong."""
        if isinstance(error, EngineError):
            log.info("failed: %s", error.code, extra={"job": job})
            failed = Failed(error.code, error.sentence[:2_000], job, error.retryable)
        else:
            log.error("failed", exc_info=error, extra={"job": job})
            self._drop()
            failed = Failed("internal", INTERNAL.format(type(error).__name__), job, retryable=True)
            if _starved(error):
                failed = Failed("out_of_memory", STARVED, job, retryable=True)
        self._channel.send(failed)

    def _tell_loss(self) -> None:
        """The broker hears of an engine that is gone."""
        if self._engine is None:
            self._channel.send(Ready(os.getpid(), memory=resident()))

    def _drop(self) -> None:
        engine, self._engine, self._model = self._engine, None, ""
        if engine is not None:
            try:
                engine.close()
            except Exception:  # it is gone either way
                log.exception("the engine did not close")


def _starved(error: Exception) -> bool:
    """Whether a library ran out of memory, of the machine's or the device's: each has its own way to say so."""
    said = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(words in said for words in ("outofmemory", "out of memory", "alloc"))


def _let_go(error: Exception) -> None:
    """Free what the functions held that an error has come through: without it there may be no memory to say so."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__  # type: ignore[assignment]


def run(open_engine: Opener) -> int:
    """Be a worker: read the handover from stdin, then serve the broker until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the broker tells us
    offer_memory()
    handover = msgspec.json.decode(sys.stdin.buffer.readline(), type=Handover)
    end_with_parent()
    log_to(Path(handover.folder), handover.name)
    channel = Channel(handover)
    Worker(channel, open_engine).loop()
    channel.close()
    return 0


def main() -> int:
    from meshscribe.backend.engines.open import open_engine  # late: it may import heavy libraries

    return run(open_engine)


if __name__ == "__main__":
    sys.exit(main())
