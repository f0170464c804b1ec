"""Plain solids: boxes, cylinders, cones and their like, standing on a side."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, ball, box, cone, cylinder

ATTRIBUTES = (
    Attribute("kind", "style", ("cube", "box", "cylinder", "cone", "pyramid", "sphere", "torus", "prism")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute(
        "material",
        "material",
        ("white", "grey", "red", "blue", "green", "yellow", "wood", "metal", "stone", "gold"),
        measured=False,
    ),
)
HEIGHT = {"low": (0.32, 0.5), "medium": (0.85, 1.1), "tall": (1.8, 2.6)}  # against a side about 1 wide
TUBE = {"low": (0.08, 0.1), "medium": (0.13, 0.155), "tall": (0.19, 0.21)}  # of a ring 1 wide: the tube's radius


def allowed(plan: Plan) -> bool:
    """A cube and a sphere are as high as they are wide."""
    return plan["kind"] not in ("cube", "sphere") or plan["height"] == "medium"


def torus(tube: float, around: int, sides: int) -> Solid:
    """A lying ring 1 wide on y = 0, its tube of that radius."""
    a, b = np.meshgrid(
        np.arange(around) * 2 * np.pi / around, (np.arange(sides) + 0.5) * 2 * np.pi / sides, indexing="ij"
    )
    out = 0.5 - tube + tube * np.cos(b)
    points = np.stack([out * np.cos(a), tube * np.sin(b), -out * np.sin(a)], -1).reshape(-1, 3)
    faces = []
    for i in range(around):
        for k in range(sides):
            p, q, j = (i + 1) % around * sides, i * sides, (k + 1) % sides
            faces.append((q + k, p + k, p + j, q + j))
    return Solid(points - (0, points[:, 1].min(), 0), tuple(faces))


def build(plan: Plan, random: Random) -> list[Piece]:
    kind, sides = plan["kind"], random.choice((8, 10, 12))
    high = random.uniform(*HEIGHT[plan["height"]])
    if kind == "cube":
        solid = box(1.0, 1.0, 1.0)
    elif kind == "box":
        wide = random.uniform(1.35, 2.2)
        solid = box(wide, high, 1.0) if random.random() < 0.5 else box(1.0, high, wide)
    elif kind == "pyramid":
        solid = cone(0.5 * 2**0.5, high, 4)
    elif kind == "prism":
        solid = cylinder(0.5, high, random.choice((3, 5, 6)))
    elif kind == "cylinder":
        solid = cylinder(0.5, high, sides)
    elif kind == "cone":
        solid = cone(0.5, high, sides)
    elif kind == "sphere":
        solid = ball(0.5, *random.choice(((8, 6), (10, 6), (8, 5))))
    else:
        solid = torus(random.uniform(*TUBE[plan["height"]]), *random.choice(((10, 6), (8, 6), (10, 5), (12, 5))))
    return [Piece(kind, plan["material"], solid)]


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts = mesh.pieces()
    if len(parts) != 1:
        return plan
    piece, (wide, high, deep) = parts[0], np.ptp(mesh.bounds(), 0)
    ratio = high / max(wide, deep)
    bottom, top = probe.end_corners(piece, 1, high=False), probe.end_corners(piece, 1)
    if len(piece.vertices) == len(piece.sizes) > 16:  # neither poles nor caps
        plan["kind"], ratio = "torus", 0.67 + 6 * (high / wide - 0.23)
    elif bottom == 1 and top == 1:
        plan["kind"] = "sphere"
    elif top == 1:
        plan["kind"] = "pyramid" if bottom == 4 else "cone"
    elif bottom == 4:
        cube = max(wide, high, deep) < 1.05 * min(wide, high, deep)
        plan["kind"], ratio = "cube" if cube else "box", high / min(wide, deep)
    else:
        plan["kind"] = "cylinder" if bottom > 6 else "prism"
    plan["height"] = "low" if ratio < 0.67 else "medium" if ratio < 1.45 else "tall"
    return plan


FAMILY = Family("primitive", ATTRIBUTES, build, measure, allowed)
