"""`blender --command meshscribe generate "a round table" --out table.blend`: the add-on without a window."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bpy

from . import api

EXPORTERS = {".obj": "obj_export", ".ply": "ply_export", ".stl": "stl_export"}
WRONG_USE = 2


def run(arguments: list[str]) -> int:
    """Run a command line; the exit status."""
    parser = argparse.ArgumentParser(prog="blender --command meshscribe", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("generate", help="make meshes from a prompt")
    one.add_argument("prompt")
    one.add_argument("--out", type=Path, default=Path("meshscribe.blend"), help=".blend, .obj, .ply, .stl or .glb")
    one.add_argument("--seed", type=int)
    one.add_argument("--count", type=int, default=1)
    one.add_argument("--temperature", type=float, default=0.7)
    one.add_argument("--size", type=float, default=1.0, help="the longest side in metres")
    one.add_argument("--model", default="starter")
    try:
        asked = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    if asked.out.suffix.lower() not in (".blend", ".glb", *EXPORTERS):
        return _fail("--out must end in .blend, .obj, .ply, .stl or .glb.", WRONG_USE)
    try:
        return _generate(asked)
    except ValueError as error:
        return _fail(str(error), WRONG_USE)
    except (api.BackendError, TimeoutError) as error:
        return _fail(str(error), 1)


def _generate(asked: argparse.Namespace) -> int:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    jobs = api.generate(
        asked.prompt,
        model=asked.model,
        seed=asked.seed,
        temperature=asked.temperature,
        metres=asked.size,
        count=asked.count,
    )
    failed = 0
    for job in jobs:
        api.wait(job)
        made = job.object()
        if job.state != "done" or made is None:
            failed = _fail(job.sentence or "The job was cancelled.", 1)
            continue
        faces = len(made.data.polygons)
        print(f"{made.name}: {len(made.data.vertices)} vertices, {faces} faces, seed {job.request.seed}")
    if not any(job.object() for job in jobs):
        return failed or 1
    _save(asked.out.absolute())
    print(asked.out)
    return failed


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
    elif suffix == ".glb":
        bpy.ops.export_scene.gltf(filepath=str(path))
    else:
        getattr(bpy.ops.wm, EXPORTERS[suffix])(filepath=str(path))


def _fail(sentence: str, status: int) -> int:
    print(f"meshscribe: {sentence}", file=sys.stderr)
    return status
