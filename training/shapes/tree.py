"""Trees: pines of stacked cones and oaks of round clumps."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, lathe

ATTRIBUTES = (
    Attribute("kind", "style", ("pine", "oak")),
    Attribute("crowns", "count", ("1", "2", "3", "4")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("trunk", "size", ("thin", "medium", "thick")),
    Attribute("leaves", "material", ("green", "orange", "yellow", "pink", "snow"), measured=False),
)
HEIGHT = {"low": (1.1, 1.25), "medium": (1.6, 1.85), "tall": (2.4, 2.7)}  # against a crown 1 wide
TRUNK = {"thin": (0.11, 0.13), "medium": (0.19, 0.22), "thick": (0.32, 0.37)}  # across, at its top
CLUMPS = {  # crowns -> (x, y, z, radius) of each clump of an oak, in a crown about 1 wide and 1 high
    "1": ((0.0, 0.5, 0.0, 0.5),),
    "2": ((-0.08, 0.37, 0.0, 0.42), (0.16, 0.74, 0.03, 0.31)),
    "3": ((-0.2, 0.34, 0.05, 0.34), (0.24, 0.45, -0.04, 0.3), (-0.02, 0.76, 0.0, 0.3)),
    "4": (
        (-0.23, 0.36, -0.02, 0.31),
        (0.25, 0.42, -0.06, 0.28),
        (0.05, 0.32, 0.22, 0.27),
        (0.0, 0.76, 0.02, 0.3),
    ),
}


def pine(count: int, height: float, clear: float) -> list[Solid]:
    """Cones on each other, the lowest 1 wide, from `clear` over the ground up to `height`."""
    rise = (height - clear) * 1.6 / (count + 0.6)
    step = rise / 1.6
    radii = [0.5 * (1.0 - 0.17 * k) / np.cos(np.pi / 8) for k in range(count)]
    return [lathe([(r, 0), (0, rise)], 8, (0, clear + step * k, 0)) for k, r in enumerate(radii)]


def oak(clumps: tuple[tuple[float, ...], ...], height: float, clear: float, mirror: int) -> list[Solid]:
    """Clumps that together reach 1 wide, from `clear` over the ground up to `height`."""
    blob = lathe([(0.5, -0.95), (1.0, -0.2), (0.86, 0.5), (0.4, 1.0)], (8, 7, 6, 6)[len(clumps) - 1])
    solids = [blob.turn("y", 20 * k).scale(r, r, r).move(mirror * x, y, z) for k, (x, y, z, r) in enumerate(clumps)]
    points = np.concatenate([solid.vertices for solid in solids])
    low, high = points.min(0), points.max(0)
    wide, tall = 1.0 / (high - low)[[0, 2]].max(), (height - clear) / (high[1] - low[1])
    return [solid.move(y=-low[1]).scale(wide, tall, wide).move(y=clear) for solid in solids]


def build(plan: Plan, random: Random) -> list[Piece]:
    height, half = random.uniform(*HEIGHT[plan["height"]]), random.uniform(*TRUNK[plan["trunk"]]) / 2
    bark = random.choice(("bark", "wood", "darkwood"))
    if plan["kind"] == "pine":
        clear = height * random.uniform(0.14, 0.2)
        crowns = pine(int(plan["crowns"]), height, clear)
        trunk = lathe([(half * 1.25, 0), (half, clear + 0.1 * height)], 6)
    else:
        clear = max(height * random.uniform(0.34, 0.42), height - 1.3)
        crowns = oak(CLUMPS[plan["crowns"]], height, clear, random.choice((-1, 1)))
        trunk = lathe([(half * 1.5, 0), (half * 1.05, clear * 0.3), (half, clear + 0.2 * (height - clear))], 6)
    return [Piece("trunk", bark, trunk), *(Piece("crown", plan["leaves"], crown) for crown in crowns)]


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, ground = mesh.pieces(), probe.standing(mesh)
    crowns = [part for i, part in enumerate(parts) if i not in ground]
    trunk = parts[ground[0]]
    plan["kind"] = "pine" if crowns and all(probe.end_corners(part, 1) == 1 for part in crowns) else "oak"
    plan["crowns"] = str(len(crowns))
    points = np.concatenate([part.vertices for part in crowns] or [trunk.vertices])
    width = float(np.ptp(points[:, [0, 2]], axis=0).max())
    ratio = (mesh.bounds()[1] - mesh.bounds()[0])[1] / width
    plan["height"] = "low" if ratio < 1.42 else "medium" if ratio < 2.1 else "tall"
    slim = probe.end_width(trunk) / width
    plan["trunk"] = "thin" if slim < 0.16 else "medium" if slim < 0.27 else "thick"
    return plan


FAMILY = Family("tree", ATTRIBUTES, build, measure)
