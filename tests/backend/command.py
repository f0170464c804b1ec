"""The `meshscribe` command for tests: in this process, or in one of its own that can be interrupted and killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meshscribe.backend import cli, client
from meshscribe.shared.messages import Status, StatusReply

PROGRESS = re.compile(r", \d+ s$")  # a slow machine is told what goes on


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout, one a line."""
        assert self.status == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]


class Command:
    """The command with a MESHSCRIBE_HOME of its own, in which a backend runs from the first command on."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys
        patch.setenv("MESHSCRIBE_HOME", str(home))

    def __call__(self, *words: object) -> Ran:
        self._capsys.readouterr()
        try:
            status = cli.main([str(word) for word in words])
        except SystemExit as end:  # as argparse ends a wrong command line
            status = int(end.code or 0)
        return Ran(status, *self._capsys.readouterr())

    def refused(self, *words: object) -> str:
        """The one sentence that a wrong command gets."""
        ran = self(*words)
        assert ran.status == 2 and ran.out == "", ran
        said = [line for line in ran.err.splitlines() if not PROGRESS.search(line)]
        assert len(said) == 1 and said[0].endswith("."), ran.err
        return said[0]

    def start(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """The command in a process; its stdout and stderr are read by the test."""
        line = [sys.executable, "-m", "meshscribe.backend.cli", *map(str, words)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "bufsize": 0} | options
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return subprocess.Popen(line, env=environment, **options)

    def worker(self) -> int:
        """The process that holds the model."""
        with client.connect(start=False) as link:
            return client.ask(link, Status(), StatusReply).workers[0].pid

    def states(self) -> list[str]:
        return [job["state"] for job in json.loads(self("jobs", "--json").out)]


def first_line(process: subprocess.Popen[str]) -> str:
    """Waits until a command has printed its first result; the next job runs then."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return line


def end(process: subprocess.Popen[str], how: int = signal.SIGKILL) -> tuple[int, str, str]:
    process.send_signal(how)
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def wait_for(states: Any, wanted: set[str], timeout: float = 200) -> None:
    until = time.monotonic() + timeout
    while not set(states()) <= wanted:
        assert time.monotonic() < until, states()
        time.sleep(0.2)


def bad_words() -> Sequence[tuple[list[str], str]]:
    """Command lines that are wrong before anything is done, and what the sentence has to say."""
    return [
        ([], "COMMAND"),
        (["paint"], "'paint'"),
        (["generate"], "prompt"),
        (["generate", ""], "empty"),
        (["generate", " \t\n"], "empty"),
        (["generate", "\udcff"], "not text"),
        (["generate", "x" * 20_001], "20,001"),
        (["generate", "a table", "--colour", "red"], "--colour"),
        (["generate", "a table", "--seed", "-1"], "--seed"),
        (["generate", "a table", "--seed", "1.5"], "--seed"),
        (["generate", "a table", "--seed", "²"], "--seed"),
        (["generate", "a table", "--count", "0"], "--count"),
        (["generate", "a table", "--count", "--5"], "--count"),
        (["generate", "a table", "--temperature", "9"], "--temperature"),
        (["generate", "a table", "--temperature", "nan"], "--temperature"),
        (["generate", "a table", "--temperature", "hot"], "--temperature: hot is not a number"),
        (["generate", "a table", "--max-tokens", "0"], "--max-tokens"),
        (["generate", "a table", "--format", "obj,fbx"], "'fbx', only obj, glb, ply"),
        (["generate", "a table", "--format", ","], "''"),
        (["generate", "a table", "--model", "m" * 201], "201"),
        (["generate", "a table", "--model", "m" * 300], "300"),
        (["describe"], "file"),
        (["codec", "x.obj", "--dialect", "stl"], "'stl'"),
        (["codec", "x.obj", "--decode", "--frame=0,0,0,abc"], "x,y,z,extent"),
        (["codec", "x.obj", "--decode", "--frame=0,0,nan,1"], "x,y,z,extent"),
        (["codec", "x.obj", "--decode", "--frame=0,0,0,0"], "x,y,z,extent"),
        (["codec", "x.obj", "--decode", "--frame=0,0,0,1", "--like", "y.obj"], "not allowed with"),
        (["codec", "x.obj", "--frame=0,0,0,1"], "--decode"),
        (["serve", "--port", "65536"], "--port"),
        (["serve", "--idle", "soon"], "--idle"),
        (["models", "buy"], "'buy'"),
        (["models", "get"], "which model"),
        (["models", "get", "nobody/nothing"], "no known model"),
        (["fetch"], "job"),
        (["fetch", "j" * 65], "65"),
    ]
