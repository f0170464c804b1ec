"""Tents: ridge tents, tipis, domes and pavilions, with ropes and a flag."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, circle, extrude, lathe, loft, rectangle, tube

ATTRIBUTES = (
    Attribute("kind", "style", ("ridge", "tipi", "dome", "pavilion")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("ropes", "count", ("0", "2", "4")),
    Attribute("flag", "option", ("no", "yes")),
    Attribute("material", "material", ("fabric", "leather", "green", "orange", "red", "paper"), measured=False),
)
HEIGHT = {"low": (0.6, 0.68), "medium": (0.86, 0.97), "tall": (1.25, 1.4)}  # against a width of 1
ROPES = {"0": (), "2": (0.0, 180.0), "4": (40.0, 140.0, 220.0, 320.0)}  # which way they go


def build(plan: Plan, random: Random) -> list[Piece]:
    kind, cloth = plan["kind"], plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    pole = random.choice(("wood", "darkwood"))
    trim = random.choice([m for m in ("paper", "red", "yellow", "blue", "white") if m != cloth])
    pieces, half = [], 0.5  # half the depth
    peak, slope = height, 0.0  # where a flag stands, how far the front leans back over its height
    if kind == "ridge":
        half = random.uniform(0.55, 0.7)
        pieces.append(Piece("tent", cloth, extrude([(-0.5, 0), (0.5, 0), (0, height)], 2 * half)))
        post = box(0.1, height + 0.14, 0.1)
        pieces += [Piece("pole", pole, post.move(z=z)) for z in (-half, half)]
    elif kind == "tipi":
        pieces.append(Piece("tent", cloth, lathe([(0.5412, 0), (0.09, height)], 8)))
        slope = 0.42
        rod = tube(0.036, (-0.1, height - 0.2, 0.0), (0.11, height + 0.2, 0.035), 4)
        pieces += [Piece("pole", pole, solid) for solid in rod.around(3, random.choice((0, 30)))]
    elif kind == "dome":
        profile = [(0.5412, 0), (0.5, 0.4 * height), (0.31, 0.82 * height), (0, height)]
        pieces.append(Piece("tent", cloth, lathe(profile, 8)))
        slope = 0.12
    else:
        eaves = random.uniform(0.5, 0.58) * height
        half = 0.42
        pieces.append(Piece("tent", cloth, lathe([(0.455, 0), (0.43, eaves)], 8)))
        roof = [circle(0.5412, eaves - 0.07, 8), np.array([(0, height, 0)])]
        pieces.append(Piece("roof", random.choice((trim, cloth)), loft(roof)))
        slope = 0.03
    tall = min(0.5, 0.62 * height) * (0.7 if kind == "pavilion" else 1.0)
    low, top = (0.3, 0.12) if kind in ("dome", "pavilion") else (0.34, 0.08)
    face = half - (0.055 if kind == "ridge" else 0.03)
    sill = rectangle(low, 0.16, 0, z=face)
    lintel = rectangle(top, 0.16, tall, z=face - slope * tall / height)
    pieces.append(Piece("door", random.choice(("black", trim)), loft([sill, lintel])))
    if plan["flag"] == "yes":
        mast = peak + random.uniform(0.4, 0.48)
        pieces.append(Piece("pole", pole, box(0.085, mast - peak + 0.2, 0.085, (0, peak - 0.2, 0))))
        pennant = [(-0.01, mast - 0.26), (0.3, mast - 0.15), (-0.01, mast - 0.04)]
        pieces.append(Piece("flag", trim, extrude(pennant, 0.05)))
    for degrees in ROPES[plan["ropes"]]:
        c, s = np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))
        level = 0.38 * height + 0.05
        inside = 0.27 if kind == "tipi" else 0.4
        ends = [(0.78 * c, 0, 0.78 * s), (inside * c, level, inside * s)]
        if kind == "ridge":  # off its sides, towards the corners
            x, z = np.sign(c), half * np.sign(round(s, 3))
            ends = [(0.72 * x, 0, 1.05 * z), (0.16 * x, level, 0.7 * z)]
        ring = circle(0.054, 0.0, 3)
        pieces.append(Piece("rope", "straw", loft([ring + end for end in ends])))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans, ground = mesh.pieces(), probe.boxes(mesh), probe.standing(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    tent = max(ground, key=lambda i: parts[i].volume())
    wide = [i for i in range(len(parts)) if i not in ground and size[i, 0] > 1.02 * size[tent, 0]]
    corners = len(parts[tent].vertices)
    tip = probe.end_corners(parts[tent], 1) == 1
    plan["kind"] = "pavilion" if wide else "dome" if tip else "ridge" if corners < 8 else "tipi"
    top = wide[0] if wide else tent
    ratio = (spans[top, 1, 1] - spans[tent, 0, 1]) / size[top, 0]
    plan["height"] = "low" if ratio < 0.76 else "medium" if ratio < 1.1 else "tall"
    six = [i for i in range(len(parts)) if len(parts[i].vertices) == 6 and i != tent]
    plan["ropes"] = str(sum(i in ground for i in six))
    plan["flag"] = "yes" if any(i not in ground for i in six) else "no"
    return plan


FAMILY = Family("tent", ATTRIBUTES, build, measure)
