"""Backends for tests: of this tree, and one whose engine writes training shapes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from blender_addon.shared import connection

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("MESHSCRIBE_PYTHON", sys.executable)  # with the backend's packages: Blender's has them not

SERVE = """
import os, sys
from pathlib import Path
from meshscribe.backend.serve.broker import serve
sys.exit(serve(Path(sys.argv[1]), worker_command=[sys.executable, sys.argv[2]]))
"""


def of_this_tree(folder: Path) -> Path:
    """A Python that has the backend of this tree, also where it is not installed."""
    made = folder / "python"
    made.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {PYTHON} "$@"\n')
    made.chmod(0o755)
    return made


def serve(home: Path) -> subprocess.Popen[bytes]:
    """Start the one that writes shapes, and wait until it can be reached."""
    engine = Path(__file__).with_name("shape_engine.py")
    return up(home, [PYTHON, "-c", SERVE, str(home), str(engine)])


def up(home: Path, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
    """Start a backend of that folder by a command, and wait until it can be reached."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    until = time.monotonic() + 100
    while not (home / connection.FILE).exists():
        assert process.poll() is None, "the backend has ended"
        assert time.monotonic() < until, "the backend does not come up"
        time.sleep(0.02)
    return process
