"""Boats of wood or paint, their bow towards +Z: sailing boats with one to three masts, and boats without."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, loft, mirrored, silhouette, taper, tube

ATTRIBUTES = (
    Attribute("masts", "count", ("0", "1", "2", "3")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("cabin", "option", ("no", "yes")),
    Attribute("oars", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "white", "red", "blue"), measured=False),
)
LENGTH = {"short": (1.6, 1.75), "medium": (2.2, 2.4), "long": (3.0, 3.25)}  # against a hull 1 wide


def outline(half: float, y: float, scale: float, bow: float, rise: float = 0.0) -> np.ndarray:
    """A ring of the hull at height y, shrunk by `scale`; its tip at z = `bow` of `half`, `rise` higher."""
    corners = [(0.0, 1.0), (0.47, 0.42), (0.5, -0.35), (0.36, -1.0), (-0.36, -1.0), (-0.5, -0.35), (-0.47, 0.42)]
    ring = np.array([(x * scale, y, z * half * scale) for x, z in corners])
    ring[0] = (0.0, y + rise, half * bow)
    return ring


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, half = plan["material"], random.uniform(*LENGTH[plan["length"]]) / 2
    count, rim = int(plan["masts"]), random.uniform(0.46, 0.54)
    rise = 0.06
    rings = [
        outline(half, 0.0, 0.7, 0.7),
        outline(half, rim, 1.0, 1.0 + 0.3 * rise / rim, rise),
        outline(half, rim, 0.8, 0.8, 0.8 * rise),
        outline(half, rim - 0.24, 0.74, 0.74),
    ]
    pieces = [Piece("hull", paint, loft(rings))]
    deck = rim - 0.24
    back, front = -0.66 * half, 0.6 * half
    if plan["cabin"] == "yes":
        deep, high = 0.42 * half, random.uniform(0.5, 0.62)
        z = -0.5 * half
        wall = random.choice([m for m in ("white", "wood", "plaster", "darkwood") if m != paint])
        pieces.append(Piece("cabin", wall, taper((0.56, deep), (0.5, deep * 0.9), high, (0, deck - 0.09, z))))
        top = random.choice([m for m in ("red", "darkwood", "blue", "wood") if m != wall])
        pieces.append(Piece("roof", top, box(0.64, 0.15, deep + 0.08, (0, deck + high - 0.17, z))))
        back = -0.26 * half
    else:
        seat = box(0.86, 0.13, 0.24, (0, rim - 0.19, -0.56 * half))
        pieces.append(Piece("seat", "wood" if paint != "wood" else "darkwood", seat))
    gap = (front - back) / max(count, 1)
    square, cloth = random.random() < 0.5, random.choice(("paper", "white", "red", "straw"))
    tall = random.uniform(1.5, 1.8) if square else random.uniform(1.4, 1.65)
    for k in range(count):
        z = back + (k + 0.5) * gap
        high = tall * (1.0 if k == (count - 1) / 2 else 0.9)
        pieces.append(Piece("mast", "darkwood", taper((0.15, 0.15), (0.11, 0.11), high, (0, deck - 0.09, z))))
        if square:
            sail = taper((0.96, 0.11), (0.74, 0.11), 0.62 * high, (0, deck + 0.22 * high, z + 0.06))
        else:
            boom, foot = min(0.8 * gap if count > 1 else 0.62 * half, 0.8), 0.3
            sail = silhouette([(-boom, foot), (0.02, foot), (0.02, high - 0.16)], 0.1, (0, deck, z))
        pieces.append(Piece("sail", cloth, sail))
    if plan["oars"] == "yes":
        z = 0.12 * half
        oar = tube(0.07, (0.3, rim + 0.12, z), (0.98, 0.16, z - 0.24), 4, tip=0.12)
        pieces += [Piece("oar", "straw", oar), Piece("oar", "straw", mirrored(oar))]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    hull = max(probe.standing(mesh), key=lambda i: size[i, 2])
    wide = size[hull, 0]
    rest = [i for i in range(len(parts)) if i != hull]
    masts = [
        i
        for i in rest
        if len(parts[i].vertices) == 8 and size[i, [0, 2]].max() < 0.24 * wide and size[i, 1] > 0.7 * wide
    ]
    plan["masts"] = str(len(masts))
    ratio = size[hull, 2] / wide
    plan["length"] = "short" if ratio < 1.97 else "medium" if ratio < 2.7 else "long"
    cabin = [i for i in rest if size[i, 0] < 0.7 * wide and size[i].min() > 0.3 * wide]
    plan["cabin"] = "yes" if cabin else "no"
    plan["oars"] = "yes" if [i for i in rest if abs(middle[i, 0] - middle[hull, 0]) > 0.4 * wide] else "no"
    return plan


FAMILY = Family("boat", ATTRIBUTES, build, measure)
