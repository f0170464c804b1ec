"""The chat in the panel: questions about the selected object or the scene, buttons for the common ones, and answers
that can be acted on. conversation.py does the work."""

from __future__ import annotations

import json

import bpy
from bpy.app.translations import pgettext_iface as _
from bpy.app.translations import pgettext_rpt as rpt_
from bpy.props import CollectionProperty, EnumProperty, PointerProperty, StringProperty

from .. import conversation, naming, runtime
from ..conversation import OF_OBJECT, OF_SCENE
from ..reading import READABLE
from ..shared.tasks import Names
from .addon import wake
from .panel import Panel
from .text import paragraph

SHOWN = 6  # turns of a conversation
OBJECT_BUTTONS = (
    ("DESCRIBE", "What Is It?"),
    ("FAULTS", "What Is Wrong?"),
    ("PROMPT", "As Prompt"),
    ("NAME", "Name It"),
)
SCENE_BUTTONS = (("DESCRIBE", "What Is Here?"), ("MISSING", "What Is Missing?"), ("TASKS", "What Next?"))


class MESHSCRIBE_PG_turn(bpy.types.PropertyGroup):
    role: StringProperty()
    text: StringProperty()
    job: StringProperty()
    found: StringProperty()  # names of objects that the answer means, a line each
    names: StringProperty()  # the names that it gives, as JSON


class MESHSCRIBE_PG_chat(bpy.types.PropertyGroup):
    turns: CollectionProperty(type=MESHSCRIBE_PG_turn)


class MESHSCRIBE_PG_talk(bpy.types.PropertyGroup):
    about: EnumProperty(
        name="About",
        items=(("OBJECT", "Object", "Ask about the selected object"), ("SCENE", "Scene", "Ask about the whole scene")),
    )
    question: StringProperty(name="Question", description="Ask, or say which object to select", maxlen=2_000)


def owner(context: bpy.types.Context) -> bpy.types.Object | bpy.types.Scene | None:
    """Whose conversation the panel shows."""
    if context.scene.meshscribe_talk.about == "SCENE":
        return context.scene
    chosen = context.object
    return chosen if chosen is not None and chosen.type in READABLE else None


# ---------------------------------------------------------------------------------------------------- operators


class MESHSCRIBE_OT_chat_ask(bpy.types.Operator):
    """Ask, or in a scene say what to select: "select the chair next to the window". Nothing is changed"""

    bl_idname = "meshscribe.chat_ask"
    bl_label = "Ask"

    task: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.scene is None or owner(context) is None:
            cls.poll_message_set("Select a mesh, curve, surface, text or metaball")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        talk, now, who = context.scene.meshscribe_talk, runtime.current(), owner(context)
        of_scene = talk.about == "SCENE"
        question = "" if self.task else talk.question.strip()
        task = self.task or conversation.task_of(question, of_scene)
        if not (question or self.task in (OF_SCENE if of_scene else OF_OBJECT)) or not now.ready_to_work():
            return {"CANCELLED"}
        model = context.scene.meshscribe.model
        try:
            if of_scene:
                conversation.ask_scene(context, task, question, model)
            else:
                conversation.ask(who, task, question, model)
        except ValueError as error:
            now.trouble = runtime.Trouble("bad_request", str(error))
            return {"CANCELLED"}
        if question:
            talk.question = ""
        wake()
        return {"FINISHED"}


