"""Training samples: documents of tokens with a loss weight for each, in batches of like lengths. Fresh ones for ever,
by seed.

Every mesh is told from coarse to fine: the plan, the outline (a line for each part: name, material, box), then the
parts. What decides stands in the first hundred tokens, so documents that end there are most of the training and cost
a seventh of a mesh:

  plan     <s><make> caption <answer># plan ...
  outline  <s><make> caption <answer># plan ... # part ...
  make     <s><make> caption <answer># plan ... # part ... mesh </s>
  decline  <s><make> caption of something else <answer># plan none </s>
  read     <s><read> sketch <answer># plan ... </s>
  change   <s><read> sketch <answer># plan ... <change> instruction <answer># plan ... # part ...
  remake   the same, with the mesh </s>
  wish     a change up to its plan, of a sketch without vertices
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.obj import DECLINED, PARTS, write

from .captions import caption, request, typed
from .changes import change
from .shapes.base import Family, Plan
from .strangers import strange

MIX = {
    "plan": 0.36, "outline": 0.20, "make": 0.08, "decline": 0.03, "read": 0.13, "change": 0.18, "remake": 0.02,
}  # of documents; of tokens about 5, 10, 29, 0, 17, 30 and 10 %  # fmt: skip
PLAN_WEIGHT, OUTLINE_WEIGHT = 5.0, 2.0  # of a token in the loss, against 1 of a mesh's
TOLD_WEIGHT = 0.1  # of a part's head: the outline has told it, and the grammar copies it
TYPICAL = 0.6  # share of untold materials that are the family's first
POOL = 512  # documents that are sorted by length at a time
STRATA = 4  # of lengths: every step has a batch of each


@dataclass(frozen=True, slots=True)
class Document:
    ids: list[int]
    weights: list[float]  # of predicting each id


class Documents:
    """Makes documents of every kind from the families called `names`; the others are things to decline."""

    def __init__(
        self, families: dict[str, Family], tokenizer: Tokenizer, mix: dict[str, float] = MIX, names: Sequence[str] = ()
    ):
        self.families = [seen(families[name]) for name in names or families]  # a name said twice is met twice as often
        self.others = [family for name, family in families.items() if names and name not in names]
        self.tokenizer = tokenizer
        self.kinds, self.shares = list(mix), list(mix.values())
        self.start, self.end = tokenizer.token_to_id("<s>"), tokenizer.token_to_id("</s>")

    def sample(self, random: Random) -> Document:
        family = random.choice(self.families)
        match random.choices(self.kinds, self.shares)[0]:
            case "decline":
                other = random.choice(self.others) if self.others and random.random() < 0.3 else None
                asked = caption(other, other.sample(random), random) if other else strange(random)
                return self._document(prompts.starter_generate(asked), f"\n# plan {DECLINED}", ended=True)
            case "read":
                plan = family.sample(random)
                mesh = estranged(family.mesh(plan, random), random)
                question = prompts.starter_describe(sketch(mesh, random))
                return self._document(question, plan_line(family.name, plan), ended=True)
            case "wish" | "change" | "remake" as kind:
                before, after, instruction = change(family, random)
                seed = random.random()  # what the plan does not say stays as it was, as far as a builder can
                mesh = family.mesh(before, Random(seed))
                if random.random() < 0.5:
                    mesh = unnamed(mesh)
                shown = prompts.sketch(write(mesh, PARTS).text, 0) if kind == "wish" else sketch(mesh, random)
                dialogue = prompts.starter_change(shown, plan_text(family.name, before), instruction)
                if kind == "wish":
                    return self._document(dialogue, plan_line(family.name, after))
                return self._answer(dialogue, family, after, Random(seed), kind == "remake")
            case kind:
                plan = family.sample(random)
                asked, told = request(family, plan, random)
                plan = typical(family, plan, told, random)
                question = prompts.starter_generate(typed(asked, random))
                if kind == "plan":
                    return self._document(question, plan_line(family.name, plan))
                return self._answer(question, family, plan, random, kind == "make")

    def _answer(self, question: str, family: Family, plan: Plan, random: Random, whole: bool) -> Document:
        """A plan and its outline; where `whole`, the mesh too."""
        text = prompts.lines(write(family.mesh(plan, random), PARTS).text)
        outline, mesh = text[: text.index("\ng ")], text[text.index("\ng ") :]
        return self._document(question, plan_line(family.name, plan), outline, mesh if whole else "", whole)

    def _document(self, question: str, plan: str, outline: str = "", mesh: str = "", ended: bool = False) -> Document:
        asked, change, instruction = question.partition(prompts.CHANGE)  # a change is asked when the plan is read
        asked, head, was = asked.partition(prompts.PLAN) if change else (question, "", "")
        ids, weights = [self.start], [0.0]
        for text, weight in (
            (asked, 0.0), (head + was, PLAN_WEIGHT), (change + instruction, 0.0),
            (plan, PLAN_WEIGHT), (outline, OUTLINE_WEIGHT),
        ):  # fmt: skip
            told = self._ids(text)
            ids += told
            weights += [weight] * len(told)
        for block in mesh.split("\ng ")[1:]:
            name, faces = block.split("\nv ", 1)
            head, body = self._ids(f"\ng {name}"), self._ids(f"\nv {faces}")
            ids += [*head, *body]
            weights += [1.0, *[TOLD_WEIGHT] * (len(head) - 1), *[1.0] * len(body)]
        if ended:
            ids.append(self.end)
            weights.append(1.0)
        return Document(ids, weights)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def steps(self, random: Random, tokens: int) -> Iterator[list[tuple[np.ndarray, np.ndarray]]]:
        """Endless training steps of about `tokens` tokens: STRATA batches from short to long, each of ids int64 [B, T]
        and weights float32 [B, T], padded with weight 0."""
        while True:
            pool = sorted((self.sample(random) for _ in range(POOL)), key=lambda document: len(document.ids))
            batches: list[list[Document]] = [[]]
            for document in pool:
                if len(document.ids) * (len(batches[-1]) + 1) > tokens / STRATA and batches[-1]:
                    batches.append([])
                batches[-1].append(document)
            strata = [list(part) for part in np.array_split(np.arange(len(batches)), STRATA)]
            for stratum in strata:
                random.shuffle(stratum)
            for numbers in zip(*strata, strict=False):
                yield [padded(batches[number]) for number in numbers]


def held_out(family: Family) -> Plan:
    """Two values of a family, one of them a count where it has any, that no training sample has together."""
    random = Random(f"held out/{family.name}")
    told = [attribute for attribute in family.attributes if attribute.measured]
    first = random.choice([a for a in told if a.kind == "count"] or told)
    second = random.choice([a for a in told if a is not first])
    while True:  # a pair that is allowed
        plan = family.sample(random)
        if "0" not in (values := {a.name: plan[a.name] for a in (first, second)}).values():
            return values


def seen(family: Family) -> Family:
    """The family as training has it, without its held-out pair."""
    pair = held_out(family).items()
    return replace(family, allowed=lambda plan: family.allowed(plan) and not pair <= plan.items())


def typical(family: Family, plan: Plan, told: Plan, random: Random) -> Plan:
    """The plan with the materials that nobody asked for mostly the family's first: green leaves, not pink ones."""
    usual = {
        a.name: a.values[0]
        for a in family.attributes
        if a.kind == "material" and a.name not in told and random.random() < TYPICAL
    }
    changed = {**plan, **usual}
    return changed if family.allowed(changed) else plan


