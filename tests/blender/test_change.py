"""An object is changed as told: another one of the same size appears beside it, or in its place."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest
from layout import draw

from blender_addon import api, geometry
from blender_addon.ui import addon as switch
from blender_addon.ui import panel
from blender_addon.ui.history import active_entry


def until(condition, timeout: float = 100.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(min(0.01, switch.tick()))


def change(instruction: str, answer: str = "BESIDE") -> None:
    wishes = bpy.context.scene.meshscribe
    wishes.instruction, wishes.answer = instruction, answer
    assert bpy.ops.meshscribe.change() == {"FINISHED"}


def box(made) -> tuple[np.ndarray, np.ndarray]:
    """The corners of an object's box in the world."""
    bpy.context.view_layer.update()
    points = np.array([made.matrix_world @ v.co for v in made.data.vertices])
    return points.min(0), points.max(0)


@pytest.fixture
def cube():
    made = bpy.data.objects["Cube"]
    made.location, made.rotation_euler, made.scale = (3, -2, 1), (0, 0, 0.4), (2, 0.5, 1)
    bpy.context.view_layer.update()
    return made


def stands_like(low, high, before) -> None:
    """Same middle, same ground, same longest side."""
    assert (low + high)[:2] / 2 == pytest.approx((before[0] + before[1])[:2] / 2, abs=1e-4)
    assert low[2] == pytest.approx(before[0][2], abs=1e-4)
    assert (high - low).max() == pytest.approx((before[1] - before[0]).max(), rel=1e-4)


def test_beside(addon, cube):
    before, bytes_ = box(cube), [tuple(v.co) for v in cube.data.vertices]
    change("make it a table")
    until(lambda: not addon.session.active)
    made = bpy.context.object
    assert made.name == "Cube.001"
    low, high = box(made)
    assert low[0] > before[1][0] - 0.2  # to its right
    aside = np.array([1.25 * (before[1] - before[0]).max(), 0, 0])
    stands_like(low - aside, high - aside, before)
    assert [tuple(v.co) for v in cube.data.vertices] == bytes_
    assert geometry.recall(made)["prompt"] == "make it a table"


def test_instead_takes_place_name_collections_parent_and_children(addon, cube):
    parent, child = bpy.data.objects.new("Parent", None), bpy.data.objects.new("Child", None)
    collection = bpy.data.collections.new("Mine")
    bpy.context.scene.collection.children.link(collection)
    for each in (parent, child, cube):
        collection.objects.link(each)
    parent.location = (0, 5, 0)
    cube.parent, child.parent = parent, cube
    bpy.context.view_layer.update()
    before, childs = box(cube), child.matrix_world.copy()
    bpy.context.view_layer.objects.active = cube
    change("make it a table delay=0.01", "INSTEAD")
    until(lambda: addon.session.active[0].object() is not None)
    assert cube.hide_get()
    until(lambda: not addon.session.active)
    made = bpy.data.objects["Cube"]
    assert bpy.context.object == made
    assert len(made.data.polygons) > 10
    assert len([each for each in bpy.data.objects if each.type == "MESH"]) == 1
    stands_like(*box(made), before)
    assert {each.name for each in made.users_collection} == {"Collection", "Mine"}
    assert (made.parent, child.parent) == (parent, made)
    assert np.array(child.matrix_world) == pytest.approx(np.array(childs), abs=1e-5)
    entry = active_entry(bpy.context)
    assert (entry.task, entry.prompt) == ("change", "make it a table delay=0.01")
    assert bpy.ops.meshscribe.history_select() == {"FINISHED"}


@pytest.mark.parametrize("how", ["cancelled", "failed", "cut"])
def test_instead_of_a_whole_answer_the_object_stays(addon, cube, how):
    change({"cancelled": "delay=0.05", "failed": "fail=deadline", "cut": "cut=700"}[how], "INSTEAD")
    until(lambda: not addon.session.active or addon.session.active[0].object() is not None)
    if how == "cancelled":
        bpy.ops.meshscribe.cancel()
    until(lambda: not addon.session.active)
    assert bpy.data.objects["Cube"] == cube
    assert not cube.hide_get()
    assert len(cube.data.vertices) == 8
    assert len([each for each in bpy.data.objects if each.type == "MESH"]) == (2 if how == "cut" else 1)


def test_the_panel_says_what_is_changed_and_how_far(addon, cube):
    assert not bpy.ops.meshscribe.change.poll()
    assert "meshscribe.change" in draw(panel.MESHSCRIBE_PT_change).operators()
    change("delay=0.05")
    until(lambda: addon.session.active[0].reader.faces > 2)
    shown = draw(panel.MESHSCRIBE_PT_change)
    assert "meshscribe.cancel" in shown.operators()
    assert any("faces" in word for word in shown.words())
    assert "meshscribe.generate" in draw(panel.MESHSCRIBE_PT_generate).operators()
    bpy.ops.meshscribe.cancel()
    bpy.ops.object.select_all(action="DESELECT")
    assert not bpy.ops.meshscribe.change.poll()


def test_after_care_and_the_api(addon, cube):
    job = api.wait(api.change(cube, "make it a table", instead=True, seed=3))
    assert job.state == "done"
    assert bpy.ops.meshscribe.finish(job=job.id, size=1.0, quads=True) == {"FINISHED"}
    low, high = box(job.object())
    assert (high - low).max() == pytest.approx(1.0, rel=1e-3)
    with pytest.raises(ValueError, match="what to change"):
        api.change(job.object(), " ")
