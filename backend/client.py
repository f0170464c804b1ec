"""A client without a window: finds or starts the backend, runs jobs over the Link and waits for their ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from meshscribe.shared import connection
from meshscribe.shared.link import Link
from meshscribe.shared.messages import Accepted, Delta, Done, Error, FromBroker, Progress
from meshscribe.shared.tasks import Outcome, Request

from .serve.folder import lock

START_LIMIT = 30.0  # seconds until a backend that we started must answer
ANSWER_LIMIT = 10.0  # seconds until a running backend must answer
IDLE_MINUTES = 15.0  # a backend that a command started ends after this long without work
AT_ONCE = 10  # jobs of one command at a time: as many as run side by side, and the next ones; others get their turns


class ClientError(Exception):
    """One plain sentence: what was wrong and what to do. `code` is the protocol's, or "no_backend"."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(slots=True)
class Job:
    """One job as a client sees it; `error` or `outcome` is set at its end."""

    id: str
    text: str = ""
    tokens: int = 0
    position: int = 0
    progress: Progress | None = None
    outcome: Outcome | None = None
    error: Error | None = None
    request: Request | None = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        return self.outcome is not None or self.error is not None

    def take(self, message: FromBroker) -> None:
        match message:
            case Accepted():
                self.position = message.position
            case Progress(phase="queued"):
                self.position = message.total
            case Progress():
                self.progress = message
            case Delta():
                self.text += message.text
                self.tokens = message.tokens
            case Done():
                self.outcome = message.outcome
            case Error():
                self.error = message


def connect(name: str = "meshscribe", start: bool = True) -> Link:
    """An open Link to this user's backend, started where none runs (unless `start` is False). ClientError."""
    home = connection.home()
    process = None
    try:
        found = connection.read(home)
    except connection.NoConnectionError as trouble:
        if trouble.code == "unsafe" or not start:
            raise ClientError("no_backend", trouble.sentence) from None
        process = _start(home)
        found = _await_file(home, process)
    link = Link(found, name, reload=lambda: connection.read(home))
    until = time.monotonic() + (START_LIMIT if process else ANSWER_LIMIT)
    while link.state != "open":
        refusals = [message for message in link.wait(0.05) if isinstance(message, Error)]
        if refusals:
            link.close(bye=False)
            raise ClientError(refusals[0].code, refusals[0].sentence)
        if time.monotonic() > until:
            link.close(bye=False)
            raise ClientError("no_backend", f"The backend does not answer: end process {found.pid}, then try again.")
    return link


def running(home: Path) -> bool:
    """Whether a backend runs in a folder, by the folder's lock: it holds also where the connection file is gone."""
    try:
        held = lock(home)
    except OSError:
        return False
    if held is not None:
        held.close()
    return held is None


def _start(home: Path) -> subprocess.Popen[bytes]:
    try:
        (home / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(home / "logs" / "start.log", "wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "meshscribe.backend.cli", "serve", "--idle", str(IDLE_MINUTES)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env={**os.environ, "MESHSCRIBE_HOME": str(home)},  # which may have been relative to our folder
                start_new_session=os.name != "nt",  # Ctrl-C here is not meant for it
            )
    except OSError as error:
        raise ClientError("no_backend", f"{home} cannot be written ({error.strerror}): set MESHSCRIBE_HOME.") from None


def _await_file(home: Path, process: subprocess.Popen[bytes]) -> connection.Connection:
    """The connection to the backend that we started, or that somebody else started at the same moment."""
    until = time.monotonic() + START_LIMIT
    while True:
        try:
            return connection.read(home)
        except connection.NoConnectionError as trouble:
            ended = process.poll() is not None
            if ended and not running(home):
                said = (home / "logs" / "start.log").read_text(errors="replace").strip().splitlines()
                reason = said[-1] if said else "it said nothing"
                raise ClientError("no_backend", f"The backend did not start: {reason[:400]}") from None
            if ended and trouble.code in ("unreadable", "unsafe"):
                sentence = f"A backend runs already, but {home / connection.FILE} is damaged: end its process."
                raise ClientError("no_backend", sentence) from None
            if time.monotonic() > until:
                raise ClientError("no_backend", trouble.sentence) from None
        time.sleep(0.02)


def run(link: Link, requests: list[Request], watch: Callable[[Job], None] = lambda job: None) -> Iterator[Job]:
    """Run requests, a few in the queue at a time; yields each job when it is over. `watch` is called with each job at
    its end, and before that with the oldest one, at least twice a second. A KeyboardInterrupt cancels what runs."""
    waiting = list(reversed(requests))
    jobs: dict[str, Job] = {}
    with interrupts() as check:
        try:
            while waiting or jobs:
                check()
                while waiting and len(jobs) < AT_ONCE:
                    request = waiting.pop()
                    try:
                        job = Job(link.submit(request), request=request)
                    except ValueError as error:
                        raise ClientError("too_large", f"The mesh is too large to send. {error}") from None
                    jobs[job.id] = job
                yield from follow(link, jobs, watch)
        except (KeyboardInterrupt, GeneratorExit):
            for job_id in jobs:
                link.cancel(job_id)
            link.poll()
            raise


@contextmanager
def interrupts() -> Iterator[Callable[[], None]]:
    """A check that raises KeyboardInterrupt once more: a library that catches everything while it is imported, as
    trimesh does, loses the one of a Ctrl-C that comes then. Only the main thread hears of any."""
    came: list[int] = []

    def hear(number: int, frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if came:
            raise KeyboardInterrupt

    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if plain and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, hear)
        try:
            yield check
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        yield check


def follow(link: Link, jobs: dict[str, Job], watch: Callable[[Job], None]) -> Iterator[Job]:
    """Wait once for messages of these jobs; the ones that end are taken out and yielded."""
    for message in link.wait(0.5):
        job = jobs.get(getattr(message, "job", None) or "")
        if job is not None:
            job.take(message)
            if job.over:
                watch(job)
                yield jobs.pop(job.id)
        elif isinstance(message, Error) and message.job is None:
            raise ClientError(message.code, message.sentence)
    if jobs:
        watch(next(iter(jobs.values())))
    if link.state == "lost" and link.trouble:
        raise ClientError("no_backend", f"The backend is gone. {link.trouble}")


def ask(link: Link, question, kind: type, timeout: float = ANSWER_LIMIT):
    """The first message of `kind` after a question that is no job; all others are left for who polls next.
    ClientError."""
    link.send(question)
    until = time.monotonic() + timeout
    others: list[FromBroker] = []
    try:
        while time.monotonic() < until:
            messages = deque(link.wait(0.2))
            while messages:
                message = messages.popleft()
                if isinstance(message, kind):
                    others += messages
                    return message
                if isinstance(message, Error) and message.job is None:
                    others += messages
                    raise ClientError(message.code, message.sentence)
                others.append(message)
    finally:
        link.unread(others)
    raise ClientError("no_backend", "The backend does not answer: try again, or end it with `meshscribe stop`.")
