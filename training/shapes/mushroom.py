"""Mushrooms: a cap with spots on a stem."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import lathe, taper

ATTRIBUTES = (
    Attribute("cap", "style", ("flat", "round", "pointed")),
    Attribute("spots", "count", ("2", "3", "4", "5")),
    Attribute("stem", "size", ("thin", "medium", "thick")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("ring", "option", ("no", "yes")),
    Attribute("material", "material", ("red", "orange", "purple", "blue", "wood"), measured=False),
)
CAPS = {  # (radius, y) of a cap going up; the spots sit on the second slope
    "flat": ((0.38, 0.0), (0.5, 0.08), (0.24, 0.2)),
    "round": ((0.38, 0.0), (0.5, 0.12), (0.36, 0.34), (0.13, 0.44)),
    "pointed": ((0.38, 0.0), (0.5, 0.08), (0.24, 0.34), (0.0, 0.62)),
}
STEM = {
    "thin": (0.17, 0.2),
    "medium": (0.29, 0.33),
    "thick": (0.45, 0.5),
}  # across, against a cap about 0.92 wide
HEIGHT = {"low": (0.78, 0.88), "medium": (1.15, 1.3), "tall": (1.75, 1.95)}


def build(plan: Plan, random: Random) -> list[Piece]:
    height, half = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*STEM[plan["stem"]]) / 2
    profile = CAPS[plan["cap"]]
    rise = profile[-1][1]
    clear = height - rise  # from the ground to the rim of the cap
    flesh = random.choice(("paper", "white", "straw"))
    stem = lathe([(half * 1.4, 0), (half * 1.1, 0.25 * clear), (half, clear + 0.07)], 6)
    pieces = [Piece("stem", flesh, stem)]
    if plan["ring"] == "yes":
        skirt = [(half + 0.11, 0), (half * 0.9 + 0.02, min(0.14, clear * 0.3))]
        pieces.append(Piece("ring", flesh, lathe(skirt, 6, (0, clear * 0.6, 0))))
    pieces.append(Piece("cap", plan["material"], lathe(profile, 8, (0, clear, 0))))
    (low, y0), (high, y1) = profile[1:3]
    slope = np.degrees(np.arctan2(low - high, y1 - y0))
    middle, out = clear + (y0 + y1) / 2, (low + high) / 2 * 0.96
    size = min(0.2, 0.85 * float(np.hypot(low - high, y1 - y0)))
    spot = taper((size, size), (0.65 * size, 0.65 * size), 0.11, (0, -0.065, 0)).turn("x", 90 - slope)
    count = int(plan["spots"])
    for solid in spot.move(0, middle, out).around(count, random.choice((0.0, 180.0 / count))):
        pieces.append(Piece("spot", "white" if plan["material"] != "wood" else "straw", solid))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    cap, stem = int(np.argmax(size[:, 0])), probe.standing(mesh)[0]
    tip = probe.end_corners(parts[cap], 1) == 1
    plan["cap"] = "pointed" if tip else "flat" if size[cap, 1] < 0.34 * size[cap, 0] else "round"
    rest = [i for i in range(len(parts)) if i not in (cap, stem)]
    rings = [i for i in rest if spans[i].mean(0)[1] < spans[cap, 0, 1]]
    plan["spots"] = str(len(rest) - len(rings))
    slim = probe.end_width(parts[stem]) / size[cap, 0]
    plan["stem"] = "thin" if slim < 0.26 else "medium" if slim < 0.42 else "thick"
    ratio = (spans[cap, 1, 1] - spans[stem, 0, 1]) / size[cap, 0]
    plan["height"] = "low" if ratio < 1.1 else "medium" if ratio < 1.65 else "tall"
    plan["ring"] = "yes" if rings else "no"
    return plan


FAMILY = Family("mushroom", ATTRIBUTES, build, measure)
