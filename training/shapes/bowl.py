"""Bowls: round or square, with a foot, handles and fruits in them."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import lathe, loft, pull, rectangle, taper, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("foot", "option", ("no", "yes")),
    Attribute("handles", "count", ("0", "1", "2")),
    Attribute("fruits", "count", ("0", "1", "2", "3")),
    Attribute("material", "material", ("ceramic", "clay", "wood", "metal", "white", "blue"), measured=False),
)
HEIGHT = {"low": (0.26, 0.31), "medium": (0.45, 0.53), "tall": (0.76, 0.86)}  # of the body, with a width of 1
FRUITS = ("red", "green", "orange", "yellow")


def build(plan: Plan, random: Random) -> list[Piece]:
    handles, fruits, material = int(plan["handles"]), int(plan["fruits"]), plan["material"]
    height, squared = random.uniform(*HEIGHT[plan["height"]]), plan["shape"] == "square"
    step = (1.0 + 0.1 * handles) / 127
    wall, bottom = random.uniform(0.06, 0.075), random.uniform(0.25, 0.29)
    outer = [(bottom, 0.0), (0.44, height * 0.5), (0.5, height)]
    if plan["height"] == "low" or squared:
        outer = [(bottom + 0.06, 0.0), (0.5, height)]
    radii, levels = np.array(outer).T
    floor = max(0.085, height - 0.3) if fruits else 0.085  # fruits fill it to the rim
    inner = [(0.5 - wall, height), (min(bottom, float(np.interp(floor, levels, radii)) - 0.08), floor)]
    if floor > 0.2:
        inner[1] = (0.34, floor)
    lift, pieces = 0.0, []
    if plan["foot"] == "yes":
        lift, wide = random.uniform(0.09, 0.13), bottom * random.uniform(0.8, 0.95)
        high = lift + 3 * step
        foot = taper((2 * wide,) * 2, (1.5 * wide,) * 2, high) if squared else lathe([(wide, 0), (wide * 0.7, high)], 6)
        pieces.append(Piece("foot", material, foot))
    rings = [rectangle(2 * r, 2 * r, y) for r, y in [*outer, *inner]]
    body = loft(rings) if squared else vessel(outer, inner, 8)
    pieces.append(Piece("body", material, body.move(y=lift)))
    y = height * 0.8
    out = float(np.interp(y, levels, radii)) * (1.0 if squared else np.cos(np.pi / 8))
    lug = pull(0.26, 0.1, 0.17, (0, 0, out - 3.4 * step)).turn("y", 90).move(y=lift + y)
    pieces += [Piece("handle", material, lug.turn("y", 180.0 * i)) for i in range(handles)]
    turn = random.uniform(0, 360)
    mixed, colour = random.random() < 0.5, random.choice(FRUITS)
    for i in range(fruits):
        radius = random.uniform(0.13, 0.15) if fruits > 1 else random.uniform(0.16, 0.2)
        angle, far = np.radians(turn + 360 * i / fruits), 0.0 if fruits == 1 else 0.15 if fruits == 2 else 0.165
        fruit = lathe([(radius * 0.6, 0.0), (radius, radius), (radius * 0.6, radius * 1.8)], 5, first=turn + 40 * i)
        at = (far * np.cos(angle), lift + floor - 3 * step, far * np.sin(angle))
        pieces.append(Piece("fruit", random.choice(FRUITS) if mixed else colour, fruit.move(*at)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    body = int(np.argmax(extent[:, 0] * extent[:, 2]))
    plan["shape"] = "square" if probe.end_corners(parts[body], 1, high=False) == 4 else "round"
    ratio = extent[body][1] / extent[body][0]
    plan["height"] = "low" if ratio < 0.38 else "medium" if ratio < 0.64 else "tall"
    rest = [i for i in range(len(pieces)) if i != body]
    foot = [i for i in rest if pieces[i][0][1] < pieces[body][0][1] - 0.5]
    plan["foot"] = "yes" if foot else "no"
    beside = [i for i in rest if abs(middle[i][0] - middle[body][0]) > 0.38 * extent[body][0]]
    plan["handles"] = str(len(beside))
    plan["fruits"] = str(len(rest) - len(foot) - len(beside))
    return plan


FAMILY = Family("bowl", ATTRIBUTES, build, measure)
