"""Measures a starter: what it makes from captions, and how it reads meshes. Prints the tables of LOG.md.

    python -m meshscribe.training.evaluate --model backend/starter --count 200

Attributes are counted on the geometry (each family's checker), next to the same count on meshes that the generators
made from the same plans: the checker's own ceiling.
"""

from __future__ import annotations

import argparse
import collections
import time
from random import Random

import numpy as np

from meshscribe.backend.engines.base import Hooks
from meshscribe.backend.engines.local import LocalEngine, open_engine
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.messages import Describe, Generate, MeshData
from meshscribe.shared.obj import PARTS, ObjError, plan_words, read, write

from .captions import request
from .shapes import FAMILIES
from .shapes.base import Family, Plan

COLUMNS = (
    "valid",
    "ends by itself",
    "closed in every part",
    "family (plan)",
    "attributes asked: plan",
    "attributes asked: geometry",
    "all asked attributes right",
    "checker on ground truth",
)


class Tally:
    """Shares of things counted."""

    def __init__(self) -> None:
        self.right: collections.Counter[str] = collections.Counter()
        self.of: collections.Counter[str] = collections.Counter()

    def add(self, name: str, right: bool) -> None:
        self.right[name] += right
        self.of[name] += 1

    def share(self, name: str) -> str:
        return f"{100 * self.right[name] / self.of[name]:.1f} %" if self.of[name] else "-"


def run(engine: LocalEngine, task: Generate | Describe) -> tuple[str, str, float]:
    """Text, finish and seconds of one request."""
    text: list[str] = []
    outcome = engine.run(task, Hooks(lambda piece, _: text.append(piece), lambda *_: None, lambda: False))
    return "".join(text), outcome.finish, outcome.seconds


def measured(family: Family, mesh: Mesh) -> Plan:
    """What the family's checker reads off a mesh; nothing where the mesh is too broken for it."""
    try:
        with np.errstate(all="ignore"):
            return family.measure(mesh)
    except (ValueError, IndexError, ZeroDivisionError):
        return {}


def make(engine: LocalEngine, count: int, temperature: float, masks: bool, seed: int) -> tuple[Tally, Tally]:
    """Generate `count` meshes, evenly over the families; (all together, attributes by family)."""
    tally, by_family = Tally(), Tally()
    names = list(FAMILIES)
    for number in range(count):
        family = FAMILIES[names[number % len(names)]]
        random = Random(f"evaluate/{seed}/{number}")
        plan = family.sample(random)
        prompt, asked = request(family, plan, random)
        asked = {a.name: asked[a.name] for a in family.attributes if a.name in asked and a.measured}
        text, finish, _ = run(engine, Generate(prompt=prompt, seed=number, temperature=temperature, masks=masks))
        truth = read(write(family.mesh(plan, random), PARTS).text, PARTS).mesh
        ceiling = measured(family, truth)
        for name, value in asked.items():
            tally.add("checker on ground truth", ceiling.get(name) == value)
        tally.add("ends by itself", finish == "stop")
        try:
            reading = read(text, PARTS)
        except ObjError:
            for name in ("valid", "closed in every part", "family (plan)", "all asked attributes right"):
                tally.add(name, False)
            for _ in asked:
                tally.add("attributes asked: geometry", False)
                tally.add("attributes asked: plan", False)
                by_family.add(family.name, False)
            continue
        tally.add("valid", True)
        tally.add("closed in every part", all(piece.closed() for piece in reading.mesh.pieces()))
        named, planned = plan_words(reading.plan)
        tally.add("family (plan)", named == family.name)
        found = measured(family, reading.mesh)
        for name, value in asked.items():
            tally.add("attributes asked: plan", planned.get(name) == value)
            tally.add("attributes asked: geometry", found.get(name) == value)
            by_family.add(family.name, found.get(name) == value)
        tally.add("all asked attributes right", all(found.get(n) == v for n, v in asked.items()))
    return tally, by_family


def describe(engine: LocalEngine, count: int, seed: int) -> Tally:
    """Read `count` fresh meshes, without names and materials, into plans."""
    tally = Tally()
    names = list(FAMILIES)
    for number in range(count):
        family = FAMILIES[names[number % len(names)]]
        random = Random(f"describe/{seed}/{number}")
        plan = family.sample(random)
        mesh = family.mesh(plan, random)
        bare = Mesh(
            mesh.vertices, mesh.loops, mesh.sizes, tuple(Part("part", "", p.vertices, p.faces) for p in mesh.parts)
        )
        text, *_ = run(engine, Describe(mesh=MeshData.pack(bare)))
        tally.add("family", f" {family.name}" in f" {text.split(' with ')[0].rstrip('.')}".split(",")[0])
        for attribute in family.attributes:
            if attribute.kind == "count" and plan[attribute.name] != "0":
                one = plan[attribute.name] == "1"
                said = f"{plan[attribute.name]} {attribute.name.removesuffix('s') if one else attribute.name}"
                tally.add("counts", said in text)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a starter model.")
    parser.add_argument("--model", default="starter", help="a model as `meshscribe generate --model` takes it")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    engine = open_engine(options.model, lambda *_: None)
    tables = {}
    for masks in (True, False):
        began = time.monotonic()
        tables[masks], by_family = make(engine, options.count, options.temperature, masks, options.seed)
        print(
            f"masks {'on' if masks else 'off'}: {options.count} meshes in {time.monotonic() - began:.0f} s", flush=True
        )
        if masks:
            print("attributes (geometry) by family:", ", ".join(f"{n} {by_family.share(n)}" for n in FAMILIES))
    print(f"\n| {options.count} meshes at temperature {options.temperature} | with masks | without |\n|---|---|---|")
    for name in COLUMNS:
        print(f"| {name} | {tables[True].share(name)} | {tables[False].share(name)} |")
    reading = describe(engine, options.count, options.seed)
    print(
        f"\nreading {options.count} fresh meshes without names: "
        + ", ".join(f"{name} {reading.share(name)}" for name in reading.of)
    )


if __name__ == "__main__":
    main()
