"""What a model that knows language is told for Describe, Ask, Name, Scene and Ground, and what its answer means. The
words are in prompts.py; here they are fitted into the model's context, and answers are checked against what was asked about."""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from meshscribe.backend import prompts
from meshscribe.backend.prompts import Turns
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH
from meshscribe.shared.tasks import Ask, Describe, Ground, Name, Scene, SceneObject

from .report import proportions
from .scene import Scene as Boxes
from .simplify import fitted

MOST_FACES = 500  # of a mesh that is shown: LLaMA-Mesh was trained on no more
MOST_TURNS = 8  # of a dialogue that are told again: the last ones
MOST_SAID = 600  # characters of each

Fits = Callable[[Turns], bool]


def look(request: Describe | Ask | Name, mesh: Mesh, facts: dict[str, Any], fits: Fits) -> tuple[Turns, str]:
    """A question about a mesh as turns that fit, and what was lost on the way. The mesh is the one of the request, so a
    dialogue always speaks of what is there now. ValueError where not even a simplified mesh fits."""
    dialogue, question, told = [], "", measured(facts)
    match request:
        case Ask():
            question, dialogue = request.question, recent(request.dialogue)
        case Name():
            question = prompts.NAMED
        case Describe():
            question = request.prompt or prompts.LOOKS[request.form]
            if not request.prompt and request.form == "short":
                told = ""  # word for word the question that the model was trained on
    while True:

        def fit(text: str, dialogue: Turns = dialogue) -> bool:
            return fits(prompts.llama_mesh_look(text, question, told, dialogue))

        found = fitted(mesh, LLAMA_MESH, MOST_FACES, fit, facts["faces"])
        if found is not None:
            return prompts.llama_mesh_look(found.written.text, question, told, dialogue), found.lost
        if not dialogue:
            raise ValueError("The mesh does not fit into what this model reads, not even simplified.")
        dialogue = dialogue[2:]


def recent(dialogue: list[tuple[Any, str]]) -> Turns:
    """The last turns of a dialogue, each cut to a length, from a user's turn on and in turns."""
    kept: Turns = []
    for role, said in dialogue[-MOST_TURNS:]:
        if (role == "user") == (len(kept) % 2 == 0):
            kept.append((role, said[:MOST_SAID]))
    return kept[: len(kept) // 2 * 2]


def measured(facts: dict[str, Any]) -> str:
    """The facts that a model is given, in a line."""
    pieces = "1 piece" if facts["parts"] == 1 else f"{facts['parts']:,} pieces"
    closed = "closed" if facts["closed"] else "not closed"
    return f"Measured: it is {proportions(facts)}, has {facts['faces']:,} faces in {pieces}, and is {closed}."


def scene(request: Scene | Ground, fits: Fits) -> tuple[Turns, list[SceneObject]]:
    """A question about a scene as turns that fit, and the objects that are told of, in the order of their numbers: all,
    or of too many the largest. ValueError where not even one fits."""
    asked = (
        prompts.MEANT.format(request.phrase) if isinstance(request, Ground) else prompts.SCENES.get(request.about, "")
    )
    asked = f"{asked} {request.question}".strip() if isinstance(request, Scene) else asked
    dialogue = recent(request.dialogue) if isinstance(request, Scene) else []
    boxes = Boxes(request.objects)
    order = sorted(range(len(boxes)), key=lambda place: -float(boxes.measures["volume"][place]))
    count = len(order)
    while count:
        told = sorted(order[:count])
        lines = [_line(boxes, place) for place in told]
        turns = prompts.llama_mesh_scene(lines, asked, dialogue)
        if fits(turns):
            return turns, [request.objects[place] for place in told]
        count = count * 3 // 4
    raise ValueError("The scene does not fit into what this model reads.")


def _line(boxes: Boxes, place: int) -> str:
    low, high = (", ".join(f"{part:.3g}" for part in corner[place]) for corner in (boxes.low, boxes.high))
    one = boxes.things[place]
    name = f"{one.given.name} ({one.given.kind})" if one.named and one.given.kind else one.label
    return f"{name}: ({low}) to ({high})"


def numbered(text: str, objects: list[SceneObject]) -> list[str]:
    """The ids of the objects whose numbers an answer names: only such as are there, each once, in its order."""
    found = [int(number) for number in re.findall(r"(?<![\d.])\d{1,4}(?![\d.]\d)", text)]
    return list(dict.fromkeys(objects[number - 1].id for number in found if 0 < number <= len(objects)))


def called(text: str) -> str:
    """The name in an answer: its first line without article and full stop, at most five words; "Mesh" for none."""
    line = next((line for line in text.strip().splitlines() if line.strip()), "")
    line = re.sub(r"^(this|it) is |^(an?|the) ", "", line.strip().strip("\"'*`"), flags=re.IGNORECASE)
    line = re.sub(r"^(an?|the) ", "", line, flags=re.IGNORECASE)
    name = " ".join(re.split(r"[.;:,]", line)[0].split()[:5])
    return (name[:1].upper() + name[1:])[:63] or "Mesh"
