"""History: what was asked for, kept in the .blend. An entry knows its object by the job's id, which the object
bears, so renaming does not part them; entries stay when undo takes their objects."""

from __future__ import annotations

import time

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..geometry import recall
from ..job import Job, bearer
from ..shared.tasks import task_name, words
from .text import duration, paragraph

LONGEST = 500  # entries that are kept
ICONS = {"done": "CHECKMARK", "cut": "TRACKING_CLEAR_FORWARDS", "cancelled": "X", "failed": "ERROR"}
OUTCOMES = {"done": "Made", "cut": "Cut off at the model's limit", "cancelled": "Cancelled", "failed": "Failed"}


class MESHSCRIBE_PG_entry(bpy.types.PropertyGroup):
    job: StringProperty()
    task: StringProperty(default="generate")
    prompt: StringProperty(name="Prompt")
    seed: StringProperty(name="Seed")
    model: StringProperty(name="Model")
    temperature: FloatProperty(name="Temperature")
    size: FloatProperty(name="Size")
    when: StringProperty(name="Time")
    seconds: FloatProperty(name="Seconds")
    outcome: StringProperty(name="Outcome")
    note: StringProperty(name="Note")


class MESHSCRIBE_PG_history(bpy.types.PropertyGroup):
    entries: CollectionProperty(type=MESHSCRIBE_PG_entry)
    active: IntProperty(name="Active Entry", options=set())


# ---------------------------------------------------------------------------------------------- plain functions

_written: dict[str, tuple[int, dict[str, str | float]]] = {}
"""Entries of this session and file, by job, with the scene's session_uid: undo takes them from the scene, and
`sync` puts them back."""

_due = False  # `sync` has something to do


def facts(job: Job) -> dict[str, str | float]:
    """A job that is over, as an entry."""
    cut = job.outcome is not None and job.outcome.finish == "length"
    scene = next((each for each in bpy.data.scenes if each.session_uid == job.scene), None)
    metres = job.size * (scene.unit_settings.scale_length or 1.0) if scene else job.size
    mesh = _("{v} vertices, {f} faces").format(v=f"{job.vertices:,}", f=f"{job.faces:,}") if job.faces else ""
    return {
        "job": job.id,
        "task": task_name(job.request),
        "prompt": words(job.request),
        "seed": str(job.request.seed),
        "model": job.outcome.model if job.outcome and job.outcome.model else job.request.model,
        "temperature": job.request.temperature,
        "size": metres,
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "seconds": job.seconds,
        "outcome": "cut" if cut and job.state == "done" else job.state,
        "note": job.sentence or mesh,
    }


def record(job: Job) -> None:
    """Remember a job that is over; the next `sync` writes it."""
    global _due
    if job.makes_mesh:
        _written[job.id] = (job.scene, facts(job))
        _due = True


def disturb() -> None:
    """Undo or redo has happened: look at the next `sync` whether entries were taken."""
    global _due
    _due = True


def forget_file() -> None:
    """Another file is loaded: its history is its own."""
    global _due
    _written.clear()
    _due = False


def sync() -> None:
    """Write what the scenes do not have. Not while a render reads them, and not from draw."""
    global _due
    if not _due or bpy.app.is_job_running("RENDER"):
        return
    _due = False
    for uid, entry in list(_written.values()):
        scene = next((each for each in bpy.data.scenes if each.session_uid == uid), None)
        if scene is not None and all(known.job != entry["job"] for known in scene.meshscribe_history.entries):
            write(scene, entry)


def write(scene: bpy.types.Scene, entry: dict[str, str | float]) -> None:
    history = scene.meshscribe_history
    made = history.entries.add()
    for name, value in entry.items():
        setattr(made, name, value)
    while len(history.entries) > LONGEST:
        _written.pop(history.entries[0].job, None)
        history.entries.remove(0)
    history.active = len(history.entries) - 1


def active_entry(context: bpy.types.Context) -> MESHSCRIBE_PG_entry | None:
    history = context.scene.meshscribe_history if context.scene else None
    return history.entries[history.active] if history and 0 <= history.active < len(history.entries) else None


# ---------------------------------------------------------------------------------------------------- operators


class OfAnEntry:
    """An operator on the active entry."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_entry(context) is not None


class OfItsObject(OfAnEntry):
    """An operator on the object of the active entry."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        entry = active_entry(context)
        if entry is not None and bearer(entry.job) is None:
            cls.poll_message_set("Its object is not in this file any more")
            return False
        return entry is not None


