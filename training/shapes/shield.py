"""Shields, standing, their front towards +Z."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, lathe, loft

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square", "kite", "pointed")),
    Attribute("emblem", "style", ("plain", "cross", "stripe")),
    Attribute("boss", "option", ("no", "yes")),
    Attribute("rim", "option", ("no", "yes")),
    Attribute("studs", "count", ("0", "4", "6")),
    Attribute("material", "material", ("wood", "metal", "iron", "red", "blue", "gold"), measured=False),
)


def outline(shape: str, tall: float) -> np.ndarray:
    """The corners [n, 2] about (0, 0), counter-clockwise from the front, about 1 wide."""
    if shape == "round":
        angle = np.radians(18) + np.arange(10) * np.pi / 5
        return np.stack([np.cos(angle), np.sin(angle)], 1) * 0.56
    if shape == "square":
        x, y, c = 0.5, tall / 2, 0.08
        return np.array(
            [(-x, c - y), (c - x, -y), (x - c, -y), (x, c - y), (x, y - c), (x - c, y), (c - x, y), (-x, y - c)]
        )
    if shape == "kite":
        right = [(0.3, 0.14 - 0.2 * tall), (0.5, 0.26 * tall), (0.36, 0.42 * tall), (0.13, 0.5 * tall)]
        return np.array([(0.0, -0.56 * tall), *right, *[(-x, y) for x, y in right[::-1]]])
    right = [(0.3, -0.3 * tall), (0.5, 0.02 * tall), (0.5, 0.46 * tall)]
    return np.array([(0.0, -0.54 * tall), *right, *[(-x, y) for x, y in right[::-1]]])


def plate(corners: np.ndarray, levels: list[tuple[float, float]]) -> Solid:
    """A board through (share of the outline, z) rings, going towards +Z."""
    return loft([np.column_stack([corners * share, np.full(len(corners), z)]) for share, z in levels])


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, face = plan["shape"], plan["material"]
    tall = {"round": 1.0, "square": random.uniform(1.1, 1.6), "kite": random.uniform(1.5, 1.8)}.get(shape, 1.2)
    corners = outline(shape, tall)
    dome = random.uniform(0.12, 0.17)
    metal = random.choice([m for m in ("iron", "metal", "gold") if m != face])
    paint = random.choice([m for m in ("white", "red", "blue", "yellow", "gold") if m not in (face, metal)])
    pieces = [Piece("board", face, plate(corners, [(1.0, 0.0), (0.68, dome)]))]
    if plan["rim"] == "yes":
        pieces.append(Piece("rim", metal, plate(corners, [(1.06, -0.05), (1.09, 0.05)])))
    low, high = corners[:, 1].min(), corners[:, 1].max()
    if plan["emblem"] != "plain":
        bar = box(0.15, 0.84 * (high - low), 0.145, (0, low + 0.11 * (high - low), dome - 0.0175))
        pieces.append(Piece("emblem", paint, bar))
    level = 0.0 if shape in ("round", "square") else 0.14 * tall
    if plan["emblem"] == "cross":
        pieces.append(Piece("emblem", paint, box(0.76, 0.16, 0.1, (0, level - 0.08, dome - 0.015))))
    if plan["boss"] == "yes":
        knob = lathe([(0.2, 0.0), (0.16, 0.14), (0.0, 0.22)], 6).turn("x", 90)
        pieces.append(Piece("boss", metal, knob.move(0, level, dome - 0.05)))
    count = int(plan["studs"])
    stud = lathe([(0.085, 0.0), (0.0, 0.14)], 4).turn("x", 90)
    for k in range(count):
        if shape in ("round", "square"):
            angle = 2 * np.pi * (k + 0.5) / count + (0 if count == 4 else np.pi / 6)
            x, y = (0.31 if shape == "square" else 0.36) * np.cos(angle), 0.36 * np.sin(angle) * tall
        else:
            x, y = (-0.26, 0.26)[k % 2], level + (0.17, -0.17, 0.0)[k // 2] * tall
        pieces.append(Piece("stud", metal, stud.move(float(x), float(y), dome - 0.05)))
    drop = -min(p.solid.vertices[:, 1].min() for p in pieces)
    return [Piece(p.name, p.material, p.solid.move(y=drop)) for p in pieces]


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    plates = [i for i in range(len(parts)) if len(parts[i].vertices) >= 14 and size[i, :2].min() > 45]
    if not plates:
        return plan
    board = max(plates, key=lambda i: spans[i, 1, 2])
    wide, n = size[board, 0], len(parts[board].vertices) // 2
    plan["shape"] = {8: "square", 9: "kite", 7: "pointed"}.get(n, "round")
    plan["rim"] = "yes" if len(plates) > 1 else "no"
    rest = [i for i in range(len(parts)) if i not in plates]
    bars = [i for i in rest if size[i, :2].max() > 0.5 * wide]
    plan["emblem"] = ("plain", "stripe", "cross")[min(len(bars), 2)]
    small = [i for i in rest if i not in bars]
    knobs = [i for i in small if size[i, 0] > 0.25 * wide]
    plan["boss"] = "yes" if knobs else "no"
    plan["studs"] = str(len(small) - len(knobs))
    return plan


FAMILY = Family("shield", ATTRIBUTES, build, measure)
