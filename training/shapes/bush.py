"""Bushes: clumps of leaves, round, clipped square or pointed, with berries."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import gem, lathe, loft, rectangle

ATTRIBUTES = (
    Attribute("clumps", "count", ("1", "2", "3", "4")),
    Attribute("shape", "style", ("round", "square", "pointed")),
    Attribute("berries", "count", ("0", "2", "3", "4", "5")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("leaves", "material", ("leaf", "green", "needle", "orange", "yellow"), measured=False),
)
HEIGHT = {"low": (0.36, 0.44), "medium": (0.68, 0.8), "tall": (1.2, 1.4)}  # against the wider side
CLUMPS = {  # clumps -> (x, z, radius, height) of each
    "1": ((0.0, 0.0, 1.0, 1.0),),
    "2": ((-0.45, 0.05, 1.0, 1.0), (0.75, -0.08, 0.78, 0.72)),
    "3": ((0.0, -0.3, 1.0, 1.0), (-0.9, 0.12, 0.7, 0.66), (0.78, 0.2, 0.8, 0.76)),
    "4": ((-0.35, -0.25, 1.0, 1.0), (-1.05, 0.35, 0.68, 0.62), (0.75, -0.15, 0.84, 0.82), (0.22, 0.6, 0.66, 0.55)),
}
PROFILES = {  # (radius, y) of a clump
    "round": ((0.8, 0.0), (1.0, 0.42), (0.86, 0.76), (0.42, 1.0)),
    "square": ((0.94, 0.0), (0.98, 0.82), (0.82, 1.0)),
    "pointed": ((0.8, 0.0), (1.0, 0.2), (0.0, 1.0)),
}
BERRIES = ((0.0, 0.55), (-38.0, 0.42), (36.0, 0.34), (-58.0, 0.62), (56.0, 0.5))  # (degrees, height) on a clump


def radius_at(profile: tuple[tuple[float, float], ...], share: float) -> float:
    return float(np.interp(share, [y for _, y in profile], [r for r, _ in profile]))


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, clumps, profile = plan["shape"], CLUMPS[plan["clumps"]], PROFILES[plan["shape"]]
    sides = 7 if len(clumps) < 3 else 6
    mirror, turns = random.choice((-1, 1)), [random.uniform(0, 60) for _ in clumps]
    if shape == "round" and len(clumps) > 1:
        profile = (profile[0], profile[1], (0.55, 0.92))
    solids = []
    for (x, z, wide, tall), turn in zip(clumps, turns, strict=True):
        if shape == "square":
            solid = loft([rectangle(2 * r, 1.7 * r, y) for r, y in profile])
        else:
            solid = lathe(profile, sides).turn("y", turn)
        solids.append(solid.scale(wide, tall, wide).move(mirror * x, 0, z))
    points = np.concatenate([solid.vertices for solid in solids])
    low, high = points.min(0), points.max(0)
    across = 1.0 / (high - low)[[0, 2]].max()
    height = random.uniform(*HEIGHT[plan["height"]])
    tall = height / high[1]
    pieces = [Piece("clump", plan["leaves"], solid.scale(across, tall, across)) for solid in solids]
    bright = random.choice([m for m in ("red", "blue", "pink", "white", "purple") if m != plan["leaves"]])
    size = 0.1 * max(1.0, height)
    for k in range(int(plan["berries"])):
        x, z, wide, rise = clumps[k % len(clumps)]
        degrees, share = BERRIES[k]
        if len(clumps) > 1:  # outwards from the middle of the bush, to the front
            degrees = 0.6 * degrees * (k // len(clumps)) + np.degrees(np.arctan2(mirror * x, z + 1.2)) * 0.9
        if shape == "square":
            at = np.array([np.clip(np.tan(np.radians(degrees)), -0.7, 0.7), share, 0.85])
            at[[0, 2]] *= radius_at(profile, share)
        else:
            reach = radius_at(profile, share) * 0.93
            at = np.array([reach * np.sin(np.radians(degrees)), share, reach * np.cos(np.radians(degrees))])
        spot = (at * (wide, rise, wide) + (mirror * x, 0, z)) * (across, tall, across)
        pieces.append(Piece("berry", bright, gem(size, size, size, spot)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, ground = mesh.pieces(), probe.standing(mesh)
    plan["clumps"] = str(len(ground))
    plan["berries"] = str(len(parts) - len(ground))
    main = max(ground, key=lambda i: parts[i].volume())
    tip = probe.end_corners(parts[main], 1) == 1
    plan["shape"] = "pointed" if tip else "square" if probe.outline_corners(parts[main]) == 4 else "round"
    points = np.concatenate([parts[i].vertices for i in ground])
    size = np.ptp(points, axis=0)
    ratio = size[1] / size[[0, 2]].max()
    plan["height"] = "low" if ratio < 0.56 else "medium" if ratio < 1.0 else "tall"
    return plan


FAMILY = Family("bush", ATTRIBUTES, build, measure)
