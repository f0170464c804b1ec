"""The whole way by simulated keys and clicks, from a Blender that has only the zip, with pictures of the panel on the
way. From the project's root:

  blender --factory-startup --enable-event-simulate \
      --python tests/gui/pictures.py -- THE.zip WHEEL-FOLDER PICTURES-FOLDER

The wheel folder has the backend's packages for Blender's Python; nothing is downloaded. Waits for what is to be seen,
not for a clock. Blender ends with status 0, or 1 where a step did not come."""

from __future__ import annotations

import sys
from pathlib import Path

import addon_utils
import bpy

sys.path.append(str(Path(__file__).parent))

from driver import MODULE, Steps, arguments, click, drip, key, look, part, press, region, run, shoot, view, write

ZIP, WHEELS, FOLDER = arguments()[:3]
PICTURES = Path(FOLDER)

# Where things are in a window of 1280 x 900, in pixels of the picture; the prompt is higher where Blender has a box.
NEWER = bpy.app.version >= (5, 2, 0)
INSTALL, PROMPT = (950, 128), (880, 160)
GENERATE = (890, 216) if NEWER else (890, 190)
HEADER, STEP = (880, 97), 28  # of the first panel; to the next, where all are closed
DESCRIBE, CHANGE, ASK, HISTORY = 1, 2, 3, 4
OPEN = (
    STEP + 182,
    STEP + 65,
    STEP,
)  # below the first, where it is closed and nothing is selected: ask, change, describe
WORDS, SEED = "a wooden chair with a tall back", 4


def wishes() -> bpy.types.PropertyGroup:
    """The settings of the panel: undo makes them anew, so that nobody may keep them."""
    return bpy.context.scene.meshscribe


shown: list[int] = []  # of the panels below the first


def close() -> Steps:
    """Close all panels below the first, which is closed meanwhile: then the others have their places."""
    x, y = HEADER
    for place in (0, *OPEN, 0):
        yield from click(x, y + place)


def show(*panels: int) -> Steps:
    """Open these panels below the first, and no others."""
    x, y = HEADER
    for panel in (0, *sorted(shown), *sorted(panels, reverse=True), 0):
        yield from click(x, y + panel * STEP)
    shown[:] = panels


def stall(now):
    """True as soon as more than half of a mesh's parts are there; the timer is stopped then, for a picture."""

    def caught() -> bool:
        job = now.session.active[0]
        if not job.expected or job.parts <= job.expected / 2:
            return False
        bpy.app.timers.unregister(part("ui.addon")._tick)
        return True

    return caught


def go_on() -> None:
    bpy.app.timers.register(part("ui.addon")._tick, persistent=True)


def steps() -> Steps:
    bpy.ops.extensions.package_install_files(filepath=ZIP, repo="user_default", enable_on_install=True)
    now = part("runtime").current()
    bpy.context.preferences.addons[MODULE].preferences.wheels = WHEELS
    yield 1.0
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.ed.undo_push(message="Begin")
    look((0, 0, 0.4), 2.6)
    yield 1.0
    region("UI").active_panel_category = "MeshScribe"
    yield from shoot(PICTURES / "empty.png")

    # From nothing to a backend that is ready.
    yield from click(*INSTALL)
    yield from shoot(PICTURES / "install.png")
    yield from key("RET")
    yield lambda: now.backend.environment.factor > 0.03 or now.backend.installed
    yield from shoot(PICTURES / "installing.png")
    yield lambda: now.state == "ready" or now.problem
    assert not now.problem, now.problem
    yield from shoot(PICTURES / "ready.png")
    yield from close()

    # A prompt is typed, the button is pressed.
    yield from click(*PROMPT)
    yield from write(WORDS)
    yield from key("RET", ctrl=True)
    assert wishes().prompt == WORDS, wishes().prompt
    wishes().lock_seed, wishes().seed = True, SEED
    drip(now, 3)
    yield from click(*GENERATE)
    assert now.session.jobs, "the click on Generate did not arrive"
    yield stall(now)
    job = now.session.active[0]
    yield from shoot(PICTURES / "growing.png")
    assert job.state == "running" and 0 < job.faces == len(job.object().data.polygons)
    print(f"growing: part {job.parts} of {job.expected}, {job.faces} faces", flush=True)
    go_on()
    yield lambda: not now.session.active
    del now.session.link.poll
    print(f"finished: {job.state}, {job.faces} faces", flush=True)
    yield from shoot(PICTURES / "finished.png")
    yield from press("F9")
    yield from shoot(PICTURES / "care.png")
    yield from key("ESC")

    # One undo takes it away, and nothing else; redo brings it back.
    made = bpy.context.object
    name, faces, others = made.name, len(made.data.polygons), len(bpy.data.objects) - 1
    yield from press("Z", ctrl=True)
    assert name not in bpy.data.objects
    assert len(bpy.data.objects) == others
    yield from shoot(PICTURES / "undone.png")
    yield from press("Z", ctrl=True, shift=True)
    assert len(bpy.data.objects[name].data.polygons) == faces
    assert job.object().name == name, "it is found again"
    print("by keys and clicks: installed, started, typed, pressed, undone, redone", flush=True)
    yield from rest(now)
    print("longest tick", round(now.longest * 1000, 1), "ms", flush=True)


def rest(now) -> Steps:
    """What the buttons lead to, pressed by their operators."""
    bpy.context.scene.cursor.location = (-0.2, -1.6, 0)
    look((0.3, -1.0, 0.3), 4.4)
    wishes().prompt, wishes().count, wishes().size = "a low wooden stool", 3, 0.6
    bpy.ops.meshscribe.generate()
    yield lambda: not now.session.active
    yield from shoot(PICTURES / "variations.png")
    bpy.ops.meshscribe.keep()
    bpy.ops.meshscribe.describe()
    yield lambda: not now.session.active
    yield from show(DESCRIBE)
    yield from shoot(PICTURES / "described.png")
    wishes().instruction = "make it taller"
    bpy.ops.meshscribe.change()
    yield lambda: not now.session.active
    yield from show(DESCRIBE, CHANGE)
    yield from shoot(PICTURES / "changed.png")
    for task in ("FAULTS", "NAME"):
        bpy.ops.meshscribe.chat_ask(task=task)
        yield lambda: not now.session.active
        yield 1.0
    yield from show(ASK)
    yield from shoot(PICTURES / "asked.png")
    yield from show(HISTORY)
    yield from shoot(PICTURES / "history.png")
    yield from show()
    now.dismiss()
    wishes().count, wishes().prompt = 1, "a grand piano"
    bpy.ops.meshscribe.generate()
    yield lambda: not now.session.active
    yield from shoot(PICTURES / "declined.png")
    now.dismiss()
    wishes().model, wishes().prompt = "llama-mesh", "a sword"
    bpy.ops.meshscribe.generate()
    yield lambda: now.problem
    yield from shoot(PICTURES / "error.png")
    bpy.ops.meshscribe.model_get("INVOKE_DEFAULT")
    yield from shoot(PICTURES / "licence.png")
    yield from key("ESC")
    bpy.ops.meshscribe.use_model(model="starter")
    yield 3.0
    addon = next(each for each in addon_utils.modules() if each.__name__ == MODULE)
    addon_utils.module_bl_info(addon)["show_expanded"] = True
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "MeshScribe"
    view().type = "PREFERENCES"  # a window of its own has no place on a screen without a window manager
    yield from shoot(PICTURES / "preferences.png")


if __name__ == "__main__":
    run(steps(), PICTURES)
