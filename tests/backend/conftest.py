"""Backends for the tests of this folder."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backends import Backend, Client


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
