"""Tests that drive a real Blender: the bpy module of this Python. Without it they are not collected.

A test starts in Blender's factory scene, with settings of its own. MESHSCRIBE_ZIP=path/to/the.zip installs that
extension by Blender's own operator, and tests its files, with its wheels, in place of the tree's. MESHSCRIBE_PYTHON is
the Python that backends run on, by default this one.
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from blender_addon.runtime import Runtime

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # for `blender_addon`, which is no part of the meshscribe package
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-blender-")  # before bpy is imported

if ZIP := os.environ.get("MESHSCRIBE_ZIP"):
    import bpy
    from installed import install

    install(ZIP)
    bpy.ops.wm.save_userpref()  # for the Blenders that tests start

collect_ignore_glob = [] if importlib.util.find_spec("bpy") else ["test_*.py"]


@pytest.fixture(autouse=True)
def factory_scene() -> None:
    import bpy

    bpy.ops.wm.read_homefile(use_factory_startup=True)


@pytest.fixture
def table():
    """A table of the training shapes: named closed parts with materials, quads and n-gons, free units."""
    from training.shapes import FAMILIES

    plan = {"top": "round", "legs": "4", "height": "medium", "shelf": "yes", "material": "wood"}
    return FAMILIES["table"].mesh(plan, random.Random(5))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a backend that runs; its engine writes training shapes."""
    import shape_backend

    yield from running(shape_backend.serve, tmp_path_factory)


@pytest.fixture(scope="session")
def starter_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a backend that runs, with the starter."""
    import starter_backend

    yield from running(starter_backend.serve, tmp_path_factory)


def running(serve: Callable[[Path], subprocess.Popen[bytes]], folders: pytest.TempPathFactory) -> Iterator[Path]:
    home = folders.mktemp("backend") / "home"
    process = serve(home)
    yield home
    process.terminate()
    process.wait(10)


@pytest.fixture
def addon(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """The add-on, switched on, with the backend that writes training shapes; its runtime."""
    yield from switched_on(home, monkeypatch)


@pytest.fixture
def talker(starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """The add-on, switched on, with the backend that has the starter; its runtime."""
    yield from switched_on(starter_home, monkeypatch)


def switched_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    import blender_addon
    from blender_addon import runtime

    monkeypatch.setenv("MESHSCRIBE_HOME", str(home))
    blender_addon.register()
    yield runtime.current()
    blender_addon.unregister()
