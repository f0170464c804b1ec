"""`blender --command meshscribe`, the Python API, and OBJ text that is pasted or dropped."""

from __future__ import annotations

import bpy
import pytest

from blender_addon import api, command, objtext, runtime
from blender_addon.process import Backend


def test_a_command_leaves_a_blend(addon, tmp_path, capsys):
    out = tmp_path / "new" / "t.blend"
    assert command.run(["generate", "a table", "--seed", "4", "--count", "2", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "seed 4" in said
    assert "seed 5" in said
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert sorted(each.name for each in bpy.data.objects) == ["Table", "Table.001"]


@pytest.mark.parametrize("suffix", ["obj", "ply", "stl"])
def test_other_formats(addon, tmp_path, suffix):
    assert command.run(["generate", "a table", "--out", str(tmp_path / f"t.{suffix}")]) == 0
    assert (tmp_path / f"t.{suffix}").stat().st_size > 500


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["generate", "a table", "--out", "t.doc"], 2),
        (["generate", "  ", "--out", "t.blend"], 2),
        (["generate"], 2),
        (["--help"], 0),
        (["generate", "a table fail=deadline", "--out", "t.blend"], 1),
    ],
)
def test_wrong_use_is_a_sentence(addon, arguments, status, capsys):
    assert command.run(arguments) == status
    told = capsys.readouterr()
    assert told.err or told.out


def test_the_api_generates_and_describes(addon):
    jobs = api.generate("a table", seed=4, count=2, location=(0, 0, 1))
    assert [api.wait(job).state for job in jobs] == ["done", "done"]
    assert jobs[1].request.seed == 5
    told = api.wait(api.describe([jobs[0].object()], question="say=A_table."))
    assert told.text == "A_table."
    running = api.generate("a slow table delay=0.05")[0]
    api.cancel(running)
    assert running.state == "cancelled"


def test_without_a_backend_the_api_says_so(addon, tmp_path):
    runtime.replace(runtime.Runtime(tmp_path / "nowhere", Backend(tmp_path, addon.backend.sources)))
    with pytest.raises(api.BackendError, match="not installed"):
        api.generate("a table")


TEXT = "Here you are:\n```obj\nv 0 0 0\nv 63 0 0\nv 0 63 0\nv 0 0 63\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n```\nEnjoy!"


def test_text_of_a_language_model_becomes_an_object():
    bpy.context.scene.cursor.location = (1, 2, 3)
    made = objtext.insert(TEXT, "a spike", metres=2.0)
    bpy.context.view_layer.update()
    assert made.name == "Spike"
    assert len(made.data.polygons) == 4
    assert max(made.dimensions) == pytest.approx(2.0)
    assert tuple(made.location) == (1, 2, 3)
    with pytest.raises(ValueError, match="no mesh"):
        objtext.insert("I am sorry.", "x")


def test_text_is_dropped_and_pasted(addon, tmp_path):
    (tmp_path / "spike.obj").write_text(TEXT)
    assert bpy.ops.meshscribe.insert(filepath=str(tmp_path / "spike.obj")) == {"FINISHED"}
    assert bpy.context.object.name == "Spike"
    with pytest.raises(RuntimeError, match="No such file"):
        bpy.ops.meshscribe.insert(filepath=str(tmp_path / "none.obj"))
    assert bpy.types.MESHSCRIBE_FH_obj.bl_import_operator == "meshscribe.insert"
