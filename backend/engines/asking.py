"""What a server is asked for a task: the words of the model's family, the grammar where the server keeps to one, the
mesh, its facts and its pictures. Pure: what goes out is decided here, chat.py sends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from meshscribe.backend import prompts
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.report import report
from meshscribe.backend.understand.simplify import fitted
from meshscribe.backend.views import views
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import DIALECTS, LLAMA_MESH, PARTS, Dialect
from meshscribe.shared.tasks import Change, Describe, Generate, MeshData, Request, task_name

from . import gbnf
from .base import EngineError
from .chat import shown
from .servers import Abilities, constrained

CONTEXT = {"general": 32_768, "llama-mesh": prompts.LLAMA_MESH_CONTEXT, "starter": 2_048}  # tokens, where none are said
DENSITY = 2.0  # characters a token of mesh text has at least: " 12", "\nv"
ANSWER = {"general": 8_192, "llama-mesh": 2_048, "starter": 1_024}  # tokens that are kept free for a mesh
WORDS = 512  # tokens that an answer in words may take
READ_FACES = 2_000  # of a mesh that is shown as text
SPECIAL = "<|begin_of_text|>"  # servers put it before a text themselves


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a server. `dialect` None: the answer is words; `plan`: it is a plan, to be put into words."""

    path: str
    body: dict[str, Any]
    dialect: Dialect | None = None
    trained: bool = False
    plan: bool = False
    facts: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


def asked(request: Request, found: Abilities) -> Asked:
    """What to send for a task. EngineError where the model cannot do it, or the mesh does not fit."""
    asker: General | LlamaMesh | Starter
    match found.family:
        case "llama-mesh":
            asker = LlamaMesh(found)
        case "starter":
            asker = Starter(found)
        case _:
            asker = General(found)
    match request:
        case Generate():
            if not prompts.plain(request.prompt):
                raise EngineError("bad_request", "The prompt is empty: say what to make, such as `a round table`.")
            return asker.generate(request)
        case Change():
            if not prompts.plain(request.instruction):
                raise EngineError(
                    "bad_request", "The instruction is empty: say what to change, such as `make it taller`."
                )
            return asker.change(request, unpack(request.mesh))
        case Describe():
            return asker.describe(request, unpack(request.mesh))
    raise EngineError("bad_request", f"{found.model} cannot be asked to {task_name(request)}: choose another engine.")


def unpack(data: MeshData) -> Mesh:
    """The mesh of a task. EngineError where it is none."""
    try:
        mesh = data.unpack()
    except ValueError as error:
        raise EngineError("bad_request", f"The mesh could not be read: {error}") from None
    if not len(mesh.sizes):
        raise EngineError("bad_request", "The mesh has no faces, so there is nothing to read.")
    return mesh


class Asker:
    """What the families have in common."""

    dialect: Dialect

    def __init__(self, found: Abilities):
        self.found = found
        self.context = found.context or CONTEXT[found.family]
        if found.family == "llama-mesh":  # what a server says is Llama 3.1's own 131,072
            self.context = min(self.context, prompts.LLAMA_MESH_CONTEXT)

    def sampling(self, request: Request, prompt: int, answer: int) -> dict[str, Any]:
        """The parameters of every request, for a prompt of so many characters."""
        room = self.context - int(prompt / DENSITY) - 64
        limit = request.max_tokens or (max(room, answer) if self.found.context else answer)
        return {
            "model": self.found.model,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": limit,
            "stream_options": {"include_usage": True},
        }

    def mesh(self, mesh: Mesh, answer: int, form: Callable[[str], str]) -> tuple[str, str]:
        """A mesh as the family reads it, simplified until it leaves room for the answer, and what was lost."""
        room = (self.context - answer - 512) * DENSITY
        found = fitted(mesh, self.dialect, READ_FACES, lambda text: len(form(text)) <= room)
        if found is None:
            raise EngineError("over_budget", f"The mesh does not fit into what {self.found.model} reads: simplify it.")
        return form(found.written.text), found.lost


