"""Panels in the sidebar of the 3D view, on a tab of their own. They only draw what runtime.py and the scene
hold; nothing is computed or written here."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_iface as _

from .. import runtime
from ..geometry import recall
from ..job import Job
from ..plan import understood
from ..reading import READABLE
from ..shared.tasks import Change, words
from . import history, models, status
from .ops import chosen, last_description
from .props import CHANGE, EXAMPLES, PLACEHOLDER, QUESTION
from .text import duration, paragraph

TALL = 1.6  # of the one button that matters


class Panel:
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "MeshScribe"


class MESHSCRIBE_PT_generate(Panel, bpy.types.Panel):
    bl_label = "Generate"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        now, wishes = runtime.current(), context.scene.meshscribe
        status.draw_status(layout, context)
        status.draw_problem(layout, context)
        if now.session.download is not None:
            models.draw_model(layout, context, wishes.model)
        draw_prompt(layout, wishes)
        making = [job for job in now.session.active if job.makes_mesh and not isinstance(job.request, Change)]
        if making:
            draw_progress(layout, context, making)
        else:
            row = layout.row()
            row.scale_y = TALL
            label = _("Generate {n} Variations").format(n=wishes.count) if wishes.count > 1 else _("Generate")
            row.operator("meshscribe.generate", text=label, icon="MESH_ICOSPHERE", translate=False)
        draw_result(layout, context)
        if making:
            row = layout.row()
            row.operator("meshscribe.generate", text="Add to Queue", icon="ADD")


class MESHSCRIBE_PT_settings(Panel, bpy.types.Panel):
    bl_label, bl_parent_id, bl_options = "Settings", "MESHSCRIBE_PT_generate", {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, wishes = self.layout, context.scene.meshscribe
        layout.use_property_split, layout.use_property_decorate = True, False
        row = layout.row(align=True)
        row.prop(wishes, "seed")
        row.prop(wishes, "lock_seed", text="", icon="LOCKED" if wishes.lock_seed else "UNLOCKED")
        row.operator("meshscribe.roll_seed", text="", icon="FILE_REFRESH")
        layout.prop(wishes, "temperature", slider=True)
        layout.prop(wishes, "count")
        layout.prop(wishes, "size")
        layout.prop(wishes, "model")
        models.draw_model(layout, context, wishes.model)


class MESHSCRIBE_PT_describe(Panel, bpy.types.Panel):
    bl_label = "Describe"

    def draw(self, context: bpy.types.Context) -> None:
        layout, wishes = self.layout, context.scene.meshscribe
        if wishes.model != "starter":  # the starter knows no language but its captions
            layout.prop(wishes, "question", text="", placeholder=_(QUESTION))
        readable = [each for each in context.selected_objects if each.type in READABLE]
        label = _("Describe Selection")
        if len(readable) == 1:
            label = _("Describe {name}").format(name=readable[0].name)
        elif readable:
            label = _("Describe {n} Objects").format(n=len(readable))
        job = last_description()
        row = layout.row(align=True)
        if job is not None and not job.over:
            row.progress(text=_("Reading"), factor=job.tokens / (job.tokens + 30))
            row.operator("meshscribe.cancel", text="", icon="X").job = job.id
        else:
            row.operator("meshscribe.describe", text=label, icon="VIEWZOOM", translate=False)
        if job is None or not job.text.strip():
            return
        box = layout.box()
        paragraph(box, context, job.text.strip())
        draw_notes(box, context, job)
        row = layout.row(align=True)
        row.enabled = job.over
        row.operator("meshscribe.copy_text")
        row.operator("meshscribe.use_prompt", text="As Prompt").prompt = job.text.strip()
        row.operator("meshscribe.store_text", text="Store")


class MESHSCRIBE_PT_change(Panel, bpy.types.Panel):
    bl_label = "Change"

    def draw(self, context: bpy.types.Context) -> None:
        layout, wishes = self.layout, context.scene.meshscribe
        layout.prop(wishes, "instruction", text="", placeholder=_(CHANGE))
        layout.row().prop(wishes, "answer", expand=True)
        changing = [job for job in runtime.current().session.active if isinstance(job.request, Change)]
        if changing:
            draw_progress(layout, context, changing)
            return
        source = chosen(context)
        label = _("Change {name}").format(name=source.name) if source else _("Change Selection")
        layout.operator("meshscribe.change", text=label, icon="MODIFIER_DATA", translate=False)


class MESHSCRIBE_PT_history(Panel, bpy.types.Panel):
    bl_label, bl_options, bl_order = "History", {"DEFAULT_CLOSED"}, 1  # the last of all

    def draw(self, context: bpy.types.Context) -> None:
        if context.scene.meshscribe_history.entries:
            history.draw(self.layout, context)
        else:
            paragraph(self.layout, context, _("What you make is listed here, and saved with the file."))


def draw_prompt(layout: bpy.types.UILayout, wishes: bpy.types.PropertyGroup) -> None:
    """The prompt, in several lines where Blender can; examples while it is empty."""
    if hasattr(layout, "textbox"):  # 5.2
        layout.textbox(wishes, "prompt", initial_visible_lines=3, placeholder=_(PLACEHOLDER))
    else:
        row = layout.row()
        row.scale_y = 1.2
        row.prop(wishes, "prompt", text="", placeholder=_(PLACEHOLDER))
    if not wishes.prompt:
        column = layout.column(align=True)
        for example in EXAMPLES:
            row = column.row()
            row.alignment = "LEFT"  # of a row alone: a column centres the words of its buttons
            button = row.operator(
                "meshscribe.use_prompt", text=example, icon="RIGHTARROW_THIN", emboss=False, translate=False
            )
            button.prompt = example


def draw_progress(layout: bpy.types.UILayout, context: bpy.types.Context, jobs: list[Job]) -> None:
    """In place of the button: what the first job does, its Cancel, and what waits behind it."""
    first, *queue = sorted(jobs, key=lambda job: job.state != "running")
    row = layout.row(align=True)
    row.scale_y = TALL
    factor, label = progress(first)
    row.progress(text=label, factor=factor)
    row.operator("meshscribe.cancel", text="", icon="X").job = first.id
    facts = layout.column(align=True)
    facts.enabled = False
    for line in filter(None, (counts(first), pace(first), understood(first.reader.plan))):
        paragraph(facts, context, line)
    if not queue:
        return
    column = layout.column(align=True)
    for job in queue:
        row = column.row(align=True)
        row.label(text=words(job.request), icon="SORTTIME", translate=False)
        row.operator("meshscribe.cancel", text="", icon="X", emboss=False).job = job.id
    column.operator("meshscribe.cancel", text="Cancel All", icon="CANCEL")


def progress(job: Job) -> tuple[float, str]:
    """How far a job is (0..1) and what it does."""
    if job.expected and job.parts:
        return job.share, _("Part {n} of {total}").format(n=job.parts, total=job.expected)
    if job.tokens:
        return job.share, _("Writing") if job.reader.vertices else _("Planning")
    if job.state == "queued" and job.position:
        return 0.0, _("Waiting, {n} before it").format(n=job.position)
    known = {"load": "Loading the model", "download": "Downloading the model", "prefill": "Reading the prompt"}
    if job.progress is not None and job.progress.phase in known:
        share = job.progress.done / job.progress.total if job.progress.total else 0.0
        return share, _(known[job.progress.phase])
    return 0.0, _("Waiting for the backend") if job.state == "sent" else _("Beginning")


def counts(job: Job) -> str:
    return _("{v} vertices, {f} faces").format(v=f"{job.vertices:,}", f=f"{job.faces:,}")


def pace(job: Job) -> str:
    """Tokens a second, and time."""
    time = duration(job.seconds)
    return _("{n} tokens a second, {t}").format(n=f"{job.speed:.0f}", t=time) if job.speed else time


def draw_result(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the newest mesh is, and what can be done with it."""
    jobs = [job for job in runtime.current().session.jobs.values() if job.makes_mesh and job.over]
    if jobs and (told := outcome(jobs[-1])):
        paragraph(layout, context, told[1], told[0])
        if plan := understood(jobs[-1].reader.plan):
            facts = layout.column()
            facts.enabled = False
            paragraph(facts, context, plan, "BLANK1")
        draw_notes(layout, context, jobs[-1])
    made = context.object
    if made is None or made.type != "MESH" or not (told := recall(made)):
        return
    row = layout.row(align=True)
    if told.get("group"):
        row.operator("meshscribe.keep", icon="CHECKMARK")
    row.operator("meshscribe.finish", icon="MODIFIER").job = str(told.get("job", ""))


