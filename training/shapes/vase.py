"""Vases: round, straight, flared or square, with handles and flowers."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import bow, cone, gem, loft, rectangle, tube, vessel

ATTRIBUTES = (
    Attribute("shape", "style", ("round", "straight", "flared", "square")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("handles", "count", ("0", "1", "2")),
    Attribute("flowers", "count", ("0", "1", "2", "3")),
    Attribute("material", "material", ("ceramic", "clay", "glass", "white", "blue", "gold"), measured=False),
)
HEIGHT = {"low": (0.76, 0.88), "medium": (1.3, 1.48), "tall": (2.1, 2.35)}  # with a width of 1


def build(plan: Plan, random: Random) -> list[Piece]:
    handles, flowers, material = int(plan["handles"]), int(plan["flowers"]), plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    bloom = random.uniform(0.42, 0.5) * (0.6 + 0.4 * height) if flowers else 0.0  # above the rim
    step = max(height + bloom + 0.15 * (bloom > 0), 1.0 + 0.4 * handles) / 127
    wall = max(0.08, 4.2 * step)
    belly, swell = random.uniform(0.36, 0.46), random.uniform(0.62, 0.72)
    outer = {
        "round": [(0.3, 0.0), (0.5, height * belly), (0.24, height * 0.84), (0.32, height)],
        "straight": [(0.43, 0.0), (0.5, height * 0.12), (0.46, height)],
        "flared": [(0.33, 0.0), (0.26, height * (swell - 0.3)), (0.5, height)],
        "square": [(0.36, 0.0), (0.5, height * swell), (0.4, height)],
    }[plan["shape"]]
    radii, levels = np.array(outer).T
    floor = height * 0.72
    mouth = outer[-1][0] - wall
    depth = float(np.interp(floor, levels, radii)) - wall * 1.2
    inner = [(mouth, height), (min(mouth * 0.8, depth), floor)]
    if plan["shape"] == "round":  # thin at the rim, to save a ring
        floor, inner = height * 0.88, [(0.16, height * 0.88)]
    flat = 1.0 if plan["shape"] == "square" else np.cos(np.pi / 8)
    if plan["shape"] == "square":
        rings = [rectangle(2 * r, 2 * r, y) for r, y in [*outer, *inner]]
        body = loft(rings)
    else:
        body = vessel(outer, inner, 8)
    pieces = [Piece("body", material, body)]
    high, low = {"round": (0.88, 0.52), "straight": (0.8, 0.4), "flared": (0.8, 0.3), "square": (0.9, 0.5)}[
        plan["shape"]
    ]
    starts = [float(np.interp(y * height, levels, radii)) * flat - 3.2 * step for y in (high, low)]
    out, bend = 0.5 * flat + random.uniform(0.14, 0.2), random.uniform(0.45, 0.6)
    path = [(starts[0], high), (out, high - 0.04), (out, high - (high - low) * bend), (starts[1], low)]
    path = [(x, y * height) for x, y in path]
    handle = bow(path, max(0.11, 5.4 * step), max(0.14, 6 * step))
    pieces += [Piece("handle", material, handle.turn("y", 180.0 * i)) for i in range(handles)]
    turn, petal = random.uniform(0, 360), random.choice(("red", "yellow", "pink", "purple", "white", "orange"))
    tulip, size = random.random() < 0.5, random.uniform(0.8, 0.95) + 0.22 * height
    for i in range(flowers):
        angle = np.radians(turn + 360 * i / flowers)
        x, z = np.cos(angle), np.sin(angle)
        tall = height + bloom * (1.0 - 0.16 * i)
        spread = 0.05 if flowers == 1 else min(0.3, max(mouth, 0.22) * 1.1)
        start, end = (0.04 * x, floor - (3 + 1.2 * i) * step, 0.04 * z), (spread * x, tall, spread * z)
        pieces.append(Piece("stem", "leaf", tube(max(0.035, 2.8 * step), start, end, 3)))
        if tulip:
            head = cone(0.15 * size, 0.26 * size, 6).turn("x", 180)
            head = head.move(spread * x, tall + 0.26 * size - 3.5 * step, spread * z)
        else:
            head = gem(0.3 * size, 0.24 * size, 0.3 * size, (spread * x, tall + 0.12 * size - 3.2 * step, spread * z))
        colour = petal if i == 0 or random.random() < 0.6 else random.choice(("red", "yellow", "pink", "white"))
        pieces.append(Piece("flower", colour, head))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    body = int(np.argmin(pieces[:, 0, 1]))
    (low, high), shape = pieces[body], parts[body].vertices
    rim = np.ptp(shape[shape[:, 1] > high[1] - 1.5][:, 0]) / extent[body][0]
    foot = np.ptp(shape[shape[:, 1] < low[1] + 1.5][:, 0]) / extent[body][0]
    if probe.end_corners(parts[body], 1, high=False) == 4:
        plan["shape"] = "square"
    else:
        plan["shape"] = "round" if rim < 0.8 else "straight" if foot > 0.73 else "flared"
    ratio = extent[body][1] / extent[body][0]
    plan["height"] = "low" if ratio < 1.08 else "medium" if ratio < 1.78 else "tall"
    rest = [i for i in range(len(pieces)) if i != body]
    above = [i for i in rest if pieces[i][1][1] > high[1] + probe.NEAR]
    plan["handles"] = str(len(rest) - len(above))
    plan["flowers"] = str(sum(pieces[i][0][1] > high[1] - 0.5 for i in above))
    return plan


FAMILY = Family("vase", ATTRIBUTES, build, measure)
