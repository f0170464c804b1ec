"""Render: a small picture of objects, framed by itself. The artist's scene is not touched: the picture is
taken in a scene of its own, which is gone afterwards.

Workbench draws it: no lamps, no shader compilation, and it works where Cycles would take 20 s (two cores) and
EEVEE needs a graphics card. Its shadows are hard and its smoothing is slow, so that a picture is the mean of
several quick exposures, each with the light a little elsewhere and the camera a part of a pixel aside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from math import atan, cos, pi, radians, sin, sqrt, tan
from pathlib import Path

import bpy
import numpy as np
from mathutils import Euler, Vector

FRONT = (64.0, 0.0, 32.0)
"""Euler angles of the camera in degrees: a three-quarter view from the front right and from above, steep
enough that the floor fills the picture."""

LENS = 60.0  # mm, on a sensor 36 mm wide: little perspective, as in a catalogue
MARGIN = 1.15  # the picture's side over the object's
FLOOR = (0.62, 0.61, 0.59)  # linear RGB
LIGHT = Vector((-0.55, -0.45, 1.0))  # where it comes from, turned with the camera: over its left shoulder
SPREAD = 0.13  # radius of the lamp at distance 1: how soft the shadow's edge is
EXPOSURES = 12
NAME = "MeshScribe picture"


def render(
    objects: Iterable[bpy.types.Object],
    path: Path,
    width: int = 640,
    height: int = 480,
    view: tuple[float, float, float] = FRONT,
    exposures: int = EXPOSURES,
) -> None:
    """Write a PNG of these objects, seen from the direction of the Euler angles `view` (degrees). Takes about
    a second for 640 x 480 on two cores. RuntimeError where Blender can draw nothing (no graphics and no
    software drawing)."""
    objects = list(objects)
    bpy.context.view_layer.update()  # matrices of objects that were placed just now
    scene = bpy.data.scenes.new(NAME)
    made: list[bpy.types.ID] = [scene]
    try:
        for each in objects:
            scene.collection.objects.link(each)
        corners = [each.matrix_world @ Vector(corner) for each in objects for corner in each.bound_box]
        made += _camera(scene, corners, width / height, view)
        made += _floor(scene, corners)
        _settings(scene, width, height)
        _save(_expose(scene, view, exposures), path)
    finally:
        bpy.data.batch_remove(made)


def _expose(scene: bpy.types.Scene, view: tuple[float, float, float], exposures: int) -> np.ndarray:
    """float32 [height, width, 4]: the mean of the exposures, in display colours."""
    total = np.zeros((scene.render.resolution_y, scene.render.resolution_x, 4), np.float32)
    azimuth = Euler((0, 0, radians(view[2]))).to_matrix()
    pixel = 1 / max(total.shape)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "exposure.png")
        for i in range(exposures):
            turn, reach = i * pi * (3 - sqrt(5)), sqrt((i + 0.5) / exposures)
            x, y = reach * cos(turn), reach * sin(turn)  # like a sunflower's seeds: even over the disc
            light = azimuth @ (LIGHT.normalized() + SPREAD * Vector((x, y, 0)))
            # Workbench takes this vector with Y up and Z towards the horizon behind.
            scene.display.light_direction = Vector((light.x, light.z, -light.y)).normalized()
            scene.camera.data.shift_x, scene.camera.data.shift_y = 0.6 * pixel * y, 0.6 * pixel * x
            bpy.ops.render.render(write_still=True, scene=scene.name)
            picture = bpy.data.images.load(scene.render.filepath)
            pixels = np.empty(total.size, np.float32)
            picture.pixels.foreach_get(pixels)
            bpy.data.images.remove(picture)
            total += pixels.reshape(total.shape)
    return total / exposures


def _save(pixels: np.ndarray, path: Path) -> None:
    height, width, _ = pixels.shape
    picture = bpy.data.images.new(NAME, width, height)
    try:
        picture.pixels.foreach_set(pixels.reshape(-1))
        picture.file_format, picture.filepath_raw = "PNG", str(path)
        picture.save()
    finally:
        bpy.data.images.remove(picture)


def _settings(scene: bpy.types.Scene, width: int, height: int) -> None:
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.dither_intensity = 0.0
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.compression = 0
    scene.view_settings.view_transform, scene.view_settings.exposure = "Standard", 0.15
    scene.display.render_aa = "OFF"
    scene.display.shadow_focus = 0.6
    shading = scene.display.shading
    shading.light, shading.studio_light = "STUDIO", "paint.sl"
    shading.color_type = "MATERIAL"
    shading.show_specular_highlight = False  # it would light a part of the floor only
    shading.show_shadows, shading.shadow_intensity = True, 0.45
    shading.show_cavity, shading.cavity_type = True, "BOTH"
    shading.curvature_ridge_factor, shading.curvature_valley_factor = 0.5, 1.0
    shading.cavity_ridge_factor, shading.cavity_valley_factor = 0.6, 1.0
    shading.show_object_outline = False


def _camera(
    scene: bpy.types.Scene, corners: list[Vector], aspect: float, view: tuple[float, float, float]
) -> list[bpy.types.ID]:
    """A camera that sees every corner, the middle of their box in the middle of the picture."""
    data = bpy.data.cameras.new(NAME)
    data.lens = LENS
    camera = bpy.data.objects.new(NAME, data)
    turn = Euler([radians(a) for a in view]).to_matrix()
    middle = (_low(corners) - _low([-c for c in corners])) / 2
    across = tan(atan(data.sensor_width / 2 / LENS))  # half the picture's wider side, at distance 1
    half = (across, across / aspect) if aspect >= 1 else (across * aspect, across)
    away = 0.0
    for corner in corners:
        x, y, z = turn.inverted() @ (corner - middle)
        away = max(away, z + MARGIN * max(abs(x) / half[0], abs(y) / half[1]))
    away = away or 1.0
    camera.location = middle + turn @ Vector((0, 0, away))
    camera.rotation_euler = turn.to_euler()
    data.clip_start, data.clip_end = away / 1000, away * 100
    scene.collection.objects.link(camera)
    scene.camera = camera
    return [camera, data]


def _floor(scene: bpy.types.Scene, corners: list[Vector]) -> list[bpy.types.ID]:
    """A wide floor under the objects, in one even colour."""
    low, high = _low(corners), -_low([-c for c in corners])
    radius = (high - low).length / 2 or 1.0
    x, y, z, r = (low.x + high.x) / 2, (low.y + high.y) / 2, low.z - 0.002 * radius, 60 * radius
    data = bpy.data.meshes.new(NAME)
    square = [(x - r, y - r, z), (x + r, y - r, z), (x + r, y + r, z), (x - r, y + r, z)]
    data.from_pydata(square, [], [(0, 1, 2, 3)])
    colour = bpy.data.materials.new(NAME)
    colour.diffuse_color = (*FLOOR, 1.0)
    data.materials.append(colour)
    floor = bpy.data.objects.new(NAME, data)
    scene.collection.objects.link(floor)
    return [floor, data, colour]


def _low(points: list[Vector]) -> Vector:
    """The lowest corner of the box around points."""
    return Vector([min(point[i] for point in points) for i in range(3)])