def draw_notes(layout: bpy.types.UILayout, context: bpy.types.Context, job: Job) -> None:
    """What the engine says of how it went: what was mended, which server was passed over."""
    for note in job.outcome.notes if job.outcome else ():
        paragraph(layout, context, note, "INFO")


def outcome(job: Job) -> tuple[str, str] | None:
    """An icon and a sentence for a job that is over; None where the trouble box says it."""
    made = _("{v} vertices, {f} faces in {t}").format(
        v=f"{job.vertices:,}", f=f"{job.faces:,}", t=duration(job.seconds)
    )
    if job.state == "cancelled":
        return "X", _("Cancelled: {made} so far").format(made=made) if job.faces else _("Cancelled")
    if job.state != "done" or job.outcome is None:
        return None
    if job.outcome.finish == "length":
        return "TRACKING_CLEAR_FORWARDS", _("Cut off at the model's limit: {made}").format(made=made)
    if job.refused:
        return "INFO", _("{made}; {n} faces were broken and left out").format(made=made, n=job.refused)
    return "CHECKMARK", made


CLASSES = (
    MESHSCRIBE_PT_generate,
    MESHSCRIBE_PT_settings,
    MESHSCRIBE_PT_describe,
    MESHSCRIBE_PT_change,
    MESHSCRIBE_PT_history,
)
