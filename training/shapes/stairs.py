"""Stairs: blocks on a solid flank or treads on open stringers, with handrails."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, ribbon, taper

ATTRIBUTES = (
    Attribute("steps", "count", ("3", "4", "5", "6", "7")),
    Attribute("rails", "count", ("0", "1", "2")),
    Attribute("style", "style", ("solid", "open")),
    Attribute("slope", "style", ("gentle", "steep")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("material", "material", ("stone", "wood", "darkwood", "brick", "metal", "white"), measured=False),
)
WIDTH = {"narrow": (1.9, 2.2), "medium": (3.1, 3.6), "wide": (5.0, 5.8)}  # against the depth of a step
SLOPE = {"gentle": (0.58, 0.66), "steep": (0.95, 1.05)}


def build(plan: Plan, random: Random) -> list[Piece]:
    count, material = int(plan["steps"]), plan["material"]
    width, rise = random.uniform(*WIDTH[plan["width"]]), random.uniform(*SLOPE[plan["slope"]])
    pieces = []
    if plan["style"] == "solid":
        step = taper((width, 1.3), (width - 0.2, 1.2), rise + 0.24, (0, 0, -0.6))
        side = [(0.85, 0), (count - 0.15, 0), (count - 0.15, (count - 1) * rise + 0.2)]
        inside = material if material != "brick" else random.choice(("brick", "stone"))
        pieces.append(Piece("base", inside, extrude(side, width - 0.62).turn("y", 90)))
    else:
        thick = 0.38
        step = box(width, thick, 1.1, (0, rise - thick, -0.5))
        ahead, behind = 0.1, (0.75 * rise + 0.25) / rise  # where the stringer's upper and lower edge meet the ground
        end = count - 0.06
        line = [(ahead, 0), (behind, 0), (end, (end - behind) * rise), (end, (end - ahead) * rise)]
        beam = extrude(line, 0.3).turn("y", 90)
        dark = random.choice([m for m in ("iron", "darkwood", "metal") if m != material])
        pieces += [Piece("beam", dark, beam.move(side * (width / 2 - 0.4))) for side in (-1, 1)]
    pieces += [Piece("step", material, step.move(0, k * rise, -k)) for k in range(count)]
    hand = random.uniform(1.9, 2.3)
    low, high = rise - 0.15, count * rise - 0.15
    path = [(0.5, low), (0.5, low + hand), (count - 0.5, high + hand), (count - 0.5, high)]
    bar = ribbon(path, 0.28, 0.28).turn("y", 90)
    metal = random.choice([m for m in ("iron", "wood", "metal", "gold") if m != material])
    sides = {"0": (), "1": (random.choice((-1, 1)),), "2": (-1, 1)}[plan["rails"]]
    pieces += [Piece("rail", metal, bar.move(side * (width / 2 - 0.3))) for side in sides]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    eight = [i for i in range(len(parts)) if len(parts[i].vertices) == 8]
    broad = max(size[:, 0])
    steps = [i for i in eight if size[i, 0] > 0.5 * broad]
    plan["steps"] = str(len(steps))
    plan["rails"] = str(sum(len(part.vertices) > 8 for part in parts))
    plan["style"] = "open" if len(eight) > len(steps) else "solid"
    if len(steps) > 1:
        rise, pace = np.ptp(middle[steps][:, 1:], axis=0) / (len(steps) - 1)
        plan["slope"] = "gentle" if rise < 0.8 * pace else "steep"
        ratio = size[steps[0], 0] / max(1.0, pace)
        plan["width"] = "narrow" if ratio < 2.65 else "medium" if ratio < 4.3 else "wide"
    return plan


FAMILY = Family("stairs", ATTRIBUTES, build, measure)
