"""Towers: round or square, under battlements, a pointed roof or a dome."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, circle, extrude, loft, rectangle

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square")),
    Attribute("top", "style", ("crenellated", "pointed", "domed")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("windows", "count", ("1", "2", "3")),
    Attribute("flag", "option", ("no", "yes")),
    Attribute("walls", "material", ("stone", "brick", "wood", "plaster"), measured=False),
)
HEIGHT = {
    "low": (1.3, 1.5),
    "medium": (2.05, 2.35),
    "tall": (3.0, 3.4),
}  # of the walls, against a foot 1 wide
PLACES = {  # height -> windows -> the columns of each row, from the lowest
    "low": {"1": ((0,),), "2": ((-1, 1),), "3": ((-1, 0, 1),)},
    "medium": {"1": ((), (0,)), "2": ((0,), (0,)), "3": ((0,), (-1, 1))},
    "tall": {"1": ((), (), (0,)), "2": ((), (0,), (0,)), "3": ((0,), (0,), (0,))},
}


def ring(shape: str, half: float, y: float) -> np.ndarray:
    """The outline of a tower whose sides are `half` away from its middle."""
    return rectangle(2 * half, 2 * half, y) if shape == "square" else circle(half / np.cos(np.pi / 8), y, 8)


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, top, walls = plan["shape"], plan["top"], plan["walls"]
    height, waist = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.41, 0.44)
    neck = height - 0.3 if top == "crenellated" else height  # where the walls are slimmest
    rings = [(0.5, 0.0), (waist, neck)] + ([(0.54, height - 0.15), (0.54, height)] if top == "crenellated" else [])
    pieces = [Piece("wall", walls, loft([ring(shape, *level) for level in rings]))]
    roof = random.choice([m for m in ("tile", "blue", "darkwood", "grey", "green") if m != walls])
    rise = 0.0
    if top == "crenellated" and shape == "round":
        tooth = box(0.34, 0.32, 0.17, (0, height - 0.1, 0.495))
        pieces += [Piece("merlon", walls, solid) for solid in tooth.around(4)]
    elif top == "crenellated":
        tooth = box(0.32, 0.32, 0.32, (0.42, height - 0.1, 0.42))
        pieces += [Piece("merlon", walls, solid) for solid in tooth.around(4)]
    elif top == "pointed":
        rise = random.uniform(0.75, 1.05)
        tip = np.array([(0, height + rise, 0)])
        pieces.append(Piece("roof", roof, loft([ring(shape, 0.56, height - 0.1), tip])))
    else:
        rise, edge = 0.5, waist + 0.08
        dome = [(edge, -0.08), (edge * 0.97, 0.1), (edge * 0.66, 0.38)]
        tip = np.array([(0, height + rise, 0)])
        pieces.append(Piece("roof", roof, loft([*(ring(shape, a, height + y) for a, y in dome), tip])))
    if plan["flag"] == "yes":
        thick = 0.042 * (height + rise + 0.6)
        start, mast = height + rise - 0.16, height + rise + (0.56 if rise else 0.8)
        pieces.append(Piece("pole", "darkwood", box(thick, mast - start, thick, (0, start, 0))))
        back = -0.1 * thick
        cloth = [(back, mast - 0.4), (0.52, mast - 0.22), (back, mast - 0.04)]
        pieces.append(Piece("flag", random.choice(("red", "blue", "yellow", "green")), extrude(cloth, thick * 0.63)))
    door = random.choice([m for m in ("wood", "darkwood") if m != walls])
    pieces.append(Piece("door", door, box(0.3, 0.5, 0.2, (0, 0, 0.43))))
    rows = PLACES[plan["height"]][plan["windows"]]
    low, room = 0.53, height - 0.34 - 0.53
    lit = random.choice(("glass", "black", "light"))
    for k, row in enumerate(rows):
        y = low + room * (k + 0.5) / len(rows)
        out = 0.5 - (0.5 - waist) * y / neck
        pane = box(0.17, 0.28, 0.22, (0, y - 0.14, 0))
        for column in row:
            if shape == "round":
                solid = pane.move(z=out - 0.05).turn("y", 45 * column)
            else:
                solid = pane.move(x=0.25 * column, z=out - 0.05)
            pieces.append(Piece("window", lit, solid))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    wall = max(range(len(parts)), key=lambda i: parts[i].volume())
    plan["shape"] = "round" if probe.outline_corners(parts[wall]) > 4 else "square"
    above = [i for i in range(len(parts)) if i != wall and middle[i, 1] > spans[wall, 1, 1]]
    roof = [i for i in above if size[i, 0] > 0.7 * size[wall, 0]]
    plan["top"] = "crenellated" if not roof else "pointed" if len(parts[roof[0]].vertices) < 10 else "domed"
    ratio = size[wall, 1] / max(1.0, probe.end_width(parts[wall], high=False))
    plan["height"] = "low" if ratio < 1.78 else "medium" if ratio < 2.65 else "tall"
    ground = probe.standing(mesh)
    plan["windows"] = str(sum(i not in above and i not in ground for i in range(len(parts))))
    masts = [i for i in above if size[i, 1] > 2.2 * size[i, [0, 2]].max()]
    plan["flag"] = "yes" if any(i not in roof for i in masts) else "no"
    return plan


FAMILY = Family("tower", ATTRIBUTES, build, measure)
