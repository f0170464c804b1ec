"""Stools: a round or square seat on splayed legs or on a pedestal."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, loft, rectangle, taper

ATTRIBUTES = (
    Attribute("seat", "style", ("round", "square")),
    Attribute("legs", "count", ("1", "3", "4")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("rungs", "option", ("no", "yes")),
    Attribute("cushion", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "iron", "white"), measured=False),
)
HEIGHT = {"low": (0.42, 0.52), "medium": (0.85, 1.0), "tall": (1.5, 1.7)}  # against a seat about 0.8 wide


def allowed(plan: Plan) -> bool:
    """Rungs join legs; three legs go with a round seat."""
    if plan["legs"] == "1":
        return plan["rungs"] == "no"
    return plan["legs"] == "4" or plan["seat"] == "round"


def build(plan: Plan, random: Random) -> list[Piece]:
    legs, material = int(plan["legs"]), plan["material"]
    height, thick = random.uniform(*HEIGHT[plan["height"]]), random.uniform(0.09, 0.12)
    size, sunk = random.uniform(0.085, 0.11), 0.04
    post = height - thick  # the underside of the seat
    pieces = []
    if legs == 1:
        foot = random.uniform(0.22, 0.26) if plan["height"] == "low" else random.uniform(0.28, 0.34)
        stem = lathe([(foot, 0.0), (foot * 0.9, 0.06), (size * 0.75, 0.13), (size * 0.75, post + sunk)], 8)
        pieces.append(Piece("pedestal", material, stem))
    else:
        splay = random.uniform(0.02, 0.1)
        reach = 0.28 if plan["seat"] == "round" else 0.38  # of the legs' tops, from the middle
        first = 45.0 if legs == 4 else 90.0
        top = post + sunk
        if legs == 4:  # square to the front
            low, high = (reach + splay) * np.sqrt(0.5), reach * np.sqrt(0.5)
            leg = loft([rectangle(size * 0.75, size * 0.75, 0.0, low, low), rectangle(size, size, top, high, high)])
            pieces += [Piece("leg", material, solid) for solid in leg.around(legs)]
        else:
            leg = loft([rectangle(size * 0.75, size * 0.75, 0.0, reach + splay), rectangle(size, size, top, reach)])
            pieces += [Piece("leg", material, solid) for solid in leg.around(legs, first)]
        if plan["rungs"] == "yes":
            part = random.uniform(0.3, 0.42)
            half = np.pi / legs
            for i in range(legs):
                level = part + (0.09 if legs == 4 and i % 2 else 0.0)  # crossing bars pass each other
                out = reach + splay * (1 - level)
                length = 2 * out * np.sin(half) - (0.0 if legs == 4 else size * 0.3)
                bar = box(0.055, 0.055, length, (out * np.cos(half) - 0.016, level * top - 0.03, 0))
                pieces.append(Piece("rung", material, bar.turn("y", first + 360.0 * (i + 0.5) / legs)))
    if plan["seat"] == "round":
        seat = lathe([(0.37, 0.0), (0.41, thick * 0.5), (0.4, thick)], random.choice((8, 10)))
        pad = lathe([(0.36, 0.0), (0.31, 0.14)], 8)
    else:
        seat = box(0.76, thick, 0.76)
        pad = taper((0.66, 0.66), (0.56, 0.56), 0.14)
    pieces.append(Piece("seat", material, seat.move(y=post)))
    if plan["cushion"] == "yes":
        soft = random.choice(("leather", "red", "fabric", "green", "black"))
        pieces.append(Piece("cushion", soft, pad.move(y=height - sunk)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    extent = pieces[:, 1] - pieces[:, 0]
    rest = [i for i in range(len(pieces)) if i not in ground]
    middle = (mesh.bounds()[0] + mesh.bounds()[1]) / 2
    centred = [i for i in rest if np.abs((pieces[i].sum(0) / 2 - middle)[[0, 2]]).max() < 0.2 * extent[i][0]]
    seat = min(centred, key=lambda i: pieces[i][0][1], default=0)
    plan["seat"] = "round" if probe.outline_corners(parts[seat]) > 4 else "square"
    plan["legs"] = str(len(ground))
    ratio = pieces[seat][1][1] / extent[seat][0] - mesh.bounds()[0][1] / extent[seat][0]
    plan["height"] = "low" if ratio < 0.83 else "medium" if ratio < 1.55 else "tall"
    plan["rungs"] = "yes" if len(rest) > len(centred) else "no"
    plan["cushion"] = "yes" if len(centred) > 1 else "no"
    return plan


FAMILY = Family("stool", ATTRIBUTES, build, measure, allowed)
