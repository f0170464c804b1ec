"""The remote engine against real servers that run the starter's weights, where they are installed: `transformers serve`
(pip install 'transformers[serving]') and llama.cpp's `llama-server` (on the PATH; with the `gguf` package)."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from meshscribe.backend import prompts
from meshscribe.backend.engines.base import Hooks
from meshscribe.backend.engines.chat import Caller
from meshscribe.backend.engines.local import open_engine
from meshscribe.backend.engines.remote import RemoteEngine, open_server
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import PARTS, read
from meshscribe.shared.servers import made, save
from meshscribe.shared.tasks import Change, Describe, Generate, MeshData, Request

pytestmark = pytest.mark.timeout(600)
UP = 120.0  # seconds
SHORT = 96  # tokens that are compared


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
    if not shutil.which("llama-server"):
        pytest.skip("llama.cpp's llama-server is not on the PATH")
    pytest.importorskip("gguf", reason="the weights are put into a GGUF file by the `gguf` package")
    from meshscribe.training.gguf_file import write

    write(STARTER, folder / "starter.gguf")
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


def test_the_same_weights_write_the_same_text(server, engine):
    """Under greedy decoding without masks, in float32, to the letter."""
    _, url, model = server
    local: list[str] = []
    wish = Generate(prompt="a tall blue bottle", temperature=0.0, masks=False, max_tokens=SHORT)
    open_engine("starter", lambda *args: None).run(wish, hooks(local))

    async def remote() -> str:
        caller, found = Caller("real", made(url)), []
        question = "<s>" + prompts.starter_generate(wish.prompt)
        body = {"model": model, "prompt": question, "temperature": 0.0, "max_tokens": SHORT}
        async with aclosing(caller.stream("completions", body)) as pieces:
            async for piece in pieces:
                found.append(piece.text)
        await caller.close()
        return "".join(found)

    assert asyncio.run(remote()).strip() == "".join(local).strip()


def test_a_prompt_becomes_a_mesh_which_is_described_and_changed(engine):
    data = CUBE
    if engine.found.grammar:  # without one a small model may write no mesh, and then says so
        data = MeshData.pack(read(ran(engine, Generate(prompt="a tall blue bottle", seed=3)), PARTS).mesh)
    assert ran(engine, Describe(mesh=data)).endswith(".")
    if engine.found.grammar:
        assert read(ran(engine, Change(mesh=data, instruction="make it red", seed=3)), PARTS).mesh.faces()


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
