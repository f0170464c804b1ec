"""Tests that drive a real Blender: the bpy module of this Python. Without it they are not collected.

A test starts in Blender's factory scene, with settings of its own.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # for `blender_addon`, which is no part of the meshscribe package
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-blender-")  # before bpy is imported

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
