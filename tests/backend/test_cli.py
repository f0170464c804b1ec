"""The command line as a user meets it, with the embedded starter: real files, a real backend, real signals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
import trimesh
from command import Command, end, first_line, wait_for

from meshscribe.backend import meshfiles
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.grid import TIE
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import DIALECTS, read
from meshscribe.training.shapes import FAMILIES

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]
PROMPT = "a round table with four legs"
SHORT = ("--max-tokens", 160)  # a second or so, whatever the model makes of the prompt
KEYS = "prompt seed model finish plan file vertices faces parts tokens passes seconds valid closed masked_mass"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One backend for the tests that leave it as it was; the first command starts it."""
    home = tmp_path_factory.mktemp("h")
    yield home
    stop(home)


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(home, monkeypatch, capsys)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """A backend of the test's own."""
    yield Command(tmp_path / "h", monkeypatch, capsys)
    stop(tmp_path / "h")


def stop(home: Path) -> None:
    line = [sys.executable, "-m", "meshscribe.backend.cli", "stop"]
    subprocess.run(line, env={**os.environ, "MESHSCRIBE_HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def table() -> Mesh:
    """A table of 4 legs and a top, away from the origin and larger than one unit."""
    plan = {"top": "round", "legs": "4", "height": "medium", "shelf": "no", "material": "wood"}
    mesh = FAMILIES["table"].mesh(plan, Random(5))
    return mesh.with_vertices(mesh.vertices * 3.7 + (10, -4, 0.25))


# ---------------------------------------------------------------------------------------------------- generate


def test_generate_writes_files_that_agree(run: Command, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    (found,) = run("generate", PROMPT, "--seed", 3, "--format", "obj,glb,ply", "--out", out, "--json").objects
    assert list(found) == KEYS.split()
    assert found["prompt"] == PROMPT and found["seed"] == 3 and found["model"] == "starter" and found["valid"]
    assert found["finish"] == "stop" and found["tokens"] >= found["passes"] > 0 and 0 <= found["masked_mass"] < 1
    assert re.fullmatch(r"table( \w+ \w+)+", found["plan"]) and found["parts"]
    stem = out / "a-round-table-with-four-legs-3"
    assert found["file"] == f"{stem}.obj"
    assert sorted(p.name for p in out.iterdir()) == [f"{stem.name}.{ending}" for ending in ("glb", "mtl", "obj", "ply")]
    mesh = meshfiles.load(Path(found["file"]))
    assert (len(mesh.vertices), len(mesh.sizes)) == (found["vertices"], found["faces"])
    assert [part.name for part in mesh.parts] == found["parts"] and all(part.material for part in mesh.parts)
    assert mesh.bounds()[0][1] == pytest.approx(0, abs=1e-6)  # it stands on the ground, Y up
    assert np.ptp(mesh.vertices, axis=0).max() == pytest.approx(1, abs=1e-5)
    for ending in ("obj", "glb", "ply"):
        other = trimesh.load_scene(f"{stem}.{ending}").to_mesh()
        assert other.bounds == pytest.approx(mesh.bounds(), abs=1e-5)
        assert len(other.faces) == len(mesh.triangles())
        if ending != "obj":  # where trimesh keeps vertices as they are
            assert len(other.vertices) == found["vertices"]


def test_same_seed_same_bytes(run: Command, tmp_path: Path) -> None:
    many = run(
        "generate", "a red mushroom", "--seed", 7, "--count", 3, *SHORT, "--out", tmp_path / "a", "--json"
    ).objects
    many.sort(key=lambda found: found["seed"])  # they are printed as they end
    assert [found["seed"] for found in many] == [7, 8, 9]
    again = run("generate", "a red mushroom", "--seed", 8, *SHORT, "--out", tmp_path / "b", "--json").objects
    name = "a-red-mushroom-8.obj"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    differs = dict.fromkeys(("seconds", "file", "passes"))  # guesses learn from the meshes before: fewer passes
    assert {**many[1], **differs} == {**again[0], **differs}
    assert len({(tmp_path / "a" / f"a-red-mushroom-{seed}.obj").read_bytes() for seed in (7, 8, 9)}) == 3


def test_greedy_does_not_depend_on_the_seed(run: Command, tmp_path: Path) -> None:
    texts = []
    for seed in (1, 2):
        ran = run("generate", "a mug", "--temperature", 0, "--max-tokens", 150, "--seed", seed, "--out", tmp_path)
        texts.append((tmp_path / f"a-mug-{seed}.obj").read_text().partition("\ng ")[2])
        assert ran.status == 0 and ran.out.startswith(f"{tmp_path}/a-mug-{seed}.obj") and "mug, " in ran.out
    assert texts[0] == texts[1]


def test_generate_in_a_process_with_defaults(run: Command, tmp_path: Path) -> None:
    process = run.start("generate", "Ein Café table?!", *SHORT, cwd=tmp_path)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0 and out.count("\n") == 1, err
    assert re.match(r"ein-cafe-table-\d+\.obj( \(cut at the limit\))?: \d+ vertices, \d+ faces, ", out)
    assert all(line.startswith(("writing", "starting", "loading", "reading")) for line in err.splitlines())


def test_model_may_be_a_folder_named_from_here(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").symlink_to(STARTER)
    monkeypatch.chdir(tmp_path)
    (found,) = run("generate", "a stool", "--model", "./mine:onnx", *SHORT, "--json").objects
    assert found["model"] == f"{tmp_path}/mine:onnx" and Path(found["file"]).is_file()


def test_progress_is_one_line_on_a_terminal(run: Command, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = run.start("generate", "a tall tower", "--count", 30, *SHORT, "--out", tmp_path, "--json", stderr=theirs)
    os.close(theirs)
    out, _ = process.communicate(timeout=200)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert process.returncode == 0 and [json.loads(line)["valid"] for line in out.splitlines()] == [True] * 30
    assert re.search(r"\r\x1b\[K\[\d+/30\] ", said) and said.endswith("\r\x1b[K") and "\n" not in said


def test_unfinished_mesh_is_no_success(run: Command, tmp_path: Path) -> None:
    """Whatever the limit does to the answer, what is said of it is true."""
    ran = run("generate", "a castle tower", "--max-tokens", 90, "--seed", 1, "--out", tmp_path, "--json")
    if ran.status == 2:  # fewer tokens than the smallest mesh takes
        assert "tokens" in ran.err
    else:
        found = json.loads(ran.out)
        assert ran.status == (0 if found["valid"] else 1) and found["tokens"] <= 90
        assert (found["file"] is not None) == found["valid"]


# ---------------------------------------------------------------------------------------------------- describe


@pytest.mark.parametrize("ending", ["obj", "glb", "stl", "ply", "off"])
def test_describe_any_format(run: Command, table: Mesh, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table.{ending}"
    if ending in meshfiles.FORMATS:
        meshfiles.save(table, path)
    else:
        trimesh.Trimesh(table.vertices, table.triangles(), process=False).export(path)
    (told,) = run("describe", path, "--json").objects
    assert list(told) == ["text", "model", "seconds", "finish", "facts"] and told["text"].endswith(".")
    facts = told["facts"]
    assert facts["size"] == pytest.approx(np.ptp(table.vertices, axis=0), rel=1e-4)
    assert facts["faces"] == (len(table.sizes) if ending == "obj" else len(table.triangles()))
    assert facts["vertices"] == len(table.vertices) and facts["parts"] == len(table.parts) and facts["closed"]
    assert facts["area"] == pytest.approx(table.area(), rel=1e-3)
    assert facts["volume"] == pytest.approx(table.volume(), rel=1e-3)


def test_describe_tells_people(run: Command, table: Mesh, tmp_path: Path) -> None:
    meshfiles.save(table, tmp_path / "table.obj")
    with open(tmp_path / "table.obj", "a") as file:
        file.write("f 1 2 99999\n")
    ran = run("describe", tmp_path / "table.obj")
    text, facts = ran.out.splitlines()
    assert ran.status == 0 and text.endswith(".") and re.match(rf"{len(table.vertices)} vertices, .* closed, ", facts)
    assert "table.obj, line " in ran.err and "never came" in ran.err  # what was left out is said


# ------------------------------------------------------------------------------------------------------- codec


def within_half_a_step(mesh: Mesh, back: Mesh, bins: int) -> bool:
    """Whether every vertex of the mesh has a vertex of the decoded one in its place."""
    step = np.ptp(mesh.vertices, axis=0).max() / (bins - 1)
    away = np.abs(mesh.vertices[:, None] - back.vertices[None]).max(2).min(1)
    return bool((away <= step * (0.5 + TIE) + 1e-4).all())


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_codec_there_and_back(run: Command, table: Mesh, tmp_path: Path, dialect: str) -> None:
    path, text = tmp_path / "table.obj", tmp_path / "text.obj"
    meshfiles.save(table, path)
    encoded = run("codec", path, "--dialect", dialect)
    text.write_text(encoded.out)
    reading = read(encoded.out, DIALECTS[dialect])
    assert encoded.status == 0 and f"{len(reading.mesh.vertices)} vertices, " in encoded.err
    frame = re.search(r"--frame=\S+", encoded.err)
    assert frame
    ways = [
        run("codec", text, "--decode", frame[0]),
        run("codec", text, "--decode", "--like", path),
        run("codec", path, "--decode", "--dialect", dialect),
    ]
    for ran in ways:
        assert ran.status == 0, ran.err
        (tmp_path / "back.obj").write_text(ran.out)
        back = meshfiles.load(tmp_path / "back.obj")
        assert within_half_a_step(table, back, DIALECTS[dialect].bins)
        assert len(back.sizes) == len(reading.mesh.sizes) and len(back.parts) == len(reading.mesh.parts)
        assert run("codec", tmp_path / "back.obj", "--dialect", dialect).out == encoded.out  # and again the same bytes
    unit = run("codec", text, "--decode", "--dialect", dialect)
    (tmp_path / "unit.obj").write_text(unit.out)
    assert np.ptp(meshfiles.load(tmp_path / "unit.obj").vertices, axis=0).max() == pytest.approx(1)


def test_frame_of_what_is_no_dialect_text_is_refused(run: Command, table: Mesh, tmp_path: Path) -> None:
    meshfiles.save(table, tmp_path / "table.obj")
    assert "not text" in run.refused("codec", tmp_path / "table.obj", "--decode", "--frame=0,0,0,1")


def test_codec_into_a_pipe_that_closes(run: Command, tmp_path: Path) -> None:
    trimesh.creation.icosphere(5).export(tmp_path / "ball.ply")
    process = run.start("codec", tmp_path / "ball.ply")
    assert first_line(process).startswith("# part ")
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.wait(20) == 1 and "Traceback" not in process.stderr.read()
    process.stderr.close()


# ------------------------------------------------------------------------------------------ the backend, its jobs


def test_models_jobs_and_doctor(run: Command) -> None:
    families = json.loads((STARTER / "families.json").read_text())
    listed = run("models").out
    assert listed.startswith("starter: ") and all(f"  {family}: " in listed for family in families)
    names = [entry["name"] for entry in json.loads(run("models", "--json").out)]
    assert names == ["starter", "llama-mesh", "llama-mesh-gguf"]
    assert "starter" in run("models", "get", "starter").out
    run("generate", "...")
    newest = json.loads(run("jobs", "--json").out)[0]
    assert newest["prompt"] == "..." and newest["state"] == "failed" and newest["job"] in run("jobs").out
    (found,) = run("doctor", "--json").objects
    assert found["home"] == str(run.home) and found["models"]["starter"] == "ready"
    assert found["backend"]["state"] == "up" and found["libraries"]["onnxruntime"]
    assert "backend:" in run("doctor").out


def test_stop_and_doctor_without_a_backend(alone: Command) -> None:
    assert alone("stop").out == "No backend is running.\n"
    (found,) = alone("doctor", "--json").objects
    assert found["backend"]["state"] == "off" and not alone.home.exists()
    assert alone("jobs").out == "The journal is empty.\n"
    assert alone("stop").out == "The backend has ended.\n" and alone("stop").out == "No backend is running.\n"


def test_commands_that_start_the_backend_at_once_share_it(alone: Command) -> None:
    started = [alone.start("jobs") for _ in range(3)]
    assert [process.communicate(timeout=200) for process in started] == [("The journal is empty.\n", "")] * 3


def test_home_named_from_here(alone: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESHSCRIBE_HOME", "h")
    assert alone("jobs").status == 0 and (tmp_path / "h" / "connection.json").is_file()
    assert sorted(p.name for p in (tmp_path / "h").iterdir() if p.is_dir()) == ["keys", "logs"]


def test_damaged_connection_file_is_replaced(alone: Command) -> None:
    alone.home.mkdir(mode=0o700)
    (alone.home / "connection.json").write_text("{")
    (alone.home / "connection.json").chmod(0o600)
    assert alone("jobs").status == 0


def test_client_killed_in_a_job_loses_nothing(run: Command, tmp_path: Path) -> None:
    process = run.start("generate", "a tall house", "--seed", 1, "--count", 20, *SHORT, "--out", tmp_path, "--json")
    first = json.loads(first_line(process))
    status, _, _ = end(process)
    assert status == -signal.SIGKILL
    mine = [job for job in json.loads(run("jobs", "--json").out) if job["prompt"] == "a tall house"]
    assert len(mine) < 20, "killed before it had asked for all of them"
    for job in reversed(mine):
        ran = run("fetch", job["job"])
        mesh = read(ran.out, DIALECTS["parts"]).mesh
        assert ran.status == 0 and len(mesh.sizes)
        if job is mine[-first["seed"]]:  # the newest stands first
            assert len(mesh.vertices) == first["vertices"]
    wait_for(run.states, {"done", "failed"})


def test_worker_killed_in_a_job(alone: Command, tmp_path: Path) -> None:
    process = alone.start("generate", "a wooden bed", "--count", 30, "--seed", 1, *SHORT, "--out", tmp_path, "--json")
    first_line(process)
    os.kill(alone.worker(), signal.SIGKILL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 1 and "The model's process ended during this job." in err and "Traceback" not in err
    states = alone.states()
    assert 1 <= states.count("failed") <= 8 and states.count("done") == 30 - states.count("failed")
    assert [json.loads(line)["valid"] for line in out.splitlines()] == [True] * (states.count("done") - 1)


def test_ctrl_c_cancels(run: Command, tmp_path: Path) -> None:
    process = run.start("generate", "a tall rocket", "--count", 50, "--out", tmp_path)
    first_line(process)
    status, _, err = end(process, signal.SIGINT)
    assert [line for line in err.splitlines() if line[0] != "["] == ["meshscribe: cancelled."] and status == 130
    wait_for(run.states, {"done", "failed"}, 10)  # no job of it goes on
    assert len(list(tmp_path.glob("*.obj"))) < 20


def test_backend_stopped_in_a_job(alone: Command, tmp_path: Path) -> None:
    process = alone.start("generate", "a tall rocket", "--count", 50, "--out", tmp_path)
    first_line(process)
    assert alone("stop").status == 0
    _, err = process.communicate(timeout=200)
    assert process.returncode in (1, 2) and "stopped" in err and "Traceback" not in err


def test_serve_in_a_terminal(alone: Command) -> None:
    process = alone.start("serve", "--idle", "0.5")
    until = time.monotonic() + 20
    while not (alone.home / "connection.json").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert alone("jobs").status == 0
    assert end(process, signal.SIGINT) == (0, "", "")
    shutil.rmtree(alone.home)
