"""The operator that finishes a mesh: what F9 (Adjust Last Operation) shows after a mesh has come."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from .. import aftercare, growing, runtime
from ..aftercare import Care
from ..job import Job, bearer
from ..session import settle


class MESHSCRIBE_OT_finish(bpy.types.Operator):
    """Weld, make quads, shade or fuse the mesh that was made; its size can be changed too"""

    bl_idname = "meshscribe.finish"
    bl_label = "Finish Mesh"
    bl_options = {"REGISTER", "UNDO"}

    job: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    size: FloatProperty(
        name="Size", description="Length of the longest side", min=0.0, unit="LENGTH", options={"SKIP_SAVE"}
    )
    merge: FloatProperty(
        name="Merge Distance",
        description="Vertices closer than this become one",
        min=0.0,
        precision=4,
        unit="LENGTH",
        options={"SKIP_SAVE"},
    )
    quads: BoolProperty(
        name="Tris to Quads", description="Join pairs of triangles that make a fair quad", options={"SKIP_SAVE"}
    )
    shading: EnumProperty(
        name="Shading",
        items=(
            ("FLAT", "Flat", "Every face shows"),
            ("AUTO", "Smooth by Angle", "Round where it is round, sharp where it has edges"),
            ("SMOOTH", "Smooth", "Round everywhere"),
        ),
        options={"SKIP_SAVE"},
    )
    fuse: EnumProperty(
        name="Fuse Parts",
        items=(
            ("NONE", "Keep Parts", "Parts stay separate pieces"),
            ("UNION", "Union", "Parts that overlap become one closed mesh; flat faces stay flat"),
            ("REMESH", "Remesh", "One closed skin around all, of even small faces"),
        ),
        options={"SKIP_SAVE"},
    )
    detail: IntProperty(
        name="Detail",
        description="How many faces the skin has along the longest side",
        default=96,
        min=8,
        soft_max=256,
        max=512,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Leave edit mode first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        care = Care(self.size, self.merge, self.quads, self.shading, self.fuse, self.detail)
        job = runtime.current().session.jobs.get(self.job)
        if job is not None and job.reader.faces:
            made = growing.finish(job, care)
        else:
            made = bearer(self.job) if self.job else context.object
            if made is None or made.type != "MESH":
                return {"CANCELLED"}
            if care.size:
                aftercare.resize(made, care.size)
            aftercare.tend(made, care)
        counts = {"v": f"{len(made.data.vertices):,}", "f": f"{len(made.data.polygons):,}"}
        self.report({"INFO"}, rpt_("{name}: {v} vertices, {f} faces").format(name=made.name, **counts))
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("size", "merge", "quads", "shading", "fuse"):
            layout.prop(self, name)
        if self.fuse == "REMESH":
            layout.prop(self, "detail")


def finish_with_operator(job: Job) -> None:
    """Finish a job's object by the operator, so that it is one undo step and F9 shows its settings. Without a
    window there is no F9: the plain function does."""
    if bpy.app.background or not (place := _view()):
        settle(job)
        return
    with bpy.context.temp_override(**place):  # the panel for the last operation belongs to an area
        bpy.ops.meshscribe.finish("EXEC_DEFAULT", True, job=job.id, size=job.size)


def _view() -> dict[str, object]:
    """A 3D view in a window, for temp_override; a window where none shows one; empty without a window."""
    windows = list(bpy.context.window_manager.windows)
    for window in windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                region = next(each for each in area.regions if each.type == "WINDOW")
                return {"window": window, "area": area, "region": region}
    return {"window": windows[0]} if windows else {}


CLASSES = (MESHSCRIBE_OT_finish,)
