"""A backend in a process of its own, with the script engine, and clients that find it by its connection
file."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meshscribe.shared import connection
from meshscribe.shared.link import Link
from meshscribe.shared.messages import Delta, Done, Error, FromBroker, Generate, Status, StatusReply

SCRIPT = Path(__file__).with_name("script_engine.py")
ENDS = (Done, Error)
SERVE = """
import sys
from pathlib import Path
from meshscribe.backend.serve.broker import serve
home, port, parent, idle, *command = sys.argv[1:]
sys.exit(serve(Path(home), int(port), int(parent) or None, worker_command=command, idle=float(idle) or None))
"""


class Client(Link):
    """A Link with the messages that a test has not looked at yet."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.inbox: deque[FromBroker] = deque()

    def __enter__(self) -> Client:
        return self


class Backend:
    """A broker process."""

    def __init__(
        self, home: Path, port: int = 0, parent: int = 0, idle: float = 0, worker: list[str] | None = None
    ) -> None:
        self.home = home
        command = worker or [sys.executable, str(SCRIPT)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(home), str(port), str(parent), str(idle), *command],
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_up(self) -> Backend:
        until = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < until:
            try:
                if connection.read(self.home).pid == self.process.pid:
                    return self
            except connection.NoConnectionError:
                time.sleep(0.01)
        raise AssertionError(f"the broker did not start: {self.end()}")

    def connection(self) -> connection.Connection:
        return connection.read(self.home)

    def link(self, name: str = "test") -> Client:
        return Client(self.connection(), name, reload=self.connection)

    def worker_pid(self) -> int:
        with self.link("status") as link:
            link.send(Status())
            reply = until(link, StatusReply)[-1]
            assert isinstance(reply, StatusReply)
            return reply.workers[0].pid

    def end(self, how: int = signal.SIGTERM, timeout: float = 10) -> str:
        """End the broker; what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.communicate(timeout=timeout)[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Backend]]:
    """Start brokers in the test's own folder; they end with the test."""
    started: list[Backend] = []

    def begin(**options: object) -> Backend:
        started.append(Backend(tmp_path / "home", **options))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for backend in started:
        backend.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def shared_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """One broker for the tests that leave it as it was."""
    backend = Backend(tmp_path_factory.mktemp("shared") / "home").wait_up()
    yield backend
    backend.end()


@pytest.fixture
def link(shared_backend: Backend) -> Iterator[Client]:
    with shared_backend.link() as link:
        yield link


def script(*words: str, model: str = "script", seed: int = 0) -> Generate:
    return Generate(prompt=" ".join(["make", *words]), model=model, seed=seed)


def until(
    link: Client, kinds: type | tuple[type, ...], job: str | None = None, timeout: float = 15
) -> list[FromBroker]:
    """All messages up to the first of these kinds (of that job)."""
    got: list[FromBroker] = []
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        link.inbox.extend([] if link.inbox else link.wait(0.5))
        while link.inbox:
            got.append(message := link.inbox.popleft())
            if isinstance(message, kinds) and (job is None or getattr(message, "job", None) == job):
                return got
    raise AssertionError(f"no {kinds} of {job} among {got}")


def text_of(messages: list[FromBroker], job: str) -> str:
    return "".join(m.text for m in messages if isinstance(m, Delta) and m.job == job)
