"""A llama.cpp of our own: started, watched and ended, here with a program that can be made to fail (llama_program.py);
tests/backend/test_real_servers.py has the real one."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backends import ENDS, Backend, error_of, outcome_of, text_of, until

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from llama_program import MESH  # noqa: E402
from test_gguf import SAID, written  # noqa: E402

from meshscribe.backend.engines import chat, llama_cpp, llama_server  # noqa: E402
from meshscribe.backend.engines.base import EngineError, Hooks  # noqa: E402
from meshscribe.backend.engines.llama_cpp import LlamaCpp  # noqa: E402
from meshscribe.backend.engines.llama_server import Memory, memory  # noqa: E402
from meshscribe.backend.engines.open import open_engine  # noqa: E402
from meshscribe.shared.connection import process_alive  # noqa: E402
from meshscribe.shared.messages import Delta  # noqa: E402
from meshscribe.shared.tasks import Generate, Outcome  # noqa: E402

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]
WORKER = [sys.executable, "-m", "meshscribe.backend.worker"]


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A llama-server on the PATH, and a folder of the backend."""
    program = tmp_path / "bin" / "llama-server"
    program.parent.mkdir()
    script = Path(__file__).with_name("llama_program.py")
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(script))} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "home"))
    return program


@pytest.fixture
def weights(tmp_path: Path) -> Callable[[str], Path]:
    def file(name: str = "fine") -> Path:
        (tmp_path / "models").mkdir(exist_ok=True)
        return written(tmp_path / "models" / f"llama-mesh-{name}.gguf", SAID | {"llama.context_length": 4096})

    return file


@pytest.fixture
def engine(weights: Callable[[str], Path]) -> Iterator[Callable[[str], LlamaCpp]]:
    opened: list[LlamaCpp] = []

    def open_(name: str = "fine") -> LlamaCpp:
        one = open_engine(str(weights(name)), lambda *args: None)
        assert isinstance(one, LlamaCpp)
        opened.append(one)
        return one

    yield open_
    for one in opened:
        one.close()
        assert gone(pid(one))


def ran(engine: LlamaCpp, prompt: str = "a table") -> tuple[str, Outcome]:
    text: list[str] = []
    hooks = Hooks(lambda piece, tokens: text.append(piece), lambda *args: None, lambda: False)
    outcome = engine.run(Generate(prompt=prompt, seed=5), hooks)
    return "".join(text), outcome


def pid(engine: LlamaCpp) -> int:
    assert engine._program is not None
    return engine._program._process.pid


def ended(engine: LlamaCpp, limit: float = 10) -> bool:
    """Whether its process has ended for its parent too, which knows it last: threads may outlive the main one."""
    program, until = engine._program, time.monotonic() + limit
    assert program is not None
    while program.running and time.monotonic() < until:
        time.sleep(0.02)
    return not program.running


def gone(pid: int, limit: float = 10) -> bool:
    until = time.monotonic() + limit
    while process_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not process_alive(pid)


def starts(file: Path) -> list[str]:
    return file.with_suffix(".started").read_text().splitlines()


