"""Crates: planks between corner posts, braced, closed or open and filled."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, hollow

ATTRIBUTES = (
    Attribute("planks", "count", ("2", "3", "4")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("lid", "option", ("no", "yes")),
    Attribute("braces", "count", ("0", "1", "2")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "red", "green", "bark"), measured=False),
)
HEIGHT = {"low": (0.4, 0.47), "medium": (0.75, 0.86), "tall": (1.25, 1.4)}  # with a depth of 0.8
WIDTH = {"narrow": (0.5, 0.56), "medium": (0.8, 0.9), "wide": (1.3, 1.45)}
DEPTH = 0.8
POSTS = {"wood": "darkwood", "darkwood": "wood", "metal": "iron", "red": "darkwood", "green": "iron", "bark": "wood"}


def build(plan: Plan, random: Random) -> list[Piece]:
    planks, braces, material = int(plan["planks"]), int(plan["braces"]), plan["material"]
    height, width = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*WIDTH[plan["width"]])
    step, closed = max(height, width + 0.05, DEPTH + 0.05) / 127, plan["lid"] == "yes"
    post = max(random.uniform(0.08, 0.11), 9 * step)
    frame = POSTS[material] if random.random() < 0.6 else material
    out = 2.4 * step  # how far the posts stand out
    pieces = []
    lid = max(5.6 * step, 0.05) if closed else 0.0
    x, z = width / 2 + out - post / 2, DEPTH / 2 + out - post / 2
    upright = box(post, height - lid + (2.8 * step if closed else 0.0), post)
    pieces += [Piece("post", frame, upright.move(a * x, 0, b * z)) for a in (-1, 1) for b in (-1, 1)]
    if closed:
        over = (8 if braces else 4) * step
        top = box(width + 2 * out + over, lid, DEPTH + 2 * out + over, (0, height - lid, 0))
        pieces.append(Piece("lid", frame if random.random() < 0.5 else material, top))
    low, high = 2.2 * step, height - lid + (1.4 * step if closed else -2.2 * step)
    gap = max(2.2 * step, 0.02)
    pitch = (high - low + gap) / planks
    tall, filling = pitch - gap, random.choice(("straw", "earth", "leaf", "orange", "straw"))
    for i in range(planks):
        at = (0, low + i * pitch, 0)
        plank = box(width, tall, DEPTH, at)
        if i == planks - 1 and not closed:
            plank = hollow(width, tall, DEPTH, 5.4 * step, min(3.4 * step, tall / 2), at)
        pieces.append(Piece("plank", material, plank))
    end = high - 2.8 * step if closed else high - min(0.3 * tall, 0.08) - 1.2 * step
    inset = 2.8 * step
    core = box(width - inset, end - 5 * step, DEPTH - inset, (0, 5 * step, 0))
    pieces.append(Piece("inside", "black" if closed else filling, core))
    wide = max(0.75 * post, 6 * step)
    span, rise = 2 * x, high - low - 1.1 * wide
    length, angle = np.hypot(span, rise) - 0.2 * wide, np.degrees(np.arctan2(rise, span))
    for i in range(braces):
        back, front = ((2.7, 3.7), (4.1, 5.0))[i]
        slat = box(length, wide, (back + front) * step, (0, -wide / 2, 0)).turn("z", angle * (1 - 2 * i))
        slat = slat.move(y=(low + high) / 2, z=DEPTH / 2 + (front - back) / 2 * step)
        pieces.append(Piece("brace", frame, slat))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    low, high = mesh.bounds()
    size = high - low
    wide = [i for i in range(len(pieces)) if extent[i][0] > 0.6 * size[0] and extent[i][2] > 0.6 * size[2]]
    posts = [i for i in probe.standing(mesh) if extent[i][0] < 0.4 * size[0]]
    level = max((pieces[i][1][1] for i in posts), default=high[1])
    lids = [i for i in wide if pieces[i][1][1] > level + 1]
    layers = [i for i in wide if i not in lids]
    plan["planks"] = str(len(layers) - 1)
    plank = max(layers or [0], key=lambda i: extent[i][0])
    width, _, depth = extent[plank]
    ratio = size[1] / depth
    plan["height"] = "low" if ratio < 0.75 else "medium" if ratio < 1.3 else "tall"
    plan["width"] = "narrow" if width / depth < 0.84 else "medium" if width / depth < 1.35 else "wide"
    plan["lid"] = "yes" if lids else "no"
    front = [i for i in range(len(parts)) if i not in wide and i not in posts and middle[i][2] > middle[plank][2]]
    plan["braces"] = str(len(front))
    return plan


FAMILY = Family("crate", ATTRIBUTES, build, measure)
