"""Palms: a straight or a bent trunk under a crown of fronds, with coconuts."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import frond, gem, sweep

ATTRIBUTES = (
    Attribute("leaves", "count", ("4", "5", "6", "7", "8")),
    Attribute("coconuts", "count", ("0", "1", "2", "3")),
    Attribute("trunk", "style", ("straight", "curved")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("foliage", "material", ("leaf", "green", "needle", "yellow", "orange"), measured=False),
)
HEIGHT = {"low": (0.62, 0.72), "medium": (1.0, 1.12), "tall": (1.55, 1.72)}  # of the trunk, against leaves 0.6 long


def build(plan: Plan, random: Random) -> list[Piece]:
    height, count = random.uniform(*HEIGHT[plan["height"]]), int(plan["leaves"])
    foot, neck = random.uniform(0.1, 0.13), 0.065
    bend = random.uniform(0.26, 0.36) * height if plan["trunk"] == "curved" else 0.0
    if bend:
        path = [(0, 0), (0, 0.25 * height), (0.36 * bend, 0.66 * height), (bend, height)]
        trunk = sweep(path, [foot, (2 * foot + neck) / 3, (foot + 2 * neck) / 3, neck], 5)
    else:
        trunk = sweep([(0, 0), (0, 0.3 * height), (0, height)], [foot, (foot + neck) / 2, neck], 6)
    bark = random.choice(("bark", "wood", "darkwood"))
    turn = random.choice((0, 180, 35, 145))
    pieces = [Piece("trunk", bark, trunk.turn("y", turn))]
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    top = np.array([bend * c, height, -bend * s])
    rise, drop, wide = random.uniform(0.12, 0.2), random.uniform(0.06, 0.2), random.uniform(0.2, 0.25)
    leaf = frond([(-0.04, -0.03), (0.3, rise), (0.62, -drop)], [0, min(wide, 1.25 / count), 0], 0.095)
    first = random.uniform(0, 90)
    for k, solid in enumerate(leaf.around(count, first)):
        lift = 0.028 * (k % 2) if count % 2 == 0 else 0.0
        pieces.append(Piece("leaf", plan["foliage"], solid.move(*top).move(y=lift)))
    nuts = int(plan["coconuts"])
    nut = gem(0.16, 0.17, 0.16).move(0.1, -0.09)
    pieces += [Piece("coconut", "darkwood", solid.move(*top)) for solid in nut.around(nuts, first + 20)] if nuts else []
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, trunk = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)[0]  # spans [P, 2, 3]
    rest = [part.vertices for i, part in enumerate(parts) if i != trunk]
    long = [float(np.linalg.norm(v[:, None] - v[None], axis=2).max()) for v in rest]
    leaf = max(long, default=1.0)
    plan["leaves"] = str(sum(length > 0.6 * leaf for length in long))
    plan["coconuts"] = str(sum(length <= 0.6 * leaf for length in long))
    points = parts[trunk].vertices
    low, high = spans[trunk, :, 1]
    foot, top = points[points[:, 1] < low + 1], points[points[:, 1] > low + 0.85 * (high - low)]
    lean = float(np.linalg.norm((top.mean(0) - foot.mean(0))[[0, 2]])) / (high - low)
    plan["trunk"] = "curved" if lean > 0.12 else "straight"
    ratio = (high - low) / leaf
    plan["height"] = "low" if ratio < 1.24 else "medium" if ratio < 1.9 else "tall"
    return plan


FAMILY = Family("palm", ATTRIBUTES, build, measure)
