"""The remote engine against real servers that run the starter's weights, where they are installed: `transformers serve`
(pip install 'transformers[serving]') and llama.cpp's `llama-server` (on the PATH; with the `gguf` package)."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from backends import ENDS, outcome_of, until

from meshscribe.backend import prompts
from meshscribe.backend.engines.base import EngineError, Hooks
from meshscribe.backend.engines.chat import Caller
from meshscribe.backend.engines.local import open_engine
from meshscribe.backend.engines.mend import mender
from meshscribe.backend.engines.open import open_engine as open_model
from meshscribe.backend.engines.remote import RemoteEngine, open_server
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.connection import process_alive
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import PARTS, read
from meshscribe.shared.servers import made, save
from meshscribe.shared.tasks import Change, Describe, Generate, MeshData, Request

pytestmark = pytest.mark.timeout(600)
UP = 120.0  # seconds
WORKER = [sys.executable, "-m", "meshscribe.backend.worker"]
WHOLE = 600  # tokens that are compared: whole objects, where the model ends them by then
PROMPTS = ["a round table", "a tall blue bottle"]


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _command(kind: str, port: int, folder: Path) -> tuple[list[str], str]:
    """How a server is started, and its name for the model. Skips the test where it is not installed."""
    if kind == "transformers":
        missing = [name for name in ("fastapi", "uvicorn", "openai", "rich") if importlib.util.find_spec(name) is None]
        if missing:
            pytest.skip(f"`transformers serve` needs {', '.join(missing)}: pip install 'transformers[serving]'")
        model = str(STARTER.resolve())
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", model]
        return [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"], model
    weights(folder / "starter.gguf")
    command = ["llama-server", "-m", str(folder / "starter.gguf"), "--alias", "starter"]
    return [*command, "--host", "127.0.0.1", "--port", str(port), "-c", "4096", "-np", "2", "-t", "1"], "starter"


@pytest.fixture(scope="module", params=["llama.cpp", "transformers"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """A running server: its kind, address and name for the model."""
    folder, port = tmp_path_factory.mktemp("server"), _port()
    command, model = _command(request.param, port, folder)
    environment = {**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        until = time.monotonic() + UP
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()[-2000:]
                time.sleep(0.1)
        yield request.param, f"http://127.0.0.1:{port}/v1", model
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def engine(server: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteEngine]:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path))
    kind, url, model = server
    save(tmp_path, {"real": made(url, model=model, family="starter")})
    one = open_server("real", lambda *args: None)
    yield one
    one.close()


def hooks(text: list[str], cancelled=lambda: False, progress=lambda *args: None) -> Hooks:
    return Hooks(lambda piece, tokens: text.append(piece), progress, cancelled)


def ran(engine, request: Request) -> str:
    text: list[str] = []
    assert engine.run(request, hooks(text)).finish in ("stop", "length")
    return "".join(text)


def test_what_it_can_do_is_found_out(server, engine):
    kind, _, model = server
    assert (engine.found.kind, engine.found.raw) == (kind, True)
    assert engine.found.grammar == ("grammar" if kind == "llama.cpp" else "")
    assert engine.found.cancel == ("closing" if kind == "llama.cpp" else "")
    assert engine.rows == (2 if kind == "llama.cpp" else 1)


@pytest.fixture(scope="module")
def written() -> dict[str, tuple[str, str]]:
    """What the engine of this machine writes in float32, greedy and without masks, and how it ends, by prompt."""
    pytest.importorskip("torch", reason="in float32 the engine of this machine runs on torch")
    engine, texts = open_engine("starter:fp32", lambda *args: None), {}
    for prompt in PROMPTS:
        text: list[str] = []
        finish = engine.run(greedy(prompt), hooks(text)).finish
        texts[prompt] = "".join(text), finish
    return texts


def greedy(prompt: str) -> Generate:
    return Generate(prompt=prompt, temperature=0.0, masks=False, max_tokens=WHOLE)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_same_weights_make_the_same_object(server, engine, written, prompt):
    """Under greedy decoding without masks, in float32: the text to the letter, and so the object."""
    _, url, model = server

    async def remote() -> str:
        caller, found = Caller("real", made(url)), []
        question = "<s>" + prompts.starter_generate(prompt)
        body = {"model": model, "prompt": question, "temperature": 0.0, "max_tokens": WHOLE}
        async with aclosing(caller.stream("completions", body)) as pieces:
            async for piece in pieces:
                found.append(piece.text)
        await caller.close()
        return "".join(found)

    text, finish = written[prompt]
    assert asyncio.run(remote()).strip() == text.strip()
    made_of = mender(PARTS, True)
    expected = made_of.feed(text) + made_of.close(finish == "stop")
    print(f"{prompt}: {len(text)} letters the same, {made_of.faces} faces")
    if made_of.faces:
        assert ran(engine, greedy(prompt)) == expected
    else:
        with pytest.raises(EngineError, match="wrote no mesh|cut before"):
            ran(engine, greedy(prompt))


def test_a_prompt_becomes_a_mesh_which_is_described_and_changed(engine):
    data = CUBE
    if engine.found.grammar:  # without one a small model may write no mesh, and then says so
        data = MeshData.pack(read(ran(engine, Generate(prompt="a tall blue bottle", seed=3)), PARTS).mesh)
    assert ran(engine, Describe(mesh=data)).endswith(".")
    if engine.found.grammar:
        assert read(ran(engine, Change(mesh=data, instruction="make it red", seed=3)), PARTS).mesh.faces()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter's weights for llama.cpp."""
    path = tmp_path_factory.mktemp("weights") / "starter.gguf"
    weights(path)
    return path


