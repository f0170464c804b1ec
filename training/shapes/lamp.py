"""Lamps: one to three shades on a stem, from table lamps to standard lamps."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, cylinder, lathe, loft, rectangle, ribbon, taper

ATTRIBUTES = (
    Attribute("shades", "count", ("1", "2", "3")),
    Attribute("shade", "style", ("cone", "drum", "square", "dome")),
    Attribute("base", "style", ("round", "square", "tripod")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("material", "material", ("metal", "iron", "gold", "wood", "white", "black"), measured=False),
)
HEIGHT = {"low": (0.6, 0.7), "medium": (1.0, 1.15), "tall": (1.6, 1.8)}  # with a base about 0.36 wide
SUNK = 0.038


def hood(style: str, radius: float, height: float, sides: int) -> Solid:
    """A shade standing on y = 0."""
    if style == "square":
        return taper((radius * 1.8,) * 2, (radius * 1.25,) * 2, height)
    profile = {
        "cone": [(radius, 0.0), (radius * 0.45, height)],
        "drum": [(radius, 0.0), (radius * 0.92, height)],
        "dome": [(radius, 0.0), (radius * 0.86, height * 0.5), (radius * 0.4, height)],
    }[style]
    return lathe(profile, sides)


def build(plan: Plan, random: Random) -> list[Piece]:
    shades, material = int(plan["shades"]), plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    cloth = random.choice(("paper", "fabric", "red", "white", "light", "green"))
    thick = random.uniform(0.055, 0.07)  # of the stem
    foot = random.uniform(0.34, 0.38)  # the width of the base
    pieces = []
    if plan["base"] == "tripod":
        hub = height * random.uniform(0.3, 0.4)
        leg = loft([rectangle(0.055, 0.055, 0.0, foot / 2), rectangle(0.055, 0.055, hub, 0.028)])
        pieces += [Piece("leg", material, solid) for solid in leg.around(3, 90.0)]
        bottom = hub - 0.09
        if shades == 1:
            pieces.append(Piece("hub", material, cylinder(0.085, 0.1, 6, (0, hub - SUNK - 0.01, 0))))
            bottom = hub + 0.052 - SUNK
    else:
        slab = random.uniform(0.08, 0.1)
        if plan["base"] == "round":
            base = lathe([(foot / 2, 0.0), (foot / 2, slab * 0.6), (foot * 0.36, slab)], 8)
        else:
            rings = [(foot, 0.0), (foot, slab * 0.6), (foot * 0.7, slab)]
            base = loft([rectangle(edge, edge, y) for edge, y in rings])
        pieces.append(Piece("base", material, base))
        bottom = slab - SUNK
    if shades == 1:
        radius, tall = random.uniform(0.23, 0.28), random.uniform(0.25, 0.32)
        under = height - tall
        stem = cylinder(thick / 2, under + 0.06 - bottom, 6, (0, bottom, 0))
        if plan["height"] == "low" and plan["base"] != "tripod" and random.random() < 0.7:  # a turned body
            middle = (under + 0.03 + bottom) / 2
            rings = [(0.05, bottom), (random.uniform(0.11, 0.15), middle), (0.035, under + 0.06)]
            stem = lathe(rings, 8)
        pieces.append(Piece("stem", material, stem))
        pieces.append(Piece("shade", cloth, hood(plan["shade"], radius, tall, 8).move(y=under)))
        if random.random() < 0.5:
            pieces.append(Piece("knob", material, box(0.05, 0.06 + SUNK, 0.05, (0, height - SUNK, 0))))
    else:
        radius, tall, out = random.uniform(0.14, 0.17), random.uniform(0.18, 0.23), 0.26
        under = height - tall
        level = under - random.uniform(0.08, 0.12)  # of the arms' middle
        pieces.append(Piece("stem", material, cylinder(0.05, level + 0.07 - bottom, 6, (0, bottom, 0))))
        arm = ribbon([(-0.028, level), (out, level), (out, under + 0.05)], 0.05, 0.05)
        top = hood(plan["shade"], radius, tall, 6 if shades == 3 else 8).move(y=under)
        first = 0.0 if shades == 2 else 90.0
        for i in range(shades):
            turn = first + 360.0 * i / shades
            pieces.append(Piece("arm", material, arm.turn("y", turn)))
            side = np.radians(turn)
            pieces.append(Piece("shade", cloth, top.move(out * np.cos(side), 0, -out * np.sin(side))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    rest = [i for i in range(len(pieces)) if i not in ground] or ground
    area = extent[:, 0] * extent[:, 2]
    shade = max(rest, key=lambda i: area[i])
    level = pieces[shade][1][1] - probe.NEAR
    plan["shades"] = str(sum(area[i] > 0.5 * area[shade] and pieces[i][1][1] >= level for i in rest))
    levels = np.unique(parts[shade].vertices[:, 1])
    across = [np.ptp(parts[shade].vertices[parts[shade].vertices[:, 1] == y][:, 0]) for y in (levels[0], levels[-1])]
    if probe.outline_corners(parts[shade]) == 4:
        plan["shade"] = "square"
    elif len(levels) > 2:
        plan["shade"] = "dome"
    else:
        plan["shade"] = "cone" if across[1] < 0.7 * across[0] else "drum"
    base = max(ground, key=lambda i: area[i])
    corners = probe.outline_corners(parts[base])
    plan["base"] = "tripod" if len(ground) > 2 else "square" if corners == 4 else "round"
    low, high = pieces[ground, 0].min(0), pieces[ground, 1].max(0)
    ratio = (mesh.bounds()[1] - mesh.bounds()[0])[1] / max(high[0] - low[0], high[2] - low[2])
    plan["height"] = "low" if ratio < 2.4 else "medium" if ratio < 3.85 else "tall"
    return plan


FAMILY = Family("lamp", ATTRIBUTES, build, measure)
