"""Faults: real sockets, processes, disks and kills, against an engine that follows a script.

The numbers of the tests are those of docs/reliability.md. They run short by default; MESHSCRIBE_FULL=1 gives them
their whole length. MESHSCRIBE_FIGURES names a file to which each one adds a line with what it measured."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "backend"))

from backends import link, shared_backend, start  # noqa: E402  found by the line above
from tools import FULL  # noqa: E402

__all__ = ["figure", "link", "scale", "shared_backend", "slack", "start"]


@pytest.fixture
def scale() -> Callable[[int, int], int]:
    """How much of something: little by default, or all of it."""
    return lambda little, much: much if FULL else little


@pytest.fixture
def slack() -> float:
    """What limits of time and speed are multiplied by: on a busy machine a test is for what is wrong, not slow."""
    return 1.0 if FULL else 50.0


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Write down what was measured."""

    def write(**values: object) -> None:
        line = json.dumps({"test": request.node.name, "full": FULL, **values})
        print(line)
        if path := os.environ.get("MESHSCRIBE_FIGURES"):
            with open(path, "a", encoding="utf-8") as file:
                file.write(line + "\n")

    return write
