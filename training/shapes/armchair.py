"""Armchairs: a soft seat between square, round or sloped arms, with and without wings and a pillow."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, extrude, loft, mirrored, rectangle, silhouette, taper

ATTRIBUTES = (
    Attribute("back", "size", ("low", "medium", "tall")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("arm", "style", ("square", "round", "sloped")),
    Attribute("wings", "option", ("no", "yes")),
    Attribute("pillow", "option", ("no", "yes")),
    Attribute("material", "material", ("fabric", "leather", "red", "green", "purple", "white"), measured=False),
)
BACK = {"low": (0.36, 0.42), "medium": (0.6, 0.7), "tall": (0.95, 1.1)}  # above the seat, with a depth of 0.9
WIDTH = {"narrow": (0.82, 0.9), "medium": (1.1, 1.22), "wide": (1.5, 1.65)}
DEPTH = 0.9
SOFT = ("red", "yellow", "green", "white", "fabric", "orange", "blue", "paper")


def rest(style: str, width: float, height: float, front: float, rear: float) -> Solid:
    """An armrest from z = rear to z = front, standing on y = 0."""
    if style == "sloped":
        return silhouette([(rear, 0), (front * 0.94, 0), (front, height * 0.72), (rear, height * 1.08)], width)
    a, bulge = width * 0.42, width * 0.5
    outline = [
        (-a, 0),
        (a, 0),
        (bulge, height * 0.78),
        (a * 0.55, height),
        (-a * 0.55, height),
        (-bulge, height * 0.78),
    ]
    if style == "square":
        outline = [(-bulge, 0), (bulge, 0), (bulge, height), (-bulge, height)]
    return extrude(outline, front - rear, (0, 0, (front + rear) / 2))


def backrest(width: float, low: float, high: float, thick: float, lean: float) -> Solid:
    """A back from y = low to y = high that leans back and thins towards its top; its foot's rear is z = 0."""
    rings = [
        rectangle(width, thick, low, z=thick / 2),
        rectangle(width * 0.96, thick * 0.7, high, z=thick * 0.35 - lean),
    ]
    return loft(rings)


def build(plan: Plan, random: Random) -> list[Piece]:
    material = plan["material"]
    width, back = random.uniform(*WIDTH[plan["width"]]), random.uniform(*BACK[plan["back"]])
    low, tall = random.uniform(0.1, 0.15), random.uniform(0.18, 0.22)  # the base's underside and height
    pad = random.uniform(0.12, 0.15)  # the seat's cushion above the base
    level = low + tall + pad
    step = max(width, DEPTH + 0.1, level + back) / 127
    wood = random.choice(("wood", "darkwood", "black"))
    arm = random.uniform(0.17, 0.2)
    inner = width - 2 * arm  # between the arms
    pieces = []
    feet = random.random()
    if feet < 0.4:
        size, slim = 0.075, random.choice((1.0, 0.6))
        leg = taper((size * slim,) * 2, (size,) * 2, low + 3.8 * step)
        x, z = width / 2 - arm / 2, DEPTH / 2 - 0.12
        pieces += [Piece("leg", wood, leg.move(a * x, 0, b * z)) for a in (-1, 1) for b in (-1, 1)]
    elif feet < 0.75:
        low *= 0.7
        plinth = box(width - 0.2, low + 3.8 * step, DEPTH - 0.18)
        pieces.append(Piece("base", wood, plinth))
    else:
        level, low = level - low + 0.05, 0.0
    rear = -DEPTH / 2
    bottom = low + 1.2 * step
    seat = box(inner + 5.4 * step, level - pad - bottom, DEPTH - 5 * step, (0, bottom, 0))
    pieces.append(Piece("seat", material, seat))
    soft = random.choice(SOFT) if random.random() < 0.3 else material
    deep = DEPTH - 0.12
    cover = taper((inner - 3 * step, deep + 3 * step), (inner - 6 * step, deep - 0.02), pad + 2.8 * step)
    pieces.append(Piece("cushion", soft, cover.move(0, level - pad - 2.8 * step, DEPTH / 2 - deep / 2)))
    height = level - low + random.uniform(0.17, 0.22)  # of the arms
    side = rest(plan["arm"], arm, height, DEPTH / 2, rear + 0.06).move(-(width - arm) / 2, low)
    pieces += [Piece("arm", material, solid) for solid in (side, mirrored(side))]
    thick, lean = random.uniform(0.2, 0.24), random.uniform(0.06, 0.1)
    broad = inner + 2 * arm * 0.62
    pieces.append(Piece("back", material, backrest(broad, low + 2.4 * step, level + back, thick, lean).move(z=rear)))
    if plan["wings"] == "yes":
        start = low + height * (1.04 if plan["arm"] == "sloped" else 1.0) - 3 * step
        end, z = level + back - 2.5 * step, rear + 0.03
        reach = random.uniform(0.32, 0.4)
        outline = [(z - 0.2 * lean, start), (z + reach, start), (z + reach - 0.04, end - 0.05), (z + 0.12, end)]
        outline.append((z - lean * 0.7, end))
        wing = silhouette(outline, 0.1, (-broad / 2 + 0.02, 0, 0))
        pieces += [Piece("wing", material, solid) for solid in (wing, mirrored(wing))]
    if plan["pillow"] == "yes":
        edge = min(0.34, inner * 0.62)
        pillow = taper((edge, edge), (edge * 0.8, edge * 0.8), 0.13, (0, -0.03, 0)).turn("x", random.uniform(64, 72))
        x = random.uniform(-0.5, 0.5) * (inner - edge) * 0.6
        colour = random.choice([name for name in SOFT if name != soft])
        at = (x, level + edge / 2 - 0.045, rear + thick * 0.9)
        pieces.append(Piece("pillow", colour, pillow.move(*at)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    ground = [i for i in probe.standing(mesh) if extent[i][1] < 0.3 * extent[:, 2].max()]
    width, centre = mesh.bounds()[1][0] - mesh.bounds()[0][0], mesh.bounds().sum(0)[0] / 2
    others = [i for i in range(len(pieces)) if i not in ground]
    sides = [i for i in others if abs(middle[i][0] - centre) > 0.28 * width]
    arms = sorted(sides, key=lambda i: pieces[i][0][1])[:2] or [0]
    depth = extent[arms].max(0)[2]
    flat = [i for i in others if i not in sides and extent[i][2] > 0.6 * depth and extent[i][1] < 0.5 * depth]
    seat = max((pieces[i][1][1] for i in flat), default=0.0)
    backs = [i for i in others if i not in sides and i not in flat]
    ratio = (max((pieces[i][1][1] for i in backs), default=seat) - seat) / depth
    plan["back"] = "low" if ratio < 0.6 else "medium" if ratio < 0.98 else "tall"
    ratio = width / depth
    plan["width"] = "narrow" if ratio < 1.19 else "medium" if ratio < 1.62 else "wide"
    top = parts[arms[0]].vertices
    top = top[top[:, 1] > top[:, 1].max() - 1.5]
    if np.ptp(top[:, 2]) < 0.5 * depth:
        plan["arm"] = "sloped"
    else:
        plan["arm"] = "round" if np.ptp(top[:, 0]) < 0.8 * extent[arms[0]][0] else "square"
    plan["wings"] = "yes" if len(sides) > 2 else "no"
    plan["pillow"] = "yes" if any(pieces[i][0][1] > seat - 0.2 * depth for i in backs) else "no"
    return plan


FAMILY = Family("armchair", ATTRIBUTES, build, measure)
