"""What a server is asked about a mesh or a scene, in turns, and what its words mean. Rules answer what they can answer
exactly; then no server is asked. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshscribe.backend import prompts
from meshscribe.backend.prompts import Turns
from meshscribe.backend.understand import answers, language, tasks
from meshscribe.backend.understand.answers import Known
from meshscribe.backend.understand.naming import names
from meshscribe.backend.understand.report import report
from meshscribe.backend.understand.tasks import Answer
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.tasks import Ask, Describe, Ground, Name, Names, Scene

from .base import EngineError

Meant = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what was lost of the mesh on the way, and what an answer means."""

    turns: Turns
    meant: Meant
    lost: str = ""


def known(request: Describe | Ask | Name, facts: dict[str, Any]) -> Answer | None:
    """The answer that is computed from a mesh's facts, where it can be."""
    if isinstance(request, Ask):
        text, sure = answers.answer(Known(facts, ""), request.question)
        if sure:
            return Answer(text, facts)
    return None


def meaning(request: Describe | Ask | Name, mesh: Mesh, facts: dict[str, Any]) -> Meant:
    """How a model's words about a mesh become an answer."""

    def meant(text: str) -> Answer:
        if not isinstance(request, Name):
            return Answer(text, facts)
        parts = names(Known(facts, ""), mesh)[1]
        return Answer(text, facts, Names(object=language.called(text), parts=[part[:200] for part in parts]))

    return meant


def trained(request: Describe | Ask | Name, mesh: Mesh, facts: dict[str, Any], room: float) -> Question:
    """For a model that reads meshes as LLaMA-Mesh does, in `room` characters. EngineError where it does not fit."""
    try:
        turns, lost = language.look(request, mesh, facts, lambda turns: _length(turns) <= room)
    except ValueError as error:
        raise EngineError("over_budget", str(error)) from None
    return Question(turns, meaning(request, mesh, facts), lost)


def general(request: Describe | Ask | Name, facts: dict[str, Any], text: str) -> Turns:
    """For a chat model, which is told the facts and, where it is not shown pictures, the mesh's text."""
    question, form = "", "short"
    match request:
        case Describe():
            question, form = request.prompt, request.form
        case Ask():
            question = request.question
        case Name():
            question = prompts.NAMED
    system, last = prompts.general_describe(report(facts), text, question, form)
    dialogue = language.recent(request.dialogue) if isinstance(request, Ask) else []
    return [system, *((role, prompts.plain(said)) for role, said in dialogue), last]


def scene(request: Scene | Ground, room: float) -> Answer | Question:
    """About a scene, in `room` characters of prompt. Advice is the model's, where it knows language; what is there and
    where is the rules'. EngineError where not even one object fits."""
    answer = tasks.grounded(request) if isinstance(request, Ground) else tasks.about_scene(request)
    advice = isinstance(request, Scene) and request.about in ("missing", "tasks")
    if answer.known and not advice or not request.objects:
        return answer
    try:
        turns, told_of = language.scene(request, lambda turns: _length(turns) <= room)
    except ValueError as error:
        raise EngineError("over_budget", str(error)) from None
    if isinstance(request, Ground):
        return Question(turns, lambda text: Answer(text, ids=language.numbered(text, told_of)))
    return Question(turns, Answer)


def _length(turns: Turns) -> int:
    return len(prompts.llama3_chat(turns))
