"""A mesh of the codec becomes an object: in place, in size, outward, editable, and marked with where it came
from."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from blender_addon import geometry, materials
from blender_addon.geometry import Placement
from blender_addon.shared.mesh import Mesh, Part
from blender_addon.shared.obj import PARTS, read, write

CURSOR = (1.5, -2.0, 0.75)


def world(made: bpy.types.Object) -> np.ndarray:
    """float64 [V, 3]: the vertices in Blender's world."""
    bpy.context.view_layer.update()
    return np.array([made.matrix_world @ v.co for v in made.data.vertices])


def volume(made: bpy.types.Object) -> float:
    made.data.calc_loop_triangles()
    corners = np.array([[made.data.vertices[i].co for i in t.vertices] for t in made.data.loop_triangles])
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6)


@pytest.fixture
def steps(table) -> Mesh:
    """The table as the codec reads it: integer steps."""
    return read(write(table, PARTS).text, PARTS).mesh


@pytest.fixture
def made(steps) -> bpy.types.Object:
    mesh = geometry.unit(steps, PARTS.bins)
    return geometry.create("Table", mesh, Placement.stand(mesh.vertices, 2.0, CURSOR))


def test_the_axes_turn_and_do_not_mirror():
    turn = geometry.to_blender(np.eye(3)).T
    assert np.linalg.det(turn) == pytest.approx(1.0)
    assert (turn @ (1, 2, 3)).tolist() == [1, -3, 2]
    points = np.random.default_rng(0).normal(size=(9, 3))
    assert (geometry.to_obj(geometry.to_blender(points)) == points).all()


def test_it_stands_on_the_cursor_in_the_size_asked_for(made):
    low, high = world(made).min(0), world(made).max(0)
    assert low[2] == pytest.approx(CURSOR[2], abs=1e-6)
    assert (low + high)[:2] / 2 == pytest.approx(CURSOR[:2], abs=1e-6)
    assert (high - low).max() == pytest.approx(2.0, abs=1e-6)
    assert tuple(made.location) == pytest.approx(CURSOR)
    assert tuple(made.scale) == (1, 1, 1)


def test_metres_become_scene_units():
    bpy.context.scene.unit_settings.scale_length = 0.01
    assert geometry.units(2.0, bpy.context.scene) == pytest.approx(200.0)


def test_every_vertex_lies_where_the_grid_says(made, steps):
    centred = steps.vertices - (steps.vertices.min(0) + steps.vertices.max(0)) / 2
    expected = geometry.to_blender(centred) * 2.0 / 127
    expected[:, 2] -= expected[:, 2].min()
    assert np.abs(world(made) - CURSOR - expected).max() < 1e-6


def test_faces_and_their_order_are_kept(made, steps):
    assert [tuple(p.vertices) for p in made.data.polygons] == steps.faces()
    sizes = {len(p.vertices) for p in made.data.polygons}
    assert 4 in sizes
    assert max(sizes) > 4


def test_outside_is_outside(steps):
    for mesh in (steps, Mesh(steps.vertices, steps.loops[::-1].copy(), steps.sizes[::-1].copy())):
        made = geometry.create("Table", mesh, Placement.stand(mesh.vertices, 1.0, CURSOR))
        assert volume(made) > 0
        bpy.context.view_layer.update()
    assert not any(p.use_smooth for p in made.data.polygons)


def test_parts_are_vertex_groups_and_equal_names_share_one(made, steps):
    assert {g.name for g in made.vertex_groups} == {part.name for part in steps.parts}
    legs = made.vertex_groups["leg"].index
    count = sum(1 for v in made.data.vertices for g in v.groups if g.group == legs and g.weight == 1)
    assert count == sum(part.vertices for part in steps.parts if part.name == "leg") == 32


