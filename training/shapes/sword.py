"""Swords, standing on their pommel with the point up."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, gem, lathe, loft

ATTRIBUTES = (
    Attribute("blade", "size", ("short", "medium", "long")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("guard", "style", ("straight", "curved", "round")),
    Attribute("pommel", "style", ("round", "square", "pointed")),
    Attribute("gem", "option", ("no", "yes")),
    Attribute("material", "material", ("metal", "iron", "gold", "glass", "wood"), measured=False),
)
LENGTH = {"short": (0.85, 1.0), "medium": (1.45, 1.7), "long": (2.3, 2.6)}  # of the blade; the handle is 0.83
WIDTH = {"narrow": (0.2, 0.22), "medium": (0.29, 0.33), "wide": (0.43, 0.48)}  # of the blade


def diamond(width: float, depth: float, y: float) -> np.ndarray:
    """The section of a blade: edges left and right, ridges front and back."""
    return np.array([(-width / 2, y, 0.0), (0.0, y, depth / 2), (width / 2, y, 0.0), (0.0, y, -depth / 2)])


def crossbar(stations: list[tuple[float, float, float, float]]) -> Solid:
    """A bar across: (x, y, height, depth) of its right half from the middle out; the left one mirrors it."""
    rings = []
    for x, y, high, deep in [(-x, *rest) for x, *rest in stations[:0:-1]] + stations:
        h, d = high / 2, deep / 2
        rings.append(np.array([(x, y - h, d), (x, y - h, -d), (x, y + h, -d), (x, y + h, d)]))
    return loft(rings)


def build(plan: Plan, random: Random) -> list[Piece]:
    length, width = random.uniform(*LENGTH[plan["blade"]]), random.uniform(*WIDTH[plan["width"]])
    fitting = random.choice([m for m in ("gold", "iron", "metal", "darkwood") if m != plan["material"]])
    grip = random.choice(("leather", "darkwood", "wood", "black"))
    pommel = {
        "round": lathe([(0.08, 0.0), (0.15, 0.13), (0.08, 0.26)], 6),
        "square": box(0.25, 0.24, 0.22),
        "pointed": lathe([(0, 0), (0.14, 0.2), (0.09, 0.3)], 6),
    }[plan["pommel"]]
    handle = lathe([(0.085, 0.15), (0.1, 0.55), (0.085, 0.98)], 6)
    reach, drop = random.uniform(0.34, 0.42), random.choice((-0.13, 0.13))
    if plan["guard"] == "round":
        guard = lathe([(0.27, 0.9), (0.31, 1.0), (0.27, 1.06)], 8)
    elif plan["guard"] == "straight":
        end = random.choice((0.12, 0.2))
        guard = crossbar([(0.0, 0.98, 0.16, 0.22), (reach, 0.98, end, end + 0.04)])
    else:
        bends = [(0.0, 0.98, 0.16, 0.22), (reach * 0.55, 0.98 + drop * 0.2, 0.14, 0.18)]
        guard = crossbar([*bends, (reach, 0.98 + drop, 0.12, 0.14)])
    thick, low, high = 0.14, 0.95, 1.05 + length
    waist, shoulder = (
        random.choice((1.0, 0.86)),
        high - min(0.4 * length, random.choice((0.7, 1.3)) * width + 0.06),
    )
    rings = [
        diamond(width, thick, low),
        diamond(width * waist, thick, shoulder),
        np.array([(0.0, high, 0.0)]),
    ]
    pieces = [Piece("pommel", fitting, pommel), Piece("handle", grip, handle), Piece("guard", fitting, guard)]
    pieces.append(Piece("blade", plan["material"], loft(rings)))
    if plan["gem"] == "yes":
        stone = random.choice(("red", "blue", "green", "purple"))
        pieces.append(Piece("gem", stone, gem(0.18, 0.3, 0.32, (0, 1.24, 0))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    blade, pommel = probe.highest(mesh), probe.standing(mesh)[0]
    rest = [i for i in range(len(parts)) if i not in (blade, pommel)]
    if not rest:
        return plan
    handle = max(rest, key=lambda i: size[i, 1])
    guard = max(rest, key=lambda i: size[i, 0])
    ratio, slim = size[blade, 1] / size[handle, 1], size[blade, 0] / size[handle, 1]
    plan["blade"] = "short" if ratio < 1.6 else "medium" if ratio < 2.53 else "long"
    plan["width"] = "narrow" if slim < 0.307 else "medium" if slim < 0.458 else "wide"
    points = parts[guard].vertices
    out = np.abs(points[:, 0] - points[:, 0].mean())
    bend = points[out >= out.max() - 1.5, 1].mean() - points[out <= out.min() + 1.5, 1].mean()
    flat = size[guard, 2] > 0.7 * size[guard, 0]
    plan["guard"] = "round" if flat else "curved" if abs(bend) > 2.0 else "straight"
    corners = probe.end_corners(parts[pommel], 1, high=False)
    plan["pommel"] = "pointed" if corners == 1 else "square" if corners == 4 else "round"
    plan["gem"] = "yes" if len(parts) > 4 else "no"
    return plan


FAMILY = Family("sword", ATTRIBUTES, build, measure)
