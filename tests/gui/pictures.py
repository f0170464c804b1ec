"""Pictures of the panel, and the whole way by simulated keys and clicks, in a real window. From the project's root:

  blender --factory-startup --enable-event-simulate \
      --python tests/gui/pictures.py -- THE.zip WHEEL-FOLDER PICTURES-FOLDER

The zip is all that this Blender has; the wheel folder has the backend's packages for its Python. Waits for what is to
be seen, not for a clock, and ends Blender with status 0, or 1 where a step did not come."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy

ZIP, WHEELS, PICTURES = sys.argv[sys.argv.index("--") + 1 :][:3]
MODULE = "bl_ext.user_default.meshscribe"
PATIENCE = 300.0  # seconds for one step; software drawing, and a model on two busy cores
SETTLE = 1.0  # seconds for a redraw before a picture


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def side() -> bpy.types.Region:
    return next(region for region in view().regions if region.type == "UI")


def take(name: str) -> subprocess.Popen[bytes]:
    """A picture of the X screen: Blender's own screenshot is black where Mesa draws."""
    return subprocess.Popen(["import", "-window", "root", str(Path(PICTURES) / f"{name}.png")])


def shoot(name: str) -> Iterator[object]:
    for area in window().screen.areas:
        area.tag_redraw()
    yield SETTLE
    camera = take(name)
    yield lambda: camera.poll() is not None
    print("picture", name, flush=True)


def press(key: str, **modifiers: bool) -> Iterator[object]:
    region = next(region for region in view().regions if region.type == "WINDOW")
    x, y = region.x + region.width // 3, region.y + region.height // 2
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.3
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(type=key, value=value, x=x, y=y, **modifiers)
    yield 0.7


def click(x: int, from_top: int) -> Iterator[object]:
    """A click in the sidebar: pixels from its left and from its top."""
    x, y = side().x + x, side().y + side().height - from_top
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.5
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(type="LEFTMOUSE", value=value, x=x, y=y)
        yield 0.2
    yield 0.5


def enter(text: str) -> Iterator[object]:
    for letter in text:
        kind = "SPACE" if letter == " " else letter.upper()
        window().event_simulate(type=kind, value="PRESS", unicode=letter)
        window().event_simulate(type=kind, value="RELEASE")
        yield 0.03
    window().event_simulate(type="RET", value="PRESS")
    window().event_simulate(type="RET", value="RELEASE")
    yield 0.7


