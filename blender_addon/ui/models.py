"""Models in the interface: which one is chosen, what it still lacks on this machine, and getting it."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.props import BoolProperty, StringProperty

from .. import runtime
from ..process import Trouble
from ..shared.messages import Download, Load, StopDownload, Unload
from ..shared.reports import ModelEntry
from ..troubles import NETWORK
from .text import amount, paragraph


def entry(name: str) -> ModelEntry | None:
    """What the backend knows about a model; its precision, behind a colon, does not matter."""
    name = name.partition(":")[0]
    return next((each for each in runtime.current().session.models if each.name == name), None)


def draw_model(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """The step that a model still needs: its library, its files; nothing where it is ready."""
    now, known = runtime.current(), entry(name)
    if (download := now.session.download) is not None:
        row = layout.row(align=True)
        share = download.done / download.total if download.total else 0.0
        words = _("Checking {model}") if download.phase == "verify" else _("Getting {model}, {done} of {total}")
        row.progress(
            text=words.format(model=download.model, done=amount(download.done), total=amount(download.total)),
            factor=share,
        )
        row.operator("meshscribe.model_stop", text="", icon="X").model = download.model
    elif known is None or now.remote:
        return
    elif known.needs and not now.backend.has(known.needs):
        row = layout.row(align=True)
        row.label(text="Needs PyTorch", icon="IMPORT")
        row.operator("meshscribe.backend_install", text="Add...").large = True
    elif known.state == "absent":
        row = layout.row(align=True)
        row.label(text=_("{size} to get").format(size=amount(known.size)), icon="IMPORT", translate=False)
        row.operator("meshscribe.model_get", text="Get...").model = known.name


class MESHSCRIBE_OT_use_model(bpy.types.Operator):
    """Go on with this model"""

    bl_idname = "meshscribe.use_model"
    bl_label = "Use Model"

    model: StringProperty(default="starter", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.meshscribe.model = self.model
        now = runtime.current()
        now.dismiss()
        if now.session.link is not None:
            now.session.link.send(Load(self.model))
        return {"FINISHED"}


class MESHSCRIBE_OT_model_get(bpy.types.Operator):
    """Download the model. Can be stopped, and goes on where it was"""

    bl_idname = "meshscribe.model_get"
    bl_label = "Get Model"

    model: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    accept: BoolProperty(name="I have read and accept the licence", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        failed = runtime.current().failed
        self.model = (self.model or (failed.request.model if failed else context.scene.meshscribe.model)).partition(
            ":"
        )[0]
        return context.window_manager.invoke_props_dialog(
            self, width=480, title=_("Get {model}?").format(model=self.model), confirm_text=_("Download")
        )

    def draw(self, context: bpy.types.Context) -> None:
        known = entry(self.model)
        if known is None:
            return
        layout = self.layout
        for line in known.licence_text.splitlines():
            paragraph(layout, context, line, pixels=440)
        layout.label(text=_("{size} are downloaded.").format(size=amount(known.size)), icon="IMPORT", translate=False)
        if known.licence_text:
            layout.prop(self, "accept")

    def execute(self, context: bpy.types.Context) -> set[str]:
        now = runtime.current()
        now.dismiss()
        if now.session.link is None:
            return {"CANCELLED"}
        if not bpy.app.online_access:
            now.trouble = Trouble("offline", NETWORK)
            return {"CANCELLED"}
        now.session.link.send(Download(self.model, accept_licence=self.accept))
        return {"FINISHED"}


class MESHSCRIBE_OT_model_stop(bpy.types.Operator):
    """Stop the download. What has come is kept for the next time"""

    bl_idname = "meshscribe.model_stop"
    bl_label = "Stop Download"

    model: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        if (link := runtime.current().session.link) is not None:
            link.send(StopDownload(self.model))
        return {"FINISHED"}


class MESHSCRIBE_OT_model_unload(bpy.types.Operator):
    """Take the model out of memory as soon as nothing runs. The next job loads it again"""

    bl_idname = "meshscribe.model_unload"
    bl_label = "Free Its Memory"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if (link := runtime.current().session.link) is not None:
            link.send(Unload())
        return {"FINISHED"}


CLASSES = (
    MESHSCRIBE_OT_use_model,
    MESHSCRIBE_OT_model_get,
    MESHSCRIBE_OT_model_stop,
    MESHSCRIBE_OT_model_unload,
)
