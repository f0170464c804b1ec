"""How the backend is, in the panel: one line with the button for the next step, and what went wrong with the button
that mends it."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.app.translations import pgettext_rpt as rpt_

from .. import runtime
from ..paths import PACKAGE, log_file
from ..troubles import FIXES, nearest
from .text import amount, paragraph

LINES = 60  # of the log in the details


def draw_status(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far the backend is, and the next step."""
    now = runtime.current()
    environment = now.backend.environment
    if environment.busy:
        row = layout.row(align=True)
        row.progress(text=environment.words(_), factor=environment.factor)
        row.operator("meshscribe.open_log", text="", icon="TEXT")
        row.operator("meshscribe.backend_cancel", text="", icon="X")
        if now.state == "installing":
            return
    end = "meshscribe.leave" if now.remote else "meshscribe.backend_stop"
    row = layout.row(align=True)
    match now.state:
        case "off" if now.remote:
            row.label(text=_("Not connected to {host}").format(host=now.host), icon="UNLINKED", translate=False)
            row.operator("meshscribe.backend_start", text="Connect")
        case "off" if now.backend.installed:
            row.label(text="Backend is off", icon="RADIOBUT_OFF")
            row.operator("meshscribe.backend_start", text="Start")
        case "off":
            row.label(text="Not installed yet", icon="IMPORT")
            row.operator("meshscribe.backend_install", text="Install...")
        case "starting":
            words = _("Connecting to {host}").format(host=now.host) if now.remote else _("Starting the backend")
            row.label(text=words, icon="SORTTIME", translate=False)
            row.operator(end, text="", icon="X")
        case "loading":
            words = _("Loading the model")
            if (loading := now.session.loading) and loading.total:
                row.progress(text=words, factor=loading.done / loading.total)
            else:
                row.label(text=words, icon="SORTTIME", translate=False)
        case "lost":
            row.label(text="Looking for the backend", icon="SORTTIME")
            row.operator(end, text="", icon="X")
        case "ready":
            row.label(text=ready_words(now), icon="CHECKMARK", translate=False)
            row.menu("MESHSCRIBE_MT_backend", text="", icon="DOWNARROW_HLT")


def ready_words(now: runtime.Runtime) -> str:
    """ "Ready: starter, CPU, 310 MB"."""
    workers = now.session.status.workers if now.session.status else []
    words = [now.host] if now.remote else []
    for worker in workers[:1]:
        if worker.model:
            words += [worker.model, *filter(None, [worker.device.upper()])]
            words += [amount(worker.memory)] if worker.memory else []
    return ": ".join([_("Ready"), ", ".join(words)]) if words else _("Ready")


def draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What went wrong, in words, with the button that mends it."""
    failed, problem = runtime.current().failed, runtime.current().problem
    if problem is None:
        return
    box = layout.box()
    paragraph(box, context, _(problem.sentence), "ERROR")
    if failed is not None and (prompts := nearest(failed.sentence)):
        row = box.row(align=True)
        for prompt in prompts:
            row.operator("meshscribe.use_prompt", text=prompt.capitalize(), translate=False).prompt = prompt
    row = box.row(align=True)
    if fix := FIXES.get(problem.code):
        button = row.operator(fix.operator, text=fix.label, icon=fix.icon)
        for name, value in fix.settings.items():
            setattr(button, name, value)
    row.operator("meshscribe.copy_details", text="", icon="COPYDOWN")
    row.operator("meshscribe.open_log", text="", icon="TEXT")
    row.operator("meshscribe.dismiss", text="", icon="X")


class MESHSCRIBE_MT_backend(bpy.types.Menu):
    bl_label = "Backend"

    def draw(self, context: bpy.types.Context) -> None:
        layout, now = self.layout, runtime.current()
        layout.operator("meshscribe.model_unload", icon="REMOVE")
        layout.operator("meshscribe.backend_restart", icon="FILE_REFRESH")
        if now.remote:
            layout.operator("meshscribe.leave", icon="HOME")
        else:
            layout.operator("meshscribe.backend_stop", icon="CANCEL")
            layout.separator()
            layout.operator("meshscribe.backend_install", text="Add Large Models...", icon="IMPORT").large = True
            layout.operator("meshscribe.join", icon="LINKED")
        layout.separator()
        layout.operator("meshscribe.copy_details", icon="COPYDOWN")
        layout.operator("meshscribe.open_log", icon="TEXT")
        layout.operator("meshscribe.preferences", icon="PREFERENCES")


class MESHSCRIBE_OT_preferences(bpy.types.Operator):
    """Open the add-on's preferences"""

    bl_idname = "meshscribe.preferences"
    bl_label = "Preferences..."

    def execute(self, context: bpy.types.Context) -> set[str]:
        bpy.ops.preferences.addon_show(module=PACKAGE)
        return {"FINISHED"}


class MESHSCRIBE_OT_dismiss(bpy.types.Operator):
    """Take this message away"""

    bl_idname = "meshscribe.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: bpy.types.Context) -> set[str]:
        runtime.current().dismiss()
        return {"FINISHED"}


class MESHSCRIBE_OT_copy_details(bpy.types.Operator):
    """Copy what went wrong, versions, and the end of the log to the clipboard"""

    bl_idname = "meshscribe.copy_details"
    bl_label = "Copy Details"

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = details()
        self.report({"INFO"}, rpt_("Details copied"))
        return {"FINISHED"}


class MESHSCRIBE_OT_open_log(bpy.types.Operator):
    """Open the log in the system's program for texts"""

    bl_idname = "meshscribe.open_log"
    bl_label = "Open Log"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not (path := log_path()).is_file():
            self.report({"WARNING"}, rpt_("There is no log yet"))
            return {"CANCELLED"}
        return bpy.ops.wm.path_open(filepath=str(path))


def log_path() -> Path:
    """The log that tells most now: of the installation, of the trouble, or the add-on's own."""
    now = runtime.current()
    if now.backend.environment.busy:
        return now.backend.environment.log
    return Path(now.problem.log) if now.problem and now.problem.log else log_file()


def details() -> str:
    """What a person who helps wants to know; no prompts and no keys."""
    now = runtime.current()
    problem, path = now.problem, log_path()
    lines = [f"MeshScribe in Blender {bpy.app.version_string}; backend {now.state}"]
    if problem:
        lines.append(f"{problem.code}: {problem.sentence}")
    lines.append(f"Log: {path}")
    if path.is_file():
        lines += path.read_text(errors="replace").splitlines()[-LINES:]
    return "\n".join(lines)


CLASSES = (
    MESHSCRIBE_MT_backend,
    MESHSCRIBE_OT_preferences,
    MESHSCRIBE_OT_dismiss,
    MESHSCRIBE_OT_copy_details,
    MESHSCRIBE_OT_open_log,
)