def servers(folder: Path) -> list[int]:
    """The processes that serve the files of a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--port" in words and any(word.startswith(bytes(folder)) for word in words):
            found.append(int(entry.parent.name))
    return found


# ---------------------------------------------------------------------------------------------------- started and asked


def test_a_file_is_served_to_us_alone(engine, weights):
    one = engine()
    text, outcome = ran(one)
    assert text == MESH and (outcome.finish, outcome.dialect, outcome.seed) == ("stop", "llama-mesh", 5)
    assert outcome.device == "llama.cpp b9999-made-up" and outcome.model == str(weights("fine"))
    (command,) = starts(weights("fine"))
    assert "--host 127.0.0.1" in command and "-c 16384 -np 4" in command and one.rows == 4
    key = one._program.key
    assert len(key) == 32 and key not in command
    assert b"200" in asked(one._program.port, key) and b"401" in asked(one._program.port, "another")


def asked(port: int, key: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET /props HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        return line.recv(100)


def test_cancel_ends_the_answer(engine):
    text: list[str] = []
    hooks = Hooks(lambda piece, tokens: text.append(piece), lambda *args: None, lambda: bool(text))
    assert engine().run(Generate(prompt="endless", seed=1), hooks).finish == "cancelled"


def test_the_memory_that_llama_cpp_lists(monkeypatch):
    assert memory().device == 0 and memory().machine > 1 << 28
    lines = (
        "  CUDA0: NVIDIA GeForce RTX 4090 (24080 MiB, 23000 MiB free)\n  Vulkan0: Intel(R) UHD (8000 MiB, 7 MiB free)"
    )
    monkeypatch.setenv("LISTED", lines)
    assert memory().device == 23000 << 20


def test_all_of_it_goes_into_a_device_that_takes_it(engine, weights, monkeypatch):
    monkeypatch.setenv("LISTED", "  Metal: Apple M4 (12000 MiB, 12000 MiB free)")
    engine()
    assert starts(weights("fine"))[0].endswith("-ngl 99")


# ------------------------------------------------------------------------------------------------------ what goes wrong


def test_without_llama_cpp_it_is_said(weights, monkeypatch):
    monkeypatch.setattr(llama_server, "program", list)
    with pytest.raises(EngineError, match="no llama.cpp on this machine") as caught:
        open_engine(str(weights("fine")), lambda *args: None)
    assert caught.value.code == "server_failed"


def test_too_little_memory_is_said_before_anything_starts(weights, monkeypatch):
    monkeypatch.setattr(llama_cpp, "memory", lambda: Memory(0, 1 << 20))
    with pytest.raises(EngineError, match="close other programs") as caught:
        open_engine(str(weights("fine")), lambda *args: None)
    assert caught.value.code == "out_of_memory" and not weights("fine").with_suffix(".started").exists()


def test_a_file_that_it_does_not_load_is_said_in_its_words(weights):
    with pytest.raises(EngineError, match="It says: llama_model_load: error loading model: tensor 'x' not found"):
        open_engine(str(weights("broken")), lambda *args: None)


def test_a_file_that_is_no_gguf(tmp_path):
    (tmp_path / "other.gguf").write_bytes(b"PK")
    with pytest.raises(EngineError, match="other.gguf is no GGUF file"):
        open_engine(str(tmp_path / "other.gguf"), lambda *args: None)


def test_another_port_is_taken_where_one_is_lost(engine, weights):
    assert ran(engine("taken"))[0] == MESH
    ports = {command.split("--port ")[1].split()[0] for command in starts(weights("taken"))}
    assert len(ports) == 3


def test_one_that_ends_in_a_job_is_started_again_for_the_next(engine, weights):
    one = engine()
    with pytest.raises(EngineError, match="The process of llama.cpp ended during this job") as caught:
        ran(one, "crash")
    assert caught.value.code == "engine_dead" and caught.value.retryable
    assert ran(one)[0] == MESH
    os.kill(pid(one), signal.SIGKILL)
    assert ended(one)
    assert ran(one)[0] == MESH, "one that ended while nothing ran costs nothing"
    assert len(starts(weights("fine"))) == 3


def test_one_that_keeps_ending_is_started_ever_more_slowly(engine, monkeypatch):
    monkeypatch.setattr(llama_cpp, "BACKOFF", (0.0, 0.3))
    one, took = engine(), []
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(EngineError, match="ended during"):
            ran(one, "crash")
        took.append(time.monotonic() - began)
    assert took[2] >= 0.3


def test_one_that_stands_still_is_started_anew(engine, weights, monkeypatch):
    one = engine()
    monkeypatch.setattr(chat, "LOOK", 0.3)
    monkeypatch.setattr(chat, "FIRST", 0.5)
    os.kill(pid(one), signal.SIGSTOP)
    with pytest.raises(EngineError, match=r"has sent nothing for 0.5 s") as caught:
        ran(one)
    assert caught.value.code == "server_failed"
    monkeypatch.setattr(chat, "FIRST", 20)
    monkeypatch.setattr(chat, "LOOK", 20)
    assert ran(one)[0] == MESH and len(starts(weights("fine"))) == 2


# ------------------------------------------------------------------------------------------------- under a broker

linux = pytest.mark.skipif(sys.platform != "linux", reason="the processes are found in /proc")


@linux
@pytest.mark.parametrize("victim", ["broker", "worker", "nobody"])
def test_it_ends_with_the_broker_and_with_the_worker(start, weights, victim):
    file = weights("fine")
    backend: Backend = start(worker=WORKER).wait_up()
    wish = Generate(prompt="endless", model=str(file), seed=1)
    with backend.link() as link:
        job = link.submit(wish)
        until(link, Delta, job, timeout=60)
        (serving,) = servers(file.parent)
        worker = backend.worker_pid()
        match victim:
            case "broker":
                os.kill(backend.process.pid, signal.SIGKILL)
            case "worker":
                os.kill(worker, signal.SIGKILL)
                assert error_of(until(link, ENDS, job)).code == "engine_dead"
            case "nobody":
                backend.end()
        assert gone(serving)
        if victim == "worker":
            job = link.submit(Generate(prompt="a table", model=str(file), seed=1))
            assert text_of(got := until(link, ENDS, job, timeout=60), job) == MESH and outcome_of(got) == "stop"
