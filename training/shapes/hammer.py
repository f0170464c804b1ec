"""Hammers, standing on their handle: claw hammers, sledge hammers, mallets and war hammers."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, lathe, loft, mirrored, rectangle

ATTRIBUTES = (
    Attribute("kind", "style", ("claw", "sledge", "mallet", "war")),
    Attribute("head", "size", ("small", "medium", "large")),
    Attribute("handle", "size", ("short", "medium", "long")),
    Attribute("grip", "option", ("no", "yes")),
    Attribute("material", "material", ("metal", "iron", "stone", "gold", "wood"), measured=False),
)
HEAD = {
    "small": (0.44, 0.5),
    "medium": (0.72, 0.8),
    "large": (1.1, 1.22),
}  # how wide; the handle is 0.18 thick
HANDLE = {"short": (0.8, 0.92), "medium": (1.35, 1.55), "long": (2.1, 2.35)}


def across(stations: list[tuple[float, float, float, float]]) -> Solid:
    """A block along X of (x, y, height, depth) sections, x going down; a section 0 high is a tip."""
    rings = []
    for x, y, high, deep in stations:
        ring = rectangle(high, deep, 0.0) if high > 0 else np.zeros((1, 3))
        rings.append(np.stack([np.full(len(ring), x), y + ring[:, 0], ring[:, 2]], 1))
    return loft(rings)


def heads(kind: str, width: float, drop: float) -> list[Solid]:
    """The pieces of a head `width` across, centred on y = 0, its face to the right; `drop` bends a spike."""
    w = width / 2
    if kind == "sledge":
        s = 0.48 * width
        return [across([(w, 0, 0.8 * s, 0.8 * s), (0.7 * w, 0, s, s), (-0.7 * w, 0, s, s), (-w, 0, 0.8 * s, 0.8 * s)])]
    if kind == "mallet":
        drum = lathe([(0.27 * width, -w), (0.31 * width, 0.0), (0.27 * width, w)], 8)
        return [drum.turn("z", 90)]
    s = 0.36 * width
    if kind == "war":
        face = across([(w, 0, 1.3 * s, 1.3 * s), (0.6 * w, 0, 1.3 * s, 1.3 * s), (-0.2 * w, 0, s, s)])
        return [face, across([(-0.05 * w, 0, 0.8 * s, 0.8 * s), (-w, -drop * w, 0, 0)])]
    neck = across([(0.75 * w, 0, 0.7 * s, 0.7 * s), (0.1 * w, 0, s, 1.15 * s), (-0.25 * w, 0, s, 1.15 * s)])
    face = lathe([(0.52 * s, -w), (0.62 * s, -0.7 * w), (0.45 * s, -0.45 * w)], 6).turn("z", 90)
    prong = [(-0.05 * w, 0.1 * s, 0.6 * s, 0.4 * s), (-0.6 * w, 0.1 * s, 0.5 * s, 0.4 * s)]
    prong.append((-w, 0.1 * s - 0.4 * w, 0.3 * s, 0.34 * s))
    shift = np.array([[0.28], [0.36], [0.5]]) * s
    claw = across(prong)
    claw = Solid(claw.vertices + np.repeat(shift, 4, 0) * (0, 0, 1), claw.faces)
    return [neck, face, claw, mirrored(claw, "z")]


def build(plan: Plan, random: Random) -> list[Piece]:
    width, length = random.uniform(*HEAD[plan["head"]]), random.uniform(*HANDLE[plan["handle"]])
    shaft = random.choice([m for m in ("wood", "darkwood") if m != plan["material"]])
    tall = {"sledge": 0.48, "mallet": 0.57, "war": 0.46, "claw": 0.36}[plan["kind"]] * width
    handle = lathe([(0.09, 0.0), (0.075, 0.4 * length), (0.09, length + 0.3 * tall)], 6)
    pieces = [Piece("handle", shaft, handle)]
    if plan["grip"] == "yes":
        wrap = random.choice(("leather", "rubber", "red", "fabric"))
        pieces.append(Piece("grip", wrap, lathe([(0.125, 0.06), (0.115, 0.2 + 0.2 * length)], 6)))
    parts = heads(plan["kind"], width, random.choice((0.0, 0.35)))
    names = {"claw": ("head", "head", "claw", "claw"), "war": ("head", "spike")}.get(plan["kind"], ("head",))
    for name, solid in zip(names, parts, strict=True):
        pieces.append(Piece(name, plan["material"], solid.move(y=length)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    handle = probe.standing(mesh)[0]
    level = spans[handle].mean(0)[1]
    rest = [i for i in range(len(parts)) if i != handle]
    head = [i for i in rest if spans[i].mean(0)[1] > level]
    if not head:
        return plan
    if len(head) == 1:
        plan["kind"] = "sledge" if probe.end_corners(parts[head[0]], 0) == 4 else "mallet"
    else:
        plan["kind"] = "war" if len(head) == 2 else "claw"
    low, high = spans[head, 0, 0].min(), spans[head, 1, 0].max()
    thick = size[handle, 0]
    plan["head"] = "small" if (high - low) / thick < 3.3 else "medium" if (high - low) / thick < 5.2 else "large"
    ratio = size[handle, 1] / thick
    plan["handle"] = "short" if ratio < 6.6 else "medium" if ratio < 10.6 else "long"
    plan["grip"] = "yes" if len(rest) > len(head) else "no"
    return plan


FAMILY = Family("hammer", ATTRIBUTES, build, measure)
