"""Tests 18 and 19, and what else a disk can do: downloads that are cut, damaged models, no room, no network."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from backends import ENDS, Backend, Client, script, text_of, until
from hub import COMMIT, REPOSITORY, Hub
from script_engine import text

from meshscribe.backend.models import store
from meshscribe.shared.messages import Accepted, Delta, Done, Download, DownloadReply, Error, StopDownload
from meshscribe.shared.tasks import Generate

pytestmark = pytest.mark.timeout(1200)
Figure = Callable[..., None]
Scale = Callable[[int, int], int]
Start = Callable[..., Backend]
MODEL = f"{REPOSITORY}@{COMMIT}"
WEIGHTS = "model.safetensors"
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b'{"made": "up"}' * 200,
    WEIGHTS: np.random.default_rng(0).bytes(4 << 20),
}


class SlowHub(Hub):
    """A hub whose large files come at a rate, so that one can be cut at any byte."""

    rate = 0.0  # bytes a second; 0: at once
    status = 200
    sent = 0  # bytes of the last large file

    def _send_file(self, request, name, start, body) -> None:  # type: ignore[no-untyped-def]
        if self.status != 200:
            return self._send(request, b"{}", body, self.status)
        if not self.rate or not body or name != WEIGHTS:
            return super()._send_file(request, name, start, body)
        data = self.files[name]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(data) - start))
        request.send_header("ETag", f'"{self.published[name]}"')
        request.end_headers()
        self.sent = start
        for place in range(start, len(data), 16_384):
            request.wfile.write(data[place : place + 16_384])
            self.sent = place + 16_384
            time.sleep(16_384 / self.rate)
        return None


@pytest.fixture
def hub() -> Iterator[SlowHub]:
    hub = SlowHub(FILES)
    yield hub
    hub.close()


def surroundings(home: Path, address: str) -> dict[str, str]:
    return {"HF_ENDPOINT": address, "HF_HOME": str(home.parent / "hf"), "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DOWNLOAD_TIMEOUT": "2"}  # fmt: skip


def whole(home: Path) -> bool:
    try:
        return bool(store.locate(home, MODEL))
    except store.EngineError:
        return False


def right(home: Path) -> bool:
    folder = store.downloaded(home, MODEL)
    return all((folder / name).read_bytes() == data for name, data in FILES.items())


def last(link: Client, timeout: float = 60) -> DownloadReply:
    """How a download ended."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        reply = until(link, DownloadReply, timeout=timeout)[-1]
        assert isinstance(reply, DownloadReply)
        if reply.state != "running":
            return reply
    raise AssertionError("the download does not end")


def test_18_download_cut_at_random_bytes(
    start: Start, hub: SlowHub, tmp_path: Path, figure: Figure, scale: Scale
) -> None:
    """Stopped by the artist, or the backend killed, at random bytes. Never ready before it is whole."""
    chance, cuts = random.Random(18), scale(2, 100)
    hub.rate = 2e6
    backend = start(environment=surroundings(tmp_path / "home", hub.address)).wait_up()
    at: list[int] = []
    before_the_cut = 0
    for number in range(cuts):
        with Client(backend.connection(), "artist") as link:
            link.send(Download(MODEL))
            threshold = chance.randrange(1, len(FILES[WEIGHTS]) - (1 << 20))
            hub.sent = 0
            while hub.sent < threshold:
                link.inbox.extend(link.wait(0.01))
            at.append(hub.sent)
            if number % 2:
                backend.process.kill()
                backend.process.communicate()
            else:
                link.send(StopDownload(MODEL))
                assert last(link).state in ("stopped", "ready")
        if whole(backend.home):  # its last bytes were quicker than the kill
            before_the_cut += 1
            assert right(backend.home)
            shutil.rmtree(store.downloaded(backend.home, MODEL))
        if number % 2:
            backend = start(environment=surroundings(tmp_path / "home", hub.address)).wait_up()
    hub.rate = 0.0
    with backend.link() as link:
        link.send(Download(MODEL))
        assert last(link).state == "ready" and whole(backend.home)
        link.send(Download(MODEL))  # again: nothing to do
        requests = len(hub.requests)
        assert last(link).state == "ready" and len(hub.requests) == requests
    assert right(backend.home) and before_the_cut < cuts
    figure(cuts=cuts, at_bytes=[min(at), max(at)], of=len(FILES[WEIGHTS]), whole_before_the_cut=before_the_cut)


