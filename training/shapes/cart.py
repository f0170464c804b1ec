"""Carts to pull or push towards +Z: barrows with one wheel, handcarts with two, wagons with four."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, loft, rectangle, taper, tube, wheel

ATTRIBUTES = (
    Attribute("wheels", "count", ("1", "2", "4")),
    Attribute("load", "style", ("empty", "hay", "crates", "covered")),
    Attribute("sides", "size", ("low", "medium", "tall")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "red", "green"), measured=False),
)
SIDES = {"low": (0.22, 0.26), "medium": (0.4, 0.46), "tall": (0.66, 0.74)}  # how high the box is
LENGTH = {"short": (0.95, 1.05), "medium": (1.35, 1.5), "long": (1.95, 2.1)}  # of the box, which is 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    high, half = random.uniform(*SIDES[plan["sides"]]), random.uniform(*LENGTH[plan["length"]]) / 2
    wheels, body, lean = int(plan["wheels"]), plan["material"], random.uniform(0.0, 0.06)
    beam = random.choice([m for m in ("darkwood", "wood", "iron") if m != body])
    radius = {1: 0.3, 2: random.uniform(0.38, 0.46), 4: random.uniform(0.27, 0.31)}[wheels]
    floor = {1: 0.42, 2: 0.92 * radius + 0.08, 4: 0.92 * radius + 0.08}[wheels]
    rim = floor + high
    rings = [
        rectangle(1.0 - 2 * lean, 2 * half - 2 * lean, floor),
        rectangle(1.0, 2 * half, rim),
        rectangle(0.82, 2 * half - 0.18, rim),
        rectangle(0.8 - lean, 2 * half - 0.2 - lean, floor + 0.125),
    ]
    pieces = [Piece("body", body, loft(rings))]
    if wheels == 1:
        pieces.append(Piece("wheel", "iron", wheel(radius, 0.2, 8, (0, 0, half + 0.24))))
        for x in (-0.32, 0.32):
            bar = tube(0.075, (x * 0.25, radius, half + 0.28), (x * 1.2, floor + 0.18, -half - 0.62), 4)
            pieces.append(Piece("handle", beam, bar))
            pieces.append(Piece("leg", beam, taper((0.1, 0.1), (0.14, 0.14), floor + 0.085, (x, 0, -half + 0.2))))
    else:
        tread = random.choice(("iron", "darkwood", "wood"))
        spots = (-0.08,) if wheels == 2 else (-half + 0.13, half - 0.13)
        for z in spots:
            pieces.append(Piece("axle", "iron", box(1.44, 0.16, 0.16, (0, 0.92 * radius - 0.08, z))))
            for x in (-0.58, 0.58):
                pieces.append(Piece("wheel", tread, wheel(radius, 0.16, 8 if wheels == 2 else 6, (x, 0, z))))
        if wheels == 2:
            for x in (-0.34, 0.34):
                bar = box(0.11, 0.13, 0.95, (x, floor - 0.06, half + 0.3))
                pieces.append(Piece("handle", beam, bar))
            pieces.append(Piece("leg", beam, taper((0.1, 0.1), (0.14, 0.14), floor + 0.085, (0, 0, half - 0.14))))
        else:
            bar = tube(0.09, (0, floor - 0.02, half - 0.24), (0, floor + 0.34, half + 0.7), 4)
            pieces.append(Piece("handle", beam, bar))
    if plan["load"] == "hay":
        heap = [
            rectangle(0.88, 2 * half - 0.12, rim - 0.12),
            rectangle(0.5, 1.1 * half, rim + random.uniform(0.2, 0.3)),
        ]
        pieces.append(Piece("hay", "straw", loft(heap)))
    elif plan["load"] == "crates":
        tone = "wood" if body != "wood" else "straw"
        side = min(0.62, 0.86 * half)
        for z, tall in ((-0.45 * half, 0.22), (0.46 * half, 0.1)):
            tall += random.uniform(0.08, 0.14) + high
            pieces.append(Piece("crate", tone, box(side, tall, 0.74 * half, (0, floor + 0.04, z))))
    elif plan["load"] == "covered":
        arch = [(-0.44, rim - 0.1), (0.44, rim - 0.1), (0.46, rim + 0.34), (0.25, rim + 0.62)]
        arch += [(-x, y) for x, y in arch[:1:-1]]
        cover = extrude(arch, 2 * half - 0.06)
        pieces.append(Piece("cover", random.choice(("paper", "white", "fabric", "red")), cover))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    ground = probe.standing(mesh)
    wheels = [i for i in ground if probe.end_corners(parts[i], 0) > 4]
    rest = [i for i in range(len(parts)) if i not in ground]
    tubs = [i for i in rest if len(parts[i].vertices) == 16 and size[i, 0] > 2 * size[i, 1] * 0.3]
    if not tubs:
        return plan
    body = max(tubs, key=lambda i: size[i, 0] * size[i, 2])
    plan["wheels"] = str(len(wheels))
    wide = size[body, 0]
    loads = [i for i in rest if i != body and spans[i, 1, 1] > spans[body, 1, 1] + 2 and size[i, 0] > 0.3 * wide]
    if not loads:
        plan["load"] = "empty"
    elif len(loads) > 1:
        plan["load"] = "crates"
    else:
        plan["load"] = "covered" if probe.end_corners(parts[loads[0]], 2) > 4 else "hay"
    ratio = size[body, 1] / wide
    plan["sides"] = "low" if ratio < 0.33 else "medium" if ratio < 0.56 else "tall"
    ratio = size[body, 2] / wide
    plan["length"] = "short" if ratio < 1.2 else "medium" if ratio < 1.72 else "long"
    return plan


FAMILY = Family("cart", ATTRIBUTES, build, measure)
