"""Churches: a nave behind a tower with a spire, a dome or a flat top."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, lathe, loft, rectangle, ribbon, taper

ATTRIBUTES = (
    Attribute("spire", "style", ("pointed", "domed", "flat")),
    Attribute("tower", "size", ("low", "medium", "tall")),
    Attribute("windows", "count", ("1", "2", "3")),
    Attribute("cross", "option", ("no", "yes")),
    Attribute("walls", "material", ("stone", "white", "brick", "plaster", "wood"), measured=False),
)
TOWER = {"low": (1.12, 1.22), "medium": (1.52, 1.66), "tall": (1.98, 2.15)}  # against the ridge of the nave


def build(plan: Plan, random: Random) -> list[Piece]:
    walls, eaves, rise = plan["walls"], random.uniform(0.6, 0.68), random.uniform(0.4, 0.48)
    half, long, wide = 0.42, random.uniform(1.15, 1.45), random.uniform(0.44, 0.5)
    gable = [(-half, 0), (half, 0), (half, eaves), (0, eaves + rise), (-half, eaves)]
    pieces = [Piece("wall", walls, extrude(gable, long))]
    roof = random.choice([m for m in ("tile", "grey", "darkwood", "blue") if m != walls])
    over = 0.2
    edge = (half * (1 + over), eaves - rise * over)
    path = [edge, (0, eaves + rise), (-edge[0], edge[1])]
    pieces.append(Piece("roof", roof, ribbon(path, 0.11, long + 0.14)))
    height = (eaves + rise) * random.uniform(*TOWER[plan["tower"]])
    front = long / 2 + 0.06  # the middle of the tower
    pieces.append(Piece("wall", walls, taper((wide + 0.05,) * 2, (wide, wide), height, (0, 0, front))))
    if plan["spire"] == "pointed":
        tip = random.uniform(0.6, 0.95)
        top = lathe([((wide / 2 + 0.07) * 2**0.5, -0.08), (0, tip)], 4)
    elif plan["spire"] == "domed":
        tip = 0.5
        rings = [(wide + 0.16, -0.08), (wide + 0.08, 0.16), (0.6 * wide, 0.36)]
        dome = [rectangle(size, size, y) for size, y in rings]
        top = loft([*dome, np.array([(0, tip, 0)])])
    else:
        tip = 0.06
        rings = [(wide + 0.14, -0.2), (wide + 0.14, 0.14), (wide - 0.06, 0.14), (wide - 0.1, 0.05)]
        top = loft([rectangle(size, size, y) for size, y in rings])
    pieces.append(Piece("roof", roof if plan["spire"] != "flat" else random.choice((walls, "grey")), top))
    pieces[-1] = Piece("roof", pieces[-1].material, pieces[-1].solid.move(0, height, front))
    unit = 0.036 * (height + tip + 0.4)
    if plan["cross"] == "yes":
        gold, start = random.choice(("gold", "iron", "white")), height + tip - 1.6 * unit
        pieces.append(Piece("cross", gold, box(unit, 5.4 * unit, 1.3 * unit, (0, start, front))))
        bar = box(3.7 * unit, unit, 0.75 * unit, (0, start + 3.2 * unit, front))
        pieces.append(Piece("cross", gold, bar))
    face = front + wide / 2  # the front of the tower
    door = random.choice([m for m in ("wood", "darkwood", "red", "green") if m != walls])
    pieces.append(Piece("door", door, box(0.26, 0.44, 0.2, (0, 0, face - 0.06))))
    windows, lit = int(plan["windows"]), random.choice(("glass", "light", "blue"))
    pane = taper((0.2, 0.2), (0.14, 0.2), 0.34)
    if windows % 2:
        pieces.append(Piece("window", lit, pane.move(0, max(0.56, height - 0.52), face - 0.06)))
    for side in (-1, 1) if windows > 1 else ():
        pieces.append(Piece("window", lit, pane.turn("y", 90).move(side * (half - 0.04), 0.16, -0.12 * long)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    nave = max(ground, key=lambda i: size[i, 2])
    others = [i for i in ground if i != nave]
    if not others:
        return plan
    tower = max(others, key=lambda i: size[i, 1])
    above = [i for i in range(len(parts)) if middle[i, 1] > spans[tower, 1, 1] and i not in ground]
    tops = [i for i in range(len(parts)) if i not in ground and spans[i, 1, 1] > spans[tower, 1, 1]]
    if not tops:
        return plan
    spire = max(tops, key=lambda i: size[i, 0])
    tip = probe.end_corners(parts[spire], 1) == 1
    plan["spire"] = "flat" if not tip else "pointed" if len(parts[spire].vertices) < 8 else "domed"
    ratio = size[tower, 1] / size[nave, 1]
    plan["tower"] = "low" if ratio < 1.37 else "medium" if ratio < 1.82 else "tall"
    low = [i for i in range(len(parts)) if i not in ground and i not in tops]
    plan["windows"] = str(len(low) - 1)
    plan["cross"] = "yes" if len(set(above) | set(tops)) > 1 else "no"
    return plan


FAMILY = Family("church", ATTRIBUTES, build, measure)
