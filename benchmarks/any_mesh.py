"""Describing whatever an artist may select, in Blender with the starter: `python benchmarks/any_mesh.py`, a table with
the faces, the time that Blender's window stands still, and the time until the answer is there."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "blender")]
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-bench-")  # before bpy is imported
os.environ["MESHSCRIBE_HOME"] = tempfile.mkdtemp(prefix="meshscribe-bench-")

import bpy
import numpy as np
from starter_backend import serve

import blender_addon
from blender_addon import runtime

Make = Callable[[], "bpy.types.Object"]


def primitive(name: str, **options: float) -> Make:
    def make() -> bpy.types.Object:
        getattr(bpy.ops.mesh, f"primitive_{name}_add")(**options)
        return bpy.context.object

    return make


def of(points: np.ndarray, faces: np.ndarray | list, edges: list | tuple = ()) -> bpy.types.Object:
    data = bpy.data.meshes.new("made")
    data.from_pydata(points, edges, faces)
    made = bpy.data.objects.new("made", data)
    bpy.context.collection.objects.link(made)
    return made


def pieces(count: int = 5000) -> bpy.types.Object:
    """Cubes strewn about."""
    bpy.ops.mesh.primitive_cube_add(size=0.2)
    cube = bpy.context.object.data
    corners = np.array([v.co for v in cube.vertices])
    sides = np.array([list(p.vertices) for p in cube.polygons])
    places = np.random.default_rng(0).uniform(-10, 10, (count, 3))
    points = (corners[None] + places[:, None]).reshape(-1, 3)
    return of(points, (sides[None] + 8 * np.arange(count)[:, None, None]).reshape(-1, 4).tolist())


def subdivided(kind: str, levels: int) -> Make:
    def make() -> bpy.types.Object:
        made = primitive(kind)()
        made.modifiers.new("s", "SUBSURF").levels = levels
        return made

    return make


def text() -> bpy.types.Object:
    bpy.ops.object.text_add()
    bpy.context.object.data.extrude = 0.1
    return bpy.context.object


def curve() -> bpy.types.Object:
    bpy.ops.curve.primitive_bezier_circle_add()
    bpy.context.object.data.bevel_depth = 0.1
    return bpy.context.object


def linked() -> bpy.types.Object:
    made = bpy.data.objects.new("linked", primitive("monkey")().data)
    bpy.context.collection.objects.link(made)
    return made


def instanced() -> bpy.types.Object:
    """An empty that shows a collection with a monkey."""
    shown = bpy.data.collections.new("shown")
    monkey = primitive("monkey")()
    bpy.context.collection.objects.unlink(monkey)
    shown.objects.link(monkey)
    made = bpy.data.objects.new("instanced", None)
    made.instance_type, made.instance_collection = "COLLECTION", shown
    bpy.context.collection.objects.link(made)
    return made


MADE: dict[str, Make] = {
    **{
        name: primitive(name)
        for name in ("cube", "uv_sphere", "ico_sphere", "cylinder", "cone", "torus", "plane", "monkey")
    },
    "monkey, subdivided 3 times": subdivided("monkey", 3),
    "sphere of 100,000 faces": primitive("uv_sphere", segments=400, ring_count=250),
    "sphere of 1,000,000 faces": primitive("uv_sphere", segments=1250, ring_count=800),
    "an empty mesh": lambda: of(np.zeros((0, 3)), []),
    "a single edge": lambda: of(np.array([(0, 0, 0), (1, 0, 0)]), [], [(0, 1)]),
    "5,000 loose pieces": pieces,
    "text": text,
    "curve": curve,
    "linked data": linked,
    "an instanced collection": instanced,
}


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