def weights(path: Path) -> None:
    """Write the starter's weights for llama.cpp. Skips the test where it is not installed."""
    if not shutil.which("llama-server"):
        pytest.skip("llama.cpp's llama-server is not on the PATH")
    pytest.importorskip("gguf", reason="the weights are put into a GGUF file by the `gguf` package")
    from meshscribe.training.gguf_file import write

    write(STARTER, path)


def test_a_llama_cpp_of_our_own_makes_changes_and_describes(file, tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path))
    monkeypatch.setenv("LLAMA_ARG_THREADS", "1")  # several wait for each other where other work takes the cores
    one = open_model(str(file), lambda *args: None)
    try:
        data = MeshData.pack(read(ran(one, Generate(prompt="a tall blue bottle", seed=3)), PARTS).mesh)
        assert read(ran(one, Change(mesh=data, instruction="make it red", seed=3)), PARTS).mesh.faces()
        assert ran(one, Describe(mesh=data)).endswith(".")
        seen: list[int] = []
        cancelled = hooks([], lambda: len(seen) > 3, lambda phase, done, *rest: seen.append(done))
        assert one.run(Generate(prompt="a chair", seed=3), cancelled).finish == "cancelled"
    finally:
        one.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the process is found in /proc")
def test_a_llama_cpp_of_our_own_ends_with_a_broker_that_is_killed(file, start):
    backend = start(worker=WORKER, environment={"LLAMA_ARG_THREADS": "1"}).wait_up()
    with backend.link() as link:
        job = link.submit(Generate(prompt="a tall blue bottle", seed=3, model=str(file)))
        assert outcome_of(until(link, ENDS, job, timeout=120)) == "stop"
        (serving,) = processes(file)
        backend.end(signal.SIGKILL)
        until_gone = time.monotonic() + 10
        while process_alive(serving):
            assert time.monotonic() < until_gone
            time.sleep(0.02)


def processes(file: Path) -> list[int]:
    """Those that have a file among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if bytes(file) in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return found


def test_cancel_frees_the_slot(server, engine):
    kind, url, _ = server
    seen: list[int] = []
    wish = Generate(prompt="a tall blue bottle", seed=3)
    outcome = engine.run(wish, hooks([], lambda: len(seen) > 3, lambda phase, done, *rest: seen.append(done)))
    assert outcome.finish == "cancelled"
    if kind == "llama.cpp":
        until = time.monotonic() + 10
        while b'"is_processing":true' in urllib.request.urlopen(url.removesuffix("/v1") + "/slots").read():
            assert time.monotonic() < until
    assert ran(engine, Describe(mesh=CUBE))  # it is free for the next


CUBE = MeshData.pack(
    Mesh.build(
        [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)],
        [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)],
    )
)
