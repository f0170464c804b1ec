"""Shelves: boards between two sides, open or with a back, empty or with books."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box

ATTRIBUTES = (
    Attribute("boards", "count", ("2", "3", "4", "5", "6")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("back", "option", ("no", "yes")),
    Attribute("books", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "white", "metal", "black"), measured=False),
)
HEIGHT = {"low": (0.82, 0.95), "medium": (1.35, 1.55), "tall": (2.1, 2.4)}  # with a depth about 0.32
WIDTH = {"narrow": (0.52, 0.6), "medium": (0.9, 1.05), "wide": (1.5, 1.75)}
BOOKS = ("red", "blue", "green", "leather", "fabric", "yellow", "purple")


def allowed(plan: Plan) -> bool:
    """A low shelf has room for few boards."""
    return not (plan["height"] == "low" and int(plan["boards"]) > 4)


def build(plan: Plan, random: Random) -> list[Piece]:
    boards, material = int(plan["boards"]), plan["material"]
    height, width = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*WIDTH[plan["width"]])
    depth = random.uniform(0.3, 0.33)
    long = max(height, width)
    thick, step = long * random.uniform(0.031, 0.037), long / 127
    pieces = []
    crown = random.random() < 0.4  # the top board lies over the sides
    side = box(thick, height - 0.3 * thick if crown else height, depth)
    pieces += [Piece("side", material, side.move(x=s * (width - thick) / 2)) for s in (-1, 1)]
    inner = width - 2 * thick + 1.36 * thick  # the boards' length: sunk into the sides
    backing = plan["back"] == "yes"
    rear, front = -depth / 2 + (2.6 if backing else 1.5) * step, depth / 2 - 1.6 * step
    low = long * 0.04 + random.choice((0.0, 0.04)) * height  # the bottom board
    high = height - thick - (0.0 if crown else 1.6 * step)  # the top board
    levels = [low + (high - low) * i / (boards - 1) for i in range(boards)]
    if backing:
        at = (0, low + thick * 0.3, -depth / 2 + 3.3 * step)
        panel = box(inner, high - low + thick * 0.2, 3.9 * step, at)
        pieces.append(Piece("back", material, panel))
    for y in levels[: -1 if crown else None]:
        pieces.append(Piece("board", material, box(inner, thick, front - rear, (0, y, (rear + front) / 2))))
    if crown:
        pieces.append(Piece("top", material, box(width + 4 * step, thick, depth + 4 * step, (0, high, 0))))
    if plan["books"] == "yes":
        room = levels[1] - levels[0] - thick
        wanted = random.randint(5, 8) if boards < 5 else random.randint(4, 6)
        for y in random.sample(levels[:-1], boards - 1):
            x, last = -width / 2 + thick + 2 * step, width / 2 - thick - 2 * step
            if random.random() < 0.3:
                x += (last - x) * 0.4
            run = random.randint(2, 5)
            while wanted and run:
                broad = max(0.045, 4.2 * step) * random.uniform(1.0, 1.6)
                if x + broad > last:
                    break
                tall = min(room * random.uniform(0.65, 0.85), 0.42) * random.uniform(0.8, 1.0)
                deep = (depth - 10 * step) * random.uniform(0.75, 0.95)
                spot = (x + broad / 2, y + thick - 2.6 * step, front - 2 * step - deep / 2)
                book = box(broad, tall + 2.6 * step, deep, spot)
                pieces.append(Piece("book", random.choice(BOOKS), book))
                x += broad + 1.6 * step
                wanted, run = wanted - 1, run - 1
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    width, height, _ = mesh.bounds()[1] - mesh.bounds()[0]
    depth = extent[ground, 2].mean()  # of the sides: a top may be deeper
    rest = [i for i in range(len(pieces)) if i not in ground]
    across = [i for i in rest if extent[i][0] > 0.7 * width]
    boards = [i for i in across if extent[i][1] < extent[i][2]]
    plan["boards"] = str(len(boards))
    plan["width"] = "narrow" if width / depth < 2.3 else "medium" if width / depth < 4.0 else "wide"
    plan["height"] = "low" if height / depth < 3.6 else "medium" if height / depth < 5.75 else "tall"
    plan["back"] = "yes" if len(across) > len(boards) else "no"
    plan["books"] = "yes" if len(rest) > len(across) else "no"
    return plan


FAMILY = Family("shelf", ATTRIBUTES, build, measure, allowed)