class General(Asker):
    """A chat model that was never trained on meshes."""

    dialect = PARTS

    def generate(self, request: Generate) -> Asked:
        return self._make(request, prompts.general_generate(request.prompt), request.masks, [])

    def change(self, request: Change, mesh: Mesh) -> Asked:
        text, lost = self.mesh(mesh, ANSWER["general"], prompts.counted)
        turns = prompts.general_change(text, request.instruction)
        return self._make(request, turns, request.masks, [lost] if lost else [])

    def describe(self, request: Describe, mesh: Mesh) -> Asked:
        known, text, lost, pictures = facts(mesh), "", "", []
        if request.views:
            if not self.found.images:
                raise EngineError("bad_request", f"{self.found.model} does not see pictures: describe without views.")
            pictures = views(mesh, request.views)
        else:
            text, lost = self.mesh(mesh, WORDS, prompts.counted)
        turns = prompts.general_describe(report(known), text, request.prompt, request.form)
        messages = _messages(turns)
        if pictures:
            told = " ".join(f"({number}) {view.words}" for number, view in enumerate(pictures, 1))
            messages[-1]["content"] = shown(f"{turns[-1][1]}\nThe pictures: {told}", [view.png for view in pictures])
        body = {"messages": messages, **self.sampling(request, sum(len(text) for _, text in turns), WORDS)}
        return Asked("chat/completions", body, facts=known, notes=[lost] if lost else [])

    def _make(self, request: Generate | Change, turns: prompts.Turns, masks: bool, notes: list[str]) -> Asked:
        grammar = constrained(self.found.grammar, gbnf.plain() if masks else "")
        size = sum(len(text) for _, text in turns)
        body = {"messages": _messages(turns), **self.sampling(request, size, ANSWER["general"]), **grammar}
        return Asked("chat/completions", body, PARTS, notes=notes)


class LlamaMesh(Asker):
    """Its own template to the byte where the server takes a text as it is; else the server's template for the model."""

    dialect = LLAMA_MESH

    def generate(self, request: Generate) -> Asked:
        return self._ask(
            request, prompts.llama_mesh_generate(request.prompt), ANSWER["llama-mesh"], request.masks, True
        )

    def change(self, request: Change, mesh: Mesh) -> Asked:
        text, lost = self.mesh(mesh, ANSWER["llama-mesh"], str)
        asked = prompts.llama_mesh_change(text, request.instruction)
        return self._ask(request, asked, ANSWER["llama-mesh"], request.masks, True, lost)

    def describe(self, request: Describe, mesh: Mesh) -> Asked:
        text, lost = self.mesh(mesh, WORDS, str)
        return self._ask(
            request, prompts.llama_mesh_describe(text, request.prompt), WORDS, False, False, lost, facts(mesh)
        )

    def _ask(
        self,
        request: Request,
        prompt: str,
        answer: int,
        masks: bool,
        makes: bool,
        lost: str = "",
        known: dict[str, Any] | None = None,
    ) -> Asked:
        body = self.sampling(request, len(prompt), answer) | constrained(
            self.found.grammar, gbnf.llama_mesh() if masks else ""
        )
        notes = [lost] if lost else []
        dialect = LLAMA_MESH if makes else None
        if self.found.raw:
            return Asked(
                "completions", body | {"prompt": prompt.removeprefix(SPECIAL)}, dialect, True, False, known, notes
            )
        message = prompt.split("<|end_header_id|>\n\n")[1].removesuffix("<|eot_id|><|start_header_id|>assistant")
        content = [{"role": "user", "content": message}]
        return Asked("chat/completions", body | {"messages": content}, dialect, True, False, known, notes)


class Starter(Asker):
    """Task tokens and bare words, as families.py asks it."""

    dialect = DIALECTS["parts"]

    def generate(self, request: Generate) -> Asked:
        return self._ask(request, prompts.starter_generate(request.prompt), request.masks)

    def change(self, request: Change, mesh: Mesh) -> Asked:
        sketch, lost = self.mesh(mesh, ANSWER["starter"], prompts.sketch)
        return self._ask(request, prompts.starter_change(sketch, request.instruction), request.masks, lost)

    def describe(self, request: Describe, mesh: Mesh) -> Asked:
        sketch, lost = self.mesh(mesh, WORDS, prompts.sketch)
        prompt = "<s>" + prompts.starter_describe(sketch)
        body = self.sampling(request, len(prompt), 64) | {"prompt": prompt, "max_tokens": 64, "temperature": 0.0}
        body |= constrained(self.found.grammar, gbnf.plan())
        return Asked("completions", body, plan=True, facts=facts(mesh), notes=[lost] if lost else [])

    def _ask(self, request: Generate | Change, prompt: str, masks: bool, lost: str = "") -> Asked:
        body = self.sampling(request, len(prompt), ANSWER["starter"]) | {"prompt": f"<s>{prompt}"}
        body |= constrained(self.found.grammar, gbnf.parts() if masks else "")
        return Asked("completions", body, PARTS, True, notes=[lost] if lost else [])


def _messages(turns: prompts.Turns) -> list[dict[str, Any]]:
    return [{"role": role, "content": text} for role, text in turns]
