"""Training samples: documents of tokens with a loss weight for each, packed into rows. Fresh ones for ever, by seed.

Three kinds (facts: reading the words is 10 of 450 tokens and learns last, so captions are trained to plans alone most
of the time):
  plan  <s><make> caption <answer># plan ...              cheap; the loss ends with the plan
  make  <s><make> caption <answer># plan ... mesh </s>
  read  <s><read> mesh <answer># plan ... </s>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.obj import PARTS, write

from .captions import caption
from .shapes.base import Family, Plan

PLAN_WEIGHT = 5.0  # of a plan's token in the loss, against 1 of a mesh's
MIX = {"plan": 0.82, "make": 0.12, "read": 0.06}  # of documents


@dataclass(frozen=True, slots=True)
class Document:
    ids: list[int]
    weights: list[float]  # of predicting each id


class Documents:
    """Makes documents of every kind from the families."""

    def __init__(self, families: dict[str, Family], tokenizer: Tokenizer, mix: dict[str, float] = MIX):
        self.families = list(families.values())
        self.tokenizer = tokenizer
        self.kinds, self.shares = list(mix), list(mix.values())
        self.start, self.end = tokenizer.token_to_id("<s>"), tokenizer.token_to_id("</s>")

    def sample(self, random: Random) -> Document:
        family = random.choice(self.families)
        plan = family.sample(random)
        kind = random.choices(self.kinds, self.shares)[0]
        if kind == "read":
            mesh = estranged(family.mesh(plan, random), random)
            question = self._ids(prompts.starter_describe(write(mesh, PARTS).text))
            answer = [*self._ids(plan_line(family.name, plan)), self.end]
            return self._document(question, [0.0] * len(question), answer, len(answer))
        asked = self._ids(prompts.starter_generate(caption(family, plan, random)))
        answer = self._ids(plan_line(family.name, plan))
        told = len(answer)
        if kind == "make":
            answer += [*self._ids(prompts.lines(write(family.mesh(plan, random), PARTS).text)), self.end]
        return self._document(asked, [0.0] * len(asked), answer, told)

    def _document(self, prompt: list[int], weights: list[float], answer: list[int], plan: int) -> Document:
        ids = [self.start, *prompt, *answer]
        return Document(ids, [0.0, *weights, *[PLAN_WEIGHT] * plan, *[1.0] * (len(answer) - plan)])

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def rows(self, random: Random, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Endless rows of whole documents: ids int64 [length + 1] and weights float32 [length + 1], 0 where none
        fits any more."""
        waiting: list[Document] = []
        while True:
            ids, weights = np.zeros(length + 1, np.int64), np.zeros(length + 1, np.float32)
            at, misses = 0, 0
            while misses < 8:
                document = waiting.pop(0) if waiting and misses == 0 else self.sample(random)
                size = len(document.ids)
                if at + size <= length + 1:
                    ids[at : at + size], weights[at : at + size] = document.ids, document.weights
                    at += size
                else:
                    misses += 1
                    if size <= length + 1 and len(waiting) < 16:
                        waiting.append(document)
            yield ids, weights


def plan_line(family: str, plan: Plan) -> str:
    return f"\n# plan {plan_text(family, plan)}"


def plan_text(family: str, plan: Plan) -> str:
    return " ".join([family, *(f"{name} {value}" for name, value in plan.items())])


def estranged(mesh: Mesh, random: Random) -> Mesh:
    """The mesh as it may come from elsewhere: at times turned by a quarter, or without its names and materials."""
    x, y, z = mesh.vertices.T
    vertices = np.stack(random.choice([(x, y, z), (x, y, z), (z, y, -x), (-x, y, -z), (-z, y, x)]), 1)
    parts = mesh.parts
    if random.random() < 0.5:
        parts = tuple(Part("part", "", part.vertices, part.faces) for part in parts)
    return Mesh(np.ascontiguousarray(vertices, np.float32), mesh.loops, mesh.sizes, parts)
