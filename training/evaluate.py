"""Measures a starter: what it makes, reads and changes. Prints the tables of LOG.md.

    python -m meshscribe.training.evaluate --model starter --count 300

Attributes are counted on the geometry (each family's checker), never on names or the plan, next to the same count on
meshes that the generators made from the same plans: the checker's own ceiling. The family of what was made is what the
starter itself reads in its bare geometry; how far that can be trusted is the table of reading.
"""

from __future__ import annotations

import argparse
import collections
import json
import time
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import numpy as np

from meshscribe.backend.engines.base import EngineError, Hooks
from meshscribe.backend.engines.local import LocalEngine, open_engine
from meshscribe.backend.models.store import locate
from meshscribe.shared import connection
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import PARTS, ObjError, plan_words, read, write
from meshscribe.shared.tasks import Change, Generate, MeshData, Outcome

from . import sets
from .captions import request
from .changes import instruction, pair
from .data import estranged, held_out, seen, unnamed
from .shapes import FAMILIES
from .shapes.base import Family, Plan

COPIES = 50  # fresh meshes of the same plan that a made one is compared with
QUIET = Hooks(lambda *_: None, lambda *_: None, lambda: False)


class Tally:
    """Shares of things counted, in the order of their first count."""

    def __init__(self) -> None:
        self.right: collections.Counter[str] = collections.Counter()
        self.of: collections.Counter[str] = collections.Counter()

    def add(self, name: str, right: bool) -> None:
        self.right[name] += right
        self.of[name] += 1

    def share(self, name: str) -> str:
        return f"{100 * self.right[name] / self.of[name]:.1f} % of {self.of[name]}" if self.of[name] else "-"


class Case(NamedTuple):
    """A prompt, and what it says."""

    prompt: str
    family: Family
    asked: Plan
    plan: Plan | None  # of a mesh that the prompt may mean, for the checker's ceiling


def answer(engine: LocalEngine, task: Generate | Change) -> tuple[str, Outcome]:
    """The text of a request, and how it ended. EngineError where it is declined."""
    text: list[str] = []
    outcome = engine.run(task, Hooks(lambda piece, _: text.append(piece), lambda *_: None, lambda: False))
    return "".join(text), outcome


def measured(family: Family, mesh: Mesh) -> Plan:
    """What the family's checker reads off a mesh; nothing where the mesh is too broken for it."""
    try:
        with np.errstate(all="ignore"):
            return family.measure(mesh)
    except (ValueError, IndexError, ZeroDivisionError):
        return {}


def coded(mesh: Mesh) -> Mesh:
    """The mesh in the codec's frame, as the checkers want it."""
    return read(write(mesh, PARTS).text, PARTS).mesh


# ---------------------------------------------------------------------------------------------------- words to mesh


def fresh(families: list[Family], count: int, seed: int) -> Iterator[Case]:
    """Captions as in training, of plans that training may have."""
    for number in range(count):
        family, random = seen(families[number % len(families)]), Random(f"evaluate/{seed}/{number}")
        plan = family.sample(random)
        prompt, asked = request(family, plan, random)
        yield Case(prompt, family, asked, plan)


def pairs(families: list[Family], count: int, seed: int) -> Iterator[Case]:
    """Captions that say the two values that training never has together."""
    for number in range(count):
        family, random = families[number % len(families)], Random(f"pairs/{seed}/{number}")
        both = held_out(family)
        while True:
            plan = family.sample(random)
            if both.items() <= plan.items():
                prompt, asked = request(family, plan, random)
                if both.items() <= asked.items():
                    break
        yield Case(prompt, family, asked, plan)


def phrasings(families: list[Family], written: str) -> Iterator[Case]:
    """Hand-written prompts."""
    known = {family.name: family for family in families}
    for prompt, name, asked in sets.phrasings(written):
        if name in known:
            yield Case(prompt, known[name], asked, None)


