"""What a model can be asked to do, and how it ended: the tasks that a job carries, as msgspec structs.

Every field is bounded, so that the decoder refuses what is too large before memory is taken. A task says what
is wanted; which words a model is asked in is the engine's business (backend/prompts.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta, Struct

from .mesh import INDEX, Mesh, Part

MAX_MESSAGE = 8 << 20  # bytes; ZMQ_MAXMSGSIZE of every socket
MAX_TEXT = 1 << 20  # characters of model text in one message, and in one job

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=200)]
Sentence = Annotated[str, Meta(max_length=2_000)]
Prompt = Annotated[str, Meta(max_length=20_000)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=1e12)]
Buffer = Annotated[bytes, Meta(max_length=MAX_MESSAGE)]
Coordinate = Annotated[float, Meta(ge=-1e12, le=1e12)]
Corner = tuple[Coordinate, Coordinate, Coordinate]
Dialogue = Annotated[list[tuple[Literal["user", "assistant"], Prompt]], Meta(max_length=64)]

Finish = Literal["stop", "length", "cancelled"]


class MeshData(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mesh on the wire: little-endian float32 vertices [V, 3], int32 loops [L], int32 sizes [F]."""

    vertices: Buffer
    loops: Buffer
    sizes: Buffer
    parts: Annotated[list[tuple[Word, Word, Count, Count]], Meta(max_length=20_000)] = []
    whole: tuple[Count, Count] | None = None  # vertices and faces of the mesh, where this is a thinned copy (thin.py)

    @classmethod
    def pack(cls, mesh: Mesh, whole: tuple[int, int] | None = None) -> MeshData:
        return cls(
            vertices=mesh.vertices.astype("<f4").tobytes(),
            loops=mesh.loops.astype("<i4").tobytes(),
            sizes=mesh.sizes.astype("<i4").tobytes(),
            parts=[(p.name[:200], p.material[:200], p.vertices, p.faces) for p in mesh.parts],
            whole=whole,
        )

    def unpack(self) -> Mesh:
        """The mesh, checked. ValueError where the buffers lie about their shape or contents."""
        if len(self.vertices) % 12 or len(self.loops) % 4 or len(self.sizes) % 4:
            raise ValueError("The mesh's buffers are not whole.")
        mesh = Mesh(
            np.frombuffer(self.vertices, "<f4").reshape(-1, 3).astype(np.float32),
            np.frombuffer(self.loops, "<i4").astype(INDEX),
            np.frombuffer(self.sizes, "<i4").astype(INDEX),
            tuple(Part(*part) for part in self.parts),
        )
        mesh.check()
        return mesh


class SceneObject(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object of a scene: its axis-aligned box in scene units, z up. The client makes the id; answers name
    objects by it."""

    id: Id
    name: Word = ""  # as the artist has it: "Chair.003"
    kind: Word = ""  # what it is, where that is known: "chair"
    low: Corner
    high: Corner


SceneObjects = Annotated[list[SceneObject], Meta(max_length=2_000)]

# ------------------------------------------------------------------------------------------------------ the tasks


class Task(Struct, tag_field="task", frozen=True, kw_only=True, omit_defaults=True):
    """What all tasks have: the model, and how it samples."""

    model: Word = "starter"
    seed: Seed = 0
    temperature: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.0  # 0: greedy
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    max_tokens: Annotated[int, Meta(ge=1, le=131_072)] | None = None  # None: what the model's context allows


class Generate(Task, tag="generate", frozen=True, kw_only=True, omit_defaults=True):
    """Words to mesh: the answer is text of the model's dialect."""

    prompt: Prompt
    temperature: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.7
    masks: bool = True  # the grammar; off only for evaluation


class Describe(Task, tag="describe", frozen=True, kw_only=True, omit_defaults=True):
    """Mesh to words. `prompt` replaces the model's own question where it understands language."""

    mesh: MeshData
    prompt: Prompt = ""
    form: Literal["short", "long", "prompt"] = "short"  # "prompt": words that would make such a mesh
    views: Annotated[int, Meta(ge=0, le=8)] = 0  # pictures of the mesh that a model that sees is shown


class Change(Task, tag="change", frozen=True, kw_only=True, omit_defaults=True):
    """Mesh and an instruction to another mesh: the answer is text of the model's dialect."""

    mesh: MeshData
    instruction: Prompt
    temperature: Annotated[float, Meta(ge=0.0, le=5.0)] = 0.7
    masks: bool = True


class Ask(Task, tag="ask", frozen=True, kw_only=True, omit_defaults=True):
    """A question about a mesh, with what was said about it before, oldest first: the answer is words."""

    mesh: MeshData
    question: Prompt
    dialogue: Dialogue = []


class Name(Task, tag="name", frozen=True, kw_only=True, omit_defaults=True):
    """What to call a mesh and its parts: the answer is words, and `names` of the Outcome."""

    mesh: MeshData


class Scene(Task, tag="scene", frozen=True, kw_only=True, omit_defaults=True):
    """Something about a whole scene: the answer is words.

    `about` "question" answers `question`, with the dialogue so far; "describe" says what the scene shows,
    "missing" what it lacks, "tasks" what to do in it next (`question` may say to what end)."""

    objects: SceneObjects
    about: Literal["question", "describe", "missing", "tasks"] = "question"
    question: Prompt = ""
    dialogue: Dialogue = []


class Ground(Task, tag="ground", frozen=True, kw_only=True, omit_defaults=True):
    """Which objects of a scene a phrase means ("the chair next to the window"): the answer is words, and `ids`
    of the Outcome."""

    objects: SceneObjects
    phrase: Prompt


Request = Generate | Describe | Change | Ask | Name | Scene | Ground
TaskName = Literal["generate", "describe", "change", "ask", "name", "scene", "ground"]


def words(task: Request) -> str:
    """What the person said, for lists of jobs; "" where the task says it all."""
    match task:
        case Generate() | Describe():
            return task.prompt
        case Change():
            return task.instruction
        case Ask() | Scene():
            return task.question
        case Ground():
            return task.phrase
    return ""


def task_name(task: Request) -> TaskName:
    """The task in a word, as it is tagged on the wire."""
    tag: TaskName = type(task).__struct_config__.tag  # type: ignore[assignment]
    return tag


# ----------------------------------------------------------------------------------------------------- the result


class Names(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a mesh and its parts are called; `parts` in the order of the mesh's own parts (or of its loose
    pieces, where it names none)."""

    object: Word
    parts: Annotated[list[Word], Meta(max_length=20_000)] = []


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a run ended, and what it took."""

    finish: Finish
    model: Word = ""
    revision: Word = ""
    device: Word = ""
    seed: Seed = 0
    prompt_tokens: Count = 0
    tokens: Count = 0
    passes: Count = 0  # forward passes, prefill included
    seconds: Seconds = 0.0  # of the model's work: prefill and decoding
    first_token: Seconds = 0.0  # seconds until the first token
    masked_mass: Share = 0.0  # mean probability that the grammar took away from a sampled token
    repairs: Count = 0  # lines and faces of the model's answer that were mended or left out
    notes: Annotated[list[Sentence], Meta(max_length=20)] = []  # what the person should know of how it went
    dialect: Word = ""  # of the text; "" for words
    facts: dict[str, Any] | None = None  # of the mesh that was described (backend/understand/facts.py)
    names: Names | None = None  # of a Name
    ids: Annotated[list[Id], Meta(max_length=2_000)] | None = None  # of a Ground: objects that it was given