def test_18_hub_that_fails(start: Start, hub: SlowHub, tmp_path: Path, figure: Figure, scale: Scale) -> None:
    backend = start(environment=surroundings(tmp_path / "home", hub.address)).wait_up()
    seen: dict[str, str] = {}
    with backend.link() as link:
        for status in (404, 503, 416)[: scale(1, 3)]:
            hub.status = status
            link.send(Download(MODEL))
            seen[str(status)] = str(last(link).code)
        hub.status = 200
        hub.files[WEIGHTS] = bytes(len(FILES[WEIGHTS]))
        link.send(Download(MODEL))
        seen["wrong hash"] = str(last(link).code)
        hub.files[WEIGHTS] = FILES[WEIGHTS]
        link.send(Download("llama-mesh"))
        seen["licence not accepted"] = str(last(link).code)
        link.send(Download("nobody/nothing"))
        seen["no such model"] = str(last(link).code)
        assert not whole(backend.home)
        link.send(Download(MODEL))
        assert last(link).state == "ready"
    figure(**{name.replace(" ", "_"): code for name, code in seen.items()})
    assert seen.pop("wrong hash") == "checksum" and seen.pop("licence not accepted") == "licence_needed"
    assert seen.pop("no such model") == "unknown_model" and set(seen.values()) == {"download_failed"}


