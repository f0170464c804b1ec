"""Windmills: a tapering tower under a cap, with a wheel of blades."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, circle, extrude, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("blades", "count", ("3", "4", "5", "6")),
    Attribute("shape", "style", ("round", "square")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("windows", "count", ("0", "1", "2")),
    Attribute("walls", "material", ("white", "stone", "brick", "wood", "plaster"), measured=False),
)
HEIGHT = {"low": (1.2, 1.35), "medium": (1.75, 1.95), "tall": (2.5, 2.75)}  # of the tower, against a foot 1 wide
SAIL = {"low": 0.86, "medium": 1.1, "tall": 1.35}  # how far the blades reach


def ring(shape: str, half: float, y: float) -> np.ndarray:
    """The outline of a tower whose sides are `half` away from its middle."""
    return rectangle(2 * half, 2 * half, y) if shape == "square" else circle(half / np.cos(np.pi / 8), y, 8)


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, walls, count = plan["shape"], plan["walls"], int(plan["blades"])
    height, waist = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.3, 0.34)
    reach = SAIL[plan["height"]] * random.uniform(0.94, 1.0)
    unit = 0.034 * (height + reach)  # some four steps
    tower = loft([ring(shape, 0.5, 0), ring(shape, waist, height)])
    tip = np.array([(0, height + random.uniform(0.42, 0.6), 0)])
    roof = random.choice([m for m in ("tile", "darkwood", "grey", "blue", "straw") if m != walls])
    pieces = [Piece("wall", walls, tower)]
    pieces.append(Piece("roof", roof, loft([ring(shape, waist + 0.1, height - 0.1), tip])))
    middle, front = height - 0.06, 0.62
    hub = (
        taper((3.2 * unit,) * 2, (2.4 * unit,) * 2, front + 0.8 * unit - 0.2, (0, 0.2, 0)).turn("x", 90).move(y=middle)
    )
    wood = random.choice(("wood", "darkwood"))
    pieces.append(Piece("hub", wood, hub))
    root, tail = 0.9 * unit, random.uniform(0.32, 0.4) * (0.85 if count > 4 else 1.0)
    outline = [(-0.45 * unit, root), (0.45 * unit, root), (tail / 2, reach), (-tail / 2, reach)]
    blade = extrude(outline, unit).turn("y", random.choice((12, 18)))
    cloth = random.choice([m for m in ("paper", "wood", "red", "white") if m not in (walls, wood)])
    first = random.choice((0.0, 180.0 / count, 15.0))
    for k in range(count):
        solid = blade.turn("z", first + 360 * k / count).move(0, middle, front)
        pieces.append(Piece("blade", cloth, solid))
    dark = random.choice([m for m in ("darkwood", "red", "blue", "green", "wood") if m != walls])
    pieces.append(Piece("door", dark, box(0.28, 0.42, 0.24, (0, 0, 0.42))))
    pane, lit = box(0.2, 0.26, 0.26), random.choice(("glass", "light", "black"))
    level = height * 0.55
    out = 0.5 - (0.5 - waist) * level / height - 0.06
    turns = {"0": (), "1": (0.0,), "2": (-90.0, 90.0)}[plan["windows"]]
    pieces += [Piece("window", lit, pane.move(0, level - 0.13, out).turn("y", turn)) for turn in turns]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, ground = mesh.pieces(), probe.standing(mesh)
    wall = max(ground, key=lambda i: parts[i].volume())
    foot = max(1.0, probe.end_width(parts[wall], high=False))
    corners = [part.vertices for part in parts]
    long = [float(np.linalg.norm(v[:, None] - v[None], axis=2).max()) / foot for v in corners]
    hub = corners[wall].mean(0)
    hub[1] = corners[wall][:, 1].max()
    far = [float(np.linalg.norm((v.mean(0) - hub)[:2])) / foot for v in corners]  # seen from the front
    small = [i for i in range(len(parts)) if i not in ground and len(corners[i]) == 8 and far[i] > 0.22]
    plan["blades"] = str(sum(long[i] > 0.56 for i in small))
    plan["windows"] = str(sum(long[i] <= 0.56 for i in small))
    plan["shape"] = "round" if probe.outline_corners(parts[wall]) > 4 else "square"
    ratio = np.ptp(corners[wall][:, 1]) / foot
    plan["height"] = "low" if ratio < 1.55 else "medium" if ratio < 2.2 else "tall"
    return plan


FAMILY = Family("windmill", ATTRIBUTES, build, measure)
