"""Objects are read as they are seen, wherever and however they stand; the artist's data stays as it is, byte
for byte."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
import pytest

from blender_addon import geometry, reading
from blender_addon.geometry import Placement
from blender_addon.shared import obj
from blender_addon.shared.obj import LLAMA_MESH, PARTS, write


def snapshot(data: bpy.types.Mesh) -> list[bytes]:
    """Every array of a mesh datablock, as bytes."""
    out = []
    for collection, name, kind, width in (
        (data.vertices, "co", np.float32, 3),
        (data.edges, "vertices", np.int32, 2),
        (data.loops, "vertex_index", np.int32, 1),
        (data.polygons, "loop_start", np.int32, 1),
        (data.polygons, "material_index", np.int32, 1),
        (data.vertices, "select", bool, 1),
    ):
        values = np.empty(len(collection) * width, kind)
        collection.foreach_get(name, values)
        out.append(values.tobytes())
    return out


@pytest.fixture
def made(table) -> bpy.types.Object:
    made = geometry.create("Table", table, Placement.stand(table.vertices, 2.0, (1.0, 2.0, 3.0)))
    geometry.remember(made, prompt="a table")
    return made


def test_what_was_built_is_read_back(made, table):
    back = reading.read([made])
    stood = Placement.stand(table.vertices, 2.0, (1.0, 2.0, 3.0))
    expected = geometry.to_obj(stood.local(table.vertices) + np.array(stood.location))
    assert back.mesh.faces() == table.faces()
    assert np.abs(back.mesh.vertices - expected).max() < 1e-5
    assert [(p.name, p.material) for p in back.mesh.parts] == [(p.name, p.material) for p in table.parts]
    assert back.origin == pytest.approx((1.0, 2.0, 3.0))


@pytest.mark.parametrize("dialect", [PARTS, LLAMA_MESH], ids=lambda d: d.name)
def test_it_goes_through_the_codec_and_back_within_half_a_step(made, dialect):
    made.rotation_euler, made.scale = (0.3, 0.2, 1.0), (1.0, 2.0, 0.5)
    bpy.context.view_layer.update()
    before = reading.read([made])
    written = write(before.mesh, dialect)
    steps = obj.read(written.text, dialect).mesh
    again = steps.with_vertices(written.grid.decode(steps.vertices))
    put = geometry.create("Again", again, Placement.world(before.origin))
    geometry.remember(put, prompt="again")
    bpy.context.view_layer.update()
    after = reading.read([put]).mesh
    assert tuple(put.location) == pytest.approx(tuple(made.matrix_world.translation), abs=1e-6)
    gaps = np.abs(after.vertices[:, None] - before.mesh.vertices[None]).max(2)
    bound = written.grid.step * 0.502 + 1e-5
    assert gaps.min(1).max() <= bound  # nothing new lies elsewhere
    assert gaps.min(0).max() <= bound  # nothing old is missing
    assert write(after, dialect, grid=written.grid).text == written.text


@pytest.mark.parametrize("scale", [(-1, 1, 1), (1, -2, 0.5), (-1, -1, -1)])
def test_a_mirrored_object_keeps_its_outside(made, scale):
    volume = reading.read([made]).mesh.volume()
    made.scale = scale
    bpy.context.view_layer.update()
    assert reading.read([made]).mesh.volume() == pytest.approx(volume * abs(np.prod(scale)), rel=1e-4)


def test_modifiers_count_and_stay():
    cube = bpy.context.object
    cube.modifiers.new("s", "SUBSURF").levels = 1
    cube.modifiers.new("m", "MIRROR")
    before = snapshot(cube.data)
    assert len(reading.read([cube]).mesh.sizes) > 6
    assert snapshot(cube.data) == before
    assert [m.type for m in cube.modifiers] == ["SUBSURF", "MIRROR"]
    assert len(bpy.data.meshes) == 1


def test_an_edit_in_progress_counts_and_goes_on():
    cube = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    edit = bmesh.from_edit_mesh(cube.data)
    edit.verts.ensure_lookup_table()
    edit.verts[0].co.x = -7.0
    bmesh.update_edit_mesh(cube.data)
    before = snapshot(cube.data)
    assert reading.read([cube]).mesh.bounds()[0][0] == -7.0
    assert snapshot(cube.data) == before
    assert cube.mode == "EDIT"
    assert edit.is_valid
    assert edit.verts[0].co.x == -7.0


def test_shared_and_hidden_data_and_the_selection_stay(made):
    twin = bpy.data.objects.new("twin", made.data)
    bpy.context.collection.objects.link(twin)
    twin.location.x = 5
    twin.hide_set(True)
    before, selected = snapshot(made.data), bpy.context.view_layer.objects.selected[:]
    both = reading.read([made, twin])
    assert len(both.mesh.sizes) == 2 * len(made.data.polygons)
    assert snapshot(made.data) == before
    assert bpy.context.view_layer.objects.selected[:] == selected
    assert made.data.users == 2


def test_several_objects_stand_on_their_common_base(made):
    cube = bpy.data.objects["Cube"]
    cube.location = (0, 0, 9)
    bpy.context.view_layer.update()
    both = reading.read([made, cube, bpy.data.objects["Camera"]])
    assert len(both.mesh.sizes) == len(made.data.polygons) + 6
    low, high = geometry.to_blender(both.mesh.bounds())
    assert both.origin == pytest.approx((0.5, 1.0, 3.0), abs=1e-5)
    assert both.mesh.parts[-1].name == "part"
    both.mesh.check()


def test_an_artists_own_groups_and_materials_are_no_parts():
    cube = bpy.context.object
    cube.vertex_groups.new(name="Bone.L").add(list(range(8)), 1.0, "REPLACE")
    mesh = reading.read([cube]).mesh
    assert mesh.parts == ()
    assert (len(mesh.vertices), len(mesh.sizes)) == (8, 6)
    cube.data.materials[0].name = "Dark wood.001"
    assert reading.read([cube]).mesh.parts[0].material == "darkwood"


def test_vertices_without_a_face_are_left_out():
    data = bpy.data.meshes.new("loose")
    data.from_pydata([(9, 9, 9), (0, 0, 0), (1, 0, 0), (0, 1, 0), (5, 5, 5)], [(0, 4)], [(1, 2, 3)])
    loose = bpy.data.objects.new("loose", data)
    bpy.context.collection.objects.link(loose)
    mesh = reading.read([loose]).mesh
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, -1]]
    assert mesh.faces() == [(0, 1, 2)]


def test_text_and_curves_are_read_as_they_are_drawn():
    bpy.ops.object.text_add()
    assert len(reading.read([bpy.context.object]).mesh.sizes) > 0


def test_nothing_to_read_is_said_in_a_sentence():
    with pytest.raises(ValueError, match="Select a mesh"):
        reading.read([bpy.data.objects["Camera"]])
    empty = bpy.data.objects.new("empty", bpy.data.meshes.new("empty"))
    bpy.context.collection.objects.link(empty)
    with pytest.raises(ValueError, match="no face"):
        reading.read([empty])
