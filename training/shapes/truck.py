"""Trucks, driving towards +Z."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, cylinder, loft, rectangle, taper, wheel

ATTRIBUTES = (
    Attribute("cargo", "style", ("box", "tank", "flat", "tipper")),
    Attribute("wheels", "count", ("4", "6")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("exhaust", "option", ("no", "yes")),
    Attribute("material", "material", ("red", "blue", "yellow", "green", "white", "orange"), measured=False),
)
LENGTH = {"short": (1.25, 1.4), "medium": (1.85, 2.05), "long": (2.65, 2.9)}  # of the load, which is 1 wide
CAB, GAP = 0.66, 0.17


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, length = plan["material"], random.uniform(*LENGTH[plan["length"]])
    tire, floor = random.uniform(0.25, 0.28), 0.5
    tip, tail = length / 2 + CAB + GAP, -length / 2
    cab = random.uniform(0.9, 1.05)
    rings = [rectangle(1.0, CAB, 0.24, z=tip - CAB / 2), rectangle(0.9, CAB - 0.14, 0.24 + cab, z=tip - CAB / 2 - 0.05)]
    pieces = [
        Piece("chassis", "iron", box(0.86, 0.24, tip - tail - 0.12, (0, 0.3, (tip + tail) / 2 - 0.02))),
        Piece("cabin", paint, loft(rings)),
        Piece("window", "glass", box(1.07, 0.34 * cab, 0.42, (0, 0.24 + 0.48 * cab, tip - 0.17))),
    ]
    cover = random.choice([m for m in ("white", "metal", "grey", "wood", "blue") if m != paint])
    if plan["cargo"] == "box":
        pieces.append(Piece("cargo", cover, box(1.09, random.uniform(1.05, 1.25), length, (0, floor - 0.05, 0))))
    elif plan["cargo"] == "tank":
        sides = 8 if plan["wheels"] == "4" else 7
        tank = cylinder(0.48, length, sides, (0, -length / 2, 0)).turn("x", 90)
        pieces.append(Piece("cargo", random.choice(("metal", "white", paint)), tank.move(y=floor + 0.36)))
    elif plan["cargo"] == "flat":
        pieces.append(
            Piece("cargo", random.choice(("wood", "darkwood")), box(1.09, 0.18, length, (0, floor - 0.05, 0)))
        )
        spots: tuple[float, ...] = (-0.24, 0.25) if random.random() < 0.5 and plan["wheels"] == "4" else (0.1,)
        for z in spots if plan["wheels"] == "4" or plan["exhaust"] == "no" else ():
            side = random.uniform(0.4, 0.56)
            crate = box(
                side + 0.1, side, min(side, 0.4 * length), (random.uniform(-0.08, 0.08), floor + 0.045, z * length)
            )
            pieces.append(Piece("crate", random.choice(("wood", "straw", "darkwood")), crate))
    else:
        deep = random.uniform(0.5, 0.6)
        hopper = taper((0.82, length - 0.3), (1.12, length), deep, (0, floor - 0.05, 0))
        pieces.append(Piece("cargo", random.choice((paint, "iron", "yellow")), hopper))
        heap = loft([rectangle(0.9, length - 0.24, floor + deep - 0.16), np.array([(0.0, floor + deep + 0.26, 0.0)])])
        pieces.append(Piece("heap", random.choice(("earth", "stone", "straw")), heap))
    if plan["exhaust"] == "yes":
        pipe = box(0.13, 1.2 * cab + 0.12, 0.11, (0.26, 0.4, length / 2 + GAP / 2))
        pieces.append(Piece("exhaust", "metal", pipe))
    axles = [tip - 0.36, tail + 0.42] + ([tail + 0.42 + 2.12 * tire] if plan["wheels"] == "6" else [])
    for z in axles:
        for x in (-0.45, 0.45):
            pieces.append(Piece("wheel", "rubber", wheel(tire, 0.26, 6, (x, 0, z))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    wheels = probe.standing(mesh)
    rest = [i for i in range(len(parts)) if i not in wheels]
    chassis = min(rest, key=lambda i: (spans[i, 0, 1] + size[i, 1], -size[i, 2]))
    wide = spans[wheels, 1, 0].max() - spans[wheels, 0, 0].min()
    above = [i for i in rest if i != chassis]
    pipes = [i for i in above if size[i, 0] < 0.2 * wide and size[i, 1] > 0.5 * wide]
    loads = [i for i in above if i not in pipes and spans[i, 1, 2] < spans[chassis, 1, 2] - 0.55 * wide]
    if not loads:
        return plan
    load = max(loads, key=lambda i: size[i, 2])
    if probe.end_corners(parts[load], 2) > 4:
        plan["cargo"] = "tank"
    elif size[load, 1] < 0.25 * wide:
        plan["cargo"] = "flat"
    else:
        plan["cargo"] = "tipper" if probe.end_width(parts[load], high=False) < 0.88 * size[load, 0] else "box"
    plan["wheels"] = str(len(wheels))
    ratio = (spans[:, 1, 2].max() - spans[:, 0, 2].min()) / wide
    plan["length"] = "short" if ratio < 2.1 else "medium" if ratio < 2.74 else "long"
    plan["exhaust"] = "yes" if pipes else "no"
    return plan


FAMILY = Family("truck", ATTRIBUTES, build, measure)
