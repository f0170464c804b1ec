"""Walls that stand alone: on a plinth, with merlons, buttresses and slits."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("merlons", "count", ("0", "2", "3", "4", "5")),
    Attribute("pillars", "count", ("0", "2", "3")),
    Attribute("windows", "count", ("0", "1", "2")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("material", "material", ("stone", "brick", "plaster", "clay", "grey", "wood"), measured=False),
)
LENGTH = {"short": (1.15, 1.35), "medium": (1.85, 2.15), "long": (2.9, 3.3)}  # against a height of 1
PILLARS = {"0": (), "2": (-0.4, 0.4), "3": (-0.4, 0.0, 0.4)}  # where, against the length
WINDOWS = {"0": (), "1": (0.0,), "2": (-0.2, 0.2)}


def build(plan: Plan, random: Random) -> list[Piece]:
    long, thick, material = random.uniform(*LENGTH[plan["length"]]), random.uniform(0.22, 0.34), plan["material"]
    foot = [(0.12, 0.0), (0.12, random.uniform(0.12, 0.18)), (0.0, 0.22), (0.0, 1.0)]
    pieces = [Piece("wall", material, loft([rectangle(long + out, thick + out, y) for out, y in foot]))]
    trim = random.choice([m for m in ("stone", "grey", material) if m != material or m == "stone"])
    merlons = int(plan["merlons"])
    if merlons:
        width = random.uniform(0.5, 0.62) * long / merlons
        pace = (long + 0.1 - width) / (merlons - 1)
        tooth = box(width, random.uniform(0.25, 0.31), thick + 0.1, (0, 0.91, 0))
        pieces += [Piece("merlon", material, tooth.move((k - (merlons - 1) / 2) * pace)) for k in range(merlons)]
    else:
        pieces.append(Piece("coping", trim, taper((long + 0.1, thick + 0.14), (long - 0.04, 0.1), 0.22, (0, 0.91, 0))))
    reach = random.uniform(0.28, 0.4)
    pillar = taper((0.24, thick + reach), (0.2, thick + 0.1), random.uniform(0.7, 0.82))
    pieces += [Piece("pillar", trim, pillar.move(long * x)) for x in PILLARS[plan["pillars"]]]
    slit = random.choice((box(0.13, 0.34, thick + 0.1), box(0.19, 0.25, thick + 0.1)))
    spots = WINDOWS[plan["windows"]] if plan["pillars"] != "3" or plan["windows"] != "1" else (0.2,)
    pieces += [Piece("window", "black", slit.move(long * x, 0.46)) for x in spots]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    spans, ground = probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    wall = max(ground, key=lambda i: size[i, 0])
    above = [i for i in range(len(spans)) if middle[i, 1] > spans[wall, 1, 1]]
    plan["merlons"] = str(sum(size[i, 0] < 0.7 * size[wall, 0] for i in above))
    plan["pillars"] = str(len(ground) - 1)
    plan["windows"] = str(len(spans) - len(above) - len(ground))
    ratio = size[wall, 0] / size[wall, 1]
    plan["length"] = "short" if ratio < 1.72 else "medium" if ratio < 2.6 else "long"
    return plan


FAMILY = Family("wall", ATTRIBUTES, build, measure)
