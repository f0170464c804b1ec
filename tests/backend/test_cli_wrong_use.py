"""Wrong use of the command line: one sentence on stderr, exit status 2, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Command, bad_words

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("h")
    yield home
    line = [sys.executable, "-m", "meshscribe.backend.cli", "stop"]
    subprocess.run(line, env={**os.environ, "MESHSCRIBE_HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(home, monkeypatch, capsys)


@pytest.mark.parametrize(("words", "said"), bad_words(), ids=lambda case: "-".join(case)[:40] if case else "nothing")
def test_wrong_words(run: Command, words: list[str], said: str) -> None:
    assert said in run.refused(*words)


def test_prompt_of_punctuation(run: Command) -> None:
    assert "no words" in run.refused("generate", "?! ... --- 。")


@pytest.mark.parametrize("model", ["nobody", "/etc", "owner/name@main", "starter:nf5", "../starter"])
def test_unknown_model(run: Command, model: str) -> None:
    assert "no model" in run.refused("generate", "a table", "--model", model)


def test_model_that_is_not_here(run: Command) -> None:
    assert "meshscribe models get llama-mesh" in run.refused("generate", "a table", "--model", "llama-mesh")


# ------------------------------------------------------------------------------------------------ files to read


@pytest.mark.parametrize("command", ["describe", "codec"])
def test_unreadable_files(run: Command, tmp_path: Path, command: str) -> None:
    def refused(name: str, content: bytes | None = None) -> str:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        return run.refused(command, tmp_path / name)

    assert "no file" in refused("missing.obj")
    assert "too long" in refused("n" * 300 + ".obj")
    assert "is a folder" in run.refused(command, tmp_path)
    assert "holds no faces" in refused("empty.obj", b"")
    assert "holds no faces" in refused("points.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n")
    assert "holds no faces" in refused("noise.obj", os.urandom(5_000))
    assert "cannot be read as a mesh" in refused("notes.doc", b"words")
    for ending in ("glb", "gltf", "ply", "stl", "off", "3mf"):
        assert refused(f"noise.{ending}", os.urandom(5_000))
        assert refused(f"empty.{ending}", b"")


def test_file_that_may_not_be_read(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "mesh.obj"
    if os.geteuid():
        path.write_text("v 0 0 0\n")
        path.chmod(0)
    else:  # root may read everything but this
        path.symlink_to("/proc/self/mem")
    assert "cannot be read" in run.refused("codec", path)


def test_mesh_over_the_readers_limit(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "huge.obj"
    path.write_text("".join(f"v {i} 0 0\n" for i in range(250_001)) + "f 1 2 3\n")
    assert "over the limit of 250,000 vertices" in run.refused("codec", path)


def test_mesh_without_an_area(run: Command, tmp_path: Path) -> None:
    (tmp_path / "flat.obj").write_text("v 0 0 0\nv 0 0 0\nv 0 0 0\nf 1 2 3\n")
    assert "No face" in run.refused("codec", tmp_path / "flat.obj")
    assert "No face" in run.refused("codec", tmp_path / "flat.obj", "--decode")
    described = run("describe", tmp_path / "flat.obj")  # its facts are told all the same
    assert described.status == 2 and "no face" in described.err and "1 faces" in described.out


# ------------------------------------------------------------------------------------------- places and processes


def test_out_that_cannot_be_written(run: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below" / "it", tmp_path / ("n" * 300)):
        assert "cannot be written" in run.refused("generate", "a table", "--out", out)


def test_home_that_cannot_be_written(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "file" / "home"))
    for words in (["generate", "a table"], ["jobs"], ["fetch", "x"], ["serve"]):
        assert str(tmp_path / "file") in run.refused(*words)
    assert run("models").status == run("doctor").status == run("stop").status == 0  # these need none


def test_port_that_is_taken(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "h"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} cannot be used" in run.refused("serve", "--port", port)


def test_second_serve(run: Command) -> None:
    assert run("jobs").status == 0
    assert "running" in run.refused("serve")


def test_unknown_job(run: Command) -> None:
    assert "no job 0123" in run.refused("fetch", "0123")


def test_connection_file_damaged_under_a_backend(run: Command) -> None:
    assert run("jobs").status == 0
    path = run.home / "connection.json"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:20])
        assert "damaged" in run.refused("jobs") and "damaged" in run.refused("stop")
        path.chmod(0o644)
        assert "can be read by other users" in run.refused("jobs")
        path.chmod(0o600)
    finally:
        path.write_bytes(whole)
    assert run("jobs").status == 0


def test_download_without_a_network(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    process = run.start("models", "get", f"owner/name@{'0' * 40}")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 2 and not out and "could not be downloaded" in err and "Traceback" not in err


def test_licence_that_nobody_accepted(run: Command) -> None:
    process = run.start("models", "get", "llama-mesh", stdin=subprocess.DEVNULL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 2 and not out and "non-commercial" not in out and "not accepted" in err


def test_fault_of_ours_is_a_sentence_and_a_log(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshscribe.backend.manage.list_jobs", lambda as_json: 1 / 0)
    ran = run("jobs")
    log = run.home / "logs" / "meshscribe.log"
    assert ran.status == 1 and ran.err == f"meshscribe: division by zero (details in {log}).\n"
    assert "ZeroDivisionError" in log.read_text()
