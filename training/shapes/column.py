"""Columns: a round or square shaft with bands between a base and a capital."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, lathe, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square")),
    Attribute("rings", "count", ("0", "1", "2", "3")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("thickness", "size", ("thin", "medium", "thick")),
    Attribute("ball", "option", ("no", "yes")),
    Attribute("material", "material", ("stone", "white", "clay", "gold", "wood", "grey"), measured=False),
)
HEIGHT = {"low": (1.35, 1.6), "medium": (2.25, 2.6), "tall": (3.5, 3.9)}  # against a base 1 wide
THICK = {"thin": (0.33, 0.37), "medium": (0.47, 0.52), "thick": (0.65, 0.71)}  # of the shaft


def build(plan: Plan, random: Random) -> list[Piece]:
    height, thick = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*THICK[plan["thickness"]])
    material, tight = plan["material"], random.uniform(0.86, 0.94)  # how much slimmer the shaft is above

    def turned(low: float, high: float, rise: float) -> Solid:
        if plan["shape"] == "square":
            return taper((low, low), (high, high), rise)
        return lathe([(low * 0.541, 0), (high * 0.541, rise)], 8)

    collar = thick + 0.22
    base = loft([rectangle(edge, edge, y) for edge, y in ((1.0, 0.0), (1.0, 0.18), (collar, 0.32))])
    edges = ((thick * tight + 0.14, height - 0.3), (0.9, height - 0.15), (0.9, height))
    capital = loft([rectangle(edge, edge, y) for edge, y in edges])
    trim = random.choice((material, random.choice(("gold", "white", "grey", "stone"))))
    pieces = [Piece("base", material, base), Piece("capital", material, capital)]
    start, rise = 0.22, height - 0.2 - 0.22
    pieces.append(Piece("shaft", material, turned(thick, thick * tight, rise).move(y=start)))
    rings = int(plan["rings"])
    spread = 1.0 if random.random() < 0.5 else 0.8
    for k in range(rings):
        share = 0.5 + (k - (rings - 1) / 2) / (rings + 0.4) * spread
        across = thick * (1 - (1 - tight) * share) + 0.19
        band = turned(across, across, 0.15)
        pieces.append(Piece("ring", trim, band.move(y=0.32 + (height - 0.62) * share - 0.075)))
    if plan["ball"] == "yes":
        r = random.uniform(0.26, 0.34)
        profile = [(0.6 * r, 0), (r, 0.6 * r), (0.8 * r, 1.35 * r), (0, 1.8 * r)]
        pieces.append(Piece("ball", trim, lathe(profile, 6, (0, height - 0.09, 0))))
    elif random.random() < 0.3:
        pieces[1] = Piece("capital", trim, capital)
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, base = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)[0]  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    wide = size[base, 0]
    ball = [i for i in range(len(parts)) if probe.end_corners(parts[i], 1) == 1]
    shaft = max(range(len(parts)), key=lambda i: size[i, 1])
    tops = [i for i in range(len(parts)) if i not in ball and i != base]
    capital = max(tops, key=lambda i: spans[i, 1, 1])
    plan["shape"] = "round" if probe.outline_corners(parts[shaft]) > 4 else "square"
    plan["rings"] = str(sum(i not in (base, shaft, capital, *ball) for i in range(len(parts))))
    ratio = (spans[capital, 1, 1] - spans[base, 0, 1]) / wide
    plan["height"] = "low" if ratio < 1.9 else "medium" if ratio < 3.0 else "tall"
    thick = probe.end_width(parts[shaft], high=False) / wide
    plan["thickness"] = "thin" if thick < 0.42 else "medium" if thick < 0.585 else "thick"
    plan["ball"] = "yes" if ball else "no"
    return plan


FAMILY = Family("column", ATTRIBUTES, build, measure)
