"""Torches: to hold, on a stand, or on a wall (the wall behind them)."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, tube

ATTRIBUTES = (
    Attribute("mount", "style", ("hand", "wall", "stand")),
    Attribute("flame", "size", ("small", "medium", "large")),
    Attribute("handle", "size", ("short", "medium", "long")),
    Attribute("bands", "count", ("0", "1", "2")),
    Attribute("material", "material", ("wood", "darkwood", "iron", "gold", "stone"), measured=False),
)
FLAME = {"small": (0.36, 0.42), "medium": (0.62, 0.7), "large": (1.02, 1.15)}  # how high above a head 0.44 wide
HANDLE = {"short": (0.75, 0.85), "medium": (1.2, 1.35), "long": (1.9, 2.1)}


def build(plan: Plan, random: Random) -> list[Piece]:
    length, high, wood = (
        random.uniform(*HANDLE[plan["handle"]]),
        random.uniform(*FLAME[plan["flame"]]),
        plan["material"],
    )
    metal = random.choice([m for m in ("iron", "metal", "gold") if m != wood])
    pieces = [Piece("handle", wood, lathe([(0.075, 0.0), (0.11, length)], 6))]
    wrapped = random.random() < 0.5
    bowl = [(0.14, -0.12), (0.22, 0.1), (0.2, 0.24)] if wrapped else [(0.12, -0.12), (0.22, 0.24)]
    cup = random.choice(("straw", "leather", "fabric")) if wrapped else metal
    pieces.append(Piece("head", cup, lathe(bowl, 8, (0, length, 0))))
    wide = random.uniform(0.16, 0.18) + 0.06 * high
    outer = [(0.1, 0.12), (wide, 0.22 + 0.28 * high), (0.6 * wide, 0.22 + 0.6 * high), (0.0, 0.24 + high)]
    pieces.append(Piece("flame", "flame", lathe(outer, 6, (0, length, 0))))
    for k in range(int(plan["bands"])):
        y = length * 0.84 - 0.17 - 0.2 * k
        pieces.append(Piece("band", metal, lathe([(0.15, y - 0.05), (0.15, y + 0.05)], 6)))
    if plan["mount"] == "stand":
        foot = random.uniform(0.3, 0.36)
        pieces.append(Piece("base", metal, lathe([(foot, 0.0), (foot - 0.04, 0.1), (0.14, 0.2)], 8)))
    elif plan["mount"] == "wall":
        pieces[:] = [Piece(p.name, p.material, p.solid.turn("x", 15)) for p in pieces]
        lift = -min(p.solid.vertices[:, 1].min() for p in pieces)
        pieces[:] = [Piece(p.name, p.material, p.solid.move(y=lift)) for p in pieces]
        y = 0.35 * length
        wall = -0.2 if plan["handle"] == "short" else -0.26
        plate = box(0.34, 0.44, 0.12, (0, y - 0.22, wall - 0.06))
        pieces.append(Piece("mount", metal, plate))
        pieces.append(Piece("arm", metal, tube(0.085, (0, y, wall - 0.08), (0, y, 0.26 * y + 0.04), 4)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    flame = probe.highest(mesh)
    handle = max((i for i in range(len(parts)) if i != flame), key=lambda i: size[i, 1])
    rest = [i for i in range(len(parts)) if i not in (flame, handle)]
    if not rest:
        return plan
    head = max(rest, key=lambda i: spans[i, 1, 1])
    wide = size[head, 0]
    extra = [i for i in rest if i != head]
    plates = [i for i in extra if middle[i, 2] < spans[handle, 0, 2]]
    bases = [i for i in extra if spans[i, 0, 1] < spans[handle, 0, 1] + 3 and size[i, 0] > 1.1 * wide]
    plan["mount"] = "wall" if plates else "stand" if bases else "hand"
    ratio = (spans[flame, 1, 1] - spans[head, 1, 1]) / wide
    plan["flame"] = "small" if ratio < 1.15 else "medium" if ratio < 1.95 else "large"
    ratio = size[handle, 1] / wide
    plan["handle"] = "short" if ratio < 2.33 else "medium" if ratio < 3.7 else "long"
    rings = [i for i in extra if i not in bases and size[i, :2].max() < 0.9 * wide and len(parts[i].vertices) == 12]
    plan["bands"] = str(len(rings))
    return plan


FAMILY = Family("torch", ATTRIBUTES, build, measure)
