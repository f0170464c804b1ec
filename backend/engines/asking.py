"""What a server is asked for a task: the words of the model's family, the grammar where the server keeps to one, the
mesh, its facts and its pictures. Pure: what goes out is decided here, chat.py sends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from meshscribe.backend import prompts
from meshscribe.backend.prompts import Turns
from meshscribe.backend.understand import tasks
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.simplify import fitted
from meshscribe.backend.understand.tasks import Answer
from meshscribe.backend.views import views
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import DIALECTS, LLAMA_MESH, PARTS, Dialect
from meshscribe.shared.tasks import Ask, Change, Describe, Generate, Ground, Name, Request, Scene

from . import gbnf, looking
from .base import EngineError
from .chat import shown
from .looking import Meant
from .servers import Abilities, constrained
from .understanding import unpack

CONTEXT = {"general": 32_768, "llama-mesh": prompts.LLAMA_MESH_CONTEXT, "starter": 2_048}  # tokens, where none are said
DENSITY = 2.0  # characters a token of mesh text has at least: " 12", "\nv"
ANSWER = {"general": 8_192, "llama-mesh": 2_048, "starter": 1_024}  # tokens that are kept free for a mesh
WORDS = 512  # tokens that an answer in words may take
READ_FACES = 2_000  # of a mesh that is shown as text
SPECIAL = "<|begin_of_text|>"  # servers put it before a text themselves


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a server. `dialect` None: the answer is words, and `meant` says what they mean; `plan`: they are a
    plan, which nobody is shown. `then` makes the next request from a plan."""

    path: str
    body: dict[str, Any]
    dialect: Dialect | None = None
    trained: bool = False
    plan: bool = False
    then: Callable[[str], Asked] | None = None
    meant: Meant = Answer
    notes: list[str] = field(default_factory=list)


def asked(request: Request, found: Abilities) -> Asked | Answer:
    """What to send for a task, or the answer where rules have it. EngineError where the model cannot do it, or the mesh
    does not fit."""
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
        case Describe() | Ask() | Name():
            return asker.look(request, unpack(request.mesh))
        case Scene() | Ground():
            return asker.scene(request)


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

    def scene(self, request: Scene | Ground) -> Asked | Answer:
        question = looking.scene(request, (self.context - WORDS) * DENSITY)
        return question if isinstance(question, Answer) else self.say(request, question.turns, question.meant)

    def say(self, request: Request, turns: Turns, meant: Meant, notes: tuple[str, ...] = ()) -> Asked:
        """A question that is answered in words, as a chat."""
        body = {"messages": _messages(turns), **self.sampling(request, sum(len(text) for _, text in turns), WORDS)}
        return Asked("chat/completions", body, meant=meant, notes=list(notes))

    def blind(self, request: Describe | Ask | Name) -> None:
        """EngineError where pictures are asked for that the model does not see."""
        if isinstance(request, Describe) and request.views and not self.found.images:
            raise EngineError("bad_request", f"{self.found.model} does not see pictures: describe without views.")


class General(Asker):
    """A chat model that was never trained on meshes."""

    dialect = PARTS

    def generate(self, request: Generate) -> Asked:
        return self._make(request, prompts.general_generate(request.prompt), request.masks, [])

    def change(self, request: Change, mesh: Mesh) -> Asked:
        text, lost = self.mesh(mesh, ANSWER["general"], prompts.counted)
        turns = prompts.general_change(text, request.instruction)
        return self._make(request, turns, request.masks, [lost] if lost else [])

    def look(self, request: Describe | Ask | Name, mesh: Mesh) -> Asked | Answer:
        self.blind(request)
        known, text, lost, pictures = facts(mesh, request.mesh.whole), "", "", []
        if (answer := looking.known(request, known)) is not None:
            return answer
        if isinstance(request, Describe) and request.views:
            pictures = views(mesh, request.views)
        else:
            text, lost = self.mesh(mesh, WORDS, prompts.counted)
        turns = looking.general(request, known, text)
        asked = self.say(request, turns, looking.meaning(request, mesh, known), (lost,) if lost else ())
        if pictures:
            told = " ".join(f"({number}) {view.words}" for number, view in enumerate(pictures, 1))
            words = f"{turns[-1][1]}\nThe pictures: {told}"
            asked.body["messages"][-1]["content"] = shown(words, [view.png for view in pictures])
        return asked

    def _make(self, request: Generate | Change, turns: prompts.Turns, masks: bool, notes: list[str]) -> Asked:
        grammar = constrained(self.found.grammar, gbnf.plain() if masks else "")
        size = sum(len(text) for _, text in turns)
        body = {"messages": _messages(turns), **self.sampling(request, size, ANSWER["general"]), **grammar}
        return Asked("chat/completions", body, PARTS, notes=notes)


