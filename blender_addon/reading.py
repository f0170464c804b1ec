"""Reading: Blender objects -> shared Mesh. What the artist sees is read, and nothing of the artist's is
touched.

Modifiers, shape keys and an edit in progress count, since the evaluated copy is read; curves, text and
metaballs come as the mesh that they draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import bpy
import numpy as np

from .geometry import Point, recall, to_obj, used
from .materials import word
from .shared.mesh import INDEX, Mesh, Part, components
from .winding import reverse

READABLE = {"MESH", "CURVE", "SURFACE", "FONT", "META", "EMPTY"}  # an empty may show a collection


@dataclass(frozen=True, slots=True)
class Reading:
    """Objects as one mesh in OBJ space, in world units where they lie in the world. `origin` is in Blender's
    world: where the origin of an object goes that takes their place (with `Placement.world(origin)`)."""

    mesh: Mesh
    origin: Point


def read(objects: Iterable[bpy.types.Object]) -> Reading:
    """The mesh that these objects show. Vertices without a face are left out. Parts are named where an object
    has names to give (materials with known words, or vertex groups that we made); otherwise `parts` is empty,
    and the codec finds the loose pieces by itself. ValueError, in a sentence, where there is no face to
    read."""
    objects = [each for each in objects if each.type in READABLE]
    if not objects:
        raise ValueError("Select a mesh, curve, surface, text or metaball.")
    depsgraph = bpy.context.evaluated_depsgraph_get()
    meshes = []
    for each in objects:
        evaluated = each.evaluated_get(depsgraph)
        meshes.append(_one(evaluated, np.array(evaluated.matrix_world, np.float64), each))
    for shown in depsgraph.object_instances:  # of collections, geometry nodes, vertices and faces
        if shown.is_instance and shown.parent and shown.parent.original in objects and shown.object.type in READABLE:
            meshes.append(_one(shown.object, np.array(shown.matrix_world, np.float64), shown.object.original))
    mesh = _joined([each for each in meshes if len(each.sizes)])
    if not len(mesh.sizes):
        raise ValueError("There is no face in the selection.")
    if len(objects) == 1:
        x, y, z = objects[0].matrix_world.translation
    else:
        low, high = mesh.bounds()
        x, y, z = float(low[0] + high[0]) / 2, -float(low[2] + high[2]) / 2, float(low[1])
    return Reading(mesh, (x, y, z))


def _one(evaluated: bpy.types.Object, matrix: np.ndarray, source: bpy.types.Object) -> Mesh:
    """The mesh of an evaluated object, with a world matrix [4, 4] applied; `source` is the artist's object."""
    data = evaluated.to_mesh() if evaluated.type != "EMPTY" else None
    if data is None:
        return _joined([])
    try:
        vertices = np.empty((len(data.vertices), 3), np.float32)
        data.vertices.foreach_get("co", vertices.reshape(-1))
        loops = np.empty(len(data.loops), INDEX)
        data.loops.foreach_get("vertex_index", loops)
        sizes = np.empty(len(data.polygons), INDEX)
        data.polygons.foreach_get("loop_total", sizes)
        slot = np.empty(len(data.polygons), INDEX)
        data.polygons.foreach_get("material_index", slot)
        materials = [word(each.material) for each in evaluated.material_slots]
        groups = _groups(source, data)
    finally:
        evaluated.to_mesh_clear()
    world = vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    mesh = Mesh(np.ascontiguousarray(to_obj(world), np.float32), loops, sizes)
    if np.linalg.det(matrix[:3, :3]) < 0:  # a mirror: what was outside must stay outside
        mesh = reverse(mesh, np.ones(len(sizes), bool))
    mesh.check()
    if any(materials) or any(groups):
        return _named(mesh, groups, materials, slot)
    return used(mesh)


def _groups(source: bpy.types.Object, data: bpy.types.Mesh) -> list[str]:
    """The vertex group of every vertex, "" without one; empty for an object that is not ours: an artist's own
    groups are weights for bones and cloth, not parts."""
    if not source.vertex_groups or not recall(source):
        return []
    names = [group.name for group in source.vertex_groups]
    strongest = (max(v.groups, key=lambda g: g.weight, default=None) for v in data.vertices)
    return [names[g.group] if g is not None and g.group < len(names) else "" for g in strongest]


def _named(mesh: Mesh, groups: list[str], words: list[str], slots: np.ndarray) -> Mesh:
    """The loose pieces as parts; each is named by the group of most of its vertices, and takes the material of most of
    its faces: `slots` [F] are places in `words`."""
    label = components(len(mesh.vertices), mesh.edges())
    touched = np.zeros(len(label), bool)
    touched[mesh.loops] = True
    known, owner = np.unique(label[touched], return_inverse=True)
    of_vertex = np.full(len(label), -1)
    of_vertex[touched] = owner
    of_face = of_vertex[mesh.loops[mesh.starts]]
    kept = np.flatnonzero(touched)[np.argsort(owner, kind="stable")]  # vertices by piece
    place = np.zeros(len(label), np.int64)
    place[kept] = np.arange(len(kept))
    order = np.argsort(of_face, kind="stable")  # faces by piece
    sizes = mesh.sizes[order]
    corners = np.arange(len(mesh.loops)) + np.repeat(mesh.starts[order] - (np.cumsum(sizes) - sizes), sizes)
    named = []
    if groups:
        names, index = np.unique(np.array(groups, object), return_inverse=True)
        named = _most(of_vertex[touched], index[touched], names.tolist(), len(known))
    materials = _most(of_face, np.minimum(slots, len(words)), [*words, ""], len(known))
    vertices, faces = np.bincount(owner, minlength=len(known)), np.bincount(of_face, minlength=len(known))
    parts = tuple(
        Part((named[i] if named else "") or "part", materials[i], int(vertices[i]), int(faces[i]))
        for i in range(len(known))
    )
    return Mesh(mesh.vertices[kept], place[mesh.loops[corners]].astype(INDEX), sizes, parts)


def _most(owner: np.ndarray, index: np.ndarray, words: list[str], count: int) -> list[str]:
    """The word that each of `count` owners has most of; `index` are places in `words`."""
    votes = np.bincount(owner * len(words) + index, minlength=count * len(words)).reshape(count, len(words))
    return [words[i] for i in votes.argmax(1).tolist()]


def _joined(meshes: list[Mesh]) -> Mesh:
    """Several meshes as one. Where one has parts, the pieces of the others become unnamed parts."""
    if any(mesh.parts for mesh in meshes):
        meshes = [piece for mesh in meshes for piece in mesh.pieces()]
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    return Mesh(
        np.concatenate([np.zeros((0, 3), np.float32), *(mesh.vertices for mesh in meshes)]),
        np.concatenate([np.zeros(0, INDEX), *(m.loops + INDEX(s) for m, s in zip(meshes, starts, strict=False))]),
        np.concatenate([np.zeros(0, INDEX), *(mesh.sizes for mesh in meshes)]),
        tuple(part for mesh in meshes for part in mesh.parts),
    )
