"""Mailboxes on posts or on the ground, their door towards +Z."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, taper

ATTRIBUTES = (
    Attribute("top", "style", ("round", "flat", "gabled")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("flag", "option", ("no", "yes")),
    Attribute("letter", "option", ("no", "yes")),
    Attribute("base", "option", ("no", "yes")),
    Attribute("material", "material", ("metal", "red", "blue", "green", "wood", "white"), measured=False),
)
HEIGHT = {"low": (0.4, 0.5), "medium": (1.0, 1.15), "tall": (1.9, 2.1)}  # of the post; the box is 0.6 wide
LENGTH = {"short": (0.62, 0.68), "medium": (0.9, 0.98), "long": (1.3, 1.4)}


def outline(top: str, tall: float) -> np.ndarray:
    """The front of the box [n, 2], standing on y = 0, 0.6 wide."""
    if top == "flat":
        return np.array([(-0.3, 0.0), (0.3, 0.0), (0.3, tall), (-0.3, tall)])
    if top == "gabled":
        return np.array([(-0.3, 0.0), (0.3, 0.0), (0.3, tall - 0.2), (0.0, tall + 0.06), (-0.3, tall - 0.2)])
    right = [(0.3, 0.0), (0.3, tall - 0.28), (0.2, tall - 0.07), (0.08, tall)]
    return np.array(right + [(-x, y) for x, y in right[::-1]])


def build(plan: Plan, random: Random) -> list[Piece]:
    post, half = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*LENGTH[plan["length"]]) / 2
    paint, tall = plan["material"], random.uniform(0.56, 0.68)
    pole = random.choice([m for m in ("wood", "darkwood", "iron") if m != paint])
    front = outline(plan["top"], tall)
    door = random.choice([m for m in (paint, "white", "iron", "yellow") if m != "wood"])
    pieces = [
        Piece("post", pole, taper((0.2, 0.2), (0.16, 0.16), post + 0.07)),
        Piece("box", paint, extrude([tuple(c) for c in front], 2 * half, (0, post, 0))),
    ]
    centre = np.array([0.0, 0.5 * tall])
    leaf = (front - centre) * 0.78 + centre
    pieces.append(Piece("door", door, extrude([tuple(c) for c in leaf], 0.14, (0, post - 0.01, half - 0.01))))
    if plan["letter"] == "yes":
        pieces.append(Piece("letter", "paper", box(0.34, 0.12, 0.4, (0, post + 0.44 * tall, half + 0.06))))
    else:
        pieces.append(Piece("knob", "gold", box(0.14, 0.1, 0.16, (0, post + 0.56 * tall, half + 0.06))))
    if plan["flag"] == "yes":
        red = random.choice([m for m in ("red", "orange", "yellow") if m != paint])
        z, up = 0.35 * half, random.uniform(0.44, 0.54)
        pieces.append(Piece("arm", red, box(0.1, up + 0.14, 0.11, (0.33, post + 0.2, z))))
        pieces.append(Piece("flag", red, box(0.16, 0.2, 0.32, (0.33, post + up + 0.18, z))))
    if plan["base"] == "yes":
        ground = random.choice(("stone", "earth", "leaf"))
        pieces.append(Piece("base", ground, taper((0.66, 0.66), (0.46, 0.46), 0.16)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    ground = probe.standing(mesh)
    above = [i for i in range(len(parts)) if i not in ground]
    if not above:
        return plan
    chest = max(above, key=lambda i: size[i].prod())
    n = probe.end_corners(parts[chest], 2)
    plan["top"] = "flat" if n == 4 else "gabled" if n == 5 else "round"
    wide = size[chest, 0]
    ratio = (spans[chest, 0, 1] - mesh.bounds()[0, 1]) / wide
    plan["height"] = "low" if ratio < 1.25 else "medium" if ratio < 2.55 else "tall"
    ratio = size[chest, 2] / wide
    plan["length"] = "short" if ratio < 1.32 else "medium" if ratio < 1.9 else "long"
    flags = [i for i in above if middle[i, 0] > spans[chest, 1, 0] - 0.1 * wide]
    plan["flag"] = "yes" if flags else "no"
    letters = [i for i in above if middle[i, 2] > spans[chest, 1, 2] and 0.4 * wide < size[i, 0] < 0.65 * wide]
    plan["letter"] = "yes" if letters else "no"
    plan["base"] = "yes" if len(ground) > 1 else "no"
    return plan


FAMILY = Family("mailbox", ATTRIBUTES, build, measure)
