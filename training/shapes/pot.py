"""Cooking pots: on the ground or on three legs, with handles, with and without a lid."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import gem, lathe, loft, rectangle, ribbon, taper, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("straight", "round", "tapered")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("handles", "count", ("0", "1", "2")),
    Attribute("legs", "count", ("0", "3")),
    Attribute("lid", "option", ("no", "yes")),
    Attribute("material", "material", ("iron", "metal", "clay", "gold", "red", "blue"), measured=False),
)
HEIGHT = {"low": (0.4, 0.47), "medium": (0.7, 0.8), "tall": (1.15, 1.3)}  # of the body, with a width of 1


def build(plan: Plan, random: Random) -> list[Piece]:
    handles, legs, material = int(plan["handles"]), int(plan["legs"]), plan["material"]
    height, lid = random.uniform(*HEIGHT[plan["height"]]), plan["lid"] == "yes"
    long = random.uniform(0.6, 0.75) if handles == 1 else 0.0  # one handle is a long one
    lift = random.uniform(0.16, 0.22) if legs else 0.0
    step = max(height + lift + 0.25 * lid, 1.0 + long + 0.2 * (handles == 2)) / 127
    wall, narrow = max(random.uniform(0.06, 0.075), 4 * step), random.uniform(0.34, 0.38)
    outer = {
        "straight": [(0.44, 0.0), (0.5, height * 0.14), (0.5, height)],
        "round": [(0.3, 0.0), (0.5, height * random.uniform(0.36, 0.46)), (0.39, height)],
        "tapered": [(narrow, 0.0), (0.5, height)],
    }[plan["shape"]]
    radii, levels = np.array(outer).T
    floor = max(0.1, 6 * step)
    mouth = outer[-1][0] - wall
    inner = [(mouth, height), (min(mouth, float(np.interp(floor, levels, radii)) - wall), floor)]
    pieces = []
    if legs:
        spot = outer[0][0] * 0.82
        foot = loft([rectangle(0.09, 0.09, 0.0, z=spot + 0.1), rectangle(0.13, 0.13, lift + 4 * step, z=spot)])
        pieces += [Piece("leg", material, solid) for solid in foot.around(3)]
    pieces.append(Piece("body", material, vessel(outer, inner, 8, (0, lift, 0))))
    y, flat = min(height * random.uniform(0.76, 0.84), height - 0.12), np.cos(np.pi / 8)
    out = float(np.interp(y, levels, radii)) * flat - 3.2 * step
    grip = random.choice(("wood", "darkwood", "black")) if material != "iron" and random.random() < 0.6 else material
    if handles == 1:
        rings = [rectangle(0.1, 0.13, 0.0), rectangle(0.08, 0.11, long + 3 * step)]
        bar = loft(rings).turn("z", -90 + random.uniform(3, 10)).move(out, lift + y)
        pieces.append(Piece("handle", grip, bar))
    elif handles == 2:
        reach, half = out + random.uniform(0.18, 0.22), random.uniform(0.13, 0.16)
        path = [(out, -half), (reach, -half * 0.6), (reach, half * 0.6), (out, half)]
        ring = ribbon(path, max(0.07, 4 * step), max(0.08, 4.4 * step)).turn("x", -90).move(y=lift + y)
        if random.random() < 0.5 or (legs and lid):
            size = max(0.1, 4.4 * step)
            ring = taper((size, 0.3), (size * 0.8, 0.24), 0.16 + 3 * step).turn("z", -80).move(out, lift + y)
        pieces += [Piece("handle", grip, ring.turn("y", 180.0 * i)) for i in range(2)]
    if lid:
        edge, rise = outer[-1][0] + 0.025, random.uniform(0.08, 0.13)
        cover = lathe([(edge, 0.0), (edge * 0.4, rise + 3 * step)], 8, (0, lift + height - 3 * step, 0))
        size = random.uniform(0.15, 0.18)
        knob = gem(size, size, size, (0, lift + height + rise + size / 2 - 3.4 * step, 0))
        pieces += [Piece("lid", material, cover), Piece("knob", grip, knob)]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    body = int(extent.prod(1).argmax())
    (low, high), shape = pieces[body], parts[body].vertices
    rim = np.ptp(shape[shape[:, 1] > high[1] - 1.5][:, 0]) / extent[body][0]
    foot = np.ptp(shape[shape[:, 1] < low[1] + 1.5][:, 0]) / extent[body][0]
    plan["shape"] = "round" if rim < 0.89 else "tapered" if foot < 0.81 else "straight"
    ratio = extent[body][1] / extent[body][0]
    plan["height"] = "low" if ratio < 0.58 else "medium" if ratio < 0.96 else "tall"
    rest = [i for i in range(len(pieces)) if i != body]
    legs = [i for i in rest if pieces[i][0][1] < low[1] - 0.5]
    plan["legs"] = str(len(legs))
    beside = [i for i in rest if i not in legs and abs(middle[i][0] - middle[body][0]) > 0.3 * extent[body][0]]
    plan["handles"] = str(len(beside))
    plan["lid"] = "yes" if len(rest) > len(legs) + len(beside) else "no"
    return plan


FAMILY = Family("pot", ATTRIBUTES, build, measure)
