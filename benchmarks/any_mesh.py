"""Describing whatever an artist may select, in Blender with the starter: `python benchmarks/any_mesh.py`, a table with
the faces, the time that Blender's window stands still, and the time until the answer is there."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "blender")]
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-bench-")  # before bpy is imported
os.environ["MESHSCRIBE_HOME"] = tempfile.mkdtemp(prefix="meshscribe-bench-")

import bpy
from anything import MADE
from starter_backend import serve

import blender_addon
from blender_addon import runtime


def main() -> None:
    home = Path(os.environ["MESHSCRIBE_HOME"])
    process = serve(home)
    blender_addon.register()
    now = runtime.current()
    print("| object | faces | window stands still | answer after | answer |\n|---|---|---|---|---|")
    try:
        for warm in ("cube", *MADE):  # the first starts the backend and loads the model
            bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
            made = MADE[warm]()
            bpy.context.view_layer.update()
            bpy.context.evaluated_depsgraph_get()
            began = time.perf_counter()
            try:
                job = now.session.describe([made])
            except ValueError as error:
                print(f"| {warm} | 0 | {1000 * (time.perf_counter() - began):.0f} ms | | {error} |", flush=True)
                continue
            still = time.perf_counter() - began
            while not job.over:
                now.tick(wait=0.02)
                if time.perf_counter() - began > 300:
                    raise TimeoutError(warm)
            took = time.perf_counter() - began
            said = job.sentence or " ".join([job.text.strip(), *job.outcome.notes])
            faces = job.outcome.facts["faces"] if job.outcome else 0
            print(f"| {warm} | {faces:,} | {1000 * still:.0f} ms | {took:.2f} s | {said} |", flush=True)
    finally:
        blender_addon.unregister()
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
