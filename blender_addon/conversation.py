"""Conversations: questions about an object or the scene on their way, and their turns, which belong to the object or
the scene and are saved with the file. Each question is sent with the mesh as it is now."""

from __future__ import annotations

import json
from dataclasses import dataclass

import bpy

from . import runtime, scene
from .job import Job
from .reading import read
from .scene import Inquiry
from .shared.tasks import Ask, Describe, Ground, Name, Scene
from .shared.thin import packed

KEPT = 40  # turns of a conversation
SENT = 16  # of them that a question is sent with
LONGEST = 4_000  # characters of a turn
OF_OBJECT = {  # what the buttons ask of an object
    "DESCRIBE": "What is it?",
    "FAULTS": "What is wrong with it?",
    "PROMPT": "Which prompt would make it?",
    "NAME": "What is it called?",
}
OF_SCENE = {
    "DESCRIBE": "What is here?",
    "MISSING": "What is missing?",
    "TASKS": "What should I do next?",
}
SELECTING = ("select", "find", "show", "pick", "highlight", "mark", "the", "all")  # first words of what to select


@dataclass(slots=True)
class Asked:
    """A question on its way: who it is about, as a kind of owner and its session_uid."""

    of_scene: bool
    uid: int
    question: str
    task: str
    inquiry: Inquiry | None = None
    job: str = ""


_asked: list[Asked] = []
_written: list[tuple[Asked, list[dict[str, str]]]] = []
"""Turns of this session and file: undo takes them from their owner, and `sync` puts them back."""
_due = False


def ask(source: bpy.types.Object, task: str, question: str, model: str) -> Asked:
    """Ask about an object. ValueError, in a sentence, where it has no face."""
    now = runtime.current()
    mesh = packed(read([source]).mesh)
    said = question or OF_OBJECT[task]
    if task == "NAME":
        request = Name(mesh=mesh, model=model)
    elif task in ("DESCRIBE", "PROMPT"):
        request = Describe(mesh=mesh, model=model, form="prompt" if task == "PROMPT" else "long")
    else:
        request = Ask(mesh=mesh, model=model, question=said, dialogue=dialogue(source.meshscribe_chat))
    asked = Asked(False, source.session_uid, said, task)
    asked.job = now.session.put(request, [source]).id
    _asked.append(asked)
    return asked


def ask_scene(context: bpy.types.Context, task: str, question: str, model: str) -> Asked:
    """Ask about the scene, or which objects a phrase means. Objects without names are read first."""
    said = question or OF_SCENE[task]
    told = dialogue(context.scene.meshscribe_chat)

    def request(objects: list) -> Scene | Ground:
        if task == "GROUND":
            return Ground(objects=objects, phrase=said, model=model)
        about = {"DESCRIBE": "describe", "MISSING": "missing", "TASKS": "tasks"}.get(task, "question")
        return Scene(objects=objects, about=about, question=question, dialogue=told, model=model)

    asked = Asked(True, context.scene.session_uid, said, task)
    _asked.append(asked)
    asked.inquiry = Inquiry(runtime.current().session, request, model)
    return asked


def heard(job: Job) -> None:
    """A job is over: pass it on to questions that wait for it, and remember the answer; the next `sync` writes it."""
    global _due
    for asked in list(_asked):
        if asked.inquiry is not None:
            asked.inquiry.heard(job)
            asked.job = asked.inquiry.job.id if asked.inquiry.job else ""
        if asked.job != job.id:
            continue
        _asked.remove(asked)
        if job.state == "done" and job.outcome is not None:
            _written.append((asked, _turns(asked, job)))
            _due = True


def _turns(asked: Asked, job: Job) -> list[dict[str, str]]:
    found = "\n".join(each.name for each in scene.objects(job.outcome.ids or ()))
    names = job.outcome.names
    text = job.text.strip()
    text = " ".join([text, *job.outcome.notes])
    return [
        {"role": "user", "text": asked.question[:LONGEST], "job": job.id},
        {
            "role": "assistant",
            "text": text[:LONGEST],
            "job": job.id,
            "found": found,
            "names": json.dumps({"object": names.object, "parts": names.parts}) if names else "",
        },
    ]


def sync() -> None:
    """Write what the owners do not have, and select what was asked for. Not while a render reads them, and not from
    draw."""
    global _due
    if not _due or bpy.app.is_job_running("RENDER"):
        return
    _due = False
    for asked, turns in list(_written):
        owner = _owner(asked)
        if owner is None or any(turn.job == turns[0]["job"] for turn in owner.meshscribe_chat.turns):
            continue
        write(owner.meshscribe_chat, turns)
        if asked.task == "GROUND":
            select(turns[1]["found"].split("\n"))


def write(chat: bpy.types.PropertyGroup, turns: list[dict[str, str]]) -> None:
    for turn in turns:
        made = chat.turns.add()
        for name, value in turn.items():
            setattr(made, name, value)
    while len(chat.turns) > KEPT:
        chat.turns.remove(0)


def clear(chat: bpy.types.PropertyGroup) -> None:
    """Forget a conversation."""
    gone = {turn.job for turn in chat.turns}
    _written[:] = [pair for pair in _written if pair[1][0]["job"] not in gone]
    chat.turns.clear()


def dialogue(chat: bpy.types.PropertyGroup) -> list[tuple[str, str]]:
    """What is sent along with a question."""
    return [(turn.role, turn.text) for turn in list(chat.turns)[-SENT:]]


def select(names: list[str]) -> int:
    """Select these objects and no others, as one undo step; how many there are. Not in other modes than object mode."""
    layer = bpy.context.view_layer
    found = [layer.objects[name] for name in names if name in layer.objects]
    if not found or (layer.objects.active and layer.objects.active.mode != "OBJECT"):
        return 0
    for each in list(layer.objects.selected):
        each.select_set(False)
    for each in found:
        each.select_set(True)
    layer.objects.active = found[0]
    bpy.ops.ed.undo_push(message="MeshScribe: Select")
    return len(found)


def disturb() -> None:
    """Undo or redo has happened: look at the next `sync` whether turns were taken."""
    global _due
    _due = True


def forget_file() -> None:
    """Another file is loaded: its conversations are its own."""
    global _due
    _asked.clear()
    _written.clear()
    _due = False


def _owner(asked: Asked) -> bpy.types.Object | bpy.types.Scene | None:
    owners = bpy.data.scenes if asked.of_scene else bpy.data.objects
    return next((each for each in owners if each.session_uid == asked.uid), None)


def waiting(who: bpy.types.Object | bpy.types.Scene) -> Asked | None:
    """The question to an object or a scene that is on its way."""
    of_scene = isinstance(who, bpy.types.Scene)
    return next((asked for asked in _asked if asked.uid == who.session_uid and asked.of_scene == of_scene), None)


def task_of(question: str, of_scene: bool) -> str:
    """Whether a typed line asks to select: "select the chair next to the window"."""
    first = question.split()[0].lower().strip(",.") if question.split() else ""
    return "GROUND" if of_scene and first in SELECTING else "ASK"
