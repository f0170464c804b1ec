"""Barrels and drums: banded, open or with a lid, with or without a tap."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, taper, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("bulging", "straight")),
    Attribute("bands", "count", ("2", "3", "4")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("lid", "option", ("no", "yes")),
    Attribute("tap", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "blue", "red"), measured=False),
)
HEIGHT = {"low": (0.68, 0.8), "medium": (1.1, 1.25), "tall": (1.65, 1.85)}  # against a body about 0.95 wide
LEVELS = {  # lid -> bands -> where they are; an open barrel has its floor over the highest one
    "yes": {"2": (0.2, 0.8), "3": (0.15, 0.5, 0.85), "4": (0.12, 0.373, 0.627, 0.88)},
    "no": {"2": (0.2, 0.7), "3": (0.14, 0.43, 0.72), "4": (0.11, 0.315, 0.52, 0.725)},
}


def build(plan: Plan, random: Random) -> list[Piece]:
    height, material = random.uniform(*HEIGHT[plan["height"]]), plan["material"]
    end, belly = (0.41, random.uniform(0.5, 0.53)) if plan["shape"] == "bulging" else (0.48, 0.48)
    staves = [(end, 0.0), (belly, height / 2), (end, height)] if belly > end else [(end, 0.0), (end, height)]
    wide = np.interp([0.0, 0.5, 1.0], [0.0, 0.5, 1.0], [end, belly, end])
    thick = 0.06 if plan["height"] == "low" else 0.085
    levels = LEVELS[plan["lid"]][plan["bands"]]
    if plan["lid"] == "yes":
        pieces = [Piece("body", material, lathe(staves, 8))]
        cover = random.choice([m for m in ("wood", "darkwood", "iron") if m != material])
        pieces.append(Piece("lid", cover, lathe([(end * 0.84, height - 0.06), (end * 0.8, height + 0.06)], 8)))
    else:
        floor = levels[-1] * height + thick
        pieces = [Piece("body", material, vessel(staves, [(end * 0.84, height), (end * 0.8, floor)], 8))]
    hoop = random.choice([m for m in ("iron", "metal", "gold") if m != material])
    for level in levels:
        middle = np.interp(level, [0.0, 0.5, 1.0], wide)
        lean = (belly - end) * (1 if level < 0.45 else -1 if level > 0.55 else 0) * thick / height
        ring = [(middle - lean + 0.03, -thick / 2), (middle + lean + 0.03, thick / 2)]
        pieces.append(Piece("band", hoop, lathe(ring, 8, (0, level * height, 0))))
    if plan["tap"] == "yes":
        y = height * (levels[0] + (levels[1] - levels[0]) * (0.4 if len(levels) == 2 else 0.5))
        front = np.interp(y / height, [0.0, 0.5, 1.0], wide) * 0.92
        spout = taper((0.1, 0.085), (0.085, 0.07), 0.24).turn("x", 90)
        pieces.append(Piece("tap", "gold" if hoop != "gold" else "iron", spout.move(0, y, front - 0.05)))
        key = "wood" if material != "wood" else "darkwood"
        pieces.append(Piece("tap", key, box(0.05, 0.15, 0.05, (0, y, front + 0.1))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    body = max(range(len(parts)), key=lambda i: size[i, 1])
    narrow = probe.end_width(parts[body], high=False) / size[body, 0]
    plan["shape"] = "bulging" if narrow < 0.91 else "straight"
    wide = [i for i in range(len(parts)) if i != body and size[i, 0] > 0.5 * size[body, 0]]
    lids = [i for i in wide if spans[i, 1, 1] > spans[body, 1, 1] + 1.5]
    plan["bands"] = str(len(wide) - len(lids))
    ratio = size[body, 1] / size[body, 0]
    plan["height"] = "low" if ratio < 0.98 else "medium" if ratio < 1.5 else "tall"
    plan["lid"] = "yes" if lids else "no"
    plan["tap"] = "yes" if len(parts) > len(wide) + 1 else "no"
    return plan


FAMILY = Family("barrel", ATTRIBUTES, build, measure)