def padded(documents: list[Document]) -> tuple[np.ndarray, np.ndarray]:
    longest = max(len(document.ids) for document in documents)
    ids, weights = (np.zeros((len(documents), longest), kind) for kind in (np.int64, np.float32))
    for row, document in enumerate(documents):
        ids[row, : len(document.ids)], weights[row, : len(document.ids)] = document.ids, document.weights
    return ids, weights


def plan_line(family: str, plan: Plan) -> str:
    return f"\n# plan {plan_text(family, plan)}"


def plan_text(family: str, plan: Plan) -> str:
    return " ".join([family, *(f"{name} {value}" for name, value in plan.items())])


def sketch(mesh: Mesh, random: Random) -> str:
    """The mesh as a question holds it, with more or less of its vertices."""
    return prompts.sketch(write(mesh, PARTS).text, random.choice((0, 0, 60, prompts.SKETCHED)))


def unnamed(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.loops, mesh.sizes, tuple(Part("part", "", p.vertices, p.faces) for p in mesh.parts))


def estranged(mesh: Mesh, random: Random) -> Mesh:
    """The mesh as it may come from elsewhere: turned by a quarter, shaken, without names and materials, each at times.
    Faces and scale need no change: a sketch has no faces, and the grid takes the scale away."""
    x, y, z = mesh.vertices.T
    turned = [(x, y, z), (x, y, z), (x, y, z), (z, y, -x), (-x, y, -z), (-z, y, x), (x, -z, y), (y, z, x)]
    vertices = np.stack(random.choice(turned), 1)
    if random.random() < 0.4:
        shake = np.random.default_rng(random.getrandbits(32)).uniform(-1, 1, vertices.shape)
        vertices = vertices + shake * np.ptp(vertices, 0).max() * random.choice((0.004, 0.008))
    made = Mesh(np.ascontiguousarray(vertices, np.float32), mesh.loops, mesh.sizes, mesh.parts)
    return unnamed(made) if random.random() < 0.6 else made
