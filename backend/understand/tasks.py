"""Describe, Ask, Name, Scene and Ground by rule: from the facts, from a reading of the mesh (a plan), and from the
boxes of a scene. What every engine can do, and all that one without language can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshscribe.shared.mesh import Mesh
from meshscribe.shared.tasks import Ask, Describe, Ground, Name, Names, Scene

from . import advice, answers, naming, questions
from .answers import Known
from .facts import facts
from .ground import ground
from .listing import labels
from .report import sentence
from .scene import Scene as Boxes

Understanding = Describe | Ask | Name | Scene | Ground
Read = Callable[[Mesh], tuple[str, str]]
"""A mesh to the words of its plan ("" where it has nothing to read), and what was lost on the way ("" for nothing)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an Outcome is made of. `known` is False where the rules could not answer: then the text says so, and a model
    with language may try."""

    text: str
    facts: dict[str, Any] | None = None
    names: Names | None = None
    ids: list[str] | None = None
    lost: str = ""  # what the model did not see of a mesh
    known: bool = True


def answer(request: Understanding, read: Read) -> Answer:
    """Answer by rule. ValueError, in a sentence, where the request's mesh is none."""
    if isinstance(request, Scene):
        return about_scene(request)
    if isinstance(request, Ground):
        return grounded(request)
    return about_mesh(request, request.mesh.unpack(), read)


def about_mesh(request: Describe | Ask | Name, mesh: Mesh, read: Read) -> Answer:
    """A mesh without a face has nothing to read: its facts are the answer."""
    known_facts = facts(mesh, request.mesh.whole)
    plain = not known_facts["area"] or known_facts["solid"]  # nothing to read, or no need to
    plan, lost = ("", "") if plain else read(mesh)
    known = Known(known_facts, plan)
    if isinstance(request, Name):
        title, parts = naming.names(known, mesh)
        return Answer(title, known_facts, Names(object=title[:200], parts=[part[:200] for part in parts]), lost=lost)
    if isinstance(request, Ask):
        text, sure = answers.answer(known, request.question)
        return Answer(text, known_facts, lost=lost, known=sure)
    if request.prompt:
        text, sure = answers.answer(known, request.prompt)
        return Answer(text, known_facts, lost=lost, known=sure)
    text = answers.described(known, request.form)
    if lost and request.form == "short":  # little of it was read: what is computed stands beside it
        text = f"{text} {sentence(known_facts)}".strip()
    return Answer(text or sentence(known_facts), known_facts, lost=lost)


def about_scene(request: Scene) -> Answer:
    boxes = Boxes(request.objects)
    match request.about:
        case "describe":
            return Answer(advice.overview(boxes))
        case "missing":
            return Answer(advice.missing(boxes))
        case "tasks":
            return Answer(advice.tasks(boxes))
    reply = questions.answer(boxes, request.question, questions.remembered(boxes, request.dialogue))
    return Answer(reply.text, known=reply.known)


def grounded(request: Ground) -> Answer:
    """The ids are those of the request's objects, and no others."""
    boxes = Boxes(request.objects)
    found = ground(boxes, request.phrase)
    ids = [boxes.things[place].given.id for place in found.places]
    return Answer(f"{labels(boxes, found.places)}." if ids else found.why, ids=ids, known=bool(ids))
