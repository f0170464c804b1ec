"""What a family of shapes is: its attributes, how to build one, how to measure one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from .solids import Solid

Plan = dict[str, str]  # attribute -> value, in the family's order


@dataclass(frozen=True, slots=True)
class Piece:
    """One closed part of a shape."""

    name: str
    material: str
    solid: Solid


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that can be asked for. `kind` says how words speak of it: "count" (values are numerals), "size" (a
    size word), "material", "style" (one word that describes) or "option" ("yes" / "no": with and without it)."""

    name: str
    kind: str
    values: tuple[str, ...]
    measured: bool = True  # whether the checker can read it off the geometry


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of object. `build(plan, random)` makes its pieces standing on y = 0, front towards +Z, in free units;
    what the plan does not say varies with `random`. `measure(mesh)` reads the attributes back from a mesh's geometry
    alone (not from names, materials or plan) as {attribute: value}; an attribute it cannot read is left out. The mesh
    is in the codec's frame: longest side 127 steps, Y up."""

    name: str
    attributes: tuple[Attribute, ...]
    build: Callable[[Plan, Random], Sequence[Piece]]
    measure: Callable[[Mesh], Plan]
    allowed: Callable[[Plan], bool] = lambda plan: True

    def sample(self, random: Random) -> Plan:
        """A plan with every attribute drawn evenly from its values."""
        while True:
            plan = {a.name: random.choice(a.values) for a in self.attributes}
            if self.allowed(plan):
                return plan

    def mesh(self, plan: Plan, random: Random) -> Mesh:
        """The shape of a plan, its parts with their materials, in free units."""
        pieces = self.build(plan, random)
        return Mesh.join((p.name, p.material, np.asarray(p.solid.vertices), p.solid.faces) for p in pieces)
