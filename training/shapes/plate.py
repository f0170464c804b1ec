"""Plates: round, square or oval, with cookies on them, flat or on a stand."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import lathe, loft, rectangle, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square", "oval")),
    Attribute("rim", "size", ("narrow", "medium", "wide")),
    Attribute("cookies", "count", ("0", "1", "2", "3", "4")),
    Attribute("stand", "option", ("no", "yes")),
    Attribute("material", "material", ("ceramic", "white", "metal", "wood", "glass", "blue"), measured=False),
)
WELL = {"narrow": (0.8, 0.84), "medium": (0.61, 0.66), "wide": (0.43, 0.48)}  # its radius against a plate of radius 1
DOUGH = ("straw", "leather", "wood", "darkwood")


def build(plan: Plan, random: Random) -> list[Piece]:
    cookies, shape, material = int(plan["cookies"]), plan["shape"], plan["material"]
    well, high = random.uniform(*WELL[plan["rim"]]), random.uniform(0.18, 0.25)
    step, floor = 2 / 127, 0.105
    outer, inner = [(well * 0.96, 0.0), (1.0, high)], [(0.94, high + 0.01), (well, floor)]
    squash = random.uniform(0.66, 0.72) if shape == "oval" else 1.0
    lift, pieces = 0.0, []
    if plan["stand"] == "yes":
        lift, foot = random.uniform(0.35, 0.7), random.uniform(0.4, 0.5)
        profile = [(foot, 0.0), (0.14, lift * 0.45), (min(well * 0.8, 0.36), lift + 2.7 * step)]
        pieces.append(Piece("stand", material, lathe(profile, 6)))
    if shape == "square":
        plate = loft([rectangle(2 * r, 2 * r, y) for r, y in [*outer, *inner]])
    else:
        plate = vessel(outer, inner, 10 if cookies < 2 else 8).scale(z=squash)
    pieces.append(Piece("plate", material, plate.move(y=lift)))
    share, far = ((0.5, 0.0), (0.5, 0.0), (0.4, 0.48), (0.37, 0.5), (0.33, 0.54))[cookies]
    turn, dough = random.choice((0, 30, 90)) if cookies == 3 else random.choice((0, 45)), random.choice(DOUGH)
    radius = well * share * (0.5 + 0.5 * squash) * 0.96
    tall = max(min(radius * random.uniform(0.5, 0.7), 0.2), 0.11)
    cookie = lathe([(radius, 0.0), (radius * random.uniform(0.8, 0.9), tall)], 6)
    for i in range(cookies):
        angle = np.radians(turn + 360 * i / cookies)
        at = (well * far * np.cos(angle), lift + floor - 2.8 * step, well * far * squash * np.sin(angle))
        pieces.append(Piece("cookie", dough, cookie.move(*at)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    plate = int(np.argmax(extent[:, 0] * extent[:, 2]))
    if probe.end_corners(parts[plate], 1, high=False) == 4:
        plan["shape"] = "square"
    else:
        plan["shape"] = "oval" if extent[plate][2] < 0.84 * extent[plate][0] else "round"
    low, shape = pieces[plate][0], parts[plate].vertices
    foot = np.ptp(shape[shape[:, 1] < low[1] + 1.5][:, 0])
    ratio = foot / extent[plate][0]
    plan["rim"] = "narrow" if ratio > 0.7 else "medium" if ratio > 0.52 else "wide"
    rest = [i for i in range(len(pieces)) if i != plate]
    below = [i for i in rest if pieces[i][0][1] < low[1] - 0.5]
    plan["cookies"] = str(len(rest) - len(below))
    plan["stand"] = "yes" if below else "no"
    return plan


FAMILY = Family("plate", ATTRIBUTES, build, measure)
