"""Wells: a ring of stone, posts with a roof over it, a bucket on a rope."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, circle, lathe, loft, rectangle, ribbon

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "square")),
    Attribute("posts", "count", ("2", "4")),
    Attribute("roof", "style", ("gable", "pointed", "flat")),
    Attribute("bucket", "option", ("no", "yes")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("material", "material", ("stone", "brick", "grey", "clay", "plaster"), measured=False),
)
HEIGHT = {"low": (1.05, 1.15), "medium": (1.45, 1.58), "tall": (2.0, 2.2)}  # of the posts, against a ring 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    height, rim = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.4, 0.48)
    levels = [(0.5, 0.0), (0.47, rim), (0.31, rim), (0.29, 0.12)]  # half the width, height
    if plan["shape"] == "round":
        curb = loft([circle(half / np.cos(np.pi / 8), y, 8) for half, y in levels])
    else:
        curb = loft([rectangle(2 * half, 2 * half, y) for half, y in levels])
    pieces = [Piece("wall", plan["material"], curb)]
    wood, thick = random.choice(("wood", "darkwood")), 0.15
    two = plan["posts"] == "2"
    spread = 0.395 if two else 0.272 if plan["shape"] == "round" else 0.38
    post = box(thick, height - rim + 0.15, thick, (0, rim - 0.15, 0))
    if plan["shape"] == "round" and not two:
        post = post.turn("y", 45)  # flat on the ring
    rows = (0.0,) if two else (-spread, spread)
    pieces += [Piece("post", wood, post.move(x, 0, z)) for x in (-spread, spread) for z in rows]
    cover = random.choice([m for m in ("tile", "straw", "darkwood", "wood", "grey") if m != wood])
    rise = random.uniform(0.38, 0.5)
    if plan["roof"] == "gable":
        slope = rise / 0.6
        path = [(x, height + slope * (spread - abs(x))) for x in (0.62, 0.0, -0.62)]
        top, under = ribbon(path, 0.13, random.uniform(1.05, 1.25)), height + slope * spread
    elif plan["roof"] == "pointed":
        rings = [rectangle(1.3, 1.3, height - 0.08), np.array([(0, height + rise + 0.15, 0)])]
        top, under = loft(rings), height
    else:
        rings = [rectangle(1.16, 1.1, height - 0.08), rectangle(1.28, 1.22, height + 0.08)]
        top, under = loft(rings), height
    pieces.append(Piece("roof", cover, top))
    if two:
        pieces.append(Piece("beam", wood, box(2 * spread + 0.36, 0.105, 0.105, (0, height - 0.24, 0))))
    if plan["bucket"] == "yes":
        level, size = rim + random.uniform(0.06, 0.25) * (height - rim), random.uniform(0.13, 0.16)
        bucket = lathe([(0.8 * size, 0), (size, 0.22)], 6, (0, level, 0))
        metal = random.choice(("metal", "iron", "wood" if wood == "darkwood" else "darkwood"))
        pieces.append(Piece("rope", "straw", box(0.07, under - level - 0.15, 0.07, (0, level + 0.15, 0))))
        pieces.append(Piece("bucket", metal, bucket))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    curb, roof = probe.standing(mesh)[0], probe.highest(mesh)
    plan["shape"] = "round" if probe.outline_corners(parts[curb]) > 8 else "square"
    off = np.abs(middle[:, 0] - middle[curb, 0]) > 0.15 * size[curb, 0]
    posts = np.flatnonzero(off)
    if not len(posts):
        return plan
    plan["posts"] = str(len(posts))
    plan["roof"] = {1: "pointed", 2: "gable"}.get(probe.end_corners(parts[roof], 1), "flat")
    rest = [i for i in range(len(parts)) if not off[i] and i not in (curb, roof) and size[i, 0] < 0.5 * size[curb, 0]]
    plan["bucket"] = "yes" if rest else "no"
    ratio = (spans[posts[0], 1, 1] - spans[curb, 0, 1]) / size[curb, 0]
    plan["height"] = "low" if ratio < 1.3 else "medium" if ratio < 1.79 else "tall"
    return plan


FAMILY = Family("well", ATTRIBUTES, build, measure)
