"""Where Blender users look: Add > Mesh, and .obj text that is dropped into the 3D view."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import StringProperty

from .. import objtext


class MESHSCRIBE_OT_insert(bpy.types.Operator):
    """Make an object of OBJ text, such as the answer of a language model, at the 3D cursor"""

    bl_idname = "meshscribe.insert"
    bl_label = "Insert OBJ Text"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.obj;*.txt", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(self.filepath)
        try:
            if path.stat().st_size > objtext.LARGEST:
                raise ValueError("The file is too large for text: use File > Import instead.")
            objtext.insert(path.read_text(errors="replace"), path.stem)
        except (OSError, ValueError) as error:
            self.report({"ERROR"}, rpt_(getattr(error, "strerror", None) or str(error)))
            return {"CANCELLED"}
        return {"FINISHED"}


class MESHSCRIBE_OT_paste(bpy.types.Operator):
    """Make an object of the OBJ text in the clipboard, at the 3D cursor"""

    bl_idname = "meshscribe.paste"
    bl_label = "Paste OBJ Text"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            objtext.insert(context.window_manager.clipboard, "pasted")
        except ValueError as error:
            self.report({"ERROR"}, rpt_(str(error)))
            return {"CANCELLED"}
        return {"FINISHED"}


class MESHSCRIBE_FH_obj(bpy.types.FileHandler):
    bl_idname = "MESHSCRIBE_FH_obj"
    bl_label = "MeshScribe OBJ text"
    bl_import_operator = "meshscribe.insert"
    bl_file_extensions = ".obj;.txt"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D" and context.mode == "OBJECT"


def draw_add_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator("meshscribe.ask", text="Mesh from Words...", icon="MESH_ICOSPHERE")
    self.layout.operator("meshscribe.paste", icon="PASTEDOWN")


def draw_object_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("meshscribe.describe", icon="VIEWZOOM")


CLASSES = (MESHSCRIBE_OT_insert, MESHSCRIBE_OT_paste, MESHSCRIBE_FH_obj)


def attach() -> None:
    bpy.types.VIEW3D_MT_mesh_add.append(draw_add_menu)
    bpy.types.VIEW3D_MT_object.append(draw_object_menu)


def detach() -> None:
    bpy.types.VIEW3D_MT_object.remove(draw_object_menu)
    bpy.types.VIEW3D_MT_mesh_add.remove(draw_add_menu)
