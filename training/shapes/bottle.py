"""Bottles: a round, square or bellied body, a neck, with and without a cork and a label."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, loft, rectangle

ATTRIBUTES = (
    Attribute("body", "style", ("round", "square", "bellied")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("neck", "size", ("low", "medium", "tall")),
    Attribute("cork", "option", ("no", "yes")),
    Attribute("label", "option", ("no", "yes")),
    Attribute("material", "material", ("glass", "green", "clay", "ceramic", "blue", "purple"), measured=False),
)
WIDTH = {
    "narrow": (0.28, 0.32),
    "medium": (0.41, 0.47),
    "wide": (0.6, 0.68),
}  # of the body, against a height of 1
NECK = {"low": (0.1, 0.13), "medium": (0.21, 0.26), "tall": (0.36, 0.42)}


def build(plan: Plan, random: Random) -> list[Piece]:
    material, style = plan["material"], plan["body"]
    radius = random.uniform(*WIDTH[plan["width"]]) / 2
    top = 1.0 - random.uniform(*NECK[plan["neck"]])  # of the body
    slim = random.uniform(0.075, 0.085) + 0.12 * (radius - 0.14)  # the neck's radius
    swell = top * random.uniform(0.3, 0.4)
    shoulder = max(top - 1.3 * radius, top * random.uniform(0.6, 0.7))
    pieces = []
    if style == "bellied":
        upper = [(radius * 0.5 + slim * 0.3, top * 0.86), (slim * 1.1, top)]
        profile = [(radius * 0.55, 0.0), (radius, swell * 0.75), (radius * 0.95, swell * 1.4), *upper]
        body = lathe(profile, 8)
    elif style == "round":
        bend = (radius * 0.72 + slim * 0.2, (shoulder + 1.2 * top) / 2.2)
        profile = [(radius, 0.0), (radius, shoulder), bend, (slim * 1.1, top)]
        body = lathe(profile, 8)
    else:
        edge = 2 * radius
        rings = [(edge * 0.92, 0.0), (edge, 0.05), (edge, shoulder), (slim * 1.9, top)]
        body = loft([rectangle(e, e, y) for e, y in rings])
    pieces.append(Piece("body", material, body))
    lip = slim * random.uniform(1.25, 1.4)
    rim = [(slim, 0.93), (lip, 0.945), (lip, 1.0)] if random.random() < 0.6 else [(slim, 1.0)]
    profile = [(slim, top - 0.04), *rim]
    if plan["cork"] == "no":  # open
        profile += [(profile[-1][0] - 0.035, 1.0), (profile[-1][0] - 0.04, 0.95)]
    pieces.append(Piece("neck", material, lathe(profile, 6)))
    if plan["cork"] == "yes":
        cork = lathe([(slim * 0.55, 0.95), (slim * 0.8, 1.0 + random.uniform(0.05, 0.09))], 6)
        pieces.append(Piece("cork", random.choice(("straw", "wood", "darkwood")), cork))
    if plan["label"] == "yes":
        paper = random.choice(("paper", "white", "yellow"))
        low, high = shoulder * random.uniform(0.2, 0.3), shoulder * random.uniform(0.62, 0.8)
        if style == "round":
            label = lathe([(radius + 0.02, low), (radius + 0.02, high)], 8)
        elif style == "square":
            label = box(edge + 0.034, high - low, edge + 0.034, (0, low, 0))
        else:
            front = radius * np.cos(np.pi / 8)
            label = box(radius * 0.66, swell * 0.8, 0.08, (0, swell * 0.68, front - 0.022))
        pieces.append(Piece("label", paper, label))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    body = int(np.argmin(pieces[:, 0, 1]))
    shape, (low, high) = parts[body].vertices, pieces[body]
    foot = shape[shape[:, 1] < low[1] + 0.5]
    around = len(np.unique(foot[:, [0, 2]], axis=0))
    plan["body"] = "square" if around == 4 else "bellied" if np.ptp(foot[:, 0]) < 0.75 * extent[body][0] else "round"
    above = [i for i in range(len(pieces)) if i != body and pieces[i][1][1] > high[1] + 0.5]
    neck = min(above, key=lambda i: pieces[i][0][1], default=body)
    height = pieces[neck][1][1] - low[1]
    ratio = extent[body][0] / height
    plan["width"] = "narrow" if ratio < 0.36 else "medium" if ratio < 0.53 else "wide"
    ratio = (pieces[neck][1][1] - high[1]) / height
    plan["neck"] = "low" if ratio < 0.17 else "medium" if ratio < 0.31 else "tall"
    plan["cork"] = "yes" if len(above) > 1 else "no"
    plan["label"] = "yes" if len(pieces) - len(above) > 1 else "no"
    return plan


FAMILY = Family("bottle", ATTRIBUTES, build, measure)
