"""Desks: drawers in pedestals or under the top, with and without a hutch."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, pull, stud, taper

ATTRIBUTES = (
    Attribute("drawers", "count", ("0", "1", "2", "3", "4")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("hutch", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "white", "metal", "black"), measured=False),
)
WIDTH = {"narrow": (0.88, 0.98), "medium": (1.3, 1.45), "wide": (1.9, 2.1)}  # with a depth of 0.65
HEIGHT = {"low": (0.48, 0.55), "medium": (0.75, 0.83), "tall": (1.06, 1.2)}
DEPTH = 0.65
ACCENT = {"wood": "darkwood", "darkwood": "wood", "white": "wood", "metal": "black", "black": "wood"}


def build(plan: Plan, random: Random) -> list[Piece]:
    drawers, material = int(plan["drawers"]), plan["material"]
    width, level = random.uniform(*WIDTH[plan["width"]]), random.uniform(*HEIGHT[plan["height"]])
    hutch = random.uniform(0.38, 0.46) if plan["hutch"] == "yes" else 0.0
    step = max(width, level + hutch) / 127
    thick = max(random.uniform(0.045, 0.06), 6.4 * step)
    top_of = ACCENT[material] if random.random() < 0.4 else material
    brass = "gold" if material in ("wood", "darkwood") and random.random() < 0.6 else "iron"
    if brass == "iron" and material == "black":
        brass = "metal"
    pieces = [Piece("top", top_of, box(width, thick, DEPTH, (0, level - thick, 0)))]
    under = level - thick  # the room below the top
    size = max(random.uniform(0.07, 0.09), 6.2 * step)
    slim = random.choice((1.0, 0.65))
    leg = taper((size * slim,) * 2, (size,) * 2, under + 2.6 * step)
    x, z = width / 2 - size / 2 - 2.5 * step, DEPTH / 2 - size / 2 - 2.5 * step
    rooms = []  # (x, y, width, height, z of the front) of drawers
    apron = drawers == 0 or (drawers < 4 and (random.random() < 0.4 or under < (9 * drawers + 8) * step))
    if apron:
        pieces += [Piece("leg", material, leg.move(a * x, 0, b * z)) for a in (-1, 1) for b in (-1, 1)]
        tall, front = max(0.11, 9 * step) if drawers == 0 else 0.16, DEPTH / 2 - 5.5 * step
        span = 2 * x - size - 3 * step  # between the legs
        at = (0, under - tall, 0)
        pieces.append(Piece("apron", material, box(2 * x + size / 2, tall + 1.3 * step, 2 * front, at)))
        broad = (0.6 if drawers == 1 else 1.0) * span / max(drawers, 1)
        for i in range(drawers):
            spot = (i - (drawers - 1) / 2) * broad
            rooms.append((spot, under - tall + 2 * step, broad - 2.4 * step, tall - 4 * step, front))
    else:
        broad, deep = min(max(0.28 * width, 0.32), 0.44), DEPTH - 6 * step
        side = random.choice((-1, 1))
        sides = (-1, 1) if drawers == 4 else (side,)
        stack = drawers // len(sides)
        for s in sides:
            at = s * (width / 2 - broad / 2 - 3 * step)
            pieces.append(Piece("pedestal", material, box(broad, under + 2.6 * step, deep, (at, 0, 0))))
            low = max(0.06, 5.5 * step)
            tall = min((under - low - 1.5 * step) / stack, 0.27)
            for i in range(stack):
                rooms.append((at, under - 1.5 * step - (i + 1) * tall, broad - 5 * step, tall - 2.2 * step, deep / 2))
        if len(sides) == 1 and random.random() < 0.4:
            pieces += [Piece("leg", material, leg.move(-side * x, 0, b * z)) for b in (-1, 1)]
        elif len(sides) == 1:
            panel = box(size * 0.8, under + 2.6 * step, deep - 4 * step, (-side * x, 0, 0))
            pieces.append(Piece("side", material, panel))
    knobs = random.random() < 0.5 or (apron and hutch > 0 and drawers == 3)
    for x, y, broad, tall, front in rooms:
        plate = box(broad, tall, 5 * step, (x, y, front - 0.4 * step))
        pieces.append(Piece("drawer", top_of, plate))
        at = (x, y + tall / 2, front - 1.2 * step)
        grip = stud(5.5 * step, 5.5 * step, 9 * step, at) if knobs else pull(0.09 * width, 5 * step, 8 * step, at)
        pieces.append(Piece("knob" if knobs else "handle", brass, grip))
    if hutch:
        board, deep = max(0.045, 4.8 * step), random.uniform(0.22, 0.28)
        z = -DEPTH / 2 + deep / 2 + 2 * step
        side = box(board, hutch - board + 5.4 * step, deep, (0, level - 2.7 * step, z))
        x = width / 2 - board / 2 - 3 * step
        pieces += [Piece("side", material, side.move(x=s * x)) for s in (-1, 1)]
        roof = box(width - 2 * step, board, deep + 3 * step, (0, level + hutch - board, z))
        pieces.append(Piece("shelf", top_of, roof))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    rest = [i for i in range(len(pieces)) if i not in ground]
    top = max(rest, key=lambda i: extent[i][0] * extent[i][2], default=0)
    width, _, depth = extent[top]
    level = pieces[top][1][1] - mesh.bounds()[0][1]
    small = [i for i in rest if extent[i][2] < 0.25 * depth and pieces[i][1][1] < pieces[top][1][1] - 0.5]
    plan["drawers"] = str(sum(extent[i][0] > 0.135 * width for i in small))
    plan["width"] = "narrow" if width / depth < 1.73 else "medium" if width / depth < 2.55 else "wide"
    plan["height"] = "low" if level / depth < 0.99 else "medium" if level / depth < 1.44 else "tall"
    plan["hutch"] = "yes" if pieces[:, 1, 1].max() > pieces[top][1][1] + probe.NEAR else "no"
    return plan


FAMILY = Family("desk", ATTRIBUTES, build, measure)
