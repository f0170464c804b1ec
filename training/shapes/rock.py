"""Rocks: a boulder, round, square or sharp, with stones beside it and moss on it."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import loft

ATTRIBUTES = (
    Attribute("stones", "count", ("1", "2", "3", "4", "5")),
    Attribute("shape", "style", ("round", "square", "sharp")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("moss", "option", ("no", "yes")),
    Attribute("material", "material", ("stone", "grey", "black", "earth", "clay"), measured=False),
)
HEIGHT = {"low": (0.42, 0.5), "medium": (0.76, 0.88), "tall": (1.3, 1.5)}  # of the largest, against a width of 1
RINGS = {  # (share of the outline, share of the height) up to a tilted top
    "round": ((0.86, 0.0), (1.0, 0.32), (0.84, 0.74), (0.5, 1.0)),
    "square": ((0.95, 0.0), (1.0, 0.7), (0.78, 1.0)),
    "sharp": ((0.9, 0.0), (1.0, 0.16), (0.56, 0.66), (0.0, 1.0)),
}


def outline(sides: int, random: Random) -> np.ndarray:
    """An uneven polygon [sides, 3] about the Y axis at y = 0, 1 along X and at most 1 along Z."""
    angle = np.arange(sides) * 2 * np.pi / sides + [random.uniform(-0.2, 0.2) for _ in range(sides)]
    angle += random.uniform(0, 6) if sides != 4 else np.pi / 4 + random.uniform(-0.3, 0.3)
    ring = np.stack([np.cos(angle), np.zeros(sides), -np.sin(angle)], 1)
    middle, span = (ring.max(0) + ring.min(0)) / 2, np.ptp(ring, axis=0)
    return (ring - middle) / (span[0], 1.0, span[2]) * (1.0, 1.0, random.uniform(0.78, 1.0))


def boulder(ring: np.ndarray, levels: tuple[tuple[float, float], ...], height: float, lean: np.ndarray) -> list:
    """Rings of a stone: scaled outlines on each other that move by `lean` [3] up to the top, so that faces are flat;
    the last of several corners lies in a slanted plane."""
    rings = [ring * share + lean * y + (0, height * y, 0) for share, y in levels if share]
    if not levels[-1][0]:
        return [*rings, np.array([lean + (0, height, 0)])]
    below, top = rings[-2], rings[-1]  # slide the top's corners along its edges into a tilted plane
    tilt = np.array([lean[0], 0, lean[2]]) * -1.6
    slide = 1.0 + (top - top.mean(0)) @ tilt
    rings[-1] = below + (top - below) * slide[:, None]
    return rings


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, material = plan["shape"], plan["material"]
    sides = {"round": 7, "square": 4, "sharp": 6}[shape]
    levels, height = RINGS[shape], random.uniform(*HEIGHT[plan["height"]])
    lean = np.array([random.uniform(-1, 1), 0, random.uniform(-1, 1)]) * 0.14
    ring = outline(sides, random)
    rings = boulder(ring, levels, height, lean)
    pieces = [Piece("rock", material, loft(rings))]
    if plan["moss"] == "yes":
        green, thick = random.choice(("leaf", "green", "needle", "snow")), 0.06 * max(1.0, height)
        if shape == "sharp":
            middle = rings[-2].mean(0)
            skirt = middle + (rings[-2] - middle) * 1.14 + (0, 0.02, 0)
            cap = [skirt, rings[-1] + (0, 1.6 * thick, 0)]
        else:
            middle = rings[-1].mean(0)
            low = rings[-1] + (rings[-2] - rings[-1]) * 0.3  # part of the way down the edges
            cap = [middle + (low - middle) * (1.07, 1.0, 1.07), middle + (rings[-1] - middle) * 0.95 + (0, thick, 0)]
        pieces.append(Piece("moss", green, loft(cap)))
    count = int(plan["stones"]) - 1
    few = {"round": (levels[0], levels[1], (0.55, 1.0)), "square": levels, "sharp": ((0.95, 0.0), (0.0, 1.0))}[shape]
    first = random.uniform(0, 360)
    for k in range(count):
        angle = np.radians(first + 360 * k / count + random.uniform(-25, 25))
        size = random.uniform(0.3, 0.46)
        around = outline(min(sides, 5), random) * size
        tall = size * min(1.1, max(0.5, height / 1.0)) * random.uniform(0.8, 1.1)
        solid = loft(boulder(around, few, tall, np.array([0.1, 0, 0.1]) * random.choice((-1, 1)) * size))
        reach = 0.5 + 0.16 * size
        at = (reach * np.cos(angle), 0, reach * ring[:, 2].max() * 2 * np.sin(angle))
        pieces.append(Piece("rock", material, solid.move(*at)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    main = max(ground, key=lambda i: parts[i].volume())
    plan["stones"] = str(len(ground))
    tip, corners = probe.end_corners(parts[main], 1) == 1, probe.end_corners(parts[main], 1, high=False)
    plan["shape"] = (
        "square" if corners == 4 else "sharp" if tip and len(parts[main].vertices) % corners == 1 else "round"
    )
    size = spans[main, 1] - spans[main, 0]
    ratio = size[1] / size[0]
    plan["height"] = "low" if ratio < 0.65 else "medium" if ratio < 1.1 else "tall"
    plan["moss"] = "yes" if len(parts) > len(ground) else "no"
    return plan


FAMILY = Family("rock", ATTRIBUTES, build, measure)