class MESHSCRIBE_OT_history_repeat(OfAnEntry, bpy.types.Operator):
    """Make it again, with the same words, seed and settings"""

    bl_idname = "meshscribe.history_repeat"
    bl_label = "Repeat"
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        entry, wishes = active_entry(context), context.scene.meshscribe
        if entry.task == "change":
            wishes.instruction = entry.prompt
            return bpy.ops.meshscribe.change()
        wishes.prompt, wishes.seed, wishes.lock_seed = entry.prompt, int(entry.seed), True
        wishes.temperature, wishes.model, wishes.count = entry.temperature, entry.model, 1
        wishes.size = entry.size or wishes.size
        return bpy.ops.meshscribe.generate()


class MESHSCRIBE_OT_history_select(OfItsObject, bpy.types.Operator):
    """Select the object that this prompt made"""

    bl_idname = "meshscribe.history_select"
    bl_label = "Select Object"

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..geometry import select

        select(bearer(active_entry(context).job))
        return {"FINISHED"}


class MESHSCRIBE_OT_history_copy(OfAnEntry, bpy.types.Operator):
    """Copy the prompt to the clipboard"""

    bl_idname = "meshscribe.history_copy"
    bl_label = "Copy Prompt"
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.clipboard = active_entry(context).prompt
        self.report({"INFO"}, rpt_("Prompt copied"))
        return {"FINISHED"}


class MESHSCRIBE_OT_history_delete(OfAnEntry, bpy.types.Operator):
    """Delete this entry; its object stays"""

    bl_idname = "meshscribe.history_delete"
    bl_label = "Delete Entry"

    everything: BoolProperty(name="All", description="Delete all entries", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        history = context.scene.meshscribe_history
        for number in range(len(history.entries) - 1, -1, -1):
            if self.everything or number == history.active:
                _written.pop(history.entries[number].job, None)
                history.entries.remove(number)
        history.active = max(0, min(history.active, len(history.entries) - 1))
        return {"FINISHED"}


class MESHSCRIBE_OT_history_asset(OfItsObject, bpy.types.Operator):
    """Mark the object as an asset, with a preview and what is known about it as its description"""

    bl_idname = "meshscribe.history_asset"
    bl_label = "Mark as Asset"

    def execute(self, context: bpy.types.Context) -> set[str]:
        mark_asset(bearer(active_entry(context).job))
        return {"FINISHED"}


def mark_asset(made: bpy.types.Object) -> None:
    """An object of ours as an asset: its description, else its prompt, becomes the asset's."""
    told = recall(made)
    made.asset_mark()
    made.asset_data.description = str(told.get("description") or told.get("prompt") or "")[:1000]
    made.asset_data.author = made.asset_data.author or "MeshScribe"
    if not bpy.app.background:
        made.asset_generate_preview()


class MESHSCRIBE_UL_history(bpy.types.UIList):
    def draw_item(self, context, layout, data, item, icon, active_data, active_property, index=0, flt_flag=0):
        row = layout.row(align=True)
        row.label(text=item.prompt, icon=ICONS.get(item.outcome, "NONE"), translate=False)
        side = row.row(align=True)
        side.alignment, side.enabled = "RIGHT", False
        side.label(text=item.when[-5:], translate=False)


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list, its buttons, and the facts of the active entry."""
    history = context.scene.meshscribe_history
    row = layout.row()
    row.template_list("MESHSCRIBE_UL_history", "", history, "entries", history, "active", rows=4, sort_reverse=True)
    column = row.column(align=True)
    column.operator("meshscribe.history_repeat", text="", icon="FILE_REFRESH")
    column.operator("meshscribe.history_select", text="", icon="RESTRICT_SELECT_OFF")
    column.operator("meshscribe.history_copy", text="", icon="COPYDOWN")
    column.operator("meshscribe.history_asset", text="", icon="ASSET_MANAGER")
    column.separator()
    column.operator("meshscribe.history_delete", text="", icon="REMOVE")
    if entry := active_entry(context):
        facts = layout.column(align=True)
        facts.enabled = False
        outcome, how = _("{outcome} in {t}, {when}"), _("{model}, seed {seed}, temperature {temperature}")
        lines = (
            outcome.format(outcome=_(OUTCOMES.get(entry.outcome, "")), t=duration(entry.seconds), when=entry.when),
            how.format(model=entry.model, seed=entry.seed, temperature=f"{entry.temperature:.2f}"),
            _(entry.note),
        )
        paragraph(facts, context, "\n".join(filter(None, lines)))


CLASSES = (
    MESHSCRIBE_PG_entry,
    MESHSCRIBE_PG_history,
    MESHSCRIBE_OT_history_repeat,
    MESHSCRIBE_OT_history_select,
    MESHSCRIBE_OT_history_copy,
    MESHSCRIBE_OT_history_delete,
    MESHSCRIBE_OT_history_asset,
    MESHSCRIBE_UL_history,
)


def attach() -> None:
    bpy.types.Scene.meshscribe_history = PointerProperty(type=MESHSCRIBE_PG_history)


def detach() -> None:
    del bpy.types.Scene.meshscribe_history
