"""The chat on a real backend with the starter: objects and scenes are asked about, answers are acted on, and every
question is sent with the mesh as it is at that moment."""

from __future__ import annotations

import time
from pathlib import Path

import bpy
import stage

from blender_addon import conversation, geometry, naming, runtime, scene
from blender_addon.runtime import Runtime
from blender_addon.shared.tasks import Ask, Names
from blender_addon.ui import addon as addon_ui


def settle(who: bpy.types.ID) -> list[tuple[str, str]]:
    """Tick until the question to it is answered."""
    until = time.monotonic() + 60
    while conversation.waiting(who) is not None:
        addon_ui.tick()
        now = runtime.current()
        assert now.failed is None, now.failed.sentence
        assert time.monotonic() < until, "no answer came"
        time.sleep(0.01)
    addon_ui.tick()
    return conversation.dialogue(who.meshscribe_chat)


def ask(question: str = "", task: str = "", about: str = "OBJECT") -> list[tuple[str, str]]:
    """Press the button, and wait for the answer."""
    talk = bpy.context.scene.meshscribe_talk
    talk.about, talk.question = about, question
    who = bpy.context.scene if about == "SCENE" else bpy.context.object
    assert bpy.ops.meshscribe.chat_ask(task=task) == {"FINISHED"}
    return settle(who)


def test_an_object_is_asked_about(talker: Runtime) -> None:
    assert ask("How many faces does it have?")[-1] == ("assistant", "It has 6 faces.")
    assert ask("Is it closed?")[-1][1].startswith("Yes.")
    turns = ask("What would Picasso say about it?")
    assert "LLaMA-Mesh" in turns[-1][1]
    assert [role for role, _ in turns] == ["user", "assistant"] * 3
    assert bpy.context.scene.meshscribe_talk.question == ""


def test_every_turn_speaks_of_the_mesh_as_it_is(talker: Runtime) -> None:
    """Twenty turns with a change between: the mesh that is sent and the answer are always those of now."""
    cube = bpy.context.object
    for turn in range(20):
        geometry_before = len(cube.data.polygons)
        said = ask("How many faces does it have?")[-1][1]
        assert said == f"It has {geometry_before:,} faces."
        request = next(job for job in reversed(talker.session.jobs.values()) if isinstance(job.request, Ask)).request
        assert len(request.mesh.sizes) // 4 == geometry_before
        assert len(request.dialogue) == min(2 * turn, conversation.SENT)
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=turn + 2, y_subdivisions=1)
        cube.data = bpy.context.object.data
        bpy.data.objects.remove(bpy.context.object)
        geometry.select(cube)
    assert len(cube.meshscribe_chat.turns) == conversation.KEPT
    ask("How many vertices does it have?")
    assert len(cube.meshscribe_chat.turns) == conversation.KEPT, "the oldest turns go"


def test_objects_keep_their_own_conversations_in_the_file(talker: Runtime, tmp_path: Path) -> None:
    ask("How many faces does it have?")
    bpy.ops.mesh.primitive_plane_add()
    assert not len(bpy.context.object.meshscribe_chat.turns)
    ask("How many faces does it have?")
    ask("What is here?", about="SCENE")
    path = str(tmp_path / "chat.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    answers = {
        each.name: [t.text for t in each.meshscribe_chat.turns] for each in bpy.data.objects if each.type == "MESH"
    }
    assert answers["Cube"][1] == "It has 6 faces." and answers["Plane"][1] == "It has 1 faces.".replace(
        "1 faces", "one face"
    )
    assert len(bpy.context.scene.meshscribe_chat.turns) == 2


def test_a_name_becomes_the_objects(talker: Runtime, table) -> None:
    made = geometry.create("Cube.001", table, geometry.Placement.stand(table.vertices, 1.0, (0, 0, 0)))
    made.vertex_groups.clear()
    ask(task="NAME")
    turn = made.meshscribe_chat.turns[-1]
    assert turn.names and bpy.ops.meshscribe.chat_act(act="RENAME") == {"FINISHED"}
    assert made.name != "Cube.001" and made.name.lower() == turn.text.lower()
    assert len(made.vertex_groups) and all(vertex.groups for vertex in made.data.vertices)


