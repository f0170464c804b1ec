"""A backend with the starter, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from shape_backend import PYTHON, ROOT

from blender_addon.shared import connection


def serve(home: Path) -> subprocess.Popen[bytes]:
    """Start it, and wait until it can be reached."""
    command = [PYTHON, "-m", "meshscribe.backend.cli", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MESHSCRIBE_HOME": str(home)})
    until = time.monotonic() + 60
    while not (home / connection.FILE).exists():
        assert process.poll() is None, "the backend has ended"
        assert time.monotonic() < until, "the backend does not come up"
        time.sleep(0.02)
    return process
