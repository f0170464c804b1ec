"""The add-on as Blender's own operator installs it from a zip, under the name that tests know."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bpy

NAME = "bl_ext.user_default.meshscribe"


def install(path: str) -> None:
    """Install and enable the zip. `blender_addon` is then the installed extension, module by module."""
    bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=True)
    extension = sys.modules["blender_addon"] = importlib.import_module(NAME)
    for found in pkgutil.walk_packages(extension.__path__, NAME + "."):
        sys.modules[found.name.replace(NAME, "blender_addon")] = importlib.import_module(found.name)
