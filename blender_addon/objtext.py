"""OBJ text -> an object at the 3D cursor: what a model has said elsewhere, fences and prose and all, pasted or
dropped into the 3D view."""

from __future__ import annotations

import bpy

from . import geometry
from .geometry import Placement
from .shared.grid import Grid
from .shared.obj import LLAMA_MESH, PARTS
from .shared.stream import StreamReader

LARGEST = 32 << 20  # characters


def insert(text: str, name: str, metres: float = 1.0) -> bpy.types.Object:
    """A finished object, its longest side `metres`, standing at the cursor. ValueError where there is no mesh
    in the text."""
    if len(text) > LARGEST:
        raise ValueError(f"The text has more than {LARGEST >> 20} million characters: use File > Import instead.")
    reader = StreamReader()
    reader.feed(text)
    reader.close()
    mesh = reader.mesh()
    if not len(mesh.sizes):
        raise ValueError("There is no mesh in this text.")
    scene = bpy.context.scene
    bins = (PARTS if reader.plan or reader.parts else LLAMA_MESH).bins
    if 0 <= mesh.vertices.min() <= mesh.vertices.max() <= bins - 1:
        mesh = mesh.with_vertices(Grid(bins).decode(mesh.vertices))
    x, y, z = scene.cursor.location
    placement = Placement.stand(geometry.used(mesh).vertices, geometry.units(metres, scene), (x, y, z))
    return geometry.create(geometry.object_name(name), mesh, placement)