class MESHSCRIBE_OT_chat_act(bpy.types.Operator):
    """Do what the last answer says"""

    bl_idname = "meshscribe.chat_act"
    bl_label = "Apply"
    bl_options = {"REGISTER", "UNDO"}

    act: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return rpt_(
            {
                "RENAME": "Give the object this name, and its pieces vertex groups with theirs",
                "PROMPT": "Write this into the prompt",
            }.get(properties.act, "Select the objects that the answer means")
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        who = owner(context)
        if who is None or not len(who.meshscribe_chat.turns):
            return {"CANCELLED"}
        last = who.meshscribe_chat.turns[-1]
        if self.act == "PROMPT":
            context.scene.meshscribe.prompt = last.text
        elif self.act == "RENAME" and last.names:
            groups = naming.rename(who, Names(**json.loads(last.names)))
            self.report({"INFO"}, rpt_("{name}, {n} new vertex groups").format(name=who.name, n=groups))
        elif not conversation.select(last.found.split("\n")):
            self.report({"WARNING"}, rpt_("These objects are gone"))
            return {"CANCELLED"}
        return {"FINISHED"}


class MESHSCRIBE_OT_chat_clear(bpy.types.Operator):
    """Forget this conversation"""

    bl_idname = "meshscribe.chat_clear"
    bl_label = "Clear"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if (who := owner(context)) is None:
            return {"CANCELLED"}
        conversation.clear(who.meshscribe_chat)
        return {"FINISHED"}


# -------------------------------------------------------------------------------------------------------- panel


class MESHSCRIBE_PT_chat(Panel, bpy.types.Panel):
    bl_label = "Ask"

    def draw(self, context: bpy.types.Context) -> None:
        layout, talk = self.layout, context.scene.meshscribe_talk
        layout.row().prop(talk, "about", expand=True)
        who = owner(context)
        if who is None:
            paragraph(layout, context, _("Select an object to ask about it."))
            return
        turns = list(who.meshscribe_chat.turns)
        if turns:
            draw_turns(layout, context, turns[-SHOWN:])
        asked = conversation.waiting(who)
        if asked is not None:
            read = asked.inquiry.total - asked.inquiry.left if asked.inquiry else 0
            total = asked.inquiry.total if asked.inquiry else 0
            words = _("Reading {n} of {total} objects").format(n=read, total=total) if read < total else _("Thinking")
            layout.progress(text=words, factor=read / total if total else 0.5)
            return
        row = layout.row(align=True)
        row.prop(talk, "question", text="", placeholder=_("Ask, or: select the ..."))
        row.operator("meshscribe.chat_ask", text="", icon="PLAY")
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for task, label in SCENE_BUTTONS if talk.about == "SCENE" else OBJECT_BUTTONS:
            grid.operator("meshscribe.chat_ask", text=label).task = task


def draw_turns(layout: bpy.types.UILayout, context: bpy.types.Context, turns: list[MESHSCRIBE_PG_turn]) -> None:
    box = layout.box()
    for turn in turns:
        paragraph(box, context, turn.text, "NONE" if turn.role == "assistant" else "USER")
    last = turns[-1]
    row = box.row(align=True)
    if last.names:
        row.operator("meshscribe.chat_act", text="Rename", icon="GREASEPENCIL").act = "RENAME"
    if last.found:
        row.operator("meshscribe.chat_act", text="Select", icon="RESTRICT_SELECT_OFF").act = "SELECT"
    if len(turns) > 1 and turns[-2].text == OF_OBJECT["PROMPT"]:
        row.operator("meshscribe.chat_act", text="Use as Prompt", icon="GREASEPENCIL").act = "PROMPT"
    row.operator("meshscribe.chat_clear", text="", icon="X")


CLASSES = (
    MESHSCRIBE_PG_turn,
    MESHSCRIBE_PG_chat,
    MESHSCRIBE_PG_talk,
    MESHSCRIBE_OT_chat_ask,
    MESHSCRIBE_OT_chat_act,
    MESHSCRIBE_OT_chat_clear,
    MESHSCRIBE_PT_chat,
)


def attach() -> None:
    bpy.types.Object.meshscribe_chat = PointerProperty(type=MESHSCRIBE_PG_chat)
    bpy.types.Scene.meshscribe_chat = PointerProperty(type=MESHSCRIBE_PG_chat)
    bpy.types.Scene.meshscribe_talk = PointerProperty(type=MESHSCRIBE_PG_talk)


def detach() -> None:
    del bpy.types.Scene.meshscribe_talk
    del bpy.types.Scene.meshscribe_chat
    del bpy.types.Object.meshscribe_chat
