"""What a window can do to a job that a Blender without one cannot: undo, a render that runs, Reload Scripts, the
extension switched off and on, another file. From the project's root:

  blender --factory-startup --enable-event-simulate \
      --python tests/gui/robust.py -- THE.zip WHEEL-FOLDER PICTURES-FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parent))

from driver import MODULE, Steps, arguments, look, part, press, ready, run

ZIP, WHEELS, FOLDER = arguments()[:3]
PROMPT = "a small house with a red roof, two windows and a chimney"


def current():
    return part("runtime").current()


def begin() -> Steps:
    """A job whose object has begun to grow."""
    bpy.context.scene.meshscribe.prompt = PROMPT
    assert bpy.ops.meshscribe.generate() == {"FINISHED"}
    yield lambda: current().session.active[0].faces > 3


def works() -> Steps:
    """A job comes to its end, and its object is there."""
    bpy.context.scene.meshscribe.prompt = PROMPT
    assert bpy.ops.meshscribe.generate() == {"FINISHED"}
    job = current().session.active[0]
    yield lambda: job.over
    assert job.state == "done", job.sentence
    assert len(job.object().data.polygons) == job.faces > 5


def steps() -> Steps:
    bpy.ops.extensions.package_install_files(filepath=ZIP, repo="user_default", enable_on_install=True)
    bpy.context.preferences.addons[MODULE].preferences.wheels = WHEELS
    look((0, 0, 0.4), 4.0)
    yield from ready(current())
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.ed.undo_push(message="Begin")

    yield from begin()
    job = current().session.active[0]
    yield from press("Z", ctrl=True)  # what is undone is not the job
    yield from press("Z", ctrl=True, shift=True)
    yield lambda: job.over
    assert job.state == "done"
    assert len(job.object().data.polygons) == job.faces
    print("undo and redo while it grows: done", flush=True)

    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 64, "CPU"
    scene.render.resolution_x, scene.render.resolution_y = 640, 480
    yield from begin()
    job = current().session.active[0]
    bpy.ops.render.render("INVOKE_DEFAULT")
    yield lambda: bpy.app.is_job_running("RENDER")
    faces, seen = job.faces, set()

    def rendered() -> bool:
        if bpy.app.is_job_running("RENDER"):
            seen.add((job.faces, job.state))
            return False
        return True

    yield rendered
    assert seen == {(faces, "running")}, seen
    yield lambda: job.over
    assert job.state == "done"
    print("render while it grows: the object waited, then done", flush=True)

    yield from begin()
    before = current()
    bpy.ops.script.reload()  # Blender does it when it is back in its loop
    yield lambda: current() is not before
    yield from works()  # starts the backend again
    print("Reload Scripts while it grows: goes on", flush=True)

    yield from begin()
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not hasattr(bpy.types.Scene, "meshscribe")
    yield 1.0
    bpy.ops.preferences.addon_enable(module=MODULE)
    yield 1.0
    yield from works()
    print("off and on while it grows: goes on", flush=True)

    yield from begin()
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    yield 1.0
    assert not current().session.active
    yield from works()
    print("another file while it grows: goes on", flush=True)


if __name__ == "__main__":
    run(steps(), Path(FOLDER))
