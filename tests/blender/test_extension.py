"""The add-on as Blender sees it: a valid manifest, and code that finds its own modules wherever it is
installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

ADDON = Path(__file__).parents[2] / "blender_addon"


def test_the_manifest_is_valid(tmp_path):
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    tool, tags = (
        scripts / "addons_core/bl_pkg/cli/blender_ext.py",
        scripts / "modules/_bpy_internal/extensions/tags.py",
    )
    if not tool.exists():
        pytest.skip("this Blender comes without its extension tool")
    for name in ("__init__.py", "blender_manifest.toml"):
        (tmp_path / name).write_text((ADDON / name).read_text())
    command = [sys.executable, "-I", str(tool), "validate", str(tmp_path)]
    command += ["--valid-tags", str(tags)] if tags.exists() else []
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(ADDON.glob("**/*.py")), ids=lambda path: path.name)
def test_its_own_modules_are_imported_relatively(path):
    names = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    ]
    assert not {name.split(".")[0] for name in names} & {
        "meshscribe",
        "shared",
        "backend",
        "training",
        "blender_addon",
    }


def test_it_registers_and_unregisters_again_and_again():
    import blender_addon

    for _ in range(2):
        blender_addon.register()
        blender_addon.unregister()
