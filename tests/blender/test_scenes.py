"""Grounding and relations on forty scenes that are built in Blender: boxes as the add-on gathers them, answers as the
backend gives them, truth as the scene was laid out. And what can be described at all."""

from __future__ import annotations

from pathlib import Path

import bpy
import msgspec
import numpy as np
import pytest
import stage
import wording

from blender_addon import geometry, reading, scene
from meshscribe.backend.understand import tasks
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.report import report
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.tasks import Ground, Scene, SceneObject

SCENES = 40
tally: dict[str, list[bool]] = {"phrases": [], "questions": []}


def gathered() -> list[SceneObject]:
    """What the add-on sends, as the backend decodes it: their classes are not the same when an extension is tested."""
    return msgspec.json.decode(msgspec.json.encode(scene.gather()), type=list[SceneObject])


@pytest.mark.parametrize("seed", range(SCENES))
def test_a_scene(seed: int) -> None:
    plan = stage.lay_out(seed)
    assert 5 <= len(plan.props) <= 12
    stage.build(plan, ("names", "plans")[seed % 2], seed)
    objects = gathered()
    assert {each.id for each in objects} == {prop.id for prop in plan.props}
    for phrase, meant in stage.phrases(plan, seed):
        ids = tasks.grounded(Ground(objects=objects, phrase=phrase)).ids
        assert set(ids) <= {each.id for each in objects}, "an object was invented"
        tally["phrases"].append(set(ids) == meant)
    for question, truth in stage.questions(plan, seed):
        text = tasks.about_scene(Scene(objects=objects, question=question)).text
        tally["questions"].append(wording.right(text, truth, [each.name for each in objects]))


def test_of_all_phrases_and_questions_enough_are_right() -> None:
    """After all scenes: at least 90 % of 200 and more phrases, and 95 % of 200 and more questions."""
    for kind, least in (("phrases", 0.90), ("questions", 0.95)):
        if len(tally[kind]) >= 200:  # else only some scenes were chosen
            assert np.mean(tally[kind]) >= least, (kind, len(tally[kind]), np.mean(tally[kind]))


# --------------------------------------------------------------------------------------------- gathering the boxes


def box(of: bpy.types.Object) -> tuple[np.ndarray, np.ndarray]:
    found = next(each for each in scene.gather() if each.id == str(of.session_uid))
    return np.array(found.low), np.array(found.high)


def test_boxes_are_those_of_the_evaluated_world() -> None:
    cube = bpy.context.object
    cube.modifiers.new("a", "ARRAY").count = 3
    cube.location, cube.rotation_euler = (5, 0, 1), (0, 0, np.pi / 4)
    bpy.context.view_layer.update()
    low, high = box(cube)
    mesh = reading.read([cube]).mesh
    corners = geometry.to_blender(mesh.vertices)
    assert low == pytest.approx(corners.min(0), abs=1e-5) and high == pytest.approx(corners.max(0), abs=1e-5)


def test_hidden_things_lamps_and_cameras_are_no_objects_of_the_scene() -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.hide_set(True)
    bpy.context.view_layer.update()
    assert [each.name for each in scene.gather()] == ["Cube"]


@pytest.mark.parametrize("add", ["curve.primitive_bezier_circle_add", "object.text_add", "object.metaball_add"])
def test_other_kinds_have_boxes_too(add: str) -> None:
    group, name = add.split(".")
    getattr(getattr(bpy.ops, group), name)()
    made = bpy.context.object
    if made.type == "CURVE":
        made.data.bevel_depth = 0.1
    bpy.context.view_layer.update()
    low, high = box(made)
    assert (high - low).max() > 0.1


def instancer() -> bpy.types.Object:
    """An empty that shows a collection with a cube at (3, 0, 0), moved up by 2."""
    shown = bpy.data.collections.new("shown")
    cube = bpy.data.objects["Cube"]
    bpy.context.scene.collection.children[0].objects.unlink(cube)
    shown.objects.link(cube)
    cube.location = (3, 0, 0)
    made = bpy.data.objects.new("Show", None)
    made.instance_type, made.instance_collection = "COLLECTION", shown
    made.location = (0, 0, 2)
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.update()
    return made


def test_instances_have_the_box_of_what_they_show() -> None:
    low, high = box(instancer())
    assert low == pytest.approx((2, -1, 1)) and high == pytest.approx((4, 1, 3))


def test_instances_are_read() -> None:
    mesh = reading.read([instancer()]).mesh
    assert len(mesh.sizes) == 6
    assert geometry.to_blender(mesh.vertices).min(0) == pytest.approx((2, -1, 1))


def test_linked_duplicates_are_each_a_thing() -> None:
    cube = bpy.context.object
    twin = bpy.data.objects.new("Twin", cube.data)
    twin.location.x = 9
    bpy.context.collection.objects.link(twin)
    bpy.context.view_layer.update()
    assert sorted(each.name for each in scene.gather()) == ["Cube", "Twin"]
    assert box(twin)[0][0] == pytest.approx(8)


