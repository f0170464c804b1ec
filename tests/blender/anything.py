"""Whatever an artist may select, made in the open file: primitives, dense meshes, none, text, curves, instances."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

Make = Callable[[], "bpy.types.Object"]


def primitive(name: str, **options: float) -> Make:
    def make() -> bpy.types.Object:
        getattr(bpy.ops.mesh, f"primitive_{name}_add")(**options)
        return bpy.context.object

    return make


def of(points: np.ndarray, faces: np.ndarray | list, edges: list | tuple = ()) -> bpy.types.Object:
    data = bpy.data.meshes.new("made")
    data.from_pydata(points, edges, faces)
    made = bpy.data.objects.new("made", data)
    bpy.context.collection.objects.link(made)
    return made


def sphere(segments: int, rings: int) -> Make:
    """With so many faces Blender's own operator takes minutes."""

    def make() -> bpy.types.Object:
        around, up = np.meshgrid(np.arange(segments), np.arange(1, rings))
        turn, rise = around * 2 * np.pi / segments, up * np.pi / rings
        points = np.stack([np.sin(rise) * np.cos(turn), np.sin(rise) * np.sin(turn), -np.cos(rise)], -1).reshape(-1, 3)
        count, first = len(points), np.arange(segments)
        after = (first + 1) % segments
        low = (np.arange(rings - 2) * segments)[:, None]
        quads = np.stack([low + first, low + after, low + segments + after, low + segments + first], -1).reshape(-1, 4)
        top = count - segments
        caps = [
            *zip(first * 0 + count, after, first, strict=True),
            *zip(first * 0 + count + 1, top + first, top + after, strict=True),
        ]
        return of(np.concatenate([points, [(0, 0, -1), (0, 0, 1)]]), [*quads.tolist(), *caps])

    return make


def pieces(count: int = 5000) -> bpy.types.Object:
    """Cubes strewn about."""
    bpy.ops.mesh.primitive_cube_add(size=0.2)
    cube = bpy.context.object.data
    corners = np.array([v.co for v in cube.vertices])
    sides = np.array([list(p.vertices) for p in cube.polygons])
    places = np.random.default_rng(0).uniform(-10, 10, (count, 3))
    points = (corners[None] + places[:, None]).reshape(-1, 3)
    return of(points, (sides[None] + 8 * np.arange(count)[:, None, None]).reshape(-1, 4).tolist())


def subdivided(kind: str, levels: int) -> Make:
    def make() -> bpy.types.Object:
        made = primitive(kind)()
        made.modifiers.new("s", "SUBSURF").levels = levels
        return made

    return make


def text() -> bpy.types.Object:
    bpy.ops.object.text_add()
    bpy.context.object.data.extrude = 0.1
    return bpy.context.object


def curve() -> bpy.types.Object:
    bpy.ops.curve.primitive_bezier_circle_add()
    bpy.context.object.data.bevel_depth = 0.1
    return bpy.context.object


def linked() -> bpy.types.Object:
    made = bpy.data.objects.new("linked", primitive("monkey")().data)
    bpy.context.collection.objects.link(made)
    return made


def instanced() -> bpy.types.Object:
    """An empty that shows a collection with a monkey."""
    shown = bpy.data.collections.new("shown")
    monkey = primitive("monkey")()
    bpy.context.collection.objects.unlink(monkey)
    shown.objects.link(monkey)
    made = bpy.data.objects.new("instanced", None)
    made.instance_type, made.instance_collection = "COLLECTION", shown
    bpy.context.collection.objects.link(made)
    return made


MADE: dict[str, Make] = {
    **{
        name: primitive(name)
        for name in ("cube", "uv_sphere", "ico_sphere", "cylinder", "cone", "torus", "plane", "monkey")
    },
    "monkey, subdivided 3 times": subdivided("monkey", 3),
    "sphere of 100,000 faces": sphere(400, 250),
    "sphere of 1,000,000 faces": sphere(1250, 800),
    "an empty mesh": lambda: of(np.zeros((0, 3)), []),
    "a single edge": lambda: of(np.array([(0, 0, 0), (1, 0, 0)]), [], [(0, 1)]),
    "5,000 loose pieces": pieces,
    "text": text,
    "curve": curve,
    "linked data": linked,
    "an instanced collection": instanced,
}