def test_pieces_get_groups_in_their_order() -> None:
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0))
    bpy.ops.object.mode_set(mode="EDIT")
    for x in (3, 6):
        bpy.ops.mesh.primitive_cube_add(size=1, location=(x, 0, 0))
    bpy.ops.object.mode_set(mode="OBJECT")
    cubes = bpy.context.object
    assert naming.rename(cubes, Names(object="three cubes", parts=["left", "right", "right"])) == 2
    assert cubes.name == "Three cubes"
    names = {round(v.co.x / 3): cubes.vertex_groups[v.groups[0].group].name for v in cubes.data.vertices}
    assert names == {0: "left", 1: "right", 2: "right"}
    assert naming.rename(cubes, Names(object="x", parts=["one", "two"])) == 0, "named for another mesh"


def test_a_prompt_is_taken_over(talker: Runtime) -> None:
    ask(task="PROMPT")
    assert bpy.ops.meshscribe.chat_act(act="PROMPT") == {"FINISHED"}
    prompt = bpy.context.scene.meshscribe.prompt
    assert prompt == bpy.context.object.meshscribe_chat.turns[-1].text and prompt[:1].islower()


def test_a_phrase_selects(talker: Runtime) -> None:
    plan = stage.lay_out(4)
    stage.build(plan, "names", 4)
    for text, meant in stage.phrases(plan, 4)[:12]:
        ask(f"select {text}" if not text.startswith(("select", "find", "show")) else text, about="SCENE")
        chosen = {str(each.session_uid) for each in bpy.context.selected_objects}
        assert chosen == meant, text
    ask("select the piano", about="SCENE")
    turn = bpy.context.scene.meshscribe_chat.turns[-1]
    assert "There is no piano" in turn.text and turn.found == ""


def test_nameless_objects_are_read_before_a_question(talker: Runtime) -> None:
    plan = stage.lay_out(3)
    stage.build(plan, "bare", 3)
    assert all(scene.nameless(prop.made) for prop in plan.props)
    ask(task="DESCRIBE", about="SCENE")
    assert not any(scene.nameless(prop.made) for prop in plan.props)
    assert all(each.kind for each in scene.gather())
    names = len([job for job in talker.session.jobs.values() if type(job.request).__name__ == "Name"])
    assert names == 0, "jobs that only read are forgotten"
    ask("What is missing?", about="SCENE")


def test_asking_changes_nothing_but_the_conversation(talker: Runtime) -> None:
    cube = bpy.context.object
    cube.modifiers.new("s", "SUBSURF")
    before = ([tuple(v.co) for v in cube.data.vertices], cube.name, list(cube.vertex_groups), len(bpy.data.meshes))
    assert ask("How many faces does it have?")[-1][1] != "It has 6 faces.", "the modifier counts"
    ask(task="NAME")
    after = ([tuple(v.co) for v in cube.data.vertices], cube.name, list(cube.vertex_groups), len(bpy.data.meshes))
    assert after == before


def test_undo_does_not_take_a_conversation(talker: Runtime) -> None:
    cube = bpy.context.object
    ask("How many faces does it have?")
    cube.meshscribe_chat.turns.clear()  # as undo does with what came after its step
    conversation.disturb()
    addon_ui.tick()
    assert len(cube.meshscribe_chat.turns) == 2
    assert bpy.ops.meshscribe.chat_clear() == {"FINISHED"}
    conversation.disturb()
    addon_ui.tick()
    assert len(cube.meshscribe_chat.turns) == 0


def test_what_cannot_be_read_is_said(talker: Runtime) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.data.clear_geometry()
    bpy.context.scene.meshscribe_talk.question = "What is it?"
    assert bpy.ops.meshscribe.chat_ask() == {"CANCELLED"}
    assert "no face" in talker.problem.sentence