def steps() -> Iterator[object]:
    """Yields seconds to wait, or what must become true."""
    bpy.ops.extensions.package_install_files(filepath=ZIP, repo="user_default", enable_on_install=True)
    addon = importlib.import_module(MODULE)
    runtime = importlib.import_module(MODULE + ".runtime")
    now = runtime.current()
    bpy.context.preferences.addons[MODULE].preferences.wheels = WHEELS
    settings = bpy.context.scene.meshscribe
    yield 1.0
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.ed.undo_push(message="Begin")
    kind = bpy.types.MESHSCRIBE_PT_history
    bpy.utils.unregister_class(kind)
    kind.bl_options = set()  # open from the first time it is drawn: a click would have to know where it is
    bpy.utils.register_class(kind)
    view().spaces.active.show_region_ui = True
    yield 1.0
    side().active_panel_category = "MeshScribe"
    yield from shoot("1-empty")

    # From nothing to a backend that is ready.
    yield from click(230, 52)  # Install...
    yield from shoot("2-install-asks")
    window().event_simulate(type="RET", value="PRESS")
    window().event_simulate(type="RET", value="RELEASE")
    yield 1.0
    if not now.backend.environment.busy and not now.backend.installed:
        print("the click on Install did not arrive; going on by the operator", flush=True)
        bpy.ops.meshscribe.backend_install()
    yield lambda: now.backend.environment.factor > 0.03 or now.backend.installed
    yield from shoot("3-installing")
    yield lambda: now.state == "ready" or now.problem
    assert not now.problem, now.problem
    yield from shoot("4-ready")

    # By F3, a mesh, one undo, redo.
    settings.prompt = "a round table with four legs"
    settings.lock_seed, settings.seed = True, 4
    yield from press("F3")
    yield from enter("mesh from words")
    yield from shoot("4-dialog")
    for _ in range(2):  # one ends the typing, one presses the button
        window().event_simulate(type="RET", value="PRESS")
        window().event_simulate(type="RET", value="RELEASE")
        yield 1.0
    if not now.session.jobs:
        print("F3 did not arrive; going on by the operator", flush=True)
        bpy.ops.meshscribe.generate()
    yield lambda: now.session.active and now.session.active[0].reader.faces > 5 or not now.session.active
    yield from shoot("5-growing")
    yield lambda: not now.session.active
    yield from shoot("6-finished")
    print("longest tick", round(now.longest * 1000, 1), "ms", flush=True)
    yield from press("F9")
    yield from shoot("7-f9")
    window().event_simulate(type="ESC", value="PRESS")
    window().event_simulate(type="ESC", value="RELEASE")
    yield 0.5
    made = bpy.context.object
    name, faces = made.name, len(made.data.polygons)
    yield from press("Z", ctrl=True)
    assert name not in bpy.data.objects, "one undo takes the mesh away"
    assert len(bpy.data.objects) == 2, "and nothing else"
    yield from press("Z", ctrl=True, shift=True)
    assert len(bpy.data.objects[name].data.polygons) == faces, "redo brings it back"
    job = list(now.session.jobs.values())[-1]
    assert job.object().name == name, "and it is found again"

    # Undo while another grows: it goes on.
    settings = bpy.context.scene.meshscribe  # undo has made it anew: the old one points at nothing
    settings.prompt, settings.seed = "a wooden chair with a tall back", 2
    bpy.context.scene.cursor.location = (1.6, 0, 0)
    bpy.ops.meshscribe.generate()
    yield lambda: not now.session.active or now.session.active[0].reader.faces
    slow = bool(now.session.active)  # else it was done before a key could be pressed
    if slow:
        yield from press("Z", ctrl=True)
    yield lambda: not now.session.active
    assert list(now.session.jobs.values())[-1].state == "done"

    # Variations, a description, an error with its button, the history.
    settings = bpy.context.scene.meshscribe
    settings.count, settings.size = 2, 0.8
    settings.prompt = "a low wooden stool"
    bpy.context.scene.cursor.location = (-1.0, -1.6, 0)
    bpy.ops.meshscribe.generate()
    yield lambda: not now.session.active
    yield from shoot("8-variations")
    bpy.ops.meshscribe.describe()
    yield lambda: not now.session.active
    yield from shoot("9-described")
    settings = bpy.context.scene.meshscribe
    settings.count, settings.model, settings.prompt = 1, "llama-mesh", "a sword"
    bpy.ops.meshscribe.generate()
    yield lambda: now.problem
    yield from shoot("10-error")
    bpy.ops.meshscribe.use_model(model="starter")
    yield from shoot("11-history")
    print("longest tick", round(now.longest * 1000, 1), "ms", addon.__name__, flush=True)


running, waiting, since = steps(), 0.0, time.monotonic()


def drive() -> float | None:
    global waiting, since
    try:
        if callable(waiting) and not waiting():
            assert time.monotonic() - since < PATIENCE, "a step did not come"
            return 0.05
        waiting, since = next(running), time.monotonic()
        return 0.05 if callable(waiting) else float(waiting)
    except StopIteration:
        code = 0
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        code = 1
        take("failed").wait(20)
    print("status", code, flush=True)
    sys.stdout.flush()
    importlib.import_module(MODULE + ".runtime").close()
    os._exit(code)


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(drive, first_interval=4.0, persistent=True)
