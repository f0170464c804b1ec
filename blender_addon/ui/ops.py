"""Operators of the panel: thin, each calls a plain function that scripts can call too (api.py)."""

from __future__ import annotations

import bpy
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import BoolProperty, StringProperty

from .. import runtime, variations
from ..geometry import recall, remember
from ..job import Job
from ..reading import READABLE
from ..shared.tasks import Change, Describe, Generate
from ..variations import Asked
from .addon import wake


class MESHSCRIBE_OT_generate(bpy.types.Operator):
    """Make a mesh of the prompt, at the 3D cursor. Blender goes on meanwhile"""

    bl_idname = "meshscribe.generate"
    bl_label = "Generate Mesh"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.scene is None or not context.scene.meshscribe.prompt.strip():
            cls.poll_message_set("Write a prompt first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        wishes, now = context.scene.meshscribe, runtime.current()
        if not wishes.lock_seed:
            wishes.seed = variations.draw_seed()
        if not now.ready_to_work():
            return {"CANCELLED"}  # the panel says why
        scale = context.scene.unit_settings.scale_length or 1.0
        try:
            variations.ask(
                now.session,
                Asked(wishes.prompt, wishes.model, wishes.seed, wishes.temperature, wishes.size * scale, wishes.count),
            )
        except ValueError as error:
            now.trouble = runtime.Trouble("bad_request", str(error))
            return {"CANCELLED"}
        wake()
        return {"FINISHED"}


class MESHSCRIBE_OT_change(bpy.types.Operator):
    """Make the selected object anew, changed as told, beside it or in its place"""

    bl_idname = "meshscribe.change"
    bl_label = "Change Object"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen(context) is None:
            cls.poll_message_set("Select a mesh, curve, surface, text or metaball")
        elif not context.scene.meshscribe.instruction.strip():
            cls.poll_message_set("Say what to change first")
        else:
            return True
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        wishes, now = context.scene.meshscribe, runtime.current()
        if not now.ready_to_work():
            return {"CANCELLED"}
        try:
            now.session.change(
                chosen(context),
                wishes.instruction,
                instead=wishes.answer == "INSTEAD",
                model=wishes.model,
                seed=wishes.seed if wishes.lock_seed else None,
                temperature=wishes.temperature,
            )
        except ValueError as error:
            now.trouble = runtime.Trouble("bad_request", str(error))
            return {"CANCELLED"}
        wake()
        return {"FINISHED"}


def chosen(context: bpy.types.Context) -> bpy.types.Object | None:
    """The object that is changed: the active one, where it is selected and can be read."""
    made = context.object
    return made if made is not None and made.select_get() and made.type in READABLE else None


class MESHSCRIBE_OT_ask(bpy.types.Operator):
    """Type a prompt and make a mesh of it"""

    bl_idname = "meshscribe.ask"
    bl_label = "MeshScribe"
    bl_property = "prompt"

    prompt: StringProperty(name="Prompt", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.prompt = context.scene.meshscribe.prompt
        return context.window_manager.invoke_props_dialog(self, width=400, confirm_text="Generate")

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not self.prompt.strip():
            return {"CANCELLED"}
        context.scene.meshscribe.prompt = self.prompt
        return bpy.ops.meshscribe.generate()


class MESHSCRIBE_OT_cancel(bpy.types.Operator):
    """Stop now. What is there of the mesh stays"""

    bl_idname = "meshscribe.cancel"
    bl_label = "Cancel"

    job: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    keep: BoolProperty(name="Keep", description="Keep what is there of the mesh", default=True, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        session = runtime.current().session
        for job in [job for job in session.active if self.job in ("", job.id)]:
            session.cancel(job, self.keep)
        wake()
        return {"FINISHED"}


class MESHSCRIBE_OT_repeat(bpy.types.Operator):
    """Ask the same once more"""

    bl_idname = "meshscribe.repeat"
    bl_label = "Try Again"

    new_seed: BoolProperty(name="Another Seed", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        failed, wishes = runtime.current().failed, context.scene.meshscribe
        match failed.request if failed is not None else None:
            case Describe():
                return bpy.ops.meshscribe.describe()
            case Change():
                return bpy.ops.meshscribe.change()
            case Generate() as request:
                wishes.prompt = request.prompt
        if not wishes.prompt.strip():
            return {"CANCELLED"}
        lock, wishes.lock_seed = wishes.lock_seed, wishes.lock_seed and not self.new_seed
        try:
            return bpy.ops.meshscribe.generate()
        finally:
            wishes.lock_seed = lock


class MESHSCRIBE_OT_roll_seed(bpy.types.Operator):
    """Draw another seed"""

    bl_idname = "meshscribe.roll_seed"
    bl_label = "Draw Seed"

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.meshscribe.seed = variations.draw_seed()
        return {"FINISHED"}


class MESHSCRIBE_OT_use_prompt(bpy.types.Operator):
    """Write this into the prompt"""

    bl_idname = "meshscribe.use_prompt"
    bl_label = "Use as Prompt"

    prompt: StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.meshscribe.prompt = self.prompt
        return {"FINISHED"}


class MESHSCRIBE_OT_keep(bpy.types.Operator):
    """Keep this variation and delete the others"""

    bl_idname = "meshscribe.keep"
    bl_label = "Keep This One"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.object is None or not recall(context.object).get("group"):
            cls.poll_message_set("Select one of several variations")
            return False
        return context.mode == "OBJECT"

    def execute(self, context: bpy.types.Context) -> set[str]:
        count = variations.keep(runtime.current().session, context.object)
        self.report({"INFO"}, rpt_("Kept {name}, removed {n}").format(name=context.object.name, n=count))
        return {"FINISHED"}


class MESHSCRIBE_OT_describe(bpy.types.Operator):
    """Say in words what the selected objects show. They are only read"""

    bl_idname = "meshscribe.describe"
    bl_label = "Describe Selection"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not any(each.type in READABLE for each in context.selected_objects):
            cls.poll_message_set("Select a mesh, curve, surface, text or metaball")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        wishes, now = context.scene.meshscribe, runtime.current()
        chosen = [each for each in context.selected_objects if each.type in READABLE]
        if not now.ready_to_work():
            return {"CANCELLED"}
        try:
            now.session.describe(chosen, model=wishes.model, prompt=wishes.question)
        except ValueError as error:
            now.trouble = runtime.Trouble("bad_request", str(error))
            return {"CANCELLED"}
        wake()
        return {"FINISHED"}


class MESHSCRIBE_OT_copy_text(bpy.types.Operator):
    """Copy the description to the clipboard"""

    bl_idname = "meshscribe.copy_text"
    bl_label = "Copy"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if (job := last_description()) is None:
            return {"CANCELLED"}
        context.window_manager.clipboard = job.text.strip()
        self.report({"INFO"}, rpt_("Description copied"))
        return {"FINISHED"}


class MESHSCRIBE_OT_store_text(bpy.types.Operator):
    """Write the description on the object, and into its asset description where it is an asset"""

    bl_idname = "meshscribe.store_text"
    bl_label = "Store on Object"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = last_description()
        if job is None or not store(job):
            self.report({"WARNING"}, rpt_("The described object is gone"))
            return {"CANCELLED"}
        return {"FINISHED"}


def last_description() -> Job | None:
    """The newest job that describes something; the chat's are in other forms."""
    jobs = reversed(runtime.current().session.jobs.values())
    return next((job for job in jobs if isinstance(job.request, Describe) and job.request.form == "short"), None)


def store(job: Job) -> int:
    """Write a description on the objects that it is about; how many of them are still there."""
    found = [each for each in bpy.data.objects if each.session_uid in job.about]
    for each in found:
        remember(each, **(recall(each) | {"description": job.text.strip()}))
        if each.asset_data is not None:
            each.asset_data.description = job.text.strip()[:1000]
    return len(found)


CLASSES = (
    MESHSCRIBE_OT_generate,
    MESHSCRIBE_OT_change,
    MESHSCRIBE_OT_ask,
    MESHSCRIBE_OT_cancel,
    MESHSCRIBE_OT_repeat,
    MESHSCRIBE_OT_roll_seed,
    MESHSCRIBE_OT_use_prompt,
    MESHSCRIBE_OT_keep,
    MESHSCRIBE_OT_describe,
    MESHSCRIBE_OT_copy_text,
    MESHSCRIBE_OT_store_text,
)
