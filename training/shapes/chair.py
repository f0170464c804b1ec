"""Chairs: a ladder back of slats, with and without armrests and a cushion."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("seat", "style", ("square", "round")),
    Attribute("back", "size", ("low", "medium", "tall")),
    Attribute("slats", "count", ("1", "2", "3", "4")),
    Attribute("armrests", "option", ("no", "yes")),
    Attribute("cushion", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "white", "black", "red"), measured=False),
)
BACK = {"low": (0.48, 0.58), "medium": (0.82, 0.96), "tall": (1.3, 1.5)}  # above a seat about 1 wide
SUNK = 0.05


def build(plan: Plan, random: Random) -> list[Piece]:
    slats, material = int(plan["slats"]), plan["material"]
    round_seat, arms = plan["seat"] == "round", plan["armrests"] == "yes"
    size, thick = random.uniform(0.09, 0.12), random.uniform(0.11, 0.14)
    level, back = (
        random.uniform(0.85, 1.0),
        random.uniform(*BACK[plan["back"]]),
    )  # the seat's top; the back above it
    x, z = (0.36, -0.34) if round_seat else (0.5 - size / 2, -0.44)  # of the posts that are hind legs and back
    bent = random.random() < 0.5
    lean = random.uniform(0.12, 0.2) if bent else 0.0
    pieces = []
    rings = [
        rectangle(size * 0.85, size * 0.85, 0.0, z=z - lean * 0.5),
        rectangle(size, size, level, z=z),
        rectangle(size * 0.85, size * 0.85, level + back, z=z - lean * back),
    ]
    if not bent:
        del rings[1]
    pieces += [Piece("post", material, loft(rings).move(x=side * x)) for side in (-1, 1)]
    reach = random.uniform(0.36, 0.44)  # the arms above the seat
    if arms:
        front, top = (0.29 if round_seat else 0.38), level + reach
    else:
        front, top = (0.3 if round_seat else 0.36), level - thick + SUNK
    inset = 0.0 if arms else 0.065
    leg = taper((size * 0.8,) * 2, (size,) * 2, top)
    pieces += [Piece("leg", material, leg.move(side * (x - inset), 0, front)) for side in (-1, 1)]
    if round_seat:
        seat = lathe([(0.52 if arms else 0.49, 0.0), (0.52, thick)], 8)
    else:
        seat = box(2 * x + size * 0.4, thick, 0.93, (0, 0, 0.02))
    pieces.append(Piece("seat", material, seat.move(y=level - thick)))
    if plan["cushion"] == "yes":
        soft = random.choice(("fabric", "leather", "red", "green", "white"))
        if round_seat:
            pad = lathe([(0.36, 0.0), (0.32, 0.14)], 8)
        else:
            pad = taper((0.74, 0.76), (0.66, 0.68), 0.15, (0, 0, 0.02))
        pieces.append(Piece("cushion", soft, pad.move(y=level - SUNK)))
    if arms:
        length = front - z + 0.12
        bar = box(size * 1.6, 0.08, length, (0, top - 0.05, z + length / 2 - 0.02))
        pieces += [Piece("arm", material, bar.move(x=side * x)) for side in (-1, 1)]
    pitch = (back * 0.88 + 0.03) / slats
    tall = pitch - 0.06 if slats == 1 else pitch * 0.58
    angle = np.degrees(np.arctan(lean))
    for i in range(slats):
        middle = back + 0.03 - tall / 2 - i * pitch
        slat = box(2 * x + size * 0.3, tall, 0.07, (0, -tall / 2, 0)).turn("x", -angle)
        pieces.append(Piece("slat", material, slat.move(y=level + middle, z=z - lean * middle - size * 0.3)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    rest = [i for i in range(len(pieces)) if i not in ground]
    flat = [i for i in rest if 0.55 < extent[i][0] / extent[i][2] < 1.8]  # seat and cushion
    seat = min(flat, key=lambda i: pieces[i][0][1], default=rest[0] if rest else 0)
    plan["seat"] = "round" if probe.outline_corners(parts[seat]) > 4 else "square"
    ratio = (pieces[:, 1, 1].max() - pieces[seat][1][1]) / extent[seat][0]
    plan["back"] = "low" if ratio < 0.73 else "medium" if ratio < 1.18 else "tall"
    plan["slats"] = str(sum(extent[i][0] >= 1.8 * extent[i][2] for i in rest))
    plan["armrests"] = "yes" if any(extent[i][2] >= 1.8 * extent[i][0] for i in rest) else "no"
    plan["cushion"] = "yes" if len(flat) > 1 else "no"
    return plan


FAMILY = Family("chair", ATTRIBUTES, build, measure)
