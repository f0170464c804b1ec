"""Geometry: shared Mesh -> bpy mesh and object. Frames and axes, materials, parts, names. reading.py is the
way back.

A Mesh lies in OBJ space: Y up, -Z forward, right-handed. Blender has Z up. The way between them is a rotation
(determinant +1); swapping y and z, as other add-ons do, is a mirror and turns every face inside out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import bpy
import numpy as np

from .materials import material
from .shared.grid import Grid
from .shared.mesh import INDEX, Mesh, Part
from .winding import outward

Point = tuple[float, float, float]

KEY = "meshscribe"
"""Custom property of the objects we made: a dict with what they came from (`remember`, `recall`)."""

LONGEST_NAME = 40  # characters; Blender itself takes 63 bytes (255 from 5.0 on)
MOST_GROUPS = 200  # more names than that are no help in the list of vertex groups


def to_blender(points: np.ndarray) -> np.ndarray:
    """[..., 3] from OBJ space to Blender: (x, y, z) -> (x, -z, y)."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1)


def to_obj(points: np.ndarray) -> np.ndarray:
    """[..., 3] from Blender to OBJ space: (x, y, z) -> (x, z, -y)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], -1)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where OBJ space lies in Blender: the point `foot` (OBJ space) becomes the object's origin at `location`
    (world), and one unit of OBJ space becomes `scale` Blender units."""

    foot: Point
    scale: float
    location: Point

    @classmethod
    def stand(cls, vertices: np.ndarray, size: float, location: Point) -> Placement:
        """On its base at `location`: the middle of the box in X and Z, the lowest Y; its longest side becomes
        `size` Blender units. The vertices [V, 3] are the whole mesh."""
        if not len(vertices):
            return cls((0.0, 0.0, 0.0), size, location)
        low, high = vertices.min(0).astype(np.float64), vertices.max(0).astype(np.float64)
        x, _, z = ((low + high) / 2).tolist()
        return cls((x, float(low[1]), z), size / (float((high - low).max()) or 1.0), location)

    @classmethod
    def growing(cls, vertices: np.ndarray, extent: float, size: float, location: Point) -> Placement:
        """As `stand` will place the finished mesh, while vertices [V, 3] are only what has come: the middle
        and the scale are those of the frame (a cube with side `extent` around 0), so that nothing jumps when
        more comes. Only the lowest Y is not known before; the object stands on the lowest vertex so far."""
        lowest = float(vertices[:, 1].min()) if len(vertices) else 0.0
        return cls((0.0, lowest, 0.0), size / extent, location)

    @classmethod
    def world(cls, origin: Point) -> Placement:
        """OBJ space as `reading.read` gives it: world units, world place. The object's origin goes to
        `origin` (world)."""
        x, y, z = to_obj(np.array(origin, np.float64)).tolist()
        return cls((x, y, z), 1.0, origin)

    def local(self, vertices: np.ndarray) -> np.ndarray:
        """float32 [V, 3]: vertices of OBJ space in the object's own coordinates."""
        moved = (np.asarray(vertices, np.float64) - self.foot) * self.scale
        return np.ascontiguousarray(to_blender(moved), dtype=np.float32)


def unit(mesh: Mesh, bins: int) -> Mesh:
    """A mesh of integer steps 0..bins-1, as the codec reads it, in the cube with side 1 around 0."""
    return mesh.with_vertices(Grid(bins).decode(mesh.vertices))


def used(mesh: Mesh) -> Mesh:
    """Without the vertices that no face uses, and without the parts that have no face; the order stays."""
    keep = np.zeros(len(mesh.vertices), bool)
    keep[mesh.loops] = True
    if keep.all() and all(part.faces for part in mesh.parts):
        return mesh
    counts = np.cumsum(keep)
    ends = np.cumsum([part.vertices for part in mesh.parts], dtype=int)
    before = np.append(0, counts)
    parts = tuple(
        Part(part.name, part.material, int(before[end] - before[end - part.vertices]), part.faces)
        for part, end in zip(mesh.parts, ends, strict=True)
        if part.faces
    )
    return Mesh(mesh.vertices[keep], (counts[mesh.loops] - 1).astype(INDEX), mesh.sizes, parts)


def units(metres: float, scene: bpy.types.Scene) -> float:
    """Metres in the units of a scene."""
    return metres / (scene.unit_settings.scale_length or 1.0)


