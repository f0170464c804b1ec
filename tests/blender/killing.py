"""A Blender that is killed while its jobs run: what is left of the backend, and what the journal holds."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import blender_addon

BLENDER = """
import sys, time
from importlib import import_module
from pathlib import Path
import bpy
addon = sys.argv[1]
Sources = import_module(addon + ".environment").Sources
Backend = import_module(addon + ".process").Backend
Runtime = import_module(addon + ".runtime").Runtime
home, own, python = map(Path, sys.argv[2:5])
now = Runtime(home, Backend(own, Sources(own), python))
now.backend.shared = sys.argv[5] == "shared"
now.start()
said = set()
while True:
    now.tick()
    for job in now.session.jobs.values():
        if job.state != "sent" and job.id not in said:
            said.add(job.id)
            print("\\nACCEPTED", job.id, flush=True)
    if now.session.link and now.session.link.state == "open" and len(now.session.active) < 3:
        now.session.generate("a round table with four legs")
    time.sleep(0.01)
"""


def kill_one(python: Path, folder: Path, delay: float = 0.0, shared: bool = False) -> tuple[int, float]:
    """Start a Blender whose backend runs on `python`, let jobs run, and kill it so many seconds after the first was
    accepted. How many jobs it knew to be accepted, all of which the journal holds, and after how many seconds the
    last process of its backend was gone. A shared backend stays, and is not waited for."""
    home = folder / "home"
    arguments = [blender_addon.__name__, str(home), str(folder / "own"), str(python), "shared" if shared else "own"]
    command = [sys.executable, "-c", BLENDER, *arguments]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as blender:
        accepted = [next(accepted_in(blender.stdout))]
        time.sleep(delay)
        assert processes(home)
        blender.kill()
        accepted += accepted_in(blender.stdout)
    killed = time.monotonic()
    while not shared and processes(home):
        assert time.monotonic() - killed < 10, "the backend stays"
        time.sleep(0.02)
    gone = time.monotonic() - killed
    with contextlib.closing(sqlite3.connect(next(home.glob("*.sqlite*")))) as journal:
        known = {job for (job,) in journal.execute("select id from jobs")}
    assert set(accepted) <= known
    return len(accepted), gone


def accepted_in(lines):
    """Ids in what it says; Blender talks too."""
    return (line.split()[1] for line in lines if line.startswith("ACCEPTED "))


def processes(home: Path) -> list[int]:
    """Everything that runs for the backend in this folder: its processes inherit where it lies. Linux only."""
    mark, found = f"MESHSCRIBE_HOME={home}\0".encode(), []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if mark in (each / "environ").read_bytes():
                found.append(int(each.name))
    return found