def make(engine: LocalEngine, cases: Iterator[Case], temperature: float, masks: bool = True) -> tuple[Tally, Tally]:
    """Make a mesh for every case; (scores, scores of the asked attributes by family)."""
    tally, by_family = Tally(), Tally()
    for number, (prompt, family, asked, plan) in enumerate(cases):
        kinds = {a.name: a.kind for a in family.attributes if a.name in asked and a.measured}
        if plan:
            ceiling = measured(family, coded(family.mesh(plan, Random(number))))
            for name, kind in kinds.items():
                tally.add(f"ceiling: {kind}", ceiling.get(name) == asked[name])
        try:
            text, outcome = answer(engine, Generate(prompt=prompt, seed=number, temperature=temperature, masks=masks))
        except EngineError:
            tally.add("declined", True)
            continue
        tally.add("declined", False)
        tally.add("ends by itself", outcome.finish == "stop")
        try:
            reading = read(text, PARTS)
        except ObjError:
            tally.add("valid", False)
            for _ in kinds:
                by_family.add(family.name, False)
            continue
        tally.add("valid", True)
        tally.add("closed in every part", all(piece.closed() for piece in reading.mesh.pieces()))
        named, planned = plan_words(reading.plan)
        tally.add("family: plan", named == family.name)
        bare = engine.read_plan(write(unnamed(reading.mesh), PARTS).text, QUIET)[0]
        tally.add("family: read in the geometry", plan_words(bare)[0] == family.name)
        found = measured(family, coded(reading.mesh))
        for name, kind in kinds.items():
            tally.add(f"plan: {kind}", planned.get(name) == asked[name])
            tally.add(f"geometry: {kind}", found.get(name) == asked[name])
            by_family.add(family.name, found.get(name) == asked[name])
            if kind == "count":
                by_family.add(f"{family.name} counts", found.get(name) == asked[name])
        tally.add("all asked attributes", all(found.get(name) == asked[name] for name in kinds))
        if number % 5 == 0 and named in FAMILIES:
            tally.add("not a copy", not_a_copy(reading.mesh, FAMILIES[named], planned))
    return tally, by_family


def not_a_copy(mesh: Mesh, family: Family, plan: Plan) -> bool:
    """Whether no fresh mesh of the same plan has the same vertices (a Chamfer distance of 0)."""
    if any(plan.get(a.name) not in a.values for a in family.attributes) or not family.allowed(plan):
        return True
    own = {tuple(point) for point in coded(mesh).vertices.tolist()}
    others = (coded(family.mesh(plan, Random(f"copy/{i}"))) for i in range(COPIES))
    return all({tuple(point) for point in other.vertices.tolist()} != own for other in others)


def decline(engine: LocalEngine) -> Tally:
    """The hand-written prompts for what no family makes."""
    tally = Tally()
    for sort, prompt in sets.strangers():
        try:
            answer(engine, Generate(prompt=prompt, seed=1, max_tokens=200))
            declined = False
        except EngineError as error:
            declined = error.code == "declined"
        tally.add("declined", declined)
        tally.add(f"declined: {sort}", declined)
    return tally


# ---------------------------------------------------------------------------------------------------- mesh to words


def describe(engine: LocalEngine, families: list[Family], count: int, seed: int, altered: bool) -> Tally:
    """Read fresh meshes without names and materials; `altered`: triangulated, shuffled, turned by quarters, shaken."""
    tally = Tally()
    for number in range(count):
        family, random = families[number % len(families)], Random(f"describe/{seed}/{number}")
        plan = family.sample(random)
        mesh = unnamed(family.mesh(plan, random))
        if altered:
            mesh = shuffled(unnamed(estranged(mesh, random)), random)
        named, said = plan_words(engine.read_plan(write(mesh, PARTS).text, QUIET)[0])
        tally.add("family", named == family.name)
        for attribute in family.attributes:
            if attribute.kind in ("count", "size") and attribute.measured:
                tally.add(attribute.kind, said.get(attribute.name) == plan[attribute.name])
    return tally


