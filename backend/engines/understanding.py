"""Describe, Ask, Name, Scene and Ground on a model of this machine: what rules can answer exactly they answer, the
starter reads the mesh for them, and a model that knows language answers the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from meshscribe.backend import prompts
from meshscribe.backend.decode.loop import Run
from meshscribe.backend.understand import answers, language, simplify, tasks
from meshscribe.backend.understand.answers import Known
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.naming import names
from meshscribe.backend.understand.tasks import Answer, Understanding
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import Dialect
from meshscribe.shared.tasks import Ask, Describe, Ground, MeshData, Name, Names, Scene

from .base import EngineError, Hooks

WORDS = 512  # tokens that an answer in words may take
FEW = 64  # tokens of a name or of numbers
DENSE = 400  # faces, over which the starter reads a simplified copy: what it was trained on has about 100
SIMPLE = 160  # faces of that copy


class Model(Protocol):
    """What an engine gives: its starter's reading, or a model's words."""

    model: str
    dialect: Dialect
    context: int

    @property
    def knows_language(self) -> bool: ...

    def read_plan(self, obj: str, hooks: Hooks) -> tuple[str, Run, int]: ...
    def say(self, prompt: str, limit: int, request: Understanding, hooks: Hooks) -> tuple[str, Run, int]: ...
    def fits(self, prompt: str, answer: int) -> bool: ...


def understand(model: Model, request: Understanding, hooks: Hooks) -> tuple[Answer, Run | None, int]:
    """The answer, which was emitted too; the run that it took, if any, and its prompt's tokens. EngineError where the
    request is none, or does not fit."""
    if isinstance(request, Scene | Ground):
        return _scene(model, request, hooks)
    mesh = unpack(request.mesh)
    if model.knows_language:
        return _look(model, request, mesh, hooks)
    ran: list[tuple[Run, int]] = []

    def read(mesh: Mesh) -> tuple[str, str]:
        most, count = SIMPLE if len(mesh.sizes) > DENSE else DENSE, (request.mesh.whole or (0, 0))[1]
        small = simplify.fitted(mesh, model.dialect, most, lambda text: True, count)
        if small is None:
            return "", ""
        plan, run, told = model.read_plan(small.written.text, hooks)
        ran.append((run, told))
        return plan, small.lost

    answer = tasks.about_mesh(request, mesh, read)
    run, told = ran[-1] if ran else (None, 0)
    if run is None or run.finish != "cancelled":
        hooks.emit(answer.text, len(run.tokens) if run else 0)
    return answer, run, told


def _look(model: Model, request: Describe | Ask | Name, mesh: Mesh, hooks: Hooks) -> tuple[Answer, Run | None, int]:
    known = facts(mesh, request.mesh.whole)
    if isinstance(request, Ask):
        text, sure = answers.answer(Known(known, ""), request.question)
        if sure:  # what is computed is not guessed
            hooks.emit(text, 0)
            return Answer(text, known), None, 0
    limit = FEW if isinstance(request, Name) else WORDS
    try:
        turns, lost = language.look(request, mesh, known, lambda turns: model.fits(prompts.llama3_chat(turns), limit))
    except ValueError as error:
        raise EngineError("over_budget", str(error)) from None
    text, run, told = model.say(prompts.llama3_chat(turns), limit, request, hooks)
    if isinstance(request, Name):
        title = language.called(text)
        parts = names(Known(known, ""), mesh)[1]
        return Answer(text, known, Names(object=title, parts=[part[:200] for part in parts]), lost=lost), run, told
    return Answer(text, known, lost=lost), run, told


def _scene(model: Model, request: Scene | Ground, hooks: Hooks) -> tuple[Answer, Run | None, int]:
    answer = tasks.grounded(request) if isinstance(request, Ground) else tasks.about_scene(request)
    advice = isinstance(request, Scene) and request.about in ("missing", "tasks")
    if answer.known and not (advice and model.knows_language) or not model.knows_language or not request.objects:
        hooks.emit(answer.text, 0)
        return answer, None, 0
    limit = FEW if isinstance(request, Ground) else WORDS
    try:
        turns, told_of = language.scene(request, lambda turns: model.fits(prompts.llama3_chat(turns), limit))
    except ValueError as error:
        raise EngineError("over_budget", str(error)) from None
    text, run, told = model.say(prompts.llama3_chat(turns), limit, request, hooks)
    if isinstance(request, Ground):
        return Answer(text, ids=language.numbered(text, told_of)), run, told
    return Answer(text), run, told


def shown(model: Model, mesh: Mesh, form: Callable[[str], str]) -> str:
    """The text of a mesh that is to be written anew: simplified until the prompt about it takes half of the model's
    context at most, since the answer is about as long. EngineError where it does not fit."""
    most = language.MOST_FACES if model.knows_language else SIMPLE if len(mesh.sizes) > DENSE else DENSE
    small = simplify.fitted(mesh, model.dialect, most, lambda obj: model.fits(form(obj), model.context // 2))
    if small is None:
        raise EngineError("over_budget", f"The mesh does not fit into what {model.model} reads: simplify it.")
    return small.written.text


def unpack(data: MeshData) -> Mesh:
    """The mesh of a request. EngineError where it is none."""
    try:
        mesh = data.unpack()
    except ValueError as error:
        raise EngineError("bad_request", f"The mesh could not be read: {error}") from None
    if not len(mesh.sizes):
        raise EngineError("bad_request", "The mesh has no faces, so there is nothing to read.")
    if not mesh.area():
        raise EngineError("bad_request", "The mesh has no face with an area, so there is nothing to read.")
    return mesh


def fields(answer: Answer) -> dict[str, Any]:
    """The fields of an Outcome that an answer fills."""
    return {
        "facts": answer.facts,
        "names": answer.names,
        "ids": answer.ids,
        "notes": [answer.lost] if answer.lost else [],
    }
