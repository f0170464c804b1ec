"""Cars, driving towards +Z."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, rectangle, silhouette, wheel

ATTRIBUTES = (
    Attribute("kind", "style", ("sedan", "hatchback", "pickup")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("cabin", "size", ("low", "medium", "tall")),
    Attribute("tires", "size", ("small", "medium", "large")),
    Attribute("rack", "option", ("no", "yes")),
    Attribute("material", "material", ("red", "blue", "yellow", "green", "white", "black"), measured=False),
)
LENGTH = {"short": (1.7, 1.85), "medium": (2.2, 2.4), "long": (2.85, 3.1)}  # against a body 1 wide
CABIN = {"low": (0.32, 0.36), "medium": (0.46, 0.52), "tall": (0.66, 0.74)}  # how high it is
TIRES = {"small": (0.2, 0.22), "medium": (0.28, 0.31), "large": (0.39, 0.42)}  # their radius
SPAN = {  # of the cabin: its floor from back to front, then its top, in halves of the car's length
    "sedan": (-0.74, 0.4, -0.5, 0.08),
    "hatchback": (-0.96, 0.4, -0.84, 0.08),
    "pickup": (-0.16, 0.52, -0.1, 0.24),
}


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, half = plan["material"], random.uniform(*LENGTH[plan["length"]]) / 2
    high, tire = random.uniform(*CABIN[plan["cabin"]]), random.uniform(*TIRES[plan["tires"]])
    low, nose = 0.65 * tire, random.choice((0.1, 0.16))
    top = low + 0.53
    hood = [(half - 0.03, low), (half, low + 0.2), (half - 0.06, top - nose), (0.45 * half, top)]
    body = silhouette([(-half + 0.06, low), *hood, (-half, top)], 1.0)
    pieces = [Piece("body", paint, body)]
    back, front, back_top, front_top = (half * s for s in SPAN[plan["kind"]])
    rings = [
        rectangle(0.92, front - back, top - 0.09, z=(front + back) / 2),
        rectangle(0.72, front_top - back_top, top - 0.09 + high, z=(front_top + back_top) / 2),
    ]
    pieces.append(Piece("cabin", "glass", loft(rings)))
    middle, roof = (front_top + back_top) / 2, top - 0.09 + high
    pieces.append(Piece("roof", paint, box(0.78, 0.12, front_top - back_top + 0.06, (0, roof - 0.07, middle))))
    if plan["kind"] == "pickup":
        deep, z = 0.86 * half, -0.56 * half
        frame = [
            (1.06, deep + 0.1, -0.15),
            (1.06, deep + 0.1, 0.12),
            (0.84, deep - 0.12, 0.12),
            (0.84, deep - 0.12, -0.03),
        ]
        pieces.append(Piece("bed", paint, loft([rectangle(w, d, top + y, z=z) for w, d, y in frame])))
    if plan["rack"] == "yes":
        load = random.choice(("black", "wood", "leather", "grey"))
        deep = 0.7 * (front_top - back_top)
        pieces.append(Piece("rack", load, box(0.58, random.uniform(0.2, 0.26), deep, (0, roof - 0.02, middle))))
    pieces.append(Piece("light", "light", box(0.84, 0.12, 0.3, (0, low + 0.17, half - 0.1))))
    for z in (-0.6 * half, 0.62 * half):
        for x in (-0.45, 0.45):
            pieces.append(Piece("wheel", "rubber", wheel(tire, 0.24, 6, (x, 0, z))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    wheels = probe.standing(mesh)
    rest = [i for i in range(len(parts)) if i not in wheels]
    body = max(rest, key=lambda i: size[i, 2])
    above = [i for i in rest if spans[i, 1, 1] > spans[body, 1, 1] + 2 and i != body]
    if not above:
        return plan
    cabin = max((i for i in above if size[i, 0] < size[body, 0] - 1), key=lambda i: size[i].prod(), default=above[0])
    wide, ahead = size[body, 0], (middle[cabin] - middle[body])[2] / size[body, 2]
    plan["kind"] = "pickup" if ahead > 0 else "sedan" if size[cabin, 2] < 0.62 * size[body, 2] else "hatchback"
    ratio = size[body, 2] / wide
    plan["length"] = "short" if ratio < 2.02 else "medium" if ratio < 2.6 else "long"
    ratio = size[cabin, 1] / wide
    plan["cabin"] = "low" if ratio < 0.41 else "medium" if ratio < 0.59 else "tall"
    ratio = size[wheels[0], 1] / wide
    plan["tires"] = "small" if ratio < 0.43 else "medium" if ratio < 0.605 else "large"
    on_roof = [i for i in above if spans[i, 0, 1] > middle[cabin, 1]]
    plan["rack"] = "yes" if len(on_roof) > 1 else "no"
    return plan


FAMILY = Family("car", ATTRIBUTES, build, measure)
