"""Buses, driving towards +Z, with one or two decks. A pair of wheels is one roller, a pair of windows one pane that
shows on both sides."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, rectangle, wheel

ATTRIBUTES = (
    Attribute("windows", "count", ("3", "4", "5", "6")),
    Attribute("decks", "count", ("1", "2")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("stripe", "option", ("no", "yes")),
    Attribute("material", "material", ("red", "yellow", "blue", "green", "white", "orange"), measured=False),
)
LENGTH = {"short": (1.9, 2.1), "medium": (2.6, 2.85), "long": (3.5, 3.8)}  # against a body 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, half = plan["material"], random.uniform(*LENGTH[plan["length"]]) / 2
    decks, count = int(plan["decks"]), int(plan["windows"])
    low, tire = 0.17, random.uniform(0.22, 0.25)
    top = low + 0.98 + 0.68 * (decks - 1)
    rings = [
        rectangle(1.0, 2 * half, low),
        rectangle(1.0, 2 * half, top - 0.1),
        rectangle(0.86, 2 * half - 0.14, top),
    ]
    pieces = [Piece("body", paint, loft(rings))]
    pieces.append(Piece("window", "glass", box(0.84, 0.42, 0.36, (0, 0.58, half - 0.13))))
    if decks == 2:
        pieces.append(Piece("window", "glass", box(1.08, 0.34, 2 * half - 0.06, (0, 1.26, 0.1))))
    back, front = -half + 0.12, half - 0.4
    pitch = (front - back) / count
    pane = box(1.08, 0.34, pitch * random.uniform(0.68, 0.78))
    for k in range(count):
        pieces.append(Piece("window", "glass", pane.move(0, 0.66, back + (k + 0.5) * pitch)))
    if plan["stripe"] == "yes":
        accent = random.choice([m for m in ("white", "black", "yellow", "red", "blue") if m != paint])
        pieces.append(Piece("stripe", accent, box(1.1, 0.12, 2 * half + 0.1, (0, 0.42, 0))))
    for z in (-0.58 * half, 0.6 * half):
        pieces.append(Piece("wheels", "rubber", wheel(tire, 1.18, 6, (0, 0, z))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    body = max(range(len(parts)), key=lambda i: size[i].prod())
    rest = [i for i in range(len(parts)) if i not in (body, *probe.standing(mesh))]
    wide, long, high = size[body, 0], size[body, 2], size[body, 1]
    panes = [i for i in rest if size[i, 0] > wide and size[i, 2] < 0.6 * long]
    plan["windows"] = str(len(panes))
    plan["decks"] = "1" if high < 1.3 * wide else "2"
    ratio = long / wide
    plan["length"] = "short" if ratio < 2.35 else "medium" if ratio < 3.15 else "long"
    belts = [i for i in rest if size[i, 2] > 0.6 * long and size[i, 1] < 0.2 * wide]
    plan["stripe"] = "yes" if belts else "no"
    return plan


FAMILY = Family("bus", ATTRIBUTES, build, measure)
