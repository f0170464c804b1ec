"""Benches: a seat of boards on slabs or on trestles of two legs, with and without a back and armrests."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, rectangle, ribbon, taper

ATTRIBUTES = (
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("legs", "count", ("2", "3", "4", "6")),
    Attribute("boards", "count", ("1", "2", "3", "4")),
    Attribute("back", "option", ("no", "yes")),
    Attribute("armrests", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "stone", "white", "green"), measured=False),
)
WIDTH = {"narrow": (1.0, 1.2), "medium": (1.6, 1.85), "wide": (2.5, 2.8)}  # with a seat about 0.52 deep


def allowed(plan: Plan) -> bool:
    """Armrests need a back; a third stand goes under long benches, and then without armrests."""
    three, arms = plan["legs"] in ("3", "6"), plan["armrests"] == "yes"
    return not (arms and plan["back"] == "no") and not (three and (arms or plan["width"] == "narrow"))


def build(plan: Plan, random: Random) -> list[Piece]:
    legs, boards, material = int(plan["legs"]), int(plan["boards"]), plan["material"]
    width, depth = random.uniform(*WIDTH[plan["width"]]), random.uniform(0.5, 0.55)
    level, thick, sunk = random.uniform(0.48, 0.55), random.uniform(0.09, 0.11), 0.055  # the seat's top
    other = {"stone": "stone", "darkwood": "stone"}.get(material, "iron")
    frame = random.choice((material, other))  # the material of all but the boards
    pieces = []
    end = width / 2 - 0.26
    columns = [-end, end] if legs in (2, 4) else [-end, 0.0, end]
    under = level - thick
    for x in columns:
        if legs in (2, 3):
            slab = taper((0.13, depth - 0.16), (0.13, depth - 0.06), under + sunk, (x, 0, 0))
            pieces.append(Piece("leg", frame, slab))
            continue
        for side in (-1, 1):
            foot = rectangle(0.09, 0.09, 0.0, z=side * (depth / 2 - 0.05))
            head = rectangle(0.11, 0.11, under + 0.03, z=side * (depth / 2 - 0.12))
            pieces.append(Piece("leg", frame, loft([foot, head]).move(x=x)))
        pieces.append(Piece("rail", frame, box(0.15, 0.12, depth - 0.06, (x, under + sunk - 0.12, 0))))
    gap = 0.05
    broad = (depth - gap * (boards - 1)) / boards
    for i in range(boards):
        z = depth / 2 - broad / 2 - i * (broad + gap)
        pieces.append(Piece("board", material, box(width, thick, broad, (0, under, z))))
    if plan["back"] == "yes":
        top, lean = random.uniform(0.45, 0.52), 0.2  # of the back above the seat
        rear, reach = -depth / 2 + 0.03, width / 2 - 0.1
        start = rectangle(0.075, 0.09, under - 0.1, z=rear)
        post = loft([start, rectangle(0.075, 0.08, level + top, z=rear - lean * (top + thick))])
        pieces += [Piece("post", frame, post.move(x=s * reach)) for s in (-1, 1)]
        slats = 1 if plan["legs"] == "6" or plan["armrests"] == "yes" else random.choice((1, 2))
        pitch = (top - 0.1) / slats
        tall = pitch - 0.06 if slats == 2 else pitch * 0.75
        for i in range(slats):
            middle = top + 0.03 - tall / 2 - i * pitch
            slat = box(width, tall, 0.08, (0, -tall / 2, 0)).turn("x", -np.degrees(np.arctan(lean)))
            pieces.append(
                Piece("slat", material, slat.move(y=level + middle, z=rear - lean * (middle + thick) + 0.025))
            )
        if plan["armrests"] == "yes":
            front, high = depth / 2 - 0.08, 0.26
            path = [
                (-front, level - sunk),
                (-front, level + high),
                (-rear + lean * (high + thick), level + high),
            ]
            arm = ribbon(path, 0.08, 0.12).turn("y", 90.0)
            pieces += [Piece("arm", frame, arm.move(x=s * reach)) for s in (-1, 1)]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    rest = [i for i in range(len(pieces)) if i not in ground]
    long = [i for i in rest if extent[i][0] > 0.8 * extent[:, 0].max()]
    low = min((pieces[i][0][1] for i in long), default=0.0)
    seat = [i for i in long if pieces[i][0][1] <= low + probe.NEAR]
    depth = pieces[seat, 1, 2].max() - pieces[seat, 0, 2].min() if seat else 1.0
    level = pieces[seat, 1, 1].max() if seat else 0.0
    ratio = extent[:, 0].max() / depth
    plan["width"] = "narrow" if ratio < 2.65 else "medium" if ratio < 4.1 else "wide"
    plan["legs"] = str(len(ground))
    plan["boards"] = str(len(seat))
    plan["back"] = "yes" if len(long) > len(seat) else "no"
    arms = [i for i in rest if extent[i][2] > 0.6 * depth and pieces[i][1][1] > level + probe.NEAR and i not in long]
    plan["armrests"] = "yes" if arms else "no"
    return plan


FAMILY = Family("bench", ATTRIBUTES, build, measure, allowed)
