"""The llama.cpp that is installed here: its program, the memory that it sees, and its server as a child of this
process, reached on loopback only and with a key that nobody else has. The client of it is llama_cpp.py."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from meshscribe.backend.models.gguf import Memory
from meshscribe.backend.serve import keeper
from meshscribe.backend.serve.process import available

from .base import EngineError

PROGRAM = "llama-server"
PYTHON = ("llama_cpp", "uvicorn", "fastapi", "sse_starlette", "starlette_context", "pydantic_settings")
ASKED = 20.0  # seconds that it may take to list its devices
LOG_BYTES = 1 << 20
FAREWELL = 3.0  # seconds that the server may take to end when asked
QUOTED = 200  # characters of its own words

log = logging.getLogger(__name__)


def program() -> list[str]:
    """The server that is installed: llama.cpp's own, or that of llama-cpp-python; [] for none."""
    if found := shutil.which(PROGRAM):
        return [found]
    if all(importlib.util.find_spec(name) for name in PYTHON):
        return [sys.executable, "-m", "llama_cpp.server"]
    return []


def memory() -> Memory:
    """What is free for a model."""
    return Memory(_device(), available())


def _device() -> int:
    """Free bytes of the best device that llama.cpp lists: "  CUDA0: NVIDIA ... (24080 MiB, 23000 MiB free)"."""
    if (found := shutil.which(PROGRAM)) is None:
        return 0
    try:
        asked = subprocess.run([found, "--list-devices"], capture_output=True, timeout=ASKED, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("llama.cpp does not list its devices: %s", error)
        return 0
    listed = re.findall(rb"(?m)^\s+\S+: .*\(\d+ MiB, (\d+) MiB free\)", asked.stdout)
    return max((int(free) << 20 for free in listed), default=0)


class LlamaServer:
    """The server of one file. EngineError where none is installed, or it cannot be started."""

    def __init__(self, file: Path, name: str, context: int, rows: int, whole: bool, folder: Path):
        """For `rows` texts of `context` tokens; `whole`: all of it fits into the device. It writes to a log in
        `folder`."""
        self.key = secrets.token_hex(16)
        self.command = program()
        if not self.command:
            raise EngineError(
                "server_failed",
                "There is no llama.cpp on this machine: get llama-server (brew, winget, or GitHub).",
            )
        self.own = len(self.command) == 1  # llama.cpp's, not llama-cpp-python's
        self.rows = rows if self.own else 1
        self.port = _free_port()
        self._log = folder / "logs" / "llama-server.log"
        options = {"--host": "127.0.0.1", "--port": str(self.port)}
        if self.own:
            options |= {"-m": str(file), "--alias": name, "-c": str(context * rows), "-np": str(rows)}
            options |= {"-ngl": "99"} if whole else {}
        else:
            options |= {"--model": str(file), "--model_alias": name, "--n_ctx": str(context), "--n_gpu_layers": "-1"}
        self._process = self._start([*self.command, *(word for option in options.items() for word in option)])

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        keys = {"LLAMA_API_KEY": self.key, "API_KEY": self.key, "INTERRUPT_REQUESTS": "false"}
        try:
            with open(self._log, "wb") as said:
                return subprocess.Popen(
                    keeper.command(command),
                    stdin=subprocess.PIPE,  # its end tells the keeper that we are gone
                    stdout=said,
                    stderr=said,
                    env={**os.environ, **keys},
                    start_new_session=True,  # Ctrl-C on a terminal is for the broker
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise EngineError(
                "server_failed", f"The llama.cpp of this machine cannot be started ({error}): install it anew."
            ) from None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """Its last words about what went wrong."""
        with contextlib.suppress(OSError):
            lines = self._log.read_bytes()[-LOG_BYTES:].decode(errors="replace").splitlines()
            told = [
                line for line in lines if re.search(r"error|fail|unable|invalid|out of memory", line, re.IGNORECASE)
            ]
            return " ".join((told or lines or [""])[-1].split())[:QUOTED]
        return ""

    def end(self) -> None:
        process, stdin = self._process, self._process.stdin
        process.terminate()
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if stdin is not None:
            with contextlib.suppress(OSError):
                stdin.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
