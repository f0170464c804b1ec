"""A backend with the starter, in a folder of its own, and questions about the open scene that it answers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from shape_backend import PYTHON, up

from blender_addon.job import Job
from blender_addon.runtime import Runtime
from blender_addon.scene import Inquiry
from blender_addon.shared.tasks import Ground, Scene, SceneObject


def serve(home: Path) -> subprocess.Popen[bytes]:
    """Start it, and wait until it can be reached."""
    return up(home, [PYTHON, "-m", "meshscribe.backend.cli", "serve"], MESHSCRIBE_HOME=str(home))


def asked(now: Runtime, ask: Callable[[list[SceneObject]], Scene | Ground]) -> Job:
    """The answer to a question about the scene, asked as the panel does: nameless objects are read first."""
    inquiry = Inquiry(now.session, ask, "starter")
    now.ended, until = inquiry.heard, time.monotonic() + 120
    while inquiry.job is None or not inquiry.job.over:
        now.tick(wait=0.01)
        assert time.monotonic() < until, "no answer came"
    now.session.forget(inquiry.job)
    assert inquiry.job.outcome is not None, inquiry.job.sentence
    return inquiry.job
