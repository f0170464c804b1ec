"""After-care: what may be done to a finished mesh, all of it optional and repeatable: weld, tris to quads,
shading, and fusing the parts into one closed mesh."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import Literal

import bmesh
import bpy

SHARP = radians(35)  # edges that are flatter than this are smoothed by "AUTO"
QUAD = radians(40)  # how far from flat, and from square, a quad of two triangles may be

Shading = Literal["FLAT", "SMOOTH", "AUTO"]
Fuse = Literal["NONE", "UNION", "REMESH"]


@dataclass(frozen=True, slots=True)
class Care:
    """`size` is the longest side in Blender units, 0 for what was asked for; `merge` a distance, 0 for none;
    `detail` the voxels along the longest side that a remesh has."""

    size: float = 0.0
    merge: float = 0.0
    quads: bool = False
    shading: Shading = "FLAT"
    fuse: Fuse = "NONE"
    detail: int = 96


def tend(made: bpy.types.Object, care: Care) -> None:
    """Apply all of it but the size to a mesh object that is not being edited."""
    data = made.data
    if care.fuse == "UNION":
        union(made)
    elif care.fuse == "REMESH":
        remesh(made, care.detail)
    if care.merge > 0 or care.quads:
        edited = bmesh.new()
        edited.from_mesh(data)
        if care.merge > 0:
            bmesh.ops.remove_doubles(edited, verts=edited.verts[:], dist=care.merge)
        if care.quads:
            bmesh.ops.join_triangles(
                edited,
                faces=[face for face in edited.faces if len(face.verts) == 3],
                cmp_materials=True,
                angle_face_threshold=QUAD,
                angle_shape_threshold=QUAD,
            )
        edited.to_mesh(data)
        edited.free()
    if care.shading == "FLAT":
        data.shade_flat()
    else:
        data.shade_smooth()
        if care.shading == "AUTO":
            data.set_sharp_from_angle(angle=SHARP)
    data.update()


def resize(made: bpy.types.Object, size: float) -> None:
    """Scale a mesh in its own coordinates, so that the longest side of its box becomes `size`."""
    corners = [made.matrix_world @ v.co for v in made.data.vertices]
    if not corners:
        return
    longest = max(max(c[i] for c in corners) - min(c[i] for c in corners) for i in range(3))
    if longest > 0:
        for vertex in made.data.vertices:
            vertex.co *= size / longest
        made.data.update()


def union(made: bpy.types.Object) -> None:
    """Join the loose parts by an exact boolean: flat faces stay flat, inner walls go. Parts that do not touch
    stay apart, each closed."""
    pieces = _pieces(made.data)
    if len(pieces) < 2:
        return
    others = bpy.data.collections.new("MeshScribe union")
    first, *rest = [bpy.data.objects.new("MeshScribe union", piece) for piece in pieces]
    bpy.context.scene.collection.objects.link(first)
    try:
        for each in rest:
            others.objects.link(each)
        modifier = first.modifiers.new("Union", "BOOLEAN")
        modifier.operation, modifier.solver = "UNION", "EXACT"
        modifier.operand_type, modifier.collection = "COLLECTION", others
        modifier.use_self = True
        _take(made, first)
    finally:
        bpy.data.batch_remove([first, *rest, others, *pieces])


def remesh(made: bpy.types.Object, detail: int) -> None:
    """Everything anew as one skin of voxels: closed for certain, edges are rounded."""
    size = max(made.dimensions) or 1.0
    modifier = made.modifiers.new("Remesh", "REMESH")
    modifier.mode, modifier.voxel_size = "VOXEL", size / max(8, detail)
    try:
        _take(made, made)
    finally:
        if modifier := made.modifiers.get("Remesh"):
            made.modifiers.remove(modifier)


def _take(made: bpy.types.Object, source: bpy.types.Object) -> None:
    """Give `made` the evaluated mesh of `source`. Its vertex groups named parts that are no more."""
    bpy.context.view_layer.update()
    evaluated = source.evaluated_get(bpy.context.evaluated_depsgraph_get())
    copy = bpy.data.meshes.new_from_object(evaluated)
    try:
        if not len(copy.polygons):
            return  # the boolean gave up: rather the parts than nothing
        edited = bmesh.new()
        edited.from_mesh(copy)
        edited.to_mesh(made.data)
        edited.free()
        made.vertex_groups.clear()
        made.data.update()
    finally:
        bpy.data.meshes.remove(copy)


def _pieces(data: bpy.types.Mesh) -> list[bpy.types.Mesh]:
    """The loose parts of a mesh as meshes of their own, with the same material slots."""
    whole = bmesh.new()
    whole.from_mesh(data)
    whole.verts.ensure_lookup_table()
    owner: dict[int, int] = {}
    count = 0
    for start in whole.verts:
        if start.index in owner:
            continue
        stack = [start]
        owner[start.index] = count
        while stack:
            for edge in stack.pop().link_edges:
                for vertex in edge.verts:
                    if vertex.index not in owner:
                        owner[vertex.index] = count
                        stack.append(vertex)
        count += 1
    whole.free()
    pieces = []
    for number in range(count):
        part = bmesh.new()
        part.from_mesh(data)
        bmesh.ops.delete(part, geom=[v for v in part.verts if owner[v.index] != number], context="VERTS")
        piece = bpy.data.meshes.new("MeshScribe union")
        for material in data.materials:
            piece.materials.append(material)
        part.to_mesh(piece)
        part.free()
        pieces.append(piece)
    return pieces
