"""What F9 offers does what it says, on a table of many parts."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from blender_addon import geometry
from blender_addon.aftercare import Care, resize, tend
from blender_addon.geometry import Placement
from blender_addon.shared.mesh import Mesh
from blender_addon.shared.obj import LLAMA_MESH, PARTS, read, write


def made_of(table, dialect) -> bpy.types.Object:
    steps = read(write(table, dialect).text, dialect).mesh
    mesh = geometry.unit(steps, dialect.bins)
    return geometry.create("Table", mesh, Placement.stand(mesh.vertices, 2.0, (0, 0, 0)))


def measure(made) -> tuple[int, int, float]:
    """Loose pieces, edges that are not between two faces, volume."""
    import bmesh  # part of bpy: not there before it

    data = made.data
    faces = [tuple(p.vertices) for p in data.polygons]
    mesh = Mesh.build(np.array([v.co for v in data.vertices]), faces)
    edited = bmesh.new()
    edited.from_mesh(data)
    open_edges = sum(1 for edge in edited.edges if len(edge.link_faces) != 2)
    volume = edited.calc_volume(signed=True)
    edited.free()
    return len(mesh.pieces()), open_edges, volume


def test_nothing_asked_for_changes_nothing(table):
    made = made_of(table, PARTS)
    before = [tuple(p.vertices) for p in made.data.polygons]
    tend(made, Care())
    assert [tuple(p.vertices) for p in made.data.polygons] == before


def test_triangles_become_quads(table):
    made = made_of(table, LLAMA_MESH)
    triangles = len(made.data.polygons)
    tend(made, Care(quads=True))
    sizes = [len(p.vertices) for p in made.data.polygons]
    assert len(sizes) < 0.75 * triangles
    assert sizes.count(4) > 20


def test_merging_brings_parts_together():
    mesh = Mesh.build(
        np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 0.001), (0, 1, 0), (1, 1, 0)]), [(0, 1, 2), (3, 5, 4)]
    )
    made = geometry.create("M", mesh, Placement.stand(mesh.vertices, 1.0, (0, 0, 0)))
    tend(made, Care(merge=0.01))
    assert len(made.data.vertices) == 4


@pytest.mark.parametrize(("shading", "smooth"), [("FLAT", False), ("SMOOTH", True), ("AUTO", True)])
def test_shading(table, shading, smooth):
    made = made_of(table, PARTS)
    tend(made, Care(shading=shading))
    assert {p.use_smooth for p in made.data.polygons} == {smooth}
    assert any(e.use_edge_sharp for e in made.data.edges) == (shading == "AUTO")


@pytest.mark.parametrize("fuse", ["UNION", "REMESH"])
def test_fusing_gives_one_closed_mesh(table, fuse):
    made = made_of(table, PARTS)
    pieces, _, whole = measure(made)
    assert pieces > 3
    objects, meshes = len(bpy.data.objects), len(bpy.data.meshes)
    tend(made, Care(fuse=fuse))
    pieces, open_edges, volume = measure(made)
    assert (pieces, open_edges) == (1, 0)
    assert 0.7 * whole < volume <= 1.05 * whole
    assert len(made.data.materials) == 1
    assert not made.vertex_groups
    assert not made.modifiers
    assert (len(bpy.data.objects), len(bpy.data.meshes)) == (objects, meshes)


def test_resizing_scales_about_the_origin(table):
    made = made_of(table, PARTS)
    resize(made, 5.0)
    bpy.context.view_layer.update()
    assert max(made.dimensions) == pytest.approx(5.0, rel=1e-4)
    assert min(v.co.z for v in made.data.vertices) == pytest.approx(0.0, abs=1e-5)