def update(data: bpy.types.Mesh, mesh: Mesh, placement: Placement) -> int:
    """Fill a mesh datablock anew, in about 1 ms for 800 vertices; the number of faces that Blender refused.
    Materials of the parts are added to its slots. Vertices keep their order. Not for a mesh in edit mode."""
    data.clear_geometry()  # keeps slots and custom properties
    data.vertices.add(len(mesh.vertices))
    data.loops.add(len(mesh.loops))
    data.polygons.add(len(mesh.sizes))
    if len(mesh.vertices):
        data.vertices.foreach_set("co", placement.local(mesh.vertices).reshape(-1))
    if len(mesh.sizes):
        data.polygons.foreach_set("loop_start", mesh.starts)
        data.loops.foreach_set("vertex_index", np.ascontiguousarray(mesh.loops, np.int32))
        data.polygons.foreach_set("material_index", _slots(data, mesh.parts, len(mesh.sizes)))
        data.shade_flat()
    data.validate()  # before anything draws it: an index out of range would crash the viewport
    data.update(calc_edges=True)
    return len(mesh.sizes) - len(data.polygons)


def build(name: str, location: Point, collection: bpy.types.Collection | None = None) -> bpy.types.Object:
    """A new empty mesh object at `location`, linked to `collection` (the active one by default); `update`
    fills it."""
    made = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    made.location = location
    (collection or bpy.context.collection).objects.link(made)
    return made


def settle(made: bpy.types.Object, mesh: Mesh, placement: Placement) -> int:
    """Give an object its finished mesh: faces outward, parts as vertex groups, without vertices that no face
    uses; the number of faces that Blender refused.

    Parts with the same name share one group: "leg" takes all legs at once (to bevel, to mask, to select), and
    L over one of them in edit mode takes that one alone, since parts do not touch. Numbered groups would only
    give the first. No groups where there are too many names to find one."""
    mesh = outward(used(mesh))
    refused = update(made.data, mesh, placement)
    made.vertex_groups.clear()
    members: dict[str, list[int]] = {}
    first = 0
    for part in mesh.parts:
        members.setdefault(part.name, []).extend(range(first, first + part.vertices))
        first += part.vertices
    for name, vertices in members.items() if len(members) <= MOST_GROUPS else ():
        made.vertex_groups.new(name=name).add(vertices, 1.0, "REPLACE")
    made.vertex_groups.active_index = 0
    return refused


def create(name: str, mesh: Mesh, placement: Placement) -> bpy.types.Object:
    """A finished object in the active collection, selected and active: `build`, `settle` and `select` in
    one."""
    made = build(name, placement.location)
    settle(made, mesh, placement)
    select(made)
    return made


def select(made: bpy.types.Object) -> None:
    """Make an object the only selected one, and active. Nothing happens where that would disturb somebody's
    work: in another mode than object mode, or where the object is not in the view layer."""
    layer = bpy.context.view_layer
    layer.update()  # it does not know yet what was linked a moment ago
    if layer.objects.get(made.name) != made:
        return
    if layer.objects.active and layer.objects.active.mode != "OBJECT":
        return
    for other in list(layer.objects.selected):
        other.select_set(False)
    made.select_set(True)
    layer.objects.active = made


def remember(made: bpy.types.Object, **facts: str | int | float) -> None:
    """Write on an object what it came from: prompt, seed, model, plan, dialect, job... Custom properties are
    32 bits wide and a seed has 63, so integers are kept as text."""
    made[KEY] = {key: str(value) if isinstance(value, int) else value for key, value in facts.items()}


def recall(made: bpy.types.Object) -> dict[str, str | float]:
    """What `remember` wrote, integers as text; empty for an object that is not ours."""
    facts = made.get(KEY)
    return facts.to_dict() if hasattr(facts, "to_dict") else {}


def object_name(prompt: str) -> str:
    """A name for the outliner: the prompt without its article, cut at a word: "Round table with four
    legs"."""
    words = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", prompt).split()).strip(" .,;:!?")
    words = re.sub(r"^(an?|the)\s+", "", words, flags=re.IGNORECASE)
    if len(words) > LONGEST_NAME:
        words = words[: LONGEST_NAME + 1].rpartition(" ")[0] or words[:LONGEST_NAME]
    return (words[:1].upper() + words[1:]) or "Mesh"


def _slots(data: bpy.types.Mesh, parts: tuple[Part, ...], faces: int) -> np.ndarray:
    """int32 [F]: the material slot of every face; missing slots are added. A mesh without materials gets no
    slot."""
    if not any(part.material for part in parts):
        return np.zeros(faces, np.int32)
    slots = list(data.materials)
    index: dict[str, int] = {}  # of a word's slot
    for word in dict.fromkeys(part.material for part in parts):
        wanted = material(word) if word else None
        if wanted not in slots:
            slots.append(wanted)
            data.materials.append(wanted)
        index[word] = slots.index(wanted)
    return np.repeat(np.array([index[part.material] for part in parts], np.int32), [part.faces for part in parts])
