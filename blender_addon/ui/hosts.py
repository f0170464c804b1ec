"""Servers in the preferences: what leaves this machine is said before one is added, and its key is typed into a
password field, which goes to the backend's private file and is kept nowhere in Blender."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.props import IntProperty, StringProperty
from msgspec.structs import replace

from .. import runtime
from ..shared.messages import Models
from ..shared.servers import NAME, Server, ServerError, load, made, save
from .text import paragraph


def draw_hosts(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The servers by name, each with its address."""
    try:
        known = load(runtime.current().home)
    except ServerError as error:
        return paragraph(layout, context, str(error), "ERROR")
    for name, server in known.items():
        row = layout.row(align=True)
        words = f"{name}: {server.host}"
        row.label(text=words, icon="LOCKED" if server.key or server.key_from else "NONE", translate=False)
        row.operator("meshscribe.host_remove", text="", icon="X").host = name
    layout.operator("meshscribe.host_add", icon="ADD")


class MESHSCRIBE_OT_host_add(bpy.types.Operator):
    """Use the models of a server: one of the studio, or an account somewhere"""

    bl_idname = "meshscribe.host_add"
    bl_label = "Add Server..."

    host: StringProperty(name="Name", description="What to call it; then it is a model's name", options={"SKIP_SAVE"})
    url: StringProperty(name="Address", description="Such as http://studio:8000/v1", options={"SKIP_SAVE"})
    which: StringProperty(name="Model", description="Which of its models; empty for the first", options={"SKIP_SAVE"})
    key: StringProperty(name="Key", description="Empty for none", subtype="PASSWORD", options={"SKIP_SAVE"})
    views: IntProperty(
        name="Pictures",
        description="How many pictures of the selection it is shown to describe it, where its model sees pictures",
        min=0,
        max=8,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self, width=420, confirm_text=_("Add"))

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in ("host", "url", "which", "key", "views"):
            layout.prop(self, name)
        try:
            leaves = made(self.url).leaves if self.url.strip() else ""
        except ServerError as error:
            leaves = str(error)
        if leaves:
            paragraph(layout, context, leaves, "INFO")

    def execute(self, context: bpy.types.Context) -> set[str]:
        key, self.key = self.key.strip(), ""
        try:
            if not NAME.fullmatch(self.host.strip()):
                raise ServerError("The name of a server has small letters and digits only, such as studio.")
            add(self.host.strip(), replace(made(self.url, self.which, key=key), views=self.views))
        except (ServerError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class MESHSCRIBE_OT_host_remove(bpy.types.Operator):
    """Forget this server and its key"""

    bl_idname = "meshscribe.host_remove"
    bl_label = "Remove Server"

    host: StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            add(self.host, None)
        except (ServerError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (MESHSCRIBE_OT_host_add, MESHSCRIBE_OT_host_remove)


def add(name: str, server: Server | None) -> None:
    """Keep a server, or with None forget it; the list of models follows. ServerError, OSError."""
    now = runtime.current()
    others = {known: one for known, one in load(now.home).items() if known != name}
    save(now.home, others | {name: server} if server else others)
    if now.session.link is not None:
        now.session.link.send(Models())