def test_18_disk_full_in_a_download(hub: SlowHub, tmp_path: Path) -> None:
    """A limit on the size of a file does what a full disk does."""
    command = [sys.executable, "-m", "meshscribe.backend.models.fetcher", str(tmp_path / "home"), MODEL]

    def fetch(limit: int) -> dict:
        process = subprocess.Popen(
            command, env={**os.environ, **surroundings(tmp_path / "home", hub.address)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        )  # fmt: skip
        assert process.stdout is not None
        lines = process.stdout.readlines()  # stdin stays open: its end would end the process
        process.communicate()
        return json.loads(lines[-1])

    full = fetch(1 << 20)
    assert (full["state"], full["code"]) == ("failed", "no_space") and not whole(tmp_path / "home")
    assert fetch(resource.RLIM_INFINITY)["state"] == "ready" and whole(tmp_path / "home")


OFFLINE = """
import io, contextlib, json, sys, time
connects = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        connects.append(repr(arguments[1:] if event == "socket.connect" else arguments))
sys.addaudithook(watch)
from meshscribe.backend import cli
told = {}
for name, words in json.loads(sys.argv[1]).items():
    began, said, errors = time.monotonic(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
        status = cli.main(words)
    told[name] = [status, said.getvalue() + errors.getvalue(), time.monotonic() - began]
print(json.dumps({"told": told, "connects": connects}))
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="takes the network away with unshare")
def test_19_without_a_network(tmp_path: Path, figure: Figure, slack: float) -> None:
    """In a network namespace with nothing but loopback: the starter works, and nobody tries to reach anything else."""
    inside = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("may not take the network away")
    out = ["--out", str(tmp_path)]
    words = {
        "starter": ["generate", "a round table", "--seed", "1", "--max-tokens", "100", *out],
        "missing": ["generate", "a table", "--model", "llama-mesh", *out],
        "stop": ["stop"],
    }
    ran = subprocess.run(
        [*inside, sys.executable, "-c", OFFLINE, json.dumps(words)],
        env={**os.environ, "MESHSCRIBE_HOME": str(tmp_path / "home")}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    found = json.loads(ran.stdout)
    status, said, _ = found["told"]["starter"]
    assert status in (0, 1) and ".obj" in said, said
    status, said, seconds = found["told"]["missing"]
    assert status == 2 and "meshscribe models get llama-mesh" in said
    assert found["told"]["stop"][0] == 0 and found["connects"] == []
    figure(outbound=0, model_missing_s=round(seconds, 2))
    assert seconds < 1.0 * slack


def test_damaged_models(tmp_path: Path, figure: Figure) -> None:
    """Files of a model that are cut, changed, empty or gone: a sentence, and the next job works."""
    backend = Backend(tmp_path / "home", worker=[sys.executable, "-m", "meshscribe.backend.worker"]).wait_up()
    chance = random.Random(7)
    damages: list[tuple[str, Callable[[bytes], bytes | None]]] = [
        ("model.onnx", lambda data: data[: len(data) // 2]),
        ("model.onnx", lambda data: chance.randbytes(len(data))),
        ("model.onnx", lambda data: b""),
        ("tokenizer.json", lambda data: data[: len(data) // 2]),
        ("tokenizer.json", lambda data: None),
        ("config.json", lambda data: chance.randbytes(len(data))),
        ("config.json", lambda data: None),
    ]
    codes: dict[str, int] = {}
    try:
        with backend.link() as link:
            for number, (name, change) in enumerate(damages):
                folder = tmp_path / f"damaged{number}"
                folder.mkdir()
                for file in store.STARTER.iterdir():
                    if file.name != name:
                        (folder / file.name).symlink_to(file)
                data = change((store.STARTER / name).read_bytes())
                if data is not None:
                    (folder / name).write_bytes(data)
                job = link.submit(Generate(prompt="a table", model=str(folder), max_tokens=100))
                error = until(link, ENDS, job, timeout=60)[-1]
                assert isinstance(error, Error) and error.code in ("model_missing", "unknown_model"), (name, error)
                assert "Traceback" not in error.sentence and error.sentence.endswith((".", ")")), error.sentence
                codes[error.code] = codes.get(error.code, 0) + 1
            worker = backend.worker_pid()
            job = link.submit(Generate(prompt="a table", model="starter", max_tokens=100))
            assert isinstance(until(link, ENDS, job, timeout=60)[-1], Done) and backend.worker_pid() == worker
    finally:
        backend.end()
    figure(damaged=sum(codes.values()), **codes)


def test_disk_full_in_a_job(start: Start, figure: Figure) -> None:
    """The journal may not grow: new jobs are refused with a reason, the one that runs goes on, and there is room
    again."""
    backend = start().wait_up()
    broker = backend.process.pid
    with backend.link() as link:
        running = link.submit(script("tokens=400", "delay=0.005"))
        until(link, Delta, running)
        size = max(path.stat().st_size for path in backend.home.glob("journal.sqlite*"))
        resource.prlimit(broker, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        refused = 0
        for number in range(50):
            job = link.submit(script("tokens=1", *["padding"] * 500), job=f"full{number}")
            answer = until(link, (Accepted, Error), job)[-1]
            if isinstance(answer, Error):
                assert answer.code == "no_space" and answer.retryable, answer
                refused += 1
        got = until(link, ENDS, running)
        assert isinstance(got[-1], Done) and got[-1].outcome.tokens == 400
        resource.prlimit(broker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        job = link.submit(script("tokens=5"))
        assert text_of(until(link, ENDS, job), job) == text(5)
    backend.end()
    with contextlib.closing(sqlite3.connect(backend.home / "journal.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (kept,) = db.execute("SELECT length(text) FROM jobs WHERE id = ?", (running,)).fetchone()
    figure(refused=refused, text_of_the_running_job_kept=kept == len(text(400)))
    assert refused and kept == len(text(400))
