"""Cacti: a stem with bent arms, with a flower, in a pot."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import lathe, sweep

ATTRIBUTES = (
    Attribute("arms", "count", ("0", "1", "2", "3")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("flower", "option", ("no", "yes")),
    Attribute("pot", "option", ("no", "yes")),
    Attribute("material", "material", ("green", "leaf", "needle"), measured=False),
)
HEIGHT = {"low": (1.5, 1.75), "medium": (2.5, 2.9), "tall": (4.0, 4.5)}  # of the stem, against its width


def build(plan: Plan, random: Random) -> list[Piece]:
    height, plant = random.uniform(*HEIGHT[plan["height"]]), plan["material"]
    profile = [(0.47, 0), (0.54, height - 0.4), (0.26, height)]
    sides = 7 if plan["arms"] == "3" else 8
    pieces, level = [], 0.0
    if plan["pot"] == "yes":
        level, clay = random.uniform(0.75, 0.95), random.choice(("clay", "clay", "ceramic", "blue", "white"))
        pot = [(0.52, 0.0), (0.74, level), (0.6, level), (0.6, level - 0.12)]
        if plan["arms"] in ("2", "3"):
            pot = pot[:2]
        pieces.append(Piece("pot", clay, lathe(pot, 6)))
        level -= 0.3
    pieces.append(Piece("stem", plant, lathe(profile, sides, (0, level, 0))))
    arms = int(plan["arms"])
    turns = {0: (), 1: (0,), 2: (0, 180), 3: (0, 180, random.choice((-90, -70, 250)))}[arms]
    flip, base = random.choice((0, 180)), 0.62 if plan["pot"] == "yes" else 0.42
    shares = [base - 0.16, base - 0.02, base - 0.2]
    random.shuffle(shares)
    thick = 0.06 * height + 0.14
    for turn, share in zip(turns, shares, strict=False):
        y, out, up = (
            max(share * height, 1.3 * thick + 0.34),
            0.5 + 1.5 * thick,
            random.uniform(0.24, 0.32) * height + 0.2,
        )
        path = [(0.3, y - 0.2), (out, y + 0.16), (out, y + 0.75 * up), (out, y + up)]
        arm = sweep(path, [0.9 * thick, thick, thick, 0.5 * thick], 5)
        pieces.append(Piece("arm", plant, arm.turn("y", flip + turn).move(y=level)))
    if plan["flower"] == "yes":
        bright = random.choice(("pink", "red", "orange", "white"))
        bloom = lathe([(0.16, 0), (0.3, 0.26), (0, 0.36)], 6, (0, level + height - 0.13, 0))
        pieces.append(Piece("flower", bright, bloom))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)[0]  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    stem = max(range(len(parts)), key=lambda i: size[i, 1])
    if len(parts) > 1 and size[stem, 1] < 1.05 * size[ground, 1]:
        stem = ground
    off = np.linalg.norm((middle - middle[stem])[:, [0, 2]], axis=1) > 0.35 * size[stem, 0]
    plan["arms"] = str(int(off.sum()))
    ratio = size[stem, 1] / size[stem, 0]
    plan["height"] = "low" if ratio < 2.05 else "medium" if ratio < 3.3 else "tall"
    plan["flower"] = "yes" if any(not off[i] and middle[i, 1] > spans[stem, 1, 1] for i in range(len(parts))) else "no"
    plan["pot"] = "yes" if stem != ground else "no"
    return plan


FAMILY = Family("cactus", ATTRIBUTES, build, measure)