def test_materials_are_made_once_and_keep_what_the_artist_changed(steps):
    own = bpy.data.materials.new("wood")  # the artist's: not ours to use
    first = geometry.create("A", steps, Placement.stand(steps.vertices, 1.0, CURSOR))
    wood = first.data.materials[0]
    assert wood != own
    assert wood.diffuse_color[:3] == pytest.approx(materials.COLOURS["wood"])
    shader = next(node for node in wood.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    assert shader.inputs["Base Color"].default_value[:3] == pytest.approx(materials.COLOURS["wood"])
    wood.name, wood.diffuse_color = "My oak", (1, 0, 0, 1)
    second = geometry.create("B", steps, Placement.stand(steps.vertices, 1.0, CURSOR))
    assert second.data.materials[:] == [wood]
    assert wood.diffuse_color[:] == (1, 0, 0, 1)


def test_each_face_has_the_material_of_its_part():
    square = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    words = ["red", "", "unheard_of", "red"]
    mesh = Mesh.join((f"p{i}", word, square + i, [(0, 1, 2, 3)]) for i, word in enumerate(words))
    data = geometry.create("M", mesh, Placement.stand(mesh.vertices, 1.0, CURSOR)).data
    seen = [data.materials[p.material_index] for p in data.polygons]
    assert [materials.word(each) for each in seen] == words


def test_a_mesh_without_parts_has_no_materials_and_no_groups():
    mesh = Mesh.build(np.eye(3), [(0, 1, 2)])
    made = geometry.create("M", mesh, Placement.stand(mesh.vertices, 1.0, CURSOR))
    assert not made.data.materials
    assert not made.vertex_groups


def test_it_is_selected_and_active_unless_that_disturbs(steps):
    cube = bpy.context.object
    made = geometry.create("A", steps, Placement.stand(steps.vertices, 1.0, CURSOR))
    assert bpy.context.view_layer.objects.selected[:] == [made]
    assert bpy.context.view_layer.objects.active == made
    bpy.context.view_layer.objects.active = cube
    bpy.ops.object.mode_set(mode="EDIT")
    geometry.create("B", steps, Placement.stand(steps.vertices, 1.0, CURSOR))
    assert bpy.context.view_layer.objects.active == cube
    assert cube.mode == "EDIT"


def test_an_excluded_collection_does_not_stop_it(steps):
    hidden = bpy.data.collections.new("hidden")
    bpy.context.scene.collection.children.link(hidden)
    layer = bpy.context.view_layer.layer_collection.children["hidden"]
    bpy.context.view_layer.active_layer_collection = layer
    layer.exclude = True
    geometry.create("A", steps, Placement.stand(steps.vertices, 1.0, CURSOR))


def test_where_it_came_from_is_remembered_also_in_the_file(made, tmp_path):
    facts = {"prompt": 'a tablé\nwith "legs"', "seed": 2**63 - 1, "temperature": 0.5, "plan": "", "tokens": 7}
    geometry.remember(made, **facts)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "t.blend"))
    recalled = geometry.recall(bpy.data.objects["Table"])
    assert recalled == facts | {"seed": str(2**63 - 1), "tokens": "7"}
    assert geometry.recall(bpy.data.objects.new("other", None)) == {}


def test_rebuilding_replaces_everything_but_the_slots(made, steps):
    data = made.data
    before = list(data.materials)
    geometry.update(data, Mesh.build(np.eye(3), [(0, 1, 2)]), Placement.stand(np.eye(3), 1.0, CURSOR))
    assert (len(data.vertices), len(data.edges), len(data.polygons)) == (3, 3, 1)
    assert list(data.materials) == before
    geometry.update(data, Mesh.build(np.zeros((0, 3)), []), Placement.stand(np.zeros((0, 3)), 1.0, CURSOR))
    assert (len(data.vertices), len(data.edges), len(data.polygons)) == (0, 0, 0)


def test_what_blender_refuses_is_counted():
    twice = Mesh.build(np.eye(4, 3), [(0, 1, 2), (2, 1, 0), (0, 1, 3)])
    data = bpy.data.meshes.new("M")
    assert geometry.update(data, twice, Placement.stand(twice.vertices, 1.0, CURSOR)) == 1
    assert len(data.polygons) == 2


def test_a_growing_mesh_does_not_jump(steps):
    whole = geometry.unit(steps, PARTS.bins)
    pieces = whole.pieces()
    some = Mesh.join((p.parts[0].name, "", p.vertices, p.faces()) for p in pieces[:4])
    early = Placement.growing(some.vertices, 1.0, 2.0, CURSOR)
    late = Placement.stand(whole.vertices, 2.0, CURSOR)
    step = 2.0 / 127
    assert np.abs(early.local(some.vertices) - late.local(some.vertices)).max() <= 0.51 * step


def test_vertices_that_no_face_uses_go_and_their_parts():
    mesh = Mesh.build(np.arange(24).reshape(8, 3), [(0, 2, 3)], [Part("a", "", 4, 1), Part("b", "", 4, 0)])
    kept = geometry.used(mesh)
    kept.check()
    assert kept.vertices[:, 0].tolist() == [0, 6, 9]
    assert kept.faces() == [(0, 1, 2)]
    assert kept.parts == (Part("a", "", 3, 1),)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a round table with four legs", "Round table with four legs"),
        ("  The\tchair.\n", "Chair"),
        ("ein Stuhl", "Ein stuhl".replace("s", "S")),
        ("", "Mesh"),
        ("...", "Mesh"),
        ("x" * 99, "X" + "x" * 39),
        ("a very long prompt that goes on and on without an end", "Very long prompt that goes on and on"),
        ("带四条腿的圆桌", "带四条腿的圆桌"),
    ],
)
def test_names_come_from_prompts(prompt, name):
    assert geometry.object_name(prompt) == name
