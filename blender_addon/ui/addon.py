"""The add-on in Blender: registers the classes, attaches properties, menus, handlers, the timer and the
command; `unregister` undoes each in reverse. Runs under Blender's restricted context: nothing here looks at a
scene."""

from __future__ import annotations

import atexit

import bpy
from bpy.app.handlers import persistent

from .. import command, conversation, paths, runtime
from ..job import Job


def _modules():
    """In the order of registration. Imported late: the operators use `wake` of this module."""
    from . import backend, care, chat, drop, history, hosts, models, ops, panel, prefs, props, status

    return props, history, status, backend, models, hosts, ops, care, drop, panel, chat, prefs


_registered: list[type] = []
_command: object | None = None


def register() -> None:
    """Called when the extension is switched on, and again by Reload Scripts."""
    if _registered:
        unregister()
    global _command
    from . import care, chat, drop, history, prefs, props

    paths.open_log()
    for module in _modules():
        for each in module.CLASSES:
            bpy.utils.register_class(each)
            _registered.append(each)
    for module in (props, history, drop, chat):
        module.attach()
    for name, handler in HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    now = runtime.current()
    now.session.settle, now.ended, now.changed = care.finish_with_operator, _ended, redraw
    prefs.apply()
    bpy.app.timers.register(_tick, first_interval=0.1, persistent=True)
    _command = bpy.utils.register_cli_command("meshscribe", command.run)
    atexit.register(runtime.close)


def unregister() -> None:
    """Leaves nothing behind: no timer, no handler, no socket, no process."""
    global _command
    from . import chat, drop, history, props

    if not _registered:
        return
    atexit.unregister(runtime.close)
    if _command is not None:
        bpy.utils.unregister_cli_command(_command)
        _command = None
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    runtime.close()
    for name, handler in reversed(HANDLERS):
        handlers = getattr(bpy.app.handlers, name)
        if handler in handlers:
            handlers.remove(handler)
    for module in (chat, drop, history, props):
        module.detach()
    while _registered:
        bpy.utils.unregister_class(_registered.pop())
    paths.close_log()


def tick() -> float:
    """What the timer does; tests without a window call it in its place."""
    from . import history

    pause = runtime.current().tick()
    history.sync()
    conversation.sync()
    return pause


def _ended(job: Job) -> None:
    from . import history

    history.record(job)
    conversation.heard(job)


def _tick() -> float | None:
    return tick() if _registered else None


def wake() -> None:
    """Tick soon: something was asked for. For operators, not for what runs inside the tick."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
        bpy.app.timers.register(_tick, first_interval=0.01, persistent=True)
    redraw()


def redraw() -> None:
    """Draw the panels anew, in all windows."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
            elif area.type == "PREFERENCES":
                area.tag_redraw()


@persistent
def _load_pre(*_: object) -> None:
    """Another file comes: the jobs of this one end. Their objects go with it."""
    session = runtime.current().session
    for job in session.active:
        session.cancel(job, keep=False)


@persistent
def _load_post(*_: object) -> None:
    from . import history

    history.forget_file()
    conversation.forget_file()


@persistent
def _undone(*_: object) -> None:
    from . import history

    runtime.current().session.undone()
    history.disturb()
    conversation.disturb()


HANDLERS = (("load_pre", _load_pre), ("load_post", _load_post), ("undo_post", _undone), ("redo_post", _undone))
