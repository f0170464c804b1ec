"""A worker: a process that holds one engine and runs one job at a time. If it dies, the broker starts another.

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

from meshscribe.backend.engines.base import Engine, EngineError, Hooks, Opener
from meshscribe.backend.serve.log import log_to
from meshscribe.backend.serve.orders import (
    Abort,
    Exit,
    Failed,
    Finished,
    FromWorker,
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


class Run:
    """One job or load in progress: what its engine's hooks do. `job` is None for a load."""

    def __init__(self, channel: Channel, later: deque[ToWorker], job: str | None) -> None:
        self.stopped = False
        self._channel, self._later, self._job = channel, later, job
        self._text: list[str] = []
        self._tokens = 0
        self._next_output = self._next_look = self._next_progress = 0.0
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
            assert self._job is not None
            self._channel.send(Output(self._job, text[start : start + MAX_TEXT], self._tokens))

    def progress(self, phase: str, done: int, total: int, unit: str) -> None:
        now = time.monotonic()
        if phase != self._phase or done >= total or now >= self._next_progress:
            self._phase, self._next_progress = phase, now + PROGRESS_INTERVAL
            self._channel.send(Progress(self._job, phase[:200], max(0, done), max(0, total), unit[:200]))

    def cancelled(self) -> bool:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_INTERVAL
            if self._text and now >= self._next_output:
                self.flush()
            self._look()
        return self.stopped

    def _look(self) -> None:
        while (message := self._channel.receive(wait=False)) is not None:
            match message:
                case Ping():
                    self._channel.send(Pong(message.sent))
                case Abort():
                    self.stopped |= message.job == self._job
                case Exit():
                    self.stopped = True
                    self._later.appendleft(message)
                case _:
                    self._later.append(message)


class Worker:
    """The main loop, and the one engine that is kept until another model is asked for."""

    def __init__(self, channel: Channel, open_engine: Opener) -> None:
        self._channel, self._open = channel, open_engine
        self._engine: Engine | None = None
        self._model = ""  # as it was asked for
        self._later: deque[ToWorker] = deque()  # orders that came during a job

    def loop(self) -> None:
        """Until an Exit."""
        self._channel.send(Ready(os.getpid(), memory=resident()))
        while True:
            message = self._later.popleft() if self._later else self._channel.receive(wait=True)
            match message:
                case Ping():
                    self._channel.send(Pong(message.sent))
                case Start():
                    self._run(message)
                case Preload():
                    self._preload(message.model)
                case Exit():
                    self._drop()
                    return
                case _:  # an Abort of a job that has ended: its Finished is on the way
                    pass

    def _run(self, start: Start) -> None:
        self._channel.send(Pong())  # heard
        run = Run(self._channel, self._later, start.job)
        try:
            engine = self._use(start.request.model, run)
            if run.cancelled():  # during the load
                outcome = Outcome(finish="cancelled", model=self._model, seed=start.request.seed)
            else:
                outcome = engine.run(start.request, Hooks(run.emit, run.progress, run.cancelled))
            run.flush()
            self._channel.send(Finished(start.job, outcome))
        except Exception as error:
            _let_go(error)
            run.flush()
            self._fail(error, start.job)

    def _preload(self, model: str) -> None:
        self._channel.send(Pong())
        try:
            self._use(model, Run(self._channel, self._later, None), anew=True)
        except Exception as error:
            _let_go(error)
            self._fail(error, None)

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
            self._channel.send(Ready(os.getpid(), model, loaded.device[:200], resident()))
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
    log_to(Path(handover.folder), "worker")
    channel = Channel(handover)
    Worker(channel, open_engine).loop()
    channel.close()
    return 0


def main() -> int:
    from meshscribe.backend.engines.open import open_engine  # late: it may import heavy libraries

    return run(open_engine)


if __name__ == "__main__":
    sys.exit(main())
