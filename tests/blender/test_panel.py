"""The panel and its operators, with a real backend and without a window: the tick is called by hand, the panels
are drawn into lists."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest
from layout import draw

from blender_addon import geometry, runtime
from blender_addon.process import Trouble
from blender_addon.troubles import FIXES
from blender_addon.ui import addon as switch
from blender_addon.ui import history, panel, status
from blender_addon.ui.history import active_entry


def until(condition, timeout: float = 100.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(min(0.01, switch.tick()))


def ask(prompt: str, **wishes) -> None:
    settings = bpy.context.scene.meshscribe
    settings.prompt = prompt
    for name, value in wishes.items():
        setattr(settings, name, value)
    assert bpy.ops.meshscribe.generate() == {"FINISHED"}


def idle(now) -> bool:
    return not now.session.active


def generate_panel():
    return draw(panel.MESHSCRIBE_PT_generate)


def test_the_backend_is_found_and_the_model_loaded(addon):
    assert addon.state in ("off", "starting")
    until(lambda: addon.state == "ready")
    assert generate_panel().words()[0].startswith("Ready")


def test_an_empty_panel_shows_examples_and_one_press_takes_one(addon):
    shown = generate_panel()
    assert shown.operators().count("meshscribe.use_prompt") == 3
    assert "meshscribe.generate" in shown.operators()
    assert not bpy.ops.meshscribe.generate.poll()
    bpy.ops.meshscribe.use_prompt(prompt=shown.button("meshscribe.use_prompt").prompt)
    assert bpy.context.scene.meshscribe.prompt == "a round table with four legs"
    assert "meshscribe.use_prompt" not in generate_panel().operators()


def test_a_press_makes_a_mesh_and_the_button_becomes_progress(addon):
    ask("a table delay=0.01")
    words = []

    def watch() -> bool:
        shown = generate_panel()
        if not idle(addon):
            assert "meshscribe.cancel" in shown.operators()
            words.extend(shown.words())
        return idle(addon)

    until(watch)
    job = next(iter(addon.session.jobs.values()))
    parts = len(job.reader.mesh().parts)
    assert len({word for word in words if "faces" in word}) > 3
    assert {f"Part {n} of {parts}" for n in range(1, parts + 1)} & set(words)
    made = bpy.context.object
    assert made.name.startswith("Table")
    assert geometry.recall(made)["seed"] == str(bpy.context.scene.meshscribe.seed)
    shown = generate_panel()
    assert "meshscribe.cancel" not in shown.operators()
    assert "meshscribe.finish" in shown.operators()
    assert any("faces in" in word for word in shown.words())
    assert any(word.startswith("table, ") for word in shown.words())


def test_the_seed_is_drawn_anew_unless_locked(addon):
    settings = bpy.context.scene.meshscribe
    seeds = []
    for lock in (False, False, True):
        settings.lock_seed = lock
        ask("a table")
        seeds.append(settings.seed)
        until(lambda: idle(addon))
    assert seeds[0] != seeds[1] == seeds[2]
    bpy.ops.meshscribe.roll_seed()
    assert settings.seed != seeds[2]


def test_cancel_acts_in_the_press(addon):
    ask("a slow table delay=0.05")
    until(lambda: addon.session.active and addon.session.active[0].reader.faces)
    bpy.ops.meshscribe.cancel()
    assert idle(addon)
    assert any(word.startswith("Cancelled") for word in generate_panel().words())


def test_jobs_queue_and_each_can_be_cancelled(addon):
    for number in range(3):
        ask(f"a slow table {number} delay=0.02")
    shown = generate_panel()
    assert shown.operators().count("meshscribe.cancel") == 4  # the first, two that wait, all
    second = addon.session.active[1]
    bpy.ops.meshscribe.cancel(job=second.id)
    assert second.state == "cancelled"
    assert len(addon.session.active) == 2
    bpy.ops.meshscribe.cancel()
    assert idle(addon)


def test_variations_stand_side_by_side_and_one_is_kept(addon):
    before = set(bpy.data.objects)
    ask("a table", count=3, size=2.0)
    until(lambda: idle(addon))
    made = sorted((each for each in bpy.data.objects if each not in before), key=lambda each: each.location.x)
    assert [each.location.x for each in made] == pytest.approx([0.0, 2.5, 5.0])
    assert len({geometry.recall(each)["seed"] for each in made}) == 3
    geometry.select(made[1])
    name = made[1].name
    assert "meshscribe.keep" in generate_panel().operators()
    bpy.ops.meshscribe.keep()
    assert {each.name for each in bpy.data.objects if each not in before} == {name}
    assert bpy.data.objects[name].location.x == pytest.approx(0.0)
    assert not bpy.ops.meshscribe.keep.poll()


def test_a_failure_is_on_the_panel_with_a_button(addon):
    ask("a table fail=out_of_memory")
    until(lambda: addon.failed is not None)
    shown = generate_panel()
    assert "The script says so." in " ".join(shown.words())
    assert "meshscribe.use_model" in shown.operators()
    assert "out_of_memory" in status.details()
    bpy.ops.meshscribe.dismiss()
    assert addon.problem is None


def test_words_instead_of_a_mesh_offer_another_seed(addon):
    ask("a table say=sorry", lock_seed=True, seed=3)
    until(lambda: addon.failed is not None)
    assert generate_panel().button("meshscribe.repeat").new_seed is True
    bpy.ops.meshscribe.repeat(new_seed=True)
    settings = bpy.context.scene.meshscribe
    assert settings.seed != 3
    assert settings.lock_seed
    until(lambda: idle(addon))


@pytest.mark.parametrize("code", sorted(FIXES))
def test_every_fix_can_be_drawn(addon, code):
    addon.trouble = Trouble(code, "A sentence.")
    shown = generate_panel()
    assert FIXES[code].operator in shown.operators()


def test_every_code_of_the_protocol_has_a_fix():
    from typing import get_args

    from blender_addon.shared.messages import Code

    assert set(get_args(Code)) <= set(FIXES)


def test_an_answer_that_is_cut_says_so(addon):
    ask("a table cut=700")
    until(lambda: idle(addon))
    assert any(word.startswith("Cut off") for word in generate_panel().words())
    assert active_entry(bpy.context).outcome == "cut"


def test_history_finds_its_object_after_a_rename(addon):
    ask("a first table")
    until(lambda: idle(addon))
    bpy.context.object.name = "Mine"
    bpy.ops.object.select_all(action="DESELECT")
    ask("a second table")
    until(lambda: idle(addon))
    entries = bpy.context.scene.meshscribe_history.entries
    assert [entry.prompt for entry in entries] == ["a first table", "a second table"]
    bpy.context.scene.meshscribe_history.active = 0
    bpy.ops.meshscribe.history_select()
    assert bpy.context.object.name == "Mine"
    assert draw(panel.MESHSCRIBE_PT_history).operators()
    bpy.ops.meshscribe.history_asset()
    assert bpy.context.object.asset_data.description == "a first table"
    bpy.data.objects.remove(bpy.context.object)
    assert not bpy.ops.meshscribe.history_select.poll()


def test_history_is_saved_repeated_and_deleted(addon, tmp_path):
    ask("a table", lock_seed=True, seed=7, temperature=0.3)
    until(lambda: idle(addon))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    assert not bpy.context.scene.meshscribe_history.entries
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "t.blend"))
    entry = active_entry(bpy.context)
    assert (entry.prompt, entry.seed, entry.outcome) == ("a table", "7", "done")
    assert entry.temperature == pytest.approx(0.3)
    bpy.context.scene.meshscribe.prompt = "something else"
    bpy.ops.meshscribe.history_repeat()
    assert bpy.context.scene.meshscribe.prompt == "a table"
    until(lambda: idle(addon))
    assert [entry.seed for entry in bpy.context.scene.meshscribe_history.entries] == ["7", "7"]
    bpy.ops.meshscribe.history_delete()
    assert len(bpy.context.scene.meshscribe_history.entries) == 1
    bpy.ops.meshscribe.history_delete(everything=True)
    history.disturb()
    switch.tick()
    assert not bpy.context.scene.meshscribe_history.entries


def test_undo_takes_the_object_but_not_the_entry(addon):
    ask("a table")
    until(lambda: idle(addon))
    bpy.context.scene.meshscribe_history.entries.clear()  # what undo does; it needs a window
    switch._undone()
    switch.tick()
    assert len(bpy.context.scene.meshscribe_history.entries) == 1


def test_undo_while_it_grows_does_not_end_the_job(addon):
    ask("a slow table delay=0.02")
    until(lambda: addon.session.active[0].reader.faces > 2)
    bpy.data.objects.remove(addon.session.active[0].object())
    switch._undone()
    until(lambda: idle(addon))
    assert bpy.context.object.name.startswith("Slow table")
    assert len(bpy.context.object.data.polygons) > 10


def test_a_description_streams_and_can_be_used(addon):
    cube = bpy.context.object
    before = [tuple(v.co) for v in cube.data.vertices]
    bpy.context.scene.meshscribe.question = "say=A_plain_cube. delay=0.05"
    assert "Describe Cube" in [each[2] for each in draw(panel.MESHSCRIBE_PT_describe).shown if each[0] == "operator"]
    bpy.ops.meshscribe.describe()
    until(lambda: idle(addon))
    shown = draw(panel.MESHSCRIBE_PT_describe)
    assert "A_plain_cube." in shown.words()
    bpy.ops.meshscribe.store_text()
    assert geometry.recall(cube)["description"] == "A_plain_cube."
    bpy.ops.meshscribe.use_prompt(prompt=shown.button("meshscribe.use_prompt").prompt)
    assert bpy.context.scene.meshscribe.prompt == "A_plain_cube."
    assert [tuple(v.co) for v in cube.data.vertices] == before


def image(made) -> tuple:
    """Everything of an object that an artist could miss."""
    data = made.data
    points, corners = np.empty(len(data.vertices) * 3, np.float32), np.empty(len(data.loops), np.int32)
    data.vertices.foreach_get("co", points)
    data.loops.foreach_get("vertex_index", corners)
    names = [each.name for each in made.modifiers], sorted(made.keys()), len(bpy.data.meshes), made.mode
    return points.tobytes(), corners.tobytes(), [tuple(row) for row in made.matrix_world], names


@pytest.mark.parametrize("how", ["modifiers", "edit mode", "negative scale"])
def test_describing_leaves_every_byte(addon, how):
    cube = bpy.context.object
    if how == "modifiers":
        cube.modifiers.new("Subdivision", "SUBSURF")
    elif how == "negative scale":
        cube.scale = (-1, 2, 1)
    bpy.context.view_layer.update()
    if how == "edit mode":
        bpy.ops.object.mode_set(mode="EDIT")
    before = image(cube)
    bpy.context.scene.meshscribe.question = "say=A_cube."
    bpy.ops.meshscribe.describe()
    until(lambda: idle(addon))
    assert image(cube) == before
    assert list(addon.session.jobs.values())[-1].text == "A_cube."
    if how == "edit mode":
        bpy.ops.object.mode_set(mode="OBJECT")


def test_nothing_selected_is_no_description(addon):
    bpy.ops.object.select_all(action="DESELECT")
    assert not bpy.ops.meshscribe.describe.poll()


def test_a_new_file_ends_the_jobs_and_the_add_on_goes_on(addon):
    ask("a slow table delay=0.05")
    until(lambda: addon.session.active and addon.session.active[0].reader.faces)
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    assert idle(addon)
    assert {each.name for each in bpy.data.objects} == {"Cube", "Camera", "Light"}
    ask("a table")
    until(lambda: idle(addon))
    assert bpy.context.object.name == "Table"


def test_a_mesh_is_not_settled_while_something_is_edited(addon):
    bpy.ops.object.mode_set(mode="EDIT")
    ask("a table")
    until(lambda: addon.session.active[0].outcome is not None)
    for _ in range(20):
        switch.tick()
    assert not idle(addon)
    bpy.ops.object.mode_set(mode="OBJECT")
    until(lambda: idle(addon))


def test_an_error_of_our_own_does_not_end_the_timer(addon, monkeypatch):
    monkeypatch.setattr(addon.session, "tick", lambda *_: 1 / 0)
    assert switch.tick() > 0
    assert addon.trouble.code == "addon"
    assert "ZeroDivisionError" in status.details()


def test_switching_off_and_on_leaves_nothing(addon):
    import blender_addon

    for _ in range(2):
        blender_addon.unregister()
        assert not hasattr(bpy.types.Scene, "meshscribe")
        assert not hasattr(bpy.types, "MESHSCRIBE_PT_generate")
        assert switch._undone not in bpy.app.handlers.undo_post
        assert not bpy.app.timers.is_registered(switch._tick)
        blender_addon.register()
    blender_addon.register()  # Reload Scripts
    assert bpy.app.timers.is_registered(switch._tick)
    assert runtime.current() is not addon


def test_reading_the_scene_in_register_is_not_needed(addon):
    import blender_addon

    blender_addon.unregister()
    try:
        from bpy_restrict_state import RestrictBlend
    except ImportError:  # 5.0 on
        from _bpy_restrict_state import RestrictBlend

    with RestrictBlend():
        blender_addon.register()


def test_preferences_and_menus_draw(addon):
    from types import SimpleNamespace

    from layout import Layout

    from blender_addon.ui import drop, prefs

    # what `self.layout` and the properties are
    for each in (status.MESHSCRIBE_MT_backend, panel.MESHSCRIBE_PT_settings):
        assert draw(each).shown
    layout = Layout()
    drop.draw_add_menu(SimpleNamespace(layout=layout), bpy.context)
    assert layout.operators() == ["meshscribe.ask", "meshscribe.paste"]
    kind, layout = prefs.MESHSCRIBE_AP_preferences, Layout()
    kind.draw(SimpleNamespace(layout=layout, bl_rna=kind.bl_rna), bpy.context)
    assert {"shared", "wheels", "index", "python", "environment"} <= {each[1] for each in layout.shown}


@pytest.mark.parametrize("care", [{"quads": True}, {"merge": 0.001}, {"shading": "AUTO"}, {"fuse": "UNION"}])
def test_after_care_can_be_redone_also_when_undo_took_the_object(addon, care):
    ask("a table")
    until(lambda: idle(addon))
    job = list(addon.session.jobs.values())[-1]
    bpy.data.objects.remove(job.object())
    assert bpy.ops.meshscribe.finish(job=job.id, size=3.0, **care) == {"FINISHED"}
    bpy.context.view_layer.update()
    assert max(job.object().dimensions) == pytest.approx(3.0, rel=1e-3)
    assert bpy.context.object == job.object()
