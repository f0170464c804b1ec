"""The backend in the interface: one status line with the button for the next step, its operators, and the
troubles with the button that mends them."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.props import BoolProperty, StringProperty

from .. import runtime
from ..environment import BASE_MEGABYTES, LARGE_MEGABYTES
from ..paths import PACKAGE, log_file
from ..troubles import FIXES
from .text import amount, paragraph

LINES = 60  # of the log in the details


def draw_status(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How far the backend is, and the next step."""
    now = runtime.current()
    row = layout.row(align=True)
    match now.state:
        case "off":
            if now.backend.installed:
                row.label(text="Backend is off", icon="RADIOBUT_OFF")
                row.operator("meshscribe.backend_start", text="Start")
            else:
                row.label(text="Not installed yet", icon="IMPORT")
                row.operator("meshscribe.backend_install", text="Install...")
        case "installing":
            environment = now.backend.environment
            row.progress(text=environment.words, factor=environment.factor)
            row.operator("meshscribe.backend_cancel", text="", icon="X")
        case "starting":
            row.label(text="Starting the backend", icon="SORTTIME")
            row.operator("meshscribe.backend_stop", text="", icon="X")
        case "loading":
            words = _("Loading the model")
            if (loading := now.session.loading) and loading.total:
                row.progress(text=words, factor=loading.done / loading.total)
            else:
                row.label(text=words, icon="SORTTIME", translate=False)
        case "ready":
            row.label(text=ready_words(now), icon="CHECKMARK", translate=False)
            row.menu("MESHSCRIBE_MT_backend", text="", icon="DOWNARROW_HLT")


def ready_words(now: runtime.Runtime) -> str:
    """ "Ready: starter, cpu, 310 MB"."""
    workers = now.session.status.workers if now.session.status else []
    words = [part for worker in workers[:1] for part in (worker.model, worker.device) if part]
    words += [amount(worker.memory) for worker in workers[:1] if worker.memory]
    return ": ".join([_("Ready"), ", ".join(words)]) if words else _("Ready")


def draw_problem(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What went wrong, in words, with the button that mends it."""
    problem = runtime.current().problem
    if problem is None:
        return
    box = layout.box()
    paragraph(box, context, problem.sentence, "ERROR")
    row = box.row(align=True)
    if fix := FIXES.get(problem.code):
        button = row.operator(fix.operator, text=_(fix.label), icon=fix.icon, translate=False)
        for name, value in fix.settings.items():
            setattr(button, name, value)
    row.operator("meshscribe.copy_details", text="", icon="COPYDOWN")
    row.operator("meshscribe.dismiss", text="", icon="X")


class MESHSCRIBE_MT_backend(bpy.types.Menu):
    bl_label = "Backend"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("meshscribe.backend_restart", icon="FILE_REFRESH")
        layout.operator("meshscribe.backend_stop", icon="CANCEL")
        layout.operator("meshscribe.backend_install", text="Add Large Models...", icon="IMPORT").large = True
        layout.operator("meshscribe.copy_details", icon="COPYDOWN")
        layout.operator("meshscribe.preferences", icon="PREFERENCES")


class MESHSCRIBE_OT_backend_install(bpy.types.Operator):
    """Make a private Python environment with the backend, outside of Blender's own. Can be cancelled, and goes
    on where it was"""

    bl_idname = "meshscribe.backend_install"
    bl_label = "Install Backend"

    large: BoolProperty(
        name="Large Models", description="PyTorch, for LLaMA-Mesh and other large models", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if runtime.current().backend.environment.busy:
            cls.poll_message_set("It is being installed")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        from .prefs import apply

        apply()
        sources = runtime.current().backend.sources
        megabytes = LARGE_MEGABYTES if self.large else BASE_MEGABYTES
        where = _("Everything is taken from the wheel folder, nothing is downloaded.")
        if not sources.wheels:
            where = _("About {n} MB are downloaded from {index}.").format(
                n=f"{megabytes:,}", index=sources.index or _("the Python package index")
            )
        return context.window_manager.invoke_confirm(
            self, event, title=_("Install the MeshScribe backend?"), message=where, confirm_text=_("Install")
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .prefs import apply

        apply()
        now = runtime.current()
        now.dismiss()
        now.backend.install(self.large)
        return {"CANCELLED"} if now.backend.trouble else {"FINISHED"}


class MESHSCRIBE_OT_backend_cancel(bpy.types.Operator):
    """Stop installing. What was downloaded is kept for the next time"""

    bl_idname = "meshscribe.backend_cancel"
    bl_label = "Cancel Installation"

    def execute(self, context: bpy.types.Context) -> set[str]:
        runtime.current().backend.cancel_install()
        return {"FINISHED"}


class MESHSCRIBE_OT_backend_start(bpy.types.Operator):
    """Start the local backend. It ends with Blender"""

    bl_idname = "meshscribe.backend_start"
    bl_label = "Start Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .prefs import apply

        apply()
        runtime.current().start()
        return {"FINISHED"}


class MESHSCRIBE_OT_backend_stop(bpy.types.Operator):
    """End the backend and free its memory. Jobs that run are cancelled"""

    bl_idname = "meshscribe.backend_stop"
    bl_label = "Stop Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        runtime.current().stop()
        return {"FINISHED"}


class MESHSCRIBE_OT_backend_restart(bpy.types.Operator):
    """End the backend and start it anew"""

    bl_idname = "meshscribe.backend_restart"
    bl_label = "Restart Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        runtime.current().restart()
        return {"FINISHED"}


class MESHSCRIBE_OT_backend_remove(bpy.types.Operator):
    """Delete the private environment and what was downloaded for it"""

    bl_idname = "meshscribe.backend_remove"
    bl_label = "Remove Backend"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event, message=_("Delete the private environment?"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        now = runtime.current()
        now.stop()
        now.backend.environment.remove()
        return {"FINISHED"}


class MESHSCRIBE_OT_use_model(bpy.types.Operator):
    """Go on with this model"""

    bl_idname = "meshscribe.use_model"
    bl_label = "Use Model"

    model: StringProperty(default="starter", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.meshscribe.model = self.model
        runtime.current().dismiss()
        return {"FINISHED"}


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
        self.report({"INFO"}, "Details copied")
        return {"FINISHED"}


def details() -> str:
    """What a person who helps wants to know; no prompts and no keys."""
    now = runtime.current()
    problem = now.problem
    path = Path(problem.log) if problem and problem.log else log_file()
    lines = [f"MeshScribe in Blender {bpy.app.version_string}; backend {now.state}"]
    if problem:
        lines.append(f"{problem.code}: {problem.sentence}")
    lines.append(f"Log: {path}")
    if path.is_file():
        lines += path.read_text(errors="replace").splitlines()[-LINES:]
    return "\n".join(lines)


CLASSES = (
    MESHSCRIBE_MT_backend,
    MESHSCRIBE_OT_backend_install,
    MESHSCRIBE_OT_backend_cancel,
    MESHSCRIBE_OT_backend_start,
    MESHSCRIBE_OT_backend_stop,
    MESHSCRIBE_OT_backend_restart,
    MESHSCRIBE_OT_backend_remove,
    MESHSCRIBE_OT_use_model,
    MESHSCRIBE_OT_preferences,
    MESHSCRIBE_OT_dismiss,
    MESHSCRIBE_OT_copy_details,
)
