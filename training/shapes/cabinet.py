"""Cabinets: doors side by side, drawers above them, on legs or on the ground."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, pull, taper

ATTRIBUTES = (
    Attribute("doors", "count", ("1", "2", "3")),
    Attribute("drawers", "count", ("0", "1", "2")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("legs", "count", ("0", "4")),
    Attribute("material", "material", ("wood", "darkwood", "white", "metal", "green", "black"), measured=False),
)
HEIGHT = {"low": (0.56, 0.66), "medium": (1.0, 1.15), "tall": (1.75, 2.0)}  # with a depth of 0.45
DEPTH = 0.45
LEAVES = {  # what doors and drawers may be made of, beside the material
    "wood": ("darkwood", "white"),
    "darkwood": ("wood", "glass"),
    "white": ("wood", "glass", "blue"),
    "metal": ("grey", "glass"),
    "green": ("wood", "white"),
    "black": ("wood", "glass"),
}


def build(plan: Plan, random: Random) -> list[Piece]:
    doors, drawers, material = int(plan["doors"]), int(plan["drawers"]), plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    width = doors * random.uniform(0.36, 0.44) + 0.08
    step = max(width, height) / 127
    leaf = random.choice((material, *LEAVES[material]))
    face = material if leaf == "glass" else leaf
    brass = random.choice(("gold", "iron", "metal"))
    if brass == material or (brass == "iron" and material == "black"):
        brass = "gold"
    pieces = []
    low = 0.0  # the body's underside
    if plan["legs"] == "4":
        low, size = random.uniform(0.13, 0.19), max(0.065, 4.6 * step)
        slim = random.choice((1.0, 0.8)) if size > 4.7 * step else 1.0
        x, z = width / 2 - size / 2 - 2.2 * step, DEPTH / 2 - size / 2 - 2.2 * step
        leg = taper((size * slim,) * 2, (size,) * 2, low + 2.7 * step)
        pieces += [Piece("leg", face, leg.move(a * x, 0, b * z)) for a in (-1, 1) for b in (-1, 1)]
    plain = random.random() < 0.5 or (low and doors + drawers == 5)
    crown = 0.0 if plain else 4.8 * step
    high = height - crown + 2.8 * step if crown else height  # the body's top
    pieces.append(Piece("body", material, box(width, high - low, DEPTH, (0, low, 0))))
    if crown:
        top = box(width + 5 * step, crown, DEPTH + 6 * step, (0, height - crown, 0.5 * step))
        pieces.append(Piece("top", face, top))
    gap, edge = 2 * step, 4.2 * step  # between the fronts, and around them
    tall = min(max(0.17 * height, 0.13), 0.2) if drawers else 0.0
    rows = drawers if doors == 1 else min(drawers, 1)
    columns = max(drawers // max(rows, 1), 1)
    start, end = low + (edge if low else 0.07), height - crown - 2.4 * step
    fronts = []  # (name, x, y, width, height)
    for i in range(drawers):
        broad = (width - 2 * edge + gap) / columns
        x, y = (i % columns - (columns - 1) / 2) * broad, end - (i // columns + 1) * tall
        fronts.append(("drawer", x, y + gap, broad - gap, tall - gap))
    broad = (width - 2 * edge + gap) / doors
    fronts += [
        ("door", (i - (doors - 1) / 2) * broad, start, broad - gap, end - rows * tall - start) for i in range(doors)
    ]
    middle = random.uniform(0.5, 0.62)
    for number, (name, x, y, broad, tall) in enumerate(fronts):
        plate = box(broad, tall, 5 * step, (x, y, DEPTH / 2 - 0.4 * step))
        pieces.append(Piece(name, leaf if name == "door" else face, plate))
        if name == "door":
            side = -1 if (number - drawers) % 2 else 1
            grip = pull(min(0.3 * tall, 0.18), 5 * step, 8 * step).turn("z", 90)
            grip = grip.move(x + side * (broad / 2 - 5.5 * step), y + middle * tall)
        else:
            grip = pull(0.1, 5 * step, 8 * step, (x, y + tall / 2, 0))
        pieces.append(Piece("handle", brass, grip.move(z=DEPTH / 2 - 1.2 * step)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    body = int(extent.prod(1).argmax())
    depth = extent[body][2]
    flat = [i for i in range(len(pieces)) if extent[i][2] < 0.4 * depth and i not in ground]
    fronts = [i for i in flat if extent[i][0] > 0.4 * depth]
    low = min((pieces[i][0][1] for i in fronts), default=0.0)
    doors = [i for i in fronts if pieces[i][0][1] < low + probe.NEAR]
    plan["doors"] = str(len(doors))
    plan["drawers"] = str(len(fronts) - len(doors))
    ratio = (mesh.bounds()[1] - mesh.bounds()[0])[1] / depth
    plan["height"] = "low" if ratio < 1.82 else "medium" if ratio < 3.15 else "tall"
    plan["legs"] = str(len(ground) if len(ground) > 1 else 0)
    return plan


FAMILY = Family("cabinet", ATTRIBUTES, build, measure)
