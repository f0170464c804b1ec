"""Treasure chests: a flat or arched lid, closed or open on gold, with bands and a lock."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, gem, silhouette, taper

ATTRIBUTES = (
    Attribute("lid", "style", ("flat", "arched")),
    Attribute("form", "style", ("closed", "open")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("bands", "count", ("0", "2", "3")),
    Attribute("lock", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "iron", "red", "blue", "stone"), measured=False),
)
WIDTH = {"narrow": (0.64, 0.74), "medium": (0.98, 1.1), "wide": (1.45, 1.6)}  # with a depth of 0.6
DEPTH = 0.6


def cover(arched: bool, width: float, grow: float, high: float, low: float = 0.0) -> Solid:
    """A lid, or a band over it `grow` larger, from y = low; `high` is the lid's height."""
    d, top = DEPTH / 2 + grow, high + grow
    if not arched:
        return silhouette([(-d, low), (d, low), (d - 0.03, top), (-d + 0.03, top)], width)
    outline = [(-d, low), (d, low), (d, high * 0.4), (d * 0.55, top), (-d * 0.55, top), (-d, high * 0.4)]
    return silhouette(outline, width)


def build(plan: Plan, random: Random) -> list[Piece]:
    material, arched, ajar = plan["material"], plan["lid"] == "arched", plan["form"] == "open"
    width, height = random.uniform(*WIDTH[plan["width"]]), random.uniform(0.36, 0.44)
    high = random.uniform(0.26, 0.32) if arched else random.uniform(0.12, 0.16)
    step = max(width, 1.05 if ajar else 0.75) / 127
    metal = random.choice(("gold", "iron", "metal")) if material not in ("iron", "stone") else "gold"
    pieces = [Piece("body", material, box(width, height, DEPTH))]
    angle = random.uniform(72, 100) if ajar else 0.0

    def hung(solid: Solid) -> Solid:
        """A part of the lid in its place."""
        if ajar:
            return solid.move(z=DEPTH / 2).turn("x", -angle).move(y=height - 4 * step, z=-DEPTH / 2 + 4.5 * step)
        return solid.move(y=height - 2.8 * step)

    pieces.append(Piece("lid", material, hung(cover(arched, width + 2.6 * step, 1.3 * step, high))))
    bands, broad = int(plan["bands"]), max(random.uniform(0.07, 0.1), 5 * step)
    spread = width / 2 - broad / 2 - random.uniform(0.04, 0.1)
    for i in range(bands):
        x = spread * (2 * i / (bands - 1) - 1)
        strap = box(broad, height - (11.6 if ajar else 9) * step, DEPTH + 4 * step, (x, 2.2 * step, 0))
        pieces.append(Piece("band", metal, strap))
        hoop = cover(arched, broad - 2.2 * step, 3.2 * step, high, 1.5 * step)
        pieces.append(Piece("band", metal, hung(hoop.move(x=x))))
    if ajar:
        mound = taper((width - 0.1, DEPTH - 0.1), (width * 0.45, DEPTH * 0.4), 0.14 + 2.8 * step)
        pieces.append(Piece("gold", "gold", mound.move(y=height - 2.8 * step)))
        if bands < 3 or not arched:
            jewel = gem(
                0.13, 0.13, 0.13, (random.uniform(-0.2, 0.2) * width, height + 0.15, random.uniform(-0.08, 0.08))
            )
            pieces.append(Piece("jewel", random.choice(("red", "green", "blue", "purple")), jewel))
    if plan["lock"] == "yes":
        tall = random.uniform(0.15, 0.19)
        y = height - tall + (-3.4 * step if ajar else 0.4 * tall)
        deep = 6.6 * step
        plate = box(0.12, tall, deep + 3 * step, (0, y, DEPTH / 2 + (deep - 3 * step) / 2))
        pieces.append(
            Piece("lock", "gold" if metal != "gold" or bands == 0 else "iron" if material != "iron" else "metal", plate)
        )
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    ground = probe.standing(mesh)
    body = max(ground, key=lambda i: extent[i][0])
    lid = max((i for i in range(len(pieces)) if i != body), key=lambda i: extent[i][0], default=body)
    width, _, depth = extent[body]
    plan["lid"] = "arched" if len(parts[lid].vertices) > 10 else "flat"
    plan["form"] = "open" if extent[lid][1] > extent[lid][2] else "closed"
    plan["width"] = "narrow" if width / depth < 1.43 else "medium" if width / depth < 2.12 else "wide"
    plan["bands"] = str(len(ground) - 1)
    rest = [i for i in range(len(pieces)) if i not in ground and extent[i][2] < 0.4 * depth]
    plan["lock"] = "yes" if any(pieces[i][1][2] > pieces[body][1][2] + 1 for i in rest) else "no"
    return plan


FAMILY = Family("chest", ATTRIBUTES, build, measure)
