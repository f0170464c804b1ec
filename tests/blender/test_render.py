"""A picture shows the object, and taking it leaves the artist's file as it was."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from blender_addon import geometry
from blender_addon.geometry import Placement
from blender_addon.render import render


def test_a_picture_is_framed_and_leaves_nothing_behind(table, tmp_path):
    made = geometry.create("Table", table, Placement.stand(table.vertices, 300.0, (1e3, 20, -7)))
    kinds = ("scenes", "objects", "meshes", "materials", "cameras", "images", "worlds", "lights")
    before = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    try:
        render([made], tmp_path / "table.png", 160, 120, exposures=2)
    except RuntimeError as error:
        pytest.skip(f"this machine cannot draw: {error}")
    after = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    assert after | {"images": 0} == before | {"images": 0}  # Blender keeps its own "Render Result"
    assert bpy.context.view_layer.objects.active == made
    picture = bpy.data.images.load(str(tmp_path / "table.png"))
    assert tuple(picture.size) == (160, 120)
    pixels = np.array(picture.pixels[:]).reshape(120, 160, 4)[..., :3]
    red = pixels[..., 0] - pixels[..., 2]  # wood against a grey floor
    rows, columns = np.nonzero(red > 0.15)
    assert len(rows) > 1500
    assert rows.min() > 3
    assert rows.max() < 116
    assert abs((columns.min() + columns.max()) / 2 - 80) < 12
