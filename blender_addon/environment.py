"""Environment: the backend's private Python environment, outside the add-on's folder: whether it is there, and
the child process that makes it. Nothing blocks: the child writes to a file, and `poll` reads what is new."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_INDEX = "https://download.pytorch.org/whl/cu128"
BASE = 50  # megabytes to download, about
LARGE = {CPU_INDEX: 260, CUDA_INDEX: 3_200, "": 3_200 if sys.platform != "darwin" else 300}  # by the index of torch

STEPS = {
    "environment": ("Making a private environment", 0.02),
    "download": ("Getting {name}", 0.05),
    "install": ("Unpacking {total} packages", 0.8),
    "check": ("Trying it out", 0.95),
}


DOWNLOADS = 0.73  # of the bar


class InstallError(Exception):
    """Why it cannot be installed; `code` is one of troubles.FIXES."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an installation takes things from. `wheels`: a folder with everything, so that no network is
    needed; `python`: the Python that the environment is made of, "" for Blender's own."""

    data: Path
    wheels: Path | None = None
    index: str = ""
    python: str = ""
    online: bool = False


class Environment:
    """The environment in `folder`, and at most one installation at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.factor = 0.0  # of the installation that runs
        self.log = folder / "install.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0  # bytes of the report that were read
        self._failure = ""
        self._last: dict[str, Any] = {}  # that the installer has said
        self._bytes: dict[str, int] = {}  # that have come, by package
        self._expected = BASE  # megabytes
        self._facts: tuple[int, dict[str, Any]] = (0, {})  # when the mark was written, and what it says

    @property
    def python(self) -> Path:
        return self.folder / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def busy(self) -> bool:
        return self._process is not None

    def facts(self) -> dict[str, Any]:
        """What is installed; empty where nothing whole is. Quick: panels ask."""
        try:
            written = self._mark.stat().st_mtime_ns
            if written != self._facts[0]:
                self._facts = written, json.loads(self._mark.read_text())
        except (OSError, ValueError):
            return {}
        return self._facts[1]

    def words(self, translate: Callable[[str], str] = str) -> str:
        """What the installation is doing."""
        if not self._last:
            return translate("Beginning")
        said = self._last
        words = translate(STEPS[said["step"]][0]).format(**said)
        if said["total"] > 1 << 20:
            words += translate(", {done} of {total} MB").format(
                done=round(said["done"] / 1e6), total=round(said["total"] / 1e6)
            )
        return words

    def fits(self, sources: Sources) -> bool:
        """Whether the backend that came with this add-on is installed."""
        known = self.facts().get("backend")
        return self.python.exists() and known in [wheel.name for wheel in _backends(sources.data)]

    def install(self, sources: Sources, large: bool = False) -> None:
        """Begin an installation, or go on with one. InstallError where it cannot begin."""
        if self.busy:
            return
        command = self.command(sources, large)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.factor, self._read, self._failure, self._last, self._bytes = 0.0, 0, "", {}, {}
        self._expected = megabytes(large)
        try:
            with open(self._report, "wb") as report, open(self.log, "wb") as log:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=report, stderr=log, env=clean(os.environ), **own_group()
                )
        except OSError as error:
            raise InstallError("install_failed", f"The installer cannot be run ({error.strerror}).") from None

    def command(self, sources: Sources, large: bool) -> list[str]:
        """The installer's command line. InstallError where something that it needs is not there."""
        backends = _backends(sources.data)
        pips = sorted(sources.data.glob("pip-*.whl"))
        if not backends or not pips:
            raise InstallError("incomplete", "This copy of the add-on came without the backend: install the zip.")
        if not sources.wheels and not sources.online:
            raise InstallError(
                "offline", "Installing needs the network once, and Blender's Online Access is switched off."
            )
        python = sources.python or base_python()
        if not python or not Path(python).exists():
            raise InstallError("no_python", "There is no Python at the path in the preferences.")
        command = [python, "-I", "-B", str(Path(__file__).with_name("installer.py"))]
        command += ["--environment", str(self.folder / "environment"), "--cache", str(self.folder / "cache")]
        command += [
            "--mark",
            str(self._mark),
            "--log",
            str(self.log),
            "--pip",
            str(pips[-1]),
            "--backend",
            str(backends[-1]),
        ]
        if sources.wheels:
            command += ["--find-links", str(sources.wheels)]
        elif sources.index:
            command += ["--index", sources.index]
        if large:
            command += ["--extra", "torch"]
            if (index := torch_index()) and not sources.index:
                command += ["--torch-index", index]
        return command

    def poll(self) -> bool:
        """Read what the installer has said; True once when it has ended. InstallError where it failed."""
        if self._process is None:
            return False
        ended = self._process.poll() is not None  # before reading, so that its last words are read
        for line in self._news():
            self._take(line)
        if not ended:
            return False
        code, self._process = self._process.returncode, None
        if code:
            raise InstallError("install_failed", self._failure or f"The installer ended with code {code}.")
        return True

    def cancel(self) -> None:
        """Stop an installation. What it has downloaded is kept for the next."""
        if self._process is not None:
            end_group(self._process)
            self._process = None

    def remove(self) -> None:
        """Delete the environment and what was downloaded."""
        self.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _mark(self) -> Path:
        return self.folder / "installed.json"

    @property
    def _report(self) -> Path:
        return self.folder / "install.jsonl"

    def _news(self) -> list[bytes]:
        with open(self._report, "rb") as report:
            report.seek(self._read)
            whole, newline, _ = report.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        return whole.splitlines()

    def _take(self, line: bytes) -> None:
        with contextlib.suppress(ValueError, KeyError):
            said = json.loads(line)
            self._failure = said["sentence"] or self._failure
            factor = STEPS[said["step"]][1]
            if said["step"] == "download":
                self._bytes[said["name"]] = said["done"]
                factor += DOWNLOADS * min(1.0, sum(self._bytes.values()) / 1e6 / self._expected)
            self._last, self.factor = said, max(self.factor, factor)


def _backends(data: Path) -> list[Path]:
    return sorted(data.glob("meshscribe-*.whl"))


def base_python() -> str:
    """Blender's own Python as a program; "" where Blender has none."""
    here = Path(sys.executable)
    return str(here) if here.name.lower().startswith("python") and here.exists() else ""


def torch_index() -> str:
    """Where the right torch for this machine lies; "" for the usual index."""
    if sys.platform == "darwin":
        return ""
    if shutil.which("nvidia-smi"):
        return CUDA_INDEX if sys.platform == "win32" else ""
    return CPU_INDEX


def megabytes(large: bool) -> int:
    """About how much an installation downloads."""
    return LARGE[torch_index()] if large else BASE


def clean(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment without what Blender set for its own Python, which would break another one."""
    kept = {name: value for name, value in variables.items() if not name.upper().startswith("PYTHON")}
    return kept | {"PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def own_group() -> dict[str, object]:
    """Arguments of Popen: a group of its own, so that the child can be ended with its children, no window."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a child of `own_group` with all its children, without waiting long."""
    if process.poll() is not None:
        return
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