def shuffled(mesh: Mesh, random: Random) -> Mesh:
    """The same surface as loose triangles' soup has it: no parts, vertices and faces in any order."""
    order = np.random.default_rng(random.getrandbits(32)).permutation(len(mesh.vertices))
    place = np.argsort(order)
    triangles = [tuple(place[list(face)].tolist()) for face in mesh.triangles().tolist()]
    random.shuffle(triangles)
    return Mesh.build(mesh.vertices[order], triangles)


# ----------------------------------------------------------------------------------------------------------- change


def change(engine: LocalEngine, families: list[Family], count: int, seed: int, temperature: float) -> Tally:
    """Ask for one change of a fresh mesh, and compare what is measured before and after."""
    tally = Tally()
    for number in range(count):
        family, random = seen(families[number % len(families)]), Random(f"change/{seed}/{number}")
        while True:
            before, after = pair(family, random)
            asked = next(a for a in family.attributes if before[a.name] != after[a.name])
            if asked.measured:
                break
        mesh = family.mesh(before, random)
        wish = instruction(family, before, after, random)
        task = Change(mesh=MeshData.pack(mesh), instruction=wish, seed=number, temperature=temperature)
        old = measured(family, coded(mesh))
        new = measured(family, coded(read(answer(engine, task)[0], PARTS).mesh))
        ideal = measured(family, coded(family.mesh(after, Random(number))))
        kept = [name for name in old if name != asked.name]
        changed, others = new.get(asked.name) == after[asked.name], all(new.get(n) == old[n] for n in kept)
        tally.add(f"changed: {asked.kind}", changed)
        tally.add("changed", changed)
        tally.add("others kept", others)
        tally.add("changed and others kept", changed and others)
        tally.add("ceiling", all(ideal.get(n) == after[n] for n in old))
    return tally


# ------------------------------------------------------------------------------------------------------------ tables


def show(title: str, tally: Tally) -> None:
    print(f"\n| {title} | |\n|---|---|")
    for name in tally.of:
        print(f"| {name} | {tally.share(name)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a starter model.")
    parser.add_argument("--model", default="starter", help="a model as `meshscribe generate --model` takes it")
    parser.add_argument("--count", type=int, default=300, help="meshes of each table")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", default="", help="names, separated by commas; default: all that the model knows")
    parser.add_argument("--tables", default="fresh,pairs,phrasings,strangers,read,change")
    options = parser.parse_args()
    engine = open_engine(options.model, lambda *_: None)
    names = json.loads((locate(connection.home(), options.model).folder / "families.json").read_text())
    families = [FAMILIES[name] for name in options.families.split(",") if name] or [FAMILIES[name] for name in names]
    count, seed, temperature = options.count, options.seed, options.temperature
    began = time.monotonic()
    for table in options.tables.split(","):
        match table:
            case "fresh":
                tally, by_family = make(engine, fresh(families, count, seed), temperature)
                show(f"{count} fresh captions, temperature {temperature}", tally)
                print("\nasked attributes by family:", ", ".join(f"{n} {by_family.share(n)}" for n in by_family.of))
                show("the same without masks", make(engine, fresh(families, count // 3, seed), temperature, False)[0])
            case "pairs":
                show("held-out pairs", make(engine, pairs(families, count // 2, seed), temperature)[0])
            case "phrasings":
                for written in ("phrasings", "phrasings_second"):
                    show(f"held-out {written}", make(engine, phrasings(families, written), temperature)[0])
            case "strangers":
                show("prompts for other things", decline(engine))
            case "read":
                show("reading fresh meshes", describe(engine, families, count, seed, altered=False))
                show("reading altered meshes", describe(engine, families, count, seed, altered=True))
            case "change":
                show("changes", change(engine, families, count, seed, temperature))
        print(f"\n({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
