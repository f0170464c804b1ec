"""What artists do while a mesh grows, and what happens to backends meanwhile: nothing is lost, nothing falls over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bpy
import pytest
from layout import draw
from shape_backend import ROOT, serve

import blender_addon
from blender_addon import runtime
from blender_addon.ui import addon as switch
from blender_addon.ui import panel

SLOW = "a slow table delay=0.02"


def until(condition, timeout: float = 100.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(min(0.01, switch.tick()))


def ask(prompt: str) -> None:
    bpy.context.scene.meshscribe.prompt = prompt
    assert bpy.ops.meshscribe.generate() == {"FINISHED"}


def growing():
    """The job that was asked for, as soon as its object has faces."""
    now = runtime.current()
    until(lambda: now.session.active and now.session.active[0].reader.faces > 2)
    until(lambda: now.session.active[0].object() is not None)
    return now.session.active[0]


def works() -> None:
    """The add-on makes a mesh, and the panel can be drawn."""
    now = runtime.current()
    ask("a table")
    until(lambda: not now.session.active)
    assert not now.problem
    assert bpy.context.object.name.startswith("Table")
    assert "meshscribe.generate" in draw(panel.MESHSCRIBE_PT_generate).operators()


OTHER = """
import sys
from importlib import import_module
import bpy
addon = import_module(sys.argv[1])
api = import_module(sys.argv[1] + ".api")
for number in range(5):
    job = api.wait(api.generate("a table", seed=number)[0])
    print("\\nMADE", job.state, len(job.object().data.polygons), flush=True)
import_module(sys.argv[1] + ".runtime").close()
"""


def test_two_blenders_share_one_backend(addon, home):
    command = [sys.executable, "-c", OTHER, blender_addon.__name__]
    environment = os.environ | {"MESHSCRIBE_HOME": str(home)}
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    until(lambda: addon.session.link)
    while other.poll() is None:
        works()
    made = [line.split() for line in other.stdout if line.startswith("MADE")]
    assert len(made) == 5
    assert all(state == "done" and int(faces) > 10 for _, state, faces in made)
    works()  # the other has gone


@pytest.mark.parametrize("how", ["reload scripts", "off and on"])
def test_it_can_be_switched_while_a_mesh_grows(addon, how):
    ask(SLOW)
    name = growing().object().name
    if how == "off and on":
        blender_addon.unregister()
    blender_addon.register()
    assert len(bpy.data.objects[name].data.polygons) > 2  # what was there stays
    assert not runtime.current().session.active
    works()


def test_its_collection_and_scene_may_go(addon):
    collection = bpy.data.collections.new("Mine")
    bpy.context.scene.collection.children.link(collection)
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Mine"]
    ask(SLOW)
    job = growing()
    assert job.object().name in collection.objects
    bpy.data.collections.remove(collection)
    until(lambda: job.over)
    ask(SLOW)
    job, scene = growing(), bpy.context.scene
    bpy.context.window.scene = bpy.data.scenes.new("Another")
    bpy.data.scenes.remove(scene)
    until(lambda: job.over)
    works()


def test_a_file_may_be_saved_while_a_mesh_grows(addon, tmp_path):
    ask(SLOW)
    job = growing()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "t.blend"))
    until(lambda: job.over)
    assert job.state == "done"
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "t.blend"))
    assert len(bpy.data.objects[job.name].data.polygons) > 2  # as far as it had grown
    works()


def test_a_picture_may_be_rendered_while_a_mesh_grows(addon, tmp_path):
    ask(SLOW)
    job = growing()
    scene = bpy.context.scene
    scene.render.engine, scene.render.resolution_percentage = "BLENDER_WORKBENCH", 10
    scene.render.filepath = str(tmp_path / "picture.png")
    bpy.ops.render.render(write_still=True)
    until(lambda: job.over)
    assert job.state == "done"
    assert Path(scene.render.filepath).exists()


def test_an_object_may_be_joined_into_another(addon):
    cube = bpy.data.objects["Cube"]
    ask(SLOW)
    job = growing()
    bpy.ops.object.select_all(action="DESELECT")
    for each in (job.object(), cube):
        each.select_set(True)
    bpy.context.view_layer.objects.active = cube
    bpy.ops.object.join()  # the object that grew is gone
    until(lambda: job.over)
    assert job.state == "cancelled"
    assert len(cube.data.polygons) > 8
    works()


def test_the_backend_goes_and_comes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(runtime, "LOST", 0.5)
    process = serve(tmp_path / "home")
    blender_addon.register()
    try:
        now = runtime.current()
        works()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until(lambda: now.state == "lost")
        assert draw(panel.MESHSCRIBE_PT_generate).words()
        until(lambda: now.state == "off")
        shown = draw(panel.MESHSCRIBE_PT_generate)
        assert "The connection to the backend is lost" in " ".join(shown.words())
        assert "meshscribe.backend_start" in shown.operators()
        process = serve(tmp_path / "home")
        until(lambda: now.state == "ready")
        works()
    finally:
        blender_addon.unregister()
        process.terminate()
        process.wait()
