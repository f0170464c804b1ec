"""Houses: storeys that jut out over each other, under a gable, a hip or a flat roof."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, extrude, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("floors", "count", ("1", "2", "3")),
    Attribute("roof", "style", ("gable", "hip", "flat")),
    Attribute("windows", "count", ("2", "3", "4", "5")),
    Attribute("chimney", "option", ("no", "yes")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("walls", "material", ("plaster", "brick", "stone", "wood", "white"), measured=False),
)
WIDTH = {"narrow": (0.74, 0.82), "medium": (1.12, 1.25), "wide": (1.65, 1.85)}  # against a depth of 1
FRONT = {  # floors -> windows -> how many at the front of each floor; the rest are on the sides
    "1": {"2": (2,), "3": (2,), "4": (2,), "5": (2,)},
    "2": {"2": (0, 2), "3": (2, 1), "4": (2, 2), "5": (2, 3)},
    "3": {"2": (0, 1, 1), "3": (0, 2, 1), "4": (0, 2, 2), "5": (2, 2, 1)},
}
COLUMNS = {0: (), 1: (0.0,), 2: (-1.0, 1.0), 3: (-1.0, 0.0, 1.0)}
SIDES = {0: (), 1: ((1, 0.0),), 2: ((1, 0.0), (-1, 0.0)), 3: ((1, -0.24), (1, 0.24), (-1, 0.0))}  # (side, z)


def saddle(span: float, length: float, level: float, rise: float, over: float) -> Solid:
    """A gable roof with its ridge along Z over walls `span` wide that end at `level`, gables `rise` high."""
    half, slope = span / 2 + over, rise / (span / 2)
    eaves, ridge = level - slope * over, level + rise
    thin, thick = -0.06, 0.1  # below and above the line of the gable
    line = [(half, eaves + thin), (half, eaves + thick), (0, ridge + thick), (-half, eaves + thick)]
    line += [(-half, eaves + thin), (0, ridge + thin)]
    rings = [np.array([(x, y, z) for x, y in line]) for z in (-length / 2, length / 2)]
    solid = loft(rings)
    return Solid(solid.vertices, solid.faces[:-2] + ((5, 2, 1, 0), (4, 3, 2, 5), (6, 7, 8, 11), (11, 8, 9, 10)))


def hipped(span: float, length: float, level: float, rise: float, over: float) -> Solid:
    """A hip roof with its ridge along Z over walls of `span` x `length` that end at `level`."""
    wide, long, end = span + 2 * over, length + 2 * over, max(0.15, (length - 0.75 * span) / 2)
    eaves = [rectangle(wide, long, level - 0.07), rectangle(wide, long, level + 0.03)]
    ridge = np.array([(0, level + rise, end), (0, level + rise, -end)])
    faces = ((4, 5, 8), (5, 6, 9, 8), (6, 7, 9), (7, 4, 8, 9))
    base = loft(eaves)
    return Solid(np.concatenate([base.vertices, ridge]), base.faces[:-1] + faces)


def build(plan: Plan, random: Random) -> list[Piece]:
    floors, walls = int(plan["floors"]), plan["walls"]
    width, storey, jut = (
        random.uniform(*WIDTH[plan["width"]]),
        random.uniform(0.76, 0.86),
        random.uniform(0.05, 0.08),
    )
    along = plan["width"] == "narrow" or (plan["width"] == "medium" and random.random() < 0.5)  # ridge along Z
    roof = random.choice([m for m in ("tile", "straw", "darkwood", "grey", "blue") if m != walls])
    pieces, fronts = [], []
    for floor in range(floors):
        w, d, base = width + jut * floor, 1.0 + jut * floor, storey * floor
        fronts.append(d / 2)
        last = floor == floors - 1
        if last and plan["roof"] == "gable":
            span, length = (w, d) if along else (d, w)
            rise = random.uniform(0.42, 0.55)
            gable = [
                (-span / 2, base),
                (span / 2, base),
                (span / 2, base + storey),
                (0, base + storey + rise),
            ]
            wall = extrude([*gable, (-span / 2, base + storey)], length)
            pieces.append(Piece("wall", walls, wall if along else wall.turn("y", 90)))
        else:
            pieces.append(Piece("wall", walls, box(w, storey + (0.0 if last else 0.09), d, (0, base, 0))))
    level = storey * floors
    if plan["roof"] == "flat":
        roof = random.choice([m for m in ("grey", "stone", "darkwood", "white") if m != walls])
        rings = [(w + 0.1, d + 0.1, level - 0.08), (w + 0.1, d + 0.1, level + 0.12)]
        rings += [(w - 0.1, d - 0.1, level + 0.12), (w - 0.14, d - 0.14, level + 0.03)]
        top, rise = loft([rectangle(*ring) for ring in rings]), 0.15
    else:
        span, length = (w, d) if along else (d, w)
        if plan["roof"] == "hip":
            rise = random.uniform(0.45, 0.6)
            top = hipped(span, length, level, rise, 0.12)
        else:
            top = saddle(span, length + 0.2, level, rise, 0.09)
        top = top if along else top.turn("y", 90)
    pieces.append(Piece("roof", roof, top))
    if plan["chimney"] == "yes":
        x, z = random.choice((-1, 1)) * (0.2 if along else 0.3) * width, random.choice((-0.18, 0.15))
        height = rise + random.uniform(0.38, 0.48)
        stack = "brick" if walls != "brick" else "stone"
        pieces.append(Piece("chimney", stack, box(0.2, height, 0.2, (x, level - 0.13, z))))
    door = random.choice(("wood", "darkwood", "red", "green", "blue"))
    pieces.append(Piece("door", door, box(min(0.25, 0.29 * width), storey * 0.68, 0.16, (0, 0, 0.5 - 0.03))))
    size = min(0.26, max(0.17, 0.22 * width))
    pane = taper((size, 0.18), (size, 0.18), size * 1.25)
    front = FRONT[plan["floors"]][plan["windows"]]
    lit = random.choice(("glass", "glass", "light"))
    for floor, count in enumerate(front):
        for column in COLUMNS[count]:
            at = (column * width * 0.32, storey * (floor + 0.35), fronts[floor] - 0.03)
            pieces.append(Piece("window", lit, pane.move(*at)))
    for side, z in SIDES[int(plan["windows"]) - sum(front)]:
        x = side * (width / 2 - 0.03)
        pieces.append(Piece("window", lit, pane.turn("y", 90 * side).move(x, storey * 0.35, z)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    spans = probe.boxes(mesh)  # [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    whole = mesh.bounds()[1] - mesh.bounds()[0]
    big = [i for i in range(len(spans)) if (size[i] > 0.45 * whole)[[0, 2]].all()]
    if not big:
        return plan
    roof = max(big, key=lambda i: spans[i, 1, 1])
    ground = min(big, key=lambda i: spans[i, 0, 1])
    plan["floors"] = str(len(big) - 1)
    piece = mesh.pieces()[roof]
    ridge = piece.vertices[piece.vertices[:, 1] >= spans[roof, 1, 1] - 0.5]
    long = (np.ptp(ridge[:, [0, 2]], axis=0) > 0.9 * size[roof][[0, 2]]).any()
    plan["roof"] = "flat" if len(ridge) > 2 else "gable" if long else "hip"
    small = [i for i in range(len(spans)) if i not in big]
    high = [i for i in small if middle[i, 1] > spans[roof, 0, 1]]
    plan["windows"] = str(len(set(small) - set(high) - set(probe.standing(mesh))))
    plan["chimney"] = "yes" if high else "no"
    ratio = size[ground, 0] / size[ground, 2]
    plan["width"] = "narrow" if ratio < 0.95 else "medium" if ratio < 1.42 else "wide"
    return plan


FAMILY = Family("house", ATTRIBUTES, build, measure)
