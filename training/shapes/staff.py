"""Staffs of wizards and shepherds, standing."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import ball, box, gem, lathe, ribbon

ATTRIBUTES = (
    Attribute("top", "style", ("orb", "crystal", "crook", "spear", "claw")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("bands", "count", ("0", "1", "2", "3")),
    Attribute("grip", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "bark", "gold", "iron"), measured=False),
)
LENGTH = {"short": (0.9, 1.0), "medium": (1.45, 1.6), "long": (2.25, 2.5)}  # of the shaft, which is 0.16 thick


def build(plan: Plan, random: Random) -> list[Piece]:
    length, wood = random.uniform(*LENGTH[plan["length"]]), plan["material"]
    metal = random.choice([m for m in ("gold", "iron", "metal") if m != wood])
    magic = random.choice(("blue", "green", "purple", "red", "light", "glass"))
    pieces = [Piece("shaft", wood, lathe([(0.07, 0.0), (0.08, length)], 6))]
    top, grow = plan["top"], random.uniform(0.9, 1.1)
    if top == "orb":
        pieces.append(Piece("orb", magic, ball(0.25 * grow, 8, 4, (0, length - 0.03, 0))))
        pieces.append(Piece("collar", metal, lathe([(0.1, length - 0.13), (0.19, length + 0.07)], 6)))
    elif top == "crystal":
        stone = lathe([(0.0, -0.08), (0.19, 0.2), (0.16, 0.34), (0.0, 0.68 * grow)], 5, (0, length - 0.02, 0))
        pieces.append(Piece("crystal", magic, stone))
        pieces.append(Piece("collar", metal, lathe([(0.1, length - 0.16), (0.17, length + 0.1)], 6)))
    elif top == "spear":
        pieces.append(Piece("blade", metal, gem(0.34, 0.8 * grow, 0.17, (0, length + 0.24, 0))))
        pieces.append(Piece("collar", wood, box(0.26, 0.14, 0.28, (0, length - 0.19, 0))))
    else:
        r = 0.27 * grow
        if top == "crook":
            turn = np.radians((200, 150, 90, 30, -30, -80))
            bow = [(0.0, length - 0.08), *[(r + r * np.cos(a), length + r + r * np.sin(a)) for a in turn]]
            pieces.append(Piece("crook", wood, ribbon(bow, 0.14, 0.19)))
        else:
            prong = ribbon([(-0.02, length - 0.06), (r, length + 0.14), (r * 0.8, length + 0.5 * grow)], 0.11, 0.12)
            for solid in prong.around(3, 90.0):
                pieces.append(Piece("claw", wood, solid))
            pieces.append(Piece("gem", magic, gem(0.25, 0.44, 0.25, (0, length + 0.17, 0))))
    count = int(plan["bands"])
    for k in range(count):
        y = length * (0.72 - 0.115 * k)
        pieces.append(Piece("band", metal, lathe([(0.125, y - 0.06), (0.125, y + 0.04)], 6)))
    if plan["grip"] == "yes":
        wrap = random.choice(("leather", "red", "fabric", "black"))
        pieces.append(Piece("grip", wrap, lathe([(0.12, 0.2 * length), (0.12, 0.42 * length)], 6)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    shaft = probe.standing(mesh)[0]
    low, long = spans[shaft, 0, 1], size[shaft, 1]
    plan_top = [
        i for i in range(len(parts)) if i != shaft and spans[i, 1, 1] > spans[shaft, 1, 1] + 0.1 * size[shaft, 0]
    ]
    if not plan_top:
        return plan
    head = max(plan_top, key=lambda i: parts[i].volume())
    corners = [len(parts[i].vertices) for i in plan_top]
    if corners.count(12) > 1 and 6 in corners and len(plan_top) > 2:
        plan["top"] = "claw"
    elif 6 in corners:
        plan["top"] = "spear"
    elif max(corners) == 28:
        plan["top"] = "crook"
    else:
        plan["top"] = "orb" if len(parts[head].vertices) > 20 else "crystal"
    ratio = long / size[shaft, 2]
    plan["length"] = "short" if ratio < 8.6 else "medium" if ratio < 13.5 else "long"
    rings = [i for i in range(len(parts)) if i != shaft and spans[i, 1, 1] < low + 0.86 * long]
    wraps = [i for i in rings if size[i, 1] > 0.16 * long]
    plan["grip"] = "yes" if wraps else "no"
    plan["bands"] = str(len(rings) - len(wraps))
    return plan


FAMILY = Family("staff", ATTRIBUTES, build, measure)
