"""Barns: a long hall under a gable, a gambrel or a round roof, with a silo."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, lathe, ribbon

ATTRIBUTES = (
    Attribute("roof", "style", ("gable", "gambrel", "round")),
    Attribute("doors", "count", ("1", "2")),
    Attribute("windows", "count", ("1", "2", "3", "4")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("silo", "option", ("no", "yes")),
    Attribute("walls", "material", ("red", "wood", "darkwood", "white", "stone"), measured=False),
)
LENGTH = {"short": (0.8, 0.9), "medium": (1.25, 1.4), "long": (1.9, 2.1)}  # against a width of 1
GABLES = {  # half of the gable from the eaves (x, y) = (0.5, 0) to the ridge, y against its rise
    "gable": ((0.5, 0.0), (0.0, 1.0)),
    "gambrel": ((0.5, 0.0), (0.34, 0.62), (0.0, 1.0)),
    "round": ((0.5, 0.0), (0.42, 0.5), (0.18, 0.94)),
}


def build(plan: Plan, random: Random) -> list[Piece]:
    long, walls = random.uniform(*LENGTH[plan["length"]]), plan["walls"]
    eaves, rise = random.uniform(0.44, 0.52), random.uniform(0.42, 0.5)
    half = [(x, eaves + y * rise) for x, y in GABLES[plan["roof"]]]
    line = half + [(-x, y) for x, y in half[::-1] if x > 0]
    pieces = [Piece("wall", walls, extrude([(-0.5, 0), (0.5, 0), *line], long))]
    (x0, y0), (x1, y1) = half[:2]
    over = 0.17 if plan["roof"] == "gable" else 0.24
    end = (x0 - over * (x1 - x0), y0 - over * (y1 - y0))  # the eaves hang over
    path = [end, *line[1:-1], (-end[0], end[1])]
    roof = random.choice([m for m in ("grey", "tile", "darkwood", "straw", "metal") if m != walls])
    pieces.append(Piece("roof", roof, ribbon(path, 0.1, long + 0.16)))
    trim = "white" if walls == "red" else random.choice([m for m in ("red", "green", "wood", "darkwood") if m != walls])
    tall, deep = eaves * random.uniform(0.78, 0.88), 0.16
    if plan["doors"] == "1":
        pieces.append(Piece("door", trim, box(0.36, tall, deep, (0, 0, long / 2 - 0.03))))
    else:
        leaf = box(0.22, tall, deep, (0, 0, long / 2 - 0.03))
        pieces += [Piece("door", trim, leaf.move(x)) for x in (-0.15, 0.15)]
    windows = int(plan["windows"])
    lit = random.choice(("glass", "black", "light"))
    if windows % 2:
        loft = box(0.2, 0.2, deep, (0, eaves + 0.06, long / 2 - 0.05))
        pieces.append(Piece("window", random.choice((lit, trim)), loft))
    places = (0.0,) if windows < 4 else (-0.25, 0.25)
    pane = box(deep, 0.2, 0.19, (0, eaves * 0.42, 0))
    for side in (-1, 1) if windows > 1 else ():
        pieces += [Piece("window", lit, pane.move(side * 0.47, 0, z * long)) for z in places]
    if plan["silo"] == "yes":
        radius, high = random.uniform(0.19, 0.23), random.uniform(1.02, 1.2)
        silo = lathe([(radius, 0), (radius, high), (0, high + 0.24)], 8)
        metal = random.choice(("metal", "white", "grey", "wood"))
        at = (random.choice((-1, 1)) * (0.46 + radius), 0, -long * 0.5 + radius * 1.2)
        pieces.append(Piece("silo", metal, silo.move(*at)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    wall = max(ground, key=lambda i: parts[i].volume())
    roof = max((i for i in range(len(parts)) if i not in ground), key=lambda i: size[i, 0], default=wall)
    silos = [i for i in ground if probe.end_corners(parts[i], 1) == 1]
    ridge = parts[roof].vertices[parts[roof].vertices[:, 1] >= spans[roof, 1, 1] - 0.5]
    flat = np.ptp(ridge[:, 0]) > 3
    plan["roof"] = "round" if flat else "gable" if len(parts[roof].vertices) <= 12 else "gambrel"
    plan["doors"] = str(len(ground) - 1 - len(silos))
    plan["windows"] = str(len(parts) - len(ground) - 1)
    ratio = size[wall, 2] / size[wall, 0]
    plan["length"] = "short" if ratio < 1.07 else "medium" if ratio < 1.65 else "long"
    plan["silo"] = "yes" if silos else "no"
    return plan


FAMILY = Family("barn", ATTRIBUTES, build, measure)