@pytest.mark.parametrize(
    ("colour", "word"),
    [((0.6, 0.02, 0.02), "red"), ((0.02, 0.05, 0.5), "blue"), ((0.1, 0.4, 0.1), "green"), ((0.8, 0.6, 0.02), "yellow"),
     ((0.9, 0.9, 0.9), "white"), ((0.01, 0.01, 0.01), "black"), ((0.8, 0.8, 0.8), ""), ((0.15, 0.06, 0.02), "brown")],
)  # fmt: skip
def test_colours_have_names(colour: tuple[float, float, float], word: str) -> None:
    assert scene.colour_word(*colour) == word
    paint = bpy.data.materials.new("x")
    if bpy.app.version < (5, 0, 0):
        paint.use_nodes = True
    paint.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*colour, 1)
    bpy.context.object.data.materials.clear()
    bpy.context.object.data.materials.append(paint)
    assert scene.kind(bpy.context.object).startswith(word)


# -------------------------------------------------------------------------- any object, and against Blender itself


def add(name: str) -> bpy.types.Object:
    bpy.ops.object.select_all(action="DESELECT")
    getattr(bpy.ops.mesh, f"primitive_{name}_add")()
    return bpy.context.object


PRIMITIVES = ["cube", "uv_sphere", "ico_sphere", "cylinder", "cone", "torus", "monkey", "plane", "grid", "circle"]


@pytest.mark.parametrize("name", PRIMITIVES)
@pytest.mark.parametrize(
    "how", ["plain", "subdivided", "decimated", "holes", "flipped", "mirrored", "triangles", "solid"]
)
def test_facts_of_blenders_own_shapes(name: str, how: str) -> None:
    """Counts, area and volume as trimesh and Blender have them, of meshes that nobody trained on."""
    trimesh = pytest.importorskip("trimesh")  # one Blender's Python has it, which is enough

    made = add(name)
    if how == "subdivided":
        made.modifiers.new("s", "SUBSURF").levels = 2
    elif how == "decimated":
        made.modifiers.new("d", "DECIMATE").ratio = 0.4
    elif how == "mirrored":
        made.scale = (-2, 1, 0.5)
    elif how == "triangles":
        made.modifiers.new("t", "TRIANGULATE")
    elif how == "solid":
        made.modifiers.new("s", "SOLIDIFY").thickness = 0.1
    elif how in ("holes", "flipped"):
        import bmesh

        edited = bmesh.new()
        edited.from_mesh(made.data)
        edited.faces.ensure_lookup_table()
        chosen = list(edited.faces)[::4]
        if how == "holes":
            bmesh.ops.delete(edited, geom=chosen, context="FACES_ONLY")
        else:
            bmesh.ops.reverse_faces(edited, faces=chosen)
        edited.to_mesh(made.data)
        edited.free()
    bpy.context.view_layer.update()
    count = len(made.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh().polygons)
    if not count:
        with pytest.raises(ValueError, match="no face"):
            reading.read([made])
        return
    mesh = reading.read([made]).mesh
    known = facts(Mesh(mesh.vertices, mesh.loops, mesh.sizes))
    other = trimesh.Trimesh(mesh.vertices.astype(float), mesh.triangles(), process=False)
    assert known["faces"] == count
    assert known["size"] == pytest.approx(other.extents.tolist(), rel=1e-5, abs=1e-6)
    assert known["area"] == pytest.approx(other.area, rel=4e-3)  # of a bent quad there is no one area
    assert known["parts"] == len(
        trimesh.graph.connected_components(other.edges, nodes=np.unique(other.faces), min_len=1)
    )
    if (mesh.sizes == 3).all() or how != "flipped":
        assert known["closed"] == (other.is_watertight and other.is_winding_consistent)
    if known["closed"]:
        assert known["volume"] == pytest.approx(other.volume, rel=1e-4)
        assert known["volume"] > 0, "a mirrored object keeps its outside"
    assert all(line.endswith(".") for line in report(known))


def test_reading_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Everything an artist may select is read, and the file that is saved then is the one from before, but for the few
    bytes in which any two saves differ."""

    def saved() -> np.ndarray:
        path = str(tmp_path / "all.blend")
        bpy.ops.wm.save_as_mainfile(filepath=path, copy=True, compress=False)
        return np.frombuffer(Path(path).read_bytes(), np.uint8)

    for name in PRIMITIVES:
        add(name)
    bpy.ops.object.text_add()
    bpy.ops.curve.primitive_bezier_curve_add()
    instancer()
    bpy.context.evaluated_depsgraph_get()
    saved()
    before, again = saved(), saved()
    refused = 0
    for each in list(bpy.data.objects):
        try:
            reading.read([each])
        except ValueError as error:
            refused += 1
            assert str(error).endswith(".")
    assert refused == 4, "the camera, the light, the bare curve and the circle"
    assert scene.gather()
    after = saved()
    assert len(after) == len(before) == len(again)
    assert (after != before).sum() <= 2 * (again != before).sum() + 64
