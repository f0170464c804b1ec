"""Mugs: hollow, with up to two handles, with and without a saucer and a drink."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import cylinder, ribbon, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("straight", "tapered", "round")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("handles", "count", ("0", "1", "2")),
    Attribute("saucer", "option", ("no", "yes")),
    Attribute("drink", "option", ("no", "yes")),
    Attribute("material", "material", ("ceramic", "clay", "metal", "wood", "white", "blue"), measured=False),
)
HEIGHT = {"low": (0.68, 0.8), "medium": (1.05, 1.2), "tall": (1.55, 1.75)}  # against a body 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    handles, material = int(plan["handles"]), plan["material"]
    height, wall = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.085, 0.1)
    saucer = plan["saucer"] == "yes"
    sides = 8 if saucer or handles == 2 else random.choice((8, 8, 12))
    flat = np.cos(np.pi / sides)  # the sides lie this much nearer than the corners
    sunk = 0.02 * max(height, 1.8) + 0.01
    narrow = random.uniform(0.66, 0.74)
    outer = {
        "straight": [(0.45, 0.0), (0.5, 0.07), (0.5, height)],
        "tapered": [(0.5 * narrow, 0.0), (0.46, height * 0.6), (0.5, height)],
        "round": [(0.5 * narrow, 0.0), (0.5, height * 0.4), (0.4, height)],
    }[plan["shape"]]
    radii, levels = np.array(outer).T
    floor = 0.1
    inner = [(outer[-1][0] - wall, height), (float(np.interp(floor, levels, radii)) - wall, floor)]
    lift = 0.0
    pieces = []
    if saucer:
        dish = vessel([(0.46, 0.0), (0.86, 0.14)], [(0.76, 0.14), (0.44, 0.09)], 8)
        pieces.append(Piece("saucer", material, dish))
        lift = 0.09 - sunk
    pieces.append(Piece("body", material, vessel(outer, inner, sides, (0, lift, 0))))
    high, low = height * 0.82, height * random.uniform(0.2, 0.28)
    starts = [float(np.interp(y, levels, radii)) * flat - sunk for y in (high, low)]
    out = 0.5 * flat + random.uniform(0.24, 0.32)
    bend = 0.12 * height
    if random.random() < 0.5:
        path = [(starts[0], high), (out, high), (out, low), (starts[1], low)]
    else:
        path = [(starts[0], high), (out, high - bend), (out, low + bend * 0.6), (starts[1], low - bend * 0.3)]
    handle = ribbon(path[::-1], 0.1, random.uniform(0.12, 0.16)).move(y=lift)
    pieces += [Piece("handle", material, handle.turn("y", 180.0 * i)) for i in range(handles)]
    if plan["drink"] == "yes":
        level = height * random.uniform(0.72, 0.84)
        radius = float(np.interp(level, [y for _, y in inner[::-1]], [r for r, _ in inner[::-1]])) + 0.5 * wall
        liquid = random.choice(("darkwood", "straw", "leather", "orange"))
        pieces.append(Piece("drink", liquid, cylinder(radius, 0.07, sides, (0, lift + level - 0.07, 0))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    body = int(np.argmax(np.where(pieces[:, 1, 1] >= pieces[:, 1, 1].max() - probe.NEAR, extent[:, 1], -1.0)))
    shape = parts[body].vertices
    low, high = pieces[body]
    middle = (low + high) / 2
    ends = [np.ptp(shape[np.abs(shape[:, 1] - y) < 0.6][:, 0]) / extent[body][0] for y in (low[1], high[1])]
    plan["shape"] = "round" if ends[1] < 0.87 else "tapered" if ends[0] < 0.82 else "straight"
    ratio = extent[body][1] / extent[body][0]
    plan["height"] = "low" if ratio < 0.93 else "medium" if ratio < 1.38 else "tall"
    rest = [i for i in range(len(pieces)) if i != body]
    beside = [i for i in rest if abs(pieces[i].sum(0)[0] / 2 - middle[0]) > 0.25 * extent[body][0]]
    plan["handles"] = str(len(beside))
    plan["saucer"] = "yes" if any(extent[i][0] > 1.2 * extent[body][0] for i in rest) else "no"
    inside = [i for i in rest if i not in beside and extent[i][0] < extent[body][0]]
    plan["drink"] = "yes" if inside else "no"
    return plan


FAMILY = Family("mug", ATTRIBUTES, build, measure)
