"""Installer: makes the backend's private environment. A script of its own, run by a Python beside Blender and
never imported by the add-on: standard library only. Says what it does in JSON lines on stdout (step, done,
total, name, sentence), keeps pip's words in a log. Run again, it goes on where it was stopped: what pip has
downloaded stays in its cache."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

NEW_PYTHON, OLD_PYTHON = (3, 15), (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--environment", type=Path, required=True)
    parser.add_argument("--mark", type=Path, required=True, help="a file that says the environment is whole")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--pip", type=Path, required=True, help="pip's wheel")
    parser.add_argument("--backend", type=Path, required=True, help="the backend's wheel")
    parser.add_argument("--find-links", type=Path, help="take everything from this folder, nothing from a network")
    parser.add_argument("--index", default="")
    parser.add_argument("--extra", default="", help="'torch' for the large models")
    parser.add_argument("--torch-index", default="", help="where torch alone is taken from")
    asked = parser.parse_args()
    try:
        install(asked)
    except InstallError as failure:
        say("error", sentence=str(failure))
        return 1
    except OSError as error:
        say("error", sentence=f"{error.filename or asked.environment} cannot be written ({error.strerror}).")
        return 1
    say("done")
    return 0


class InstallError(Exception):
    """Why it could not be installed, in a sentence."""


def install(asked: argparse.Namespace) -> None:
    if not OLD_PYTHON <= sys.version_info[:2] < NEW_PYTHON:
        version = ".".join(map(str, sys.version_info[:2]))
        raise InstallError(f"This is Python {version}; the backend needs 3.11 to 3.14: choose another.")
    say("environment")
    python = asked.environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    known = json.loads(asked.mark.read_text()) if asked.mark.exists() else {}
    if not python.exists():
        asked.mark.unlink(missing_ok=True)
        venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt", clear=True).create(asked.environment)
    extras = sorted({*known.get("extras", []), asked.extra} - {""})
    command = [str(python), "-I", f"{asked.pip}/pip", "install"]
    command += ["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--only-binary", ":all:"]
    command += ["--progress-bar", "raw", "--cache-dir", str(asked.cache), "--resume-retries", "20"]
    if asked.find_links:
        command += ["--no-index", "--find-links", str(asked.find_links)]
    elif asked.torch_index:  # first and from there alone: the usual index has a newer one at times, 3 GB for CUDA
        run([*command, "--index-url", asked.torch_index, "torch"], asked.log, asked.mark)
    elif asked.index:
        command += ["--index-url", asked.index]
    run(
        [*command, "--upgrade", str(asked.backend) + (f"[{','.join(extras)}]" if extras else "")], asked.log, asked.mark
    )
    say("check")
    done = subprocess.run(
        [str(python), "-I", "-m", "meshscribe.backend.cli", "--version"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallError(f"The backend was installed but does not start: {last_line(done.stderr)}")
    asked.mark.write_text(json.dumps({"backend": asked.backend.name, "extras": extras, "python": sys.version}))


def run(command: list[str], log: Path, mark: Path) -> None:
    """Run pip; its progress becomes ours. The mark goes when the environment is touched, so that what was there can be
    used when a download is stopped. InstallError with pip's own last words."""
    with open(log, "a", encoding="utf-8") as words:
        words.write(" ".join(command) + "\n")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        name, error = "", ""
        for line in process.stdout:
            line = line.strip()
            if match := re.match(r"Progress (\d+) of (\d+)", line):
                say("download", name, int(match[1]), int(match[2]))
                continue
            words.write(line + "\n")
            words.flush()
            if match := re.match(r"(?:Downloading|Using cached|Processing) (?:\S*/)?([\w.]+)-", line):
                name = match[1]
                say("download", name)
            elif line.startswith("Installing collected packages"):
                mark.unlink(missing_ok=True)  # until it is whole again
                say("install", total=line.count(",") + 1)
            elif line.startswith("ERROR:"):
                error = error or line.removeprefix("ERROR:").strip()
        if process.wait():
            raise InstallError(explain(error))


def explain(error: str) -> str:
    """pip's error as a sentence that says what to do."""
    if "No space left" in error:
        return "The disk is full: make some room, then go on."
    if match := re.search(r"satisfies the requirement ([\w.-]+)|distribution found for ([\w.-]+)", error):
        package = match[1] or match[2]
        return f"There is no build of {package} in reach: check the network, or the wheel folder in the preferences."
    return f"The packages could not be installed: {error[:300] or 'pip gave no reason, see the log'}"


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


def say(step: str, name: str = "", done: int = 0, total: int = 0, sentence: str = "") -> None:
    print(json.dumps({"step": step, "name": name, "done": done, "total": total, "sentence": sentence}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
