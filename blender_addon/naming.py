"""Names that a model gave, put on an object: its own, and vertex groups for its loose pieces."""

from __future__ import annotations

import bpy
import numpy as np

from .geometry import MOST_GROUPS, object_name
from .shared.mesh import components
from .shared.tasks import Names


def rename(source: bpy.types.Object, names: Names) -> int:
    """Name an object, and its loose pieces by vertex groups (pieces with one name share a group); the number of groups
    that are new. Pieces are left as they are where the mesh has other pieces than were named, and where it is not in
    object mode or not a mesh: then modifiers, or an edit, stand between."""
    source.name = object_name(names.object)
    data = source.data
    if not isinstance(data, bpy.types.Mesh) or source.mode != "OBJECT" or data.library is not None:
        return 0
    pieces = loose(data)
    wanted = [name for name in names.parts if name]
    if len(pieces) != len(names.parts) or len(set(wanted)) > MOST_GROUPS or len(pieces) < 2:
        return 0
    members: dict[str, list[int]] = {}
    for name, vertices in zip(names.parts, pieces, strict=True):
        members.setdefault(name, []).extend(vertices.tolist())
    made = 0
    for name, vertices in members.items():
        group = source.vertex_groups.get(name)
        if group is None:
            group, made = source.vertex_groups.new(name=name), made + 1
        group.add(vertices, 1.0, "REPLACE")
    return made


def loose(data: bpy.types.Mesh) -> list[np.ndarray]:
    """The vertices of every loose piece with a face, in the order of their lowest vertex: as the shared Mesh has its
    pieces."""
    ends = np.empty((len(data.edges), 2), np.int32)
    data.edges.foreach_get("vertices", ends.reshape(-1))
    corners = np.empty(len(data.loops), np.int32)
    data.loops.foreach_get("vertex_index", corners)
    label = components(len(data.vertices), ends)
    used = np.zeros(len(label), bool)
    used[corners] = True
    places = np.flatnonzero(used)
    order = places[np.argsort(label[places], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
