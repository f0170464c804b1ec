"""Flowers: daisies, sunflowers and tulips on a stem with leaves, in a pot."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import frond, lathe, sweep

ATTRIBUTES = (
    Attribute("kind", "style", ("daisy", "tulip", "sunflower")),
    Attribute("petals", "count", ("4", "5", "6", "7", "8")),
    Attribute("leaves", "count", ("0", "1", "2", "3")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("pot", "option", ("no", "yes")),
    Attribute("bloom", "material", ("red", "yellow", "white", "pink", "purple", "orange", "blue"), measured=False),
)
HEIGHT = {"low": (0.75, 0.88), "medium": (1.3, 1.5), "tall": (2.1, 2.35)}  # of the stem, against the bloom's width
REACH = 0.5  # of a petal, from the middle of the bloom


def build(plan: Plan, random: Random) -> list[Piece]:
    kind, count, pieces = plan["kind"], int(plan["petals"]), []
    tulip = kind == "tulip"
    height = random.uniform(*HEIGHT[plan["height"]])
    unit = 0.036 * (height + 0.7)  # some four steps
    start = 0.0
    if plan["pot"] == "yes":
        level, size = random.uniform(0.34, 0.42), random.uniform(0.2, 0.24)
        pot = lathe([(0.75 * size, 0), (1.1 * size, level)], 6)
        pieces.append(Piece("pot", random.choice(("clay", "clay", "ceramic", "blue", "wood")), pot))
        start = level - 0.1
    top = start + height
    green = random.choice(("leaf", "green"))
    pieces.append(Piece("stem", green, sweep([(0, start), (0, top)], [0.8 * unit, 0.65 * unit], 5)))
    turn, first = random.uniform(45, 68), random.choice((0.0, 90.0, 20.0))
    if tulip:
        wide = min(0.44, 2.3 / count)
        petal = frond([(-0.02, -0.1), (0.33, 0.26), (0.24, 0.72)], [0, wide, 0], 1.5 * unit)
        pieces += [Piece("petal", plan["bloom"], solid.move(y=top)) for solid in petal.around(count, first)]
    else:
        disc = 0.15 if kind == "daisy" else 0.27
        belly = 0.3 if kind == "daisy" else 0.36
        wide = min(0.42, 1.9 / count)
        petal = frond([(0.06, -0.03), (belly, 0.03), (REACH, random.uniform(-0.05, 0.06))], [0, wide, 0], 1.4 * unit)
        pieces += [
            Piece("petal", plan["bloom"], solid.turn("x", turn).move(y=top, z=0.03))
            for solid in petal.around(count, first)
        ]
        middle = {"daisy": ("yellow", "orange"), "sunflower": ("darkwood", "earth")}[kind]
        tight, sides = (0.75, 6) if kind == "daisy" else (0.82, 8)
        heart = lathe([(disc, -0.7 * unit), (tight * disc, 1.15 * unit)], sides)
        tint = random.choice([m for m in middle if m != plan["bloom"]])
        pieces.append(Piece("center", tint, heart.turn("x", turn).move(y=top, z=0.03)))
    long = 0.38 + 0.1 * height
    leaf = frond(
        [(-0.02, -0.05), (0.5 * long, 0.12), (long, 0.04)], [0, random.uniform(0.4, 0.5) * long, 0], 1.4 * unit
    )
    leaves = int(plan["leaves"])
    bottom = max(0.09, start)
    for k in range(leaves):
        y = bottom + (0.08 + 0.11 * k) * height
        pieces.append(Piece("leaf", green, leaf.turn("y", 30 + 360 * k / leaves + first).move(y=y + 0.04)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    stem = min(range(len(parts)), key=lambda i: size[i, [0, 2]].max())
    top = np.append(spans[stem].mean(0), 0)[[0, 1, 2]]
    top[1] = spans[stem, 1, 1]
    fronds = [i for i in range(len(parts)) if len(parts[i].vertices) < 8 and i != stem]
    near = {i: np.linalg.norm(parts[i].vertices - top, axis=1).min() for i in fronds}
    petals = [i for i in fronds if near[i] < 0.37 * size[stem, 1]]
    plan["petals"], plan["leaves"] = str(len(petals)), str(len(fronds) - len(petals))
    plan["pot"] = "yes" if any(i != stem and i not in fronds for i in ground) else "no"
    hearts = [i for i in range(len(parts)) if i != stem and i not in fronds and i not in ground]
    if not petals:
        return plan
    points = np.concatenate([parts[i].vertices for i in petals])
    reach = float(np.linalg.norm(points - points.mean(0), axis=1).max())
    heart = size[hearts[0], 0] / reach if hearts else 0.0
    plan["kind"] = "tulip" if not hearts else "daisy" if heart < 0.8 else "sunflower"
    ratio = size[stem, 1] / reach / 2
    plan["height"] = "low" if ratio < 1.05 else "medium" if ratio < 1.7 else "tall"
    return plan


FAMILY = Family("flower", ATTRIBUTES, build, measure)
