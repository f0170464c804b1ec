"""A backend for tests whose engine writes training shapes, in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from blender_addon.shared import connection

SERVE = """
import os, sys
from pathlib import Path
from meshscribe.backend.serve.broker import serve
sys.exit(serve(Path(sys.argv[1]), worker_command=[sys.executable, sys.argv[2]]))
"""


def serve(home: Path) -> subprocess.Popen[bytes]:
    """Start it, and wait until it can be reached."""
    engine = Path(__file__).with_name("shape_engine.py")
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(home), str(engine)], cwd=engine.parents[2])
    until = time.monotonic() + 20
    while not (home / connection.FILE).exists():
        assert process.poll() is None, "the backend has ended"
        assert time.monotonic() < until, "the backend does not come up"
        time.sleep(0.02)
    return process
