"""Arches: two piers under a round, a pointed or a square top, on steps."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, rectangle, ribbon, taper

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "pointed", "square")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("pillars", "size", ("thin", "medium", "thick")),
    Attribute("steps", "count", ("0", "1", "2", "3")),
    Attribute("keystone", "option", ("no", "yes")),
    Attribute("material", "material", ("stone", "brick", "white", "clay", "gold", "wood"), measured=False),
)
HEIGHT = {"low": (0.55, 0.68), "medium": (1.0, 1.15), "tall": (1.6, 1.8)}  # of the pillars, 1 apart
PILLARS = {"thin": (0.15, 0.17), "medium": (0.25, 0.29), "thick": (0.4, 0.46)}


def build(plan: Plan, random: Random) -> list[Piece]:
    height, thick = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*PILLARS[plan["pillars"]])
    deep, material = max(thick, random.uniform(0.24, 0.34)), plan["material"]
    steps, pieces = int(plan["steps"]), []
    tread, out = 0.13, 0.14
    for k in range(steps):
        wide = 0.1 + thick + out * (steps - k)
        slab = box(1 + wide, tread + 0.09, deep + 0.1 + 1.6 * out * (steps - k), (0, tread * k, 0))
        pieces.append(Piece("step", random.choice((material, "stone", "grey")), slab))
    base = tread * steps
    ledge = [(0.12, 0.0), (0.0, 0.24), (0.0, height)]
    pier = loft([rectangle(thick + a, deep + a, y) for a, y in ledge])
    pieces += [Piece("pillar", material, pier.move(side * 0.5, base)) for side in (-1, 1)]
    level, band, across = base + height, 0.85 * thick, deep + 0.09
    foot = level - 0.1
    if plan["shape"] == "round":
        angles = np.radians([144, 108, 72, 36])
        path = [(-0.5, foot), *((0.52 * np.cos(a), level + 0.52 * np.sin(a)) for a in angles), (0.5, foot)]
        top, crown = ribbon(path[::-1], band, across), level + 0.52 * np.sin(angles[1])
    elif plan["shape"] == "pointed":
        path = [(-0.5, foot), (-0.46, level + 0.16), (-0.31, level + 0.46), (0, level + 0.78)]
        path += [(-x, y) for x, y in path[2::-1]]
        top, crown = ribbon(path[::-1], band, across), level + 0.78
    else:
        band = max(0.16, band * random.uniform(0.8, 1.0))
        top = taper((1 + thick + 0.1, across), (1 + thick + 0.2, across + 0.08), band, (0, level - 0.06, 0))
        crown = level - 0.06 + band / 2
    pieces.append(Piece("arch", material, top))
    if plan["keystone"] == "yes":
        low, tall = crown - band / 2 - 0.08, band * (1.45 if plan["shape"] == "pointed" else 1.0) + 0.19
        stone = random.choice([m for m in ("stone", "white", "grey", "gold") if m != material])
        wedge = taper((0.15, across + 0.1), (0.24, across + 0.19), tall, (0, low, 0))
        pieces.append(Piece("keystone", stone, wedge))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    whole = mesh.bounds()[1] - mesh.bounds()[0]
    side = np.abs(middle[:, 0] - mesh.bounds().mean(0)[0]) > 0.15 * whole[0]
    piers = np.flatnonzero(side)
    wide = [i for i in range(len(parts)) if not side[i] and size[i, 0] > 0.5 * whole[0]]
    if len(piers) < 2 or not wide:
        return plan
    top = max(wide, key=lambda i: spans[i, 1, 1])
    box_like, flat = len(parts[top].vertices) == 8, probe.end_corners(parts[top], 1) > 2
    plan["shape"] = "square" if box_like else "round" if flat else "pointed"
    pace = max(1.0, np.ptp(middle[piers, 0]))
    ratio = size[piers[0], 1] / pace
    plan["height"] = "low" if ratio < 0.84 else "medium" if ratio < 1.38 else "tall"
    slim = probe.end_width(parts[piers[0]]) / pace
    plan["pillars"] = "thin" if slim < 0.21 else "medium" if slim < 0.345 else "thick"
    plan["steps"] = str(len(wide) - 1)
    plan["keystone"] = "yes" if len(wide) + len(piers) < len(parts) else "no"
    return plan


FAMILY = Family("arch", ATTRIBUTES, build, measure)
