"""Sofas: two to four seats between square or round arms, with pillows, with and without a chaise."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .armchair import SOFT, backrest, rest
from .base import Attribute, Family, Piece, Plan
from .solids import box, mirrored, taper

ATTRIBUTES = (
    Attribute("seats", "count", ("2", "3", "4")),
    Attribute("back", "size", ("low", "medium", "tall")),
    Attribute("arm", "style", ("square", "round")),
    Attribute("pillows", "count", ("0", "1", "2")),
    Attribute("chaise", "option", ("no", "yes")),
    Attribute("material", "material", ("fabric", "leather", "red", "green", "grey", "white"), measured=False),
)
BACK = {"low": (0.26, 0.31), "medium": (0.46, 0.53), "tall": (0.7, 0.8)}  # above the seat, with a depth of 0.9
DEPTH = 0.9


def build(plan: Plan, random: Random) -> list[Piece]:
    seats, pillows, material = int(plan["seats"]), int(plan["pillows"]), plan["material"]
    back, arm = random.uniform(*BACK[plan["back"]]), random.uniform(0.18, 0.23)
    inner = seats * random.uniform(0.52, 0.58)  # between the arms
    width = inner + 2 * arm
    step = max(width, DEPTH + 0.6) / 127
    low, tall, pad = random.uniform(0.08, 0.12), random.uniform(0.18, 0.22), random.uniform(0.12, 0.15)
    level = low + tall + pad
    wood = random.choice(("wood", "darkwood", "black", "metal"))
    rear, end = -DEPTH / 2, random.choice((-1, 1))  # the chaise's end
    chaise = random.uniform(0.5, 0.6) if plan["chaise"] == "yes" else 0.0
    pieces = []
    x = width / 2 - arm / 2
    if seats == 2 and random.random() < 0.5:
        leg = taper((0.07,) * 2, (0.09,) * 2, low + 3.8 * step)
        spots = [(a * (x + 0.02), b * (DEPTH / 2 - 0.12)) for a in (-1, 1) for b in (-1, 1)]
        pieces += [Piece("leg", wood, leg.move(a, 0, b)) for a, b in spots]
    elif seats < 4 and random.random() < 0.3:
        runner = box(0.08, low + 3.8 * step, DEPTH - 0.2)
        pieces += [Piece("leg", wood, runner.move(x=s * (x + 0.02))) for s in (-1, 1)]
    elif random.random() < 0.6:
        low *= 0.7
        pieces.append(Piece("base", wood, box(width - 0.22, low + 3.8 * step, DEPTH - 0.2)))
    else:
        level, low = level - low + 0.05, 0.0
    bottom, pitch = low + 1.2 * step, inner / seats
    base = box(inner + 5.4 * step, level - pad - bottom, DEPTH - 3 * step, (0, bottom, 0))
    pieces.append(Piece("seat", material, base))
    soft = random.choice(SOFT) if random.random() < 0.25 else material
    for i in range(seats):
        deep, front = DEPTH - 0.12, DEPTH / 2
        at = (i - (seats - 1) / 2) * pitch
        if chaise and i == (0 if end < 0 else seats - 1):
            long = chaise + 0.3
            at -= end * 0.6 * step
            block = box(pitch - 2.4 * step, level - pad - bottom, long, (at, bottom - 1.2 * step, 0))
            pieces.append(Piece("chaise", material, block.move(z=DEPTH / 2 + chaise - long / 2 - 2 * step)))
            deep, front = deep + chaise, front + chaise
        size = (pitch - 1.8 * step, deep + 3 * step), (pitch - 4 * step, deep - 0.01)
        pad_at = (at, level - pad - 2.8 * step, front - deep / 2)
        pieces.append(Piece("cushion", soft, taper(*size, pad + 2.8 * step, pad_at)))
    height = level - low + min(random.uniform(0.16, 0.22), back - 0.08)  # of the arms
    side = rest(plan["arm"], arm, height, DEPTH / 2, rear + 0.06).move(-x, low)
    pieces += [Piece("arm", material, solid) for solid in (side, mirrored(side))]
    thick, lean = random.uniform(0.2, 0.24), random.uniform(0.05, 0.09)
    broad = inner + 2 * arm * 0.62
    pieces.append(Piece("back", material, backrest(broad, low + 2.4 * step, level + back, thick, lean).move(z=rear)))
    edge = 0.33
    pillow = taper((edge, edge), (edge * 0.8, edge * 0.8), 0.14, (0, -0.03, 0)).turn("x", random.uniform(64, 70))
    colour = random.choice([name for name in SOFT if name != soft])
    first = random.choice((-1, 1))
    for i in range(pillows):
        x = (first if i == 0 else -first) * (inner / 2 - edge * 0.62)
        pieces.append(Piece("pillow", colour, pillow.move(x, level + edge / 2 - 0.065, rear + thick * 0.92)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    low, high = mesh.bounds()
    ends = [i for i in range(len(pieces)) if abs(middle[i][0] - (low + high)[0] / 2) > 0.5 * (high - low)[0] * 0.7]
    arms = [i for i in ends if pieces[i][1][0] > high[0] - 2 or pieces[i][0][0] < low[0] + 2] or [0]
    arm = max(arms, key=lambda i: extent[i][1])
    depth, floor = extent[arm][2], pieces[arm][0][1]
    above = [i for i in range(len(pieces)) if i not in arms and pieces[i][0][1] > floor + 0.1 * depth]
    seats = [i for i in above if extent[i][2] > 0.6 * depth]
    level = min((pieces[i][1][1] for i in seats), default=floor)
    plan["seats"] = str(len(seats))
    tops = [pieces[i][1][1] for i in range(len(pieces)) if extent[i][0] > 0.6 * (high - low)[0]]
    ratio = (max(tops, default=level) - level) / depth
    plan["back"] = "low" if ratio < 0.45 else "medium" if ratio < 0.75 else "tall"
    top = parts[arm].vertices
    top = top[top[:, 1] > top[:, 1].max() - 1.5]
    plan["arm"] = "round" if np.ptp(top[:, 0]) < 0.8 * extent[arm][0] else "square"
    plan["pillows"] = str(len(above) - len(seats))
    plan["chaise"] = "yes" if extent[:, 2].max() > 1.25 * depth else "no"
    return plan


FAMILY = Family("sofa", ATTRIBUTES, build, measure)
