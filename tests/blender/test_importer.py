"""Both dialects are plain OBJ: Blender's own importer reads the raw text to what our readers read."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from blender_addon.shared.obj import LLAMA_MESH, PARTS, Dialect, read, write
from blender_addon.shared.stream import StreamReader


def imported(text: str, path: Path) -> tuple[list[list[float]], list[tuple[int, ...]]]:
    """Vertices and faces of OBJ text, read by Blender without any turning. Objects come in the order of the
    text."""
    path.write_text(text)
    before = set(bpy.data.objects)
    bpy.ops.wm.obj_import(
        filepath=str(path),
        global_scale=1.0,
        forward_axis="Y",
        up_axis="Z",
        use_split_objects=False,
        use_split_groups=False,
        validate_meshes=True,
    )
    (made,) = set(bpy.data.objects) - before
    assert np.array(made.matrix_world).tolist() == np.eye(4).tolist()
    return [list(v.co) for v in made.data.vertices], [tuple(p.vertices) for p in made.data.polygons]


@pytest.mark.parametrize("dialect", [PARTS, LLAMA_MESH], ids=lambda d: d.name)
def test_three_readers_agree(dialect: Dialect, table, tmp_path):
    text = write(table, dialect, "table legs 4").text
    ours = read(text, dialect).mesh
    stream = StreamReader()
    for start in range(0, len(text), 7):
        stream.feed(text[start : start + 7])
    stream.close()
    vertices, faces = imported(text, tmp_path / "table.obj")
    assert vertices == ours.vertices.tolist() == stream.mesh().vertices.tolist()
    assert sorted(faces) == sorted(ours.faces()) == sorted(stream.mesh().faces())
    assert stream.mesh().faces() == ours.faces()
