"""Tables: round, square or oblong, on legs or on a pedestal."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, cylinder, lathe, taper

ATTRIBUTES = (
    Attribute("top", "style", ("round", "square", "oblong")),
    Attribute("legs", "count", ("1", "3", "4", "6")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("shelf", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "stone", "white"), measured=False),
)
HEIGHT = {"low": (0.38, 0.48), "medium": (0.68, 0.8), "tall": (1.1, 1.3)}  # against a top about 1 wide


def allowed(plan: Plan) -> bool:
    """A shelf hangs between legs; a pedestal has none, and three legs go with a round top."""
    return not (plan["legs"] == "1" and plan["shelf"] == "yes") and not (plan["legs"] == "3" and plan["top"] != "round")


def build(plan: Plan, random: Random) -> list[Piece]:
    legs, material = int(plan["legs"]), plan["material"]
    height, thick = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.05, 0.09)
    width = 1.0
    depth = {"round": 1.0, "square": 1.0, "oblong": random.uniform(0.5, 0.65)}[plan["top"]]
    pieces = []
    if plan["top"] == "round":
        sides = random.choice((8, 12))
        top = lathe([(0.47, 0.0), (0.5, thick * 0.4), (0.5, thick)], sides)
    else:
        sides = 4
        top = box(width, thick, depth)
    post = height - thick
    size = random.uniform(0.07, 0.1)
    if legs == 1:
        foot = random.uniform(0.24, 0.32)
        stem = lathe([(foot, 0.0), (foot, 0.04), (size * 0.8, 0.1), (size * 0.8, post + 0.02)], 8)
        pieces.append(Piece("pedestal", material, stem))
    else:
        if plan["top"] == "round":
            reach, first = 0.36, {3: 90.0, 4: 45.0, 6: 30.0}[legs]
            spots = [
                (s.vertices[0][0], s.vertices[0][2]) for s in cylinder(0.001, 1.0, 3, (reach, 0, 0)).around(legs, first)
            ]
        else:
            x, z = width / 2 - size * 0.8, depth / 2 - size * 0.8
            columns = (-x, x) if legs == 4 else (-x, 0.0, x)
            spots = [(a, b) for a in columns for b in (-z, z)]
        slim = random.choice((1.0, 0.7))
        for a, b in spots:
            pieces.append(Piece("leg", material, taper((size * slim,) * 2, (size,) * 2, post + 0.02, (a, 0, b))))
        if plan["shelf"] == "yes":
            level = post * random.uniform(0.3, 0.4)
            board = cylinder(0.38, 0.05, 8) if plan["top"] == "round" else box(width - size, 0.05, depth - size)
            pieces.append(Piece("shelf", material, board.move(y=level)))
    pieces.append(Piece("top", material, top.move(y=post)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    top = probe.highest(mesh)
    extent = pieces[top][1] - pieces[top][0]
    corners = probe.outline_corners(mesh.pieces()[top])
    plan["top"] = "round" if corners > 4 else ("square" if abs(extent[0] - extent[2]) < 0.12 * extent[0] else "oblong")
    plan["legs"] = str(len(ground))
    ratio = (mesh.bounds()[1] - mesh.bounds()[0])[1] / max(extent[0], extent[2])
    plan["height"] = "low" if ratio < 0.58 else "medium" if ratio < 0.95 else "tall"
    wide = [i for i in range(len(pieces)) if i != top and i not in ground]
    plan["shelf"] = "yes" if wide else "no"
    return plan


FAMILY = Family("table", ATTRIBUTES, build, measure, allowed)
