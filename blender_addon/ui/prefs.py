"""Preferences: where the backend comes from and how it runs. For most artists there is nothing to set."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.props import BoolProperty, StringProperty

from .. import runtime
from ..environment import Sources, base_python
from ..paths import DATA, PACKAGE, log_file
from .hosts import draw_hosts
from .status import draw_status


def _changed(self: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    apply()


class MESHSCRIBE_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    wheels: StringProperty(
        name="Wheel Folder",
        description="A folder with all packages, to install without a network",
        subtype="DIR_PATH",
        update=_changed,
    )
    index: StringProperty(
        name="Package Index", description="Another package index than the usual one to install from", update=_changed
    )
    python: StringProperty(
        name="Python",
        description="The Python (3.11 to 3.14) that the private environment is made with; empty for Blender's own",
        subtype="FILE_PATH",
        update=_changed,
    )
    environment: StringProperty(
        name="Own Environment",
        description="The Python of an environment of yours that has the meshscribe package, to use in place of"
        " the private one",
        subtype="FILE_PATH",
        update=_changed,
    )
    shared: BoolProperty(
        name="Keep Running for Others",
        description="The backend does not end with this Blender, but when nobody has used it for half an hour",
        update=_changed,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        now = runtime.current()
        draw_status(layout.box(), context)
        if now.remote is None:
            layout.prop(self, "shared")
        row = layout.row(align=True)
        row.operator("meshscribe.leave" if now.remote else "meshscribe.join")
        if now.backend.installed and not now.backend.has("torch"):
            row.operator("meshscribe.backend_install", text="Add Large Models...").large = True
        if now.backend.installed:
            row.operator("meshscribe.backend_remove")
        if now.remote is None:
            header, body = layout.panel("meshscribe_hosts", default_closed=True)
            header.label(text="Servers")
            if body:
                draw_hosts(body, context)
        header, body = layout.panel("meshscribe_advanced", default_closed=True)
        header.label(text="Advanced")
        if body:
            body.prop(self, "wheels")
            body.prop(self, "index", placeholder="https://index.example/simple")
            body.prop(self, "python", placeholder=base_python())
            body.prop(self, "environment")
            body.label(text=_("Log: {path}").format(path=log_file()), translate=False)


CLASSES = (MESHSCRIBE_AP_preferences,)


def apply() -> None:
    """Give the runtime what is set."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    if addon is None or addon.preferences is None:
        return  # registered by a script, as the tests do
    wishes, now = addon.preferences, runtime.current()

    def path(text: str) -> Path | None:
        return Path(bpy.path.abspath(text)) if text.strip() else None

    now.backend.sources = Sources(
        DATA, path(wishes.wheels), wishes.index.strip(), str(path(wishes.python) or ""), bpy.app.online_access
    )
    now.backend.python = path(wishes.environment)
    now.backend.shared = wishes.shared
