"""The backend is installed, started and stopped by the add-on: with a wheel of our own that stands for the real
one, and with the real one of this tree."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import sys
import time
import zipfile
from pathlib import Path

import pytest
from killing import kill_one, processes
from shape_backend import ROOT, of_this_tree

from blender_addon.environment import Environment, Sources, clean
from blender_addon.installer import explain
from blender_addon.paths import DATA
from blender_addon.process import Backend
from blender_addon.runtime import Runtime
from blender_addon.shared import connection

CLI = "import sys\nif '--version' in sys.argv: print('meshscribe 9.9')\nelse: sys.exit('The port is taken.')\n"


def wheel(path: Path, name: str, files: dict[str, str]) -> Path:
    """A wheel of these files."""
    info = f"{name}-9.9.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\nProvides-Extra: torch\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for each, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{each},sha256={digest},{len(text.encode())}\n"
    made = path / f"{name}-9.9-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for each, text in (files | {f"{info}/RECORD": record + f"{info}/RECORD,,\n"}).items():
            archive.writestr(each, text)
    return made


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """What a zip brings: the backend's wheel, and pip's."""
    data = tmp_path / "data"
    data.mkdir()
    wheel(
        data,
        "meshscribe",
        {f"meshscribe/{n}": "" for n in ("__init__.py", "backend/__init__.py")} | {"meshscribe/backend/cli.py": CLI},
    )
    pips = [*DATA.glob("pip-*.whl"), *(ROOT / "build" / "wheels").glob("pip==*/pip-*.whl")]
    if not pips:
        pytest.skip("pip's wheel is not here: build_addon.py fetches it")
    (data / pips[0].name).symlink_to(pips[0])
    return Sources(data, wheels=data)


@pytest.fixture
def this_python(tmp_path: Path) -> Path:
    return of_this_tree(tmp_path)


def until(condition, work, timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        work()
        time.sleep(0.02)


def test_an_environment_is_made_and_found_again(sources, tmp_path):
    environment = Environment(tmp_path / "own place")
    assert not environment.fits(sources)
    environment.install(sources)
    words = set()

    def work() -> None:
        environment.poll()
        words.add(environment.words())

    until(lambda: not environment.busy, work)
    assert environment.fits(sources)
    assert "Making a private environment" in words
    assert environment.facts()["extras"] == []
    assert Environment(tmp_path / "own place").fits(sources)
    (sources.data / "meshscribe-9.9-py3-none-any.whl").rename(sources.data / "meshscribe-10.0-py3-none-any.whl")
    assert not environment.fits(sources)  # a newer add-on brings a newer backend
    environment.remove()
    assert not (tmp_path / "own place").exists()


def test_without_a_network_and_without_wheels_it_says_so(sources, tmp_path):
    backend = Backend(tmp_path / "b", Sources(sources.data))
    backend.install()
    assert backend.trouble.code == "offline"
    backend = Backend(tmp_path / "b", Sources(tmp_path, online=True))
    backend.install()
    assert backend.trouble.code == "incomplete"
    backend = Backend(tmp_path / "b", Sources(sources.data, sources.wheels, python="/no/python"))
    backend.install()
    assert backend.trouble.code == "no_python"
    assert not (tmp_path / "b").exists()


def test_what_cannot_be_installed_is_a_sentence(sources, tmp_path):
    wheel(sources.data, "meshscribe", {"meshscribe/__init__.py": ""})  # no backend inside
    backend = Backend(tmp_path / "b", sources)
    backend.install()
    until(lambda: backend.trouble, lambda: backend.poll(tmp_path / "home", False))
    assert backend.trouble.code == "install_failed"
    assert backend.trouble.sentence.startswith("The backend was installed but does not start")
    assert Path(backend.trouble.log).exists()
    assert not backend.installed


def test_an_installation_can_be_cancelled_and_gone_on_with(sources, tmp_path):
    environment = Environment(tmp_path / "e")
    environment.install(sources)
    process = environment._process
    environment.cancel()
    assert not environment.busy
    process.wait(5)
    assert not environment.fits(sources)
    environment.install(sources)
    until(lambda: not environment.busy, environment.poll)
    assert environment.fits(sources)
    environment.install(sources, large=True)  # to add to what is there
    environment.cancel()
    assert environment.fits(sources)


def test_large_models_ask_for_the_right_torch(sources, tmp_path, monkeypatch):
    import shutil

    environment = Environment(tmp_path / "e")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    online = Sources(sources.data, online=True)
    assert "https://download.pytorch.org/whl/cpu" in environment.command(online, large=True)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "--torch-index" not in environment.command(online, large=True)
    assert "--find-links" in environment.command(sources, large=True)


def test_the_backend_knows_nothing_of_blenders_python():
    left = clean({"PYTHONPATH": "x", "PYTHONHOME": "y", "PATH": "z", "PythonStartup": "w"})
    assert left == {"PATH": "z", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("No space left on device", "The disk is full"),
        ("No matching distribution found for numpy>=1", "no build of numpy in reach"),
        (
            "Could not find a version that satisfies the requirement x-y>=0.1 (from a) (from versions: none)",
            "of x-y in",
        ),
        ("Something else.", "could not be installed: Something else."),
        ("", "see the log"),
    ],
)
def test_pips_errors_become_sentences(error, said):
    assert said in explain(error)


def test_a_backend_that_does_not_start_says_why(sources, tmp_path):
    backend = Backend(tmp_path / "b", sources)
    backend.install(start=True)
    until(lambda: backend.trouble, lambda: backend.poll(tmp_path / "home", False))
    assert backend.trouble.code == "start_failed"
    assert "The port is taken." in backend.trouble.sentence


def test_it_starts_is_used_stops_and_starts_again(this_python, tmp_path):
    home = tmp_path / "home"
    now = Runtime(home, Backend(tmp_path / "b", Sources(tmp_path), this_python))
    assert now.state == "off"
    now.start()
    assert now.state == "starting"
    until(lambda: now.session.link and now.session.link.state == "open", now.tick)
    first = now.session.link.connection.pid
    assert now.state in ("loading", "ready")
    now.restart()
    until(lambda: now.session.link and now.session.link.state == "open", now.tick)
    assert now.session.link.connection.pid != first
    second = now.session.link.connection.pid
    now.stop()
    until(lambda: not now.backend.running, now.tick)
    assert not connection.process_alive(second)
    assert now.state == "off"
    assert now.problem is None
    now.close()


def test_a_backend_that_is_killed_comes_back_while_jobs_run(this_python, tmp_path):
    now = Runtime(tmp_path / "home", Backend(tmp_path / "b", Sources(tmp_path), this_python))
    now.start()
    until(lambda: now.session.link and now.session.link.state == "open", now.tick)
    first = now.session.link.connection.pid
    job = now.session.generate("a table", model="no-such-model")
    now.backend._started = -100.0  # it has been up for long
    os.kill(first, signal.SIGKILL)
    until(lambda: now.session.link and now.session.link.connection.pid != first, now.tick)
    until(lambda: job.over, now.tick)
    assert job.state == "failed"
    assert job.code not in ("gone", "")
    now.stop()
    until(lambda: not now.backend.running, now.tick)
    now.close()


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks at processes as Linux shows them"
)


@needs_proc
@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_a_killed_blender_takes_its_backend_along(this_python, tmp_path, delay):
    assert kill_one(this_python, tmp_path, delay)[0] > 0


@needs_proc
def test_a_shared_backend_outlives_a_killed_blender(this_python, tmp_path):
    kill_one(this_python, tmp_path, shared=True)
    now = Runtime(tmp_path / "home", Backend(tmp_path / "b", Sources(tmp_path), this_python))
    until(lambda: now.session.link and now.session.link.state == "open", now.tick)
    now.stop()
    until(lambda: not processes(tmp_path / "home"), now.tick)
    now.close()
