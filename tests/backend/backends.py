"""A backend in a process of its own, with the script engine, and clients that find it by its connection
file. Limits of its modules can be set for a test: {"delivery.GRACE": 1.0}."""

from __future__ import annotations

import json
import os
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
from meshscribe.shared.messages import Delta, Done, Error, FromBroker, Status, StatusReply
from meshscribe.shared.tasks import Generate

SCRIPT = Path(__file__).with_name("script_engine.py")
ENDS = (Done, Error)
SERVE = """
import importlib, json, sys
from pathlib import Path
from meshscribe.backend.serve.broker import serve
from meshscribe.shared.reports import ModelEntry
home, options, limits, *command = sys.argv[1:]
for name, value in json.loads(limits).items():
    module, _, constant = name.rpartition(".")
    module = importlib.import_module(f"meshscribe.backend.serve.{module}")
    assert isinstance(getattr(module, constant), (int, float))
    setattr(module, constant, value)
options = json.loads(options)
names = options.pop("models", [])
sys.exit(serve(Path(home), worker_command=command, models=lambda: [ModelEntry(name=name) for name in names], **options))
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
        self,
        home: Path,
        worker: list[str] | None = None,
        limits: dict[str, float] | None = None,
        environment: dict[str, str] | None = None,
        **options: object,
    ) -> None:
        self.home = home
        command = worker or [sys.executable, str(SCRIPT)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(home), json.dumps(options), json.dumps(limits or {}), *command],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
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


def error_of(messages: list[FromBroker]) -> Error:
    assert isinstance(messages[-1], Error)
    return messages[-1]


def outcome_of(messages: list[FromBroker]) -> str:
    assert isinstance(messages[-1], Done), messages[-1]
    return messages[-1].outcome.finish


# ---------------------------------------------------------------------- fixtures of tests/backend and tests/faults


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
