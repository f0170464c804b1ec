"""Grounding and relations on scenes that are built in Blender: `python benchmarks/scenes.py [40]`, a table for three
ways of knowing what a thing is: the artist's names, the plans of objects that MeshScribe made, and nothing but what the
starter reads in each mesh. Truth is how a scene was laid out (tests/blender/stage.py)."""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "blender")]
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-bench-")  # before bpy is imported

import bpy
import msgspec
import stage

from blender_addon import reading, scene
from meshscribe.backend.engines.base import Hooks
from meshscribe.backend.engines.local import open_engine
from meshscribe.backend.understand import tasks
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.tasks import Ground, MeshData, Name, Scene, SceneObject


def right(text: str, truth: bool | int | set[str], names: list[str]) -> bool:
    if isinstance(truth, bool):
        return text.startswith("Yes" if truth else "No")
    if isinstance(truth, int):
        return text.startswith(f"{truth}:" if truth else "None.")
    said = {name for name in names if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])(?!\.\d)", text)}
    return said == truth


def shared(mesh: object) -> Mesh:
    """The add-on's mesh as the backend's."""
    parts = tuple(Part(part.name, part.material, part.vertices, part.faces) for part in mesh.parts)
    return Mesh(mesh.vertices, mesh.loops, mesh.sizes, parts)


def measure(named: str, count: int, engine) -> None:
    tally: dict[str, list[bool]] = {"phrases": [], "questions": [], "read": []}
    invented, spent = 0, []
    hooks = Hooks(lambda text, tokens: None, lambda *step: None, lambda: False)
    for seed in range(count):
        plan = stage.lay_out(seed)
        stage.build(plan, named, seed)
        objects = msgspec.json.decode(msgspec.json.encode(scene.gather()), type=list[SceneObject])
        if named == "bare":
            kinds = {}
            for prop in plan.props:
                data = MeshData.pack(shared(reading.read([prop.made]).mesh))
                began = time.perf_counter()
                outcome = engine.run(Name(mesh=data), hooks)
                spent.append(time.perf_counter() - began)
                kinds[prop.id] = f"{prop.colour} {outcome.names.object}".lower().strip()
                tally["read"].append(prop.kind in kinds[prop.id])
            objects = [msgspec.structs.replace(each, kind=kinds[each.id]) for each in objects]
        names = [each.name for each in objects]
        for phrase, meant in stage.phrases(plan, seed):
            ids = set(tasks.grounded(Ground(objects=objects, phrase=phrase)).ids or ())
            invented += bool(ids - {each.id for each in objects})
            tally["phrases"].append(ids == meant)
        for question, truth in stage.questions(plan, seed):
            text = tasks.about_scene(Scene(objects=objects, question=question)).text
            tally["questions"].append(right(text, truth, names))
    said = {
        kind: f"{sum(done)}/{len(done)} ({100 * sum(done) / len(done):.1f} %)" for kind, done in tally.items() if done
    }
    took = f"{1000 * sum(spent) / len(spent):.0f} ms" if spent else ""
    print(
        f"| {named} | {said.get('read', '')} | {took} | {said['phrases']} | {invented} | {said['questions']} |",
        flush=True,
    )


def main(count: int) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    random.seed(0)
    engine = open_engine("starter", lambda *step: None)
    print("| things are known by | read right | a reading | phrases right | invented | questions right |")
    print("|---|---|---|---|---|---|")
    for named in ("names", "plans", "bare"):
        measure(named, count, engine)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
