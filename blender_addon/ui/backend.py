"""The operators that install, start, stop and connect the backend."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, StringProperty

from .. import runtime
from ..environment import megabytes
from ..shared.invitation import LONGEST, PREFIX


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
        where = _("Everything is taken from the wheel folder, nothing is downloaded.")
        if not sources.wheels:
            where = _("About {n} MB are downloaded from {index}.").format(
                n=f"{megabytes(self.large):,}", index=sources.index or _("the Python package index")
            )
        title = _("Add PyTorch for large models?") if self.large else _("Install the MeshScribe backend?")
        return context.window_manager.invoke_confirm(self, event, title=title, message=where, confirm_text=_("Install"))

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


class MESHSCRIBE_OT_join(bpy.types.Operator):
    """Use a backend on another machine. Whoever runs it makes an invitation with `meshscribe invite`"""

    bl_idname = "meshscribe.join"
    bl_label = "Connect to Another Machine..."

    line: StringProperty(
        name="Invitation",
        description="The line that begins with meshscribe-invitation. It is as secret as a password",
        subtype="PASSWORD",
        maxlen=2 * LONGEST,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if PREFIX in (clipboard := context.window_manager.clipboard):
            self.line = clipboard[: 2 * LONGEST]
        return context.window_manager.invoke_props_dialog(
            self, width=420, title=_("Connect to Another Machine"), confirm_text=_("Connect")
        )

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.label(text="Paste the invitation. Prompts and meshes are then sent to that machine.")
        self.layout.prop(self, "line")

    def execute(self, context: bpy.types.Context) -> set[str]:
        from .prefs import apply

        apply()
        try:
            runtime.current().join(self.line)
        except (OSError, ValueError) as error:
            self.report({"ERROR"}, rpt_(str(error)))
            return {"CANCELLED"}
        return {"FINISHED"}


class MESHSCRIBE_OT_leave(bpy.types.Operator):
    """Forget the invitation, and use the backend of this machine again"""

    bl_idname = "meshscribe.leave"
    bl_label = "Use This Machine"

    def execute(self, context: bpy.types.Context) -> set[str]:
        runtime.current().leave()
        return {"FINISHED"}


CLASSES = (
    MESHSCRIBE_OT_backend_install,
    MESHSCRIBE_OT_backend_cancel,
    MESHSCRIBE_OT_backend_start,
    MESHSCRIBE_OT_backend_stop,
    MESHSCRIBE_OT_backend_restart,
    MESHSCRIBE_OT_backend_remove,
    MESHSCRIBE_OT_join,
    MESHSCRIBE_OT_leave,
)
