"""Driver: a window is driven by simulated keys and clicks, and looked at. A script hands `run` a generator that yields
seconds to wait, or a function that must become true; Blender then ends with status 0, or 1 where a step did not
come."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from math import radians
from pathlib import Path

import bpy
from mathutils import Euler, Vector

MODULE = "bl_ext.user_default.meshscribe"
PATIENCE = 300.0  # seconds for one step; software drawing, and a model on two busy cores
SETTLE = 1.0  # seconds for a redraw before a picture

Steps = Iterator[float | Callable[[], object]]


def arguments() -> list[str]:
    """What follows `--` on Blender's command line."""
    return sys.argv[sys.argv.index("--") + 1 :]


def part(name: str = "") -> object:
    """A module of the installed add-on."""
    return importlib.import_module(f"{MODULE}.{name}" if name else MODULE)


def window() -> bpy.types.Window:
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def region(kind: str) -> bpy.types.Region:
    return next(region for region in view().regions if region.type == kind)


def take(path: Path) -> subprocess.Popen[bytes]:
    """A small picture of the X screen: Blender's own screenshot is black where Mesa draws."""
    return subprocess.Popen(["import", "-window", "root", "+dither", "-colors", "64", "-strip", f"PNG8:{path}"])


def shoot(path: Path) -> Steps:
    """Draw all anew, then take a picture."""
    for each in bpy.context.window_manager.windows:
        for area in each.screen.areas:
            area.tag_redraw()
    yield SETTLE
    camera = take(path)
    yield lambda: camera.poll() is not None
    print("picture", path.name, flush=True)


def press(key: str, **modifiers: bool) -> Steps:
    """A key, over the middle of the 3D view."""
    main = region("WINDOW")
    x, y = main.x + main.width // 3, main.y + main.height // 2
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.3
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(type=key, value=value, x=x, y=y, **modifiers)
    yield 0.7


def click(x: int, y: int) -> Steps:
    """A click at a pixel of the picture."""
    y = window().height - y
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    yield 0.5
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(type="LEFTMOUSE", value=value, x=x, y=y)
        yield 0.2
    yield 0.5


def key(name: str, **modifiers: bool) -> Steps:
    """A key where the mouse is, for fields and dialogs."""
    for value in ("PRESS", "RELEASE"):
        window().event_simulate(type=name, value=value, **modifiers)
    yield 0.7


def write(text: str) -> Steps:
    for letter in text:
        kind = {" ": "SPACE", ",": "COMMA", ".": "PERIOD"}.get(letter, letter.upper())
        window().event_simulate(type=kind, value="PRESS", unicode=letter)
        window().event_simulate(type=kind, value="RELEASE")
        yield 0.03
    yield 0.3


def look(point: tuple[float, float, float], distance: float) -> None:
    """Turn the 3D view's eye to a point, which then lies left of the middle: the sidebar covers the right."""
    space = view().spaces.active
    turned = Euler((radians(70), 0, radians(28))).to_quaternion()
    space.region_3d.view_rotation, space.region_3d.view_distance = turned, distance
    space.region_3d.view_location = Vector(point) + turned @ Vector((0.14 * distance, 0, 0))
    space.show_region_ui = True


def drip(now, messages: int = 1) -> None:
    """From now on a tick gets so few messages: a mesh grows slowly, as on a slower machine. `del now.session.link.poll`
    ends it."""
    poll, waiting = now.session.link.poll, deque()

    def few(budget: float) -> list:
        waiting.extend(poll(budget))
        return [waiting.popleft() for _ in range(min(messages, len(waiting)))]

    now.session.link.poll = few


def ready(now) -> Steps:
    """The backend is installed, where it is not, and started, by the operators."""
    if now.backend.installed:
        bpy.ops.meshscribe.backend_start()
    else:
        bpy.ops.meshscribe.backend_install()
    yield lambda: now.state == "ready" or now.problem
    assert not now.problem, now.problem


def run(steps: Steps, pictures: Path) -> None:
    """Go through the steps, beginning when Blender has drawn itself, then end Blender."""
    waiting: float | Callable[[], object] = 0.0
    since = time.monotonic()

    def drive() -> float:
        nonlocal waiting, since
        try:
            if callable(waiting) and not waiting():
                assert time.monotonic() - since < PATIENCE, "a step did not come"
                return 0.02
            waiting, since = next(steps), time.monotonic()
            return 0.02 if callable(waiting) else waiting
        except StopIteration:
            code = 0
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            code = 1
            take(pictures / "failed.png").wait(20)
        print("status", code, flush=True)
        part("runtime").close()
        os._exit(code)

    bpy.context.preferences.view.show_splash = False
    bpy.app.timers.register(drive, first_interval=4.0, persistent=True)
