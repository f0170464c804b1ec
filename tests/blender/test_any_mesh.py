"""Describing anything that can be selected, through a backend with the starter: an answer or a plain sentence, and the
file as it was. How long each takes: benchmarks/any_mesh.py."""

from __future__ import annotations

import anything
import bpy
import pytest

from blender_addon.runtime import Runtime

SOLIDS = {"cube": "A cube.", "uv_sphere": "A ball.", "ico_sphere": "A ball.", "cylinder": "A cylinder.",
          "cone": "A cone.", "torus": "A ring.", "plane": "A flat rectangle."}  # fmt: skip
DENSE = ("sphere of 1,000,000 faces", "sphere of 100,000 faces")


def state() -> list[tuple[object, ...]]:
    """What is in the file, as far as reading could touch it."""
    objects = [(each.name, each.mode, tuple(map(tuple, each.matrix_world))) for each in bpy.data.objects]
    meshes = [(each.name, len(each.vertices), len(each.polygons), each.users) for each in bpy.data.meshes]
    return [*objects, *meshes, (len(bpy.data.curves), len(bpy.data.collections), len(bpy.data.node_groups))]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in anything.MADE if name not in DENSE[:1]])
def test_there_is_an_answer_and_nothing_is_touched(talker: Runtime, name: str) -> None:
    made = anything.MADE[name]()
    bpy.context.view_layer.update()
    before = state()
    if name in ("an empty mesh", "a single edge"):
        with pytest.raises(ValueError, match=r"There is no face in the selection\."):
            talker.session.describe([made])
    else:
        job = talker.session.describe([made])
        while not job.over:
            talker.tick(wait=0.05)
        assert job.state == "done" and job.text.endswith("."), job.sentence
        assert SOLIDS.get(name, job.text) == job.text
        if name.startswith("sphere"):
            assert job.text == "A ball."
        if job.outcome.notes:
            assert f"{job.outcome.facts['faces']:,} faces" in job.text, "what was not read is at least counted"
    assert state() == before