class LlamaMesh(Asker):
    """Its own template to the byte where the server takes a text as it is; else the server's template for the model."""

    dialect = LLAMA_MESH

    def generate(self, request: Generate) -> Asked:
        return self._make(request, prompts.llama_mesh_generate(request.prompt))

    def change(self, request: Change, mesh: Mesh) -> Asked:
        text, lost = self.mesh(mesh, ANSWER["llama-mesh"], str)
        return self._make(request, prompts.llama_mesh_change(text, request.instruction), lost)

    def look(self, request: Describe | Ask | Name, mesh: Mesh) -> Asked | Answer:
        self.blind(request)
        known = facts(mesh, request.mesh.whole)
        if (answer := looking.known(request, known)) is not None:
            return answer
        question = looking.trained(request, mesh, known, (self.context - WORDS - 512) * DENSITY)
        return self.say(request, question.turns, question.meant, (question.lost,) if question.lost else ())

    def say(self, request: Request, turns: Turns, meant: Meant, notes: tuple[str, ...] = ()) -> Asked:
        if not self.found.raw:
            return super().say(request, turns, meant, notes)
        prompt = prompts.llama3_chat(turns)
        body = self.sampling(request, len(prompt), WORDS) | {"prompt": prompt.removeprefix(SPECIAL)}
        return Asked("completions", body, meant=meant, notes=list(notes))

    def _make(self, request: Generate | Change, prompt: str, lost: str = "") -> Asked:
        grammar = constrained(self.found.grammar, gbnf.llama_mesh() if request.masks else "")
        body, notes = self.sampling(request, len(prompt), ANSWER["llama-mesh"]) | grammar, [lost] if lost else []
        if self.found.raw:
            body["prompt"] = prompt.removeprefix(SPECIAL)
            return Asked("completions", body, LLAMA_MESH, True, notes=notes)
        message = prompt.split("<|end_header_id|>\n\n")[1].removesuffix("<|eot_id|><|start_header_id|>assistant")
        body["messages"] = [{"role": "user", "content": message}]
        return Asked("chat/completions", body, LLAMA_MESH, True, notes=notes)


class Starter(Asker):
    """Task tokens and bare words, as families.py asks it."""

    dialect = DIALECTS["parts"]

    def generate(self, request: Generate) -> Asked:
        return self._ask(request, prompts.starter_generate(request.prompt), request.masks)

    def change(self, request: Change, mesh: Mesh) -> Asked:
        """It says first what the mesh is."""
        sketch, lost = self.mesh(mesh, ANSWER["starter"], prompts.sketch)

        def then(plan: str) -> Asked:
            return self._ask(request, prompts.starter_change(sketch, plan, request.instruction), request.masks, lost)

        return replace(self._read(request, sketch), then=then)

    def look(self, request: Describe | Ask | Name, mesh: Mesh) -> Asked | Answer:
        """It has no language: it reads the mesh into a plan, and rules answer from that and the facts."""
        self.blind(request)
        sketch, lost = self.mesh(mesh, WORDS, prompts.sketch)

        def meant(plan: str) -> Answer:
            return tasks.about_mesh(request, mesh, lambda mesh: (plan, lost))

        return replace(self._read(request, sketch), meant=meant, notes=[lost] if lost else [])

    def scene(self, request: Scene | Ground) -> Asked | Answer:
        return tasks.grounded(request) if isinstance(request, Ground) else tasks.about_scene(request)

    def _read(self, request: Request, sketch: str) -> Asked:
        """A mesh into its plan."""
        prompt = "<s>" + prompts.starter_describe(sketch)
        body = self.sampling(request, len(prompt), 64) | {"prompt": prompt, "max_tokens": 64, "temperature": 0.0}
        return Asked("completions", body | constrained(self.found.grammar, gbnf.plan()), plan=True)

    def _ask(self, request: Generate | Change, prompt: str, masks: bool, lost: str = "") -> Asked:
        body = self.sampling(request, len(prompt), ANSWER["starter"]) | {"prompt": f"<s>{prompt}"}
        body |= constrained(self.found.grammar, gbnf.parts() if masks else "")
        return Asked("completions", body, PARTS, True, notes=[lost] if lost else [])


def _messages(turns: prompts.Turns) -> list[dict[str, Any]]:
    return [{"role": role, "content": text} for role, text in turns]
