"""Fences: posts, flat or pointed, joined by rails."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, loft, rectangle

ATTRIBUTES = (
    Attribute("posts", "count", ("3", "4", "5", "6", "7")),
    Attribute("rails", "count", ("1", "2", "3")),
    Attribute("tops", "style", ("flat", "pointed")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("material", "material", ("wood", "white", "darkwood", "iron", "metal", "stone"), measured=False),
)
HEIGHT = {"low": (1.1, 1.3), "medium": (1.85, 2.15), "tall": (2.9, 3.3)}  # against the step from post to post
RAILS = {"1": (0.62,), "2": (0.26, 0.74), "3": (0.2, 0.5, 0.8)}  # how high, against the posts' shoulders


def build(plan: Plan, random: Random) -> list[Piece]:
    count, material = int(plan["posts"]), plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    picket = random.random() < 0.5  # flat boards before the rails, or square posts around them
    wide, deep = (random.uniform(0.4, 0.55), 0.24) if picket else (random.uniform(0.28, 0.34),) * 2
    point = (0.36 if plan["height"] == "low" else 0.5) * wide if plan["tops"] == "pointed" else 0.0
    shoulder = height - point
    if point and picket:
        outline = [(-wide / 2, 0), (wide / 2, 0), (wide / 2, shoulder), (0, height), (-wide / 2, shoulder)]
        post = extrude(outline, deep)
    elif point:
        post = loft([rectangle(wide, deep, 0), rectangle(wide, deep, shoulder), np.array([(0, height, 0)])])
    else:
        post = box(wide, height, deep)
    pieces = [Piece("post", material, post.move(k - (count - 1) / 2)) for k in range(count)]
    others = {"wood": ("wood", "darkwood"), "darkwood": ("darkwood", "wood"), "stone": ("wood", "iron")}
    second = random.choice(others.get(material, (material,)))
    long = count - 1 + (random.uniform(0.7, 0.9) if picket else random.choice((0.0, 0.7)))
    tall = min(0.22, 0.2 * shoulder)
    rail = box(long, tall, 0.24 if picket else 0.17, (0, -tall / 2, -0.1 if picket else 0))
    pieces += [Piece("rail", second, rail.move(y=shoulder * share)) for share in RAILS[plan["rails"]]]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    wide = spans[:, 1, 0] - spans[:, 0, 0]
    posts = [i for i in range(len(parts)) if wide[i] < 0.5 * wide.max()]
    if len(posts) < 2:
        return plan
    plan["posts"] = str(len(posts))
    plan["rails"] = str(len(parts) - len(posts))
    plan["tops"] = "flat" if probe.end_corners(parts[posts[0]], 1) > 2 else "pointed"
    places = np.sort(spans[posts].mean(1)[:, 0])
    pace = (places[-1] - places[0]) / (len(posts) - 1)
    ratio = (spans[posts[0], 1, 1] - spans[posts[0], 0, 1]) / max(1.0, pace)
    plan["height"] = "low" if ratio < 1.57 else "medium" if ratio < 2.5 else "tall"
    return plan


FAMILY = Family("fence", ATTRIBUTES, build, measure)
