"""Chests of drawers: one or two columns, knobs or bars, with and without a mirror."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, pull, stud

ATTRIBUTES = (
    Attribute("drawers", "count", ("2", "3", "4", "5", "6")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("handle", "style", ("knob", "bar")),
    Attribute("mirror", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "white", "black", "blue", "green"), measured=False),
)
WIDTH = {"narrow": (0.5, 0.58), "medium": (0.84, 0.95), "wide": (1.38, 1.55)}  # with a depth of 0.45
HEIGHT = {"narrow": (0.95, 1.25), "medium": (0.8, 1.05), "wide": (0.68, 0.85)}
DEPTH = 0.45


def rows(drawers: int, columns: int) -> list[int]:
    """How many drawers lie side by side, from the top: two in a row, the odd one alone above."""
    if columns == 1 or drawers == 2:
        return [1] * drawers
    return [1] * (drawers % 2) + [2] * (drawers // 2)


def build(plan: Plan, random: Random) -> list[Piece]:
    drawers, material = int(plan["drawers"]), plan["material"]
    width, level = random.uniform(*WIDTH[plan["width"]]), random.uniform(*HEIGHT[plan["width"]])
    columns = {"narrow": 1, "medium": random.choice((1, 2)), "wide": 2}[plan["width"]]
    mirror = random.uniform(0.5, 0.6) if plan["mirror"] == "yes" else 0.0
    step = max(width, level + mirror) / 127
    low = random.uniform(0.07, 0.1)
    plain = random.random() < 0.4 or (drawers == 6 and mirror)
    crown = 0.0 if plain else max(0.04, 6.4 * step)
    other = "wood" if material in ("white", "black", "blue", "green") else "white"
    leaf = other if random.random() < 0.3 else material
    brass = "gold" if material in ("darkwood", "blue", "green", "black") else random.choice(("iron", "metal"))
    pieces = [Piece("body", material, box(width, level if plain else level - crown + 2.6 * step, DEPTH))]
    if crown:
        top = box(width + 5 * step, crown, DEPTH + 6 * step, (0, level - crown, 0.5 * step))
        pieces.append(Piece("top", leaf, top))
    layout = rows(drawers, columns)
    gap, edge = 2 * step, 3 * step
    start, end = low, level - crown - 2.4 * step
    tall = (end - start + gap) / len(layout)
    bars = plan["handle"] == "bar"
    for row, count in enumerate(layout):
        broad = (width - 2 * edge + gap) / count
        for i in range(count):
            x, y = (i - (count - 1) / 2) * broad, end - row * tall - tall + gap
            plate = box(broad - gap, tall - gap, 5 * step, (x, y, DEPTH / 2 - 0.4 * step))
            pieces.append(Piece("drawer", leaf, plate))
            at = (x, y + (tall - gap) / 2, DEPTH / 2 - 1.2 * step)
            if bars:
                pieces.append(Piece("handle", brass, pull(max(0.12, 11 * step), 5 * step, 8 * step, at)))
            else:
                pieces.append(Piece("knob", brass, stud(6 * step, 6 * step, 9 * step, at)))
    if mirror:
        x, tall = width * random.uniform(0.33, 0.42), mirror + 2.7 * step
        deep, z = 5 * step, -DEPTH / 2 + 6 * step
        rise = random.choice((0.0, 0.3)) * x if drawers < 6 else 0.0
        outline = [(-x, 0), (x, 0), (x, tall - rise), (x * 0.55, tall), (-x * 0.55, tall), (-x, tall - rise)]
        if not rise:
            outline = [(-x, 0), (x, 0), (x, tall), (-x, tall)]
        pieces.append(Piece("frame", material, extrude(outline, deep, (0, level - 2.7 * step, z))))
        edge = 5.5 * step
        glass = box(2 * (x - edge), tall - rise - 2 * edge, 5 * step, (0, level + edge, z + 2.2 * step))
        pieces.append(Piece("mirror", "glass", glass))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    body = int(extent.prod(1).argmax())
    (width, _, depth), level = extent[body], pieces[body][1][1]
    flat = [i for i in range(len(pieces)) if extent[i][2] < 0.4 * depth]
    above = [i for i in flat if pieces[i].sum(0)[1] / 2 > level]
    fronts = [i for i in flat if i not in above and pieces[i].sum(0)[2] > pieces[body].sum(0)[2]]
    drawers = [i for i in fronts if extent[i][0] > 0.38 * width]
    plan["drawers"] = str(len(drawers))
    plan["width"] = "narrow" if width / depth < 1.57 else "medium" if width / depth < 2.57 else "wide"
    bars = [i for i in fronts if extent[i][0] < 0.38 * width and extent[i][0] > 1.6 * extent[i][1]]
    plan["handle"] = "bar" if bars else "knob"
    plan["mirror"] = "yes" if above else "no"
    return plan


FAMILY = Family("drawers", ATTRIBUTES, build, measure)
