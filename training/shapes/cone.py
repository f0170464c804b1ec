"""Traffic cones."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import ball, box, lathe

ATTRIBUTES = (
    Attribute("stripes", "count", ("0", "1", "2", "3")),
    Attribute("base", "style", ("square", "round")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("top", "style", ("flat", "pointed", "light")),
    Attribute("material", "material", ("orange", "red", "yellow", "green", "blue"), measured=False),
)
HEIGHT = {"low": (0.62, 0.7), "medium": (1.05, 1.2), "tall": (1.75, 1.95)}  # of the cone on a base 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, high, sides = plan["material"], random.uniform(*HEIGHT[plan["height"]]), random.choice((8, 10))
    slab, foot, neck = random.uniform(0.08, 0.11), random.uniform(0.33, 0.37), random.uniform(0.07, 0.09)
    ground = random.choice((paint, "black", "rubber"))
    if plan["base"] == "square":
        pieces = [Piece("base", ground, box(1.0, slab, 1.0))]
    else:
        pieces = [Piece("base", ground, lathe([(0.54, 0.0), (0.5, slab)], 8))]
    start, end = slab - 0.045, slab + high
    profile = [(foot, start), (0.0 if plan["top"] == "pointed" else neck, end)]
    pieces.append(Piece("cone", paint, lathe(profile, sides)))
    band = random.choice([m for m in ("white", "yellow", "black") if m != paint])
    count = int(plan["stripes"])
    for k in range(count):
        low = 0.2 + 0.6 * (k + 0.5) / count - 0.2 / (count + 1)
        radii = [float(np.interp(y, (0.0, 1.0), (foot, profile[1][0]))) + 0.035 for y in (low, low + 0.4 / (count + 1))]
        levels = [start + y * (end - start) for y in (low, low + 0.4 / (count + 1))]
        pieces.append(Piece("stripe", band, lathe(list(zip(radii, levels, strict=True)), sides)))
    if plan["top"] == "light":
        pieces.append(Piece("light", "light", ball(0.15, 6, 3, (0, end - 0.07, 0))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    base = max(probe.standing(mesh), key=lambda i: size[i, 0])
    rest = [i for i in range(len(parts)) if i != base]
    if not rest:
        return plan
    body = max(rest, key=lambda i: size[i, 1])
    bulbs = [i for i in rest if spans[i, 1, 1] > spans[body, 1, 1] + 2]
    plan["stripes"] = str(len(rest) - 1 - len(bulbs))
    plan["base"] = "square" if probe.end_corners(parts[base], 1, high=False) == 4 else "round"
    ratio = size[body, 1] / size[base, 0]
    plan["height"] = "low" if ratio < 0.9 else "medium" if ratio < 1.5 else "tall"
    pointed = probe.end_corners(parts[body], 1) == 1
    plan["top"] = "light" if bulbs else "pointed" if pointed else "flat"
    return plan


FAMILY = Family("cone", ATTRIBUTES, build, measure)
