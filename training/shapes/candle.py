"""Candles: one to four on a dish, a block or a candlestick, lit or not."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, cylinder, lathe, ribbon, taper, vessel

ATTRIBUTES = (
    Attribute("candles", "count", ("1", "2", "3", "4")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("holder", "style", ("dish", "block", "stick")),
    Attribute("flame", "option", ("no", "yes")),
    Attribute("material", "material", ("gold", "metal", "iron", "wood", "clay", "black"), measured=False),
)
HEIGHT = {"low": (0.3, 0.36), "medium": (0.6, 0.72), "tall": (1.1, 1.28)}  # of a candle 0.2 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    candles, holder, material = int(plan["candles"]), plan["holder"], plan["material"]
    height = random.uniform(*HEIGHT[plan["height"]])
    wax = random.choice(("white", "paper", "ceramic", "red", "yellow", "pink"))
    stem = random.uniform(0.45, 0.75) if holder == "stick" else 0.0
    pitch = 0.3 if holder == "dish" else random.uniform(0.31, 0.36)
    broad = (1.3 if candles < 3 else 1.05) if holder == "dish" else candles * pitch + 0.15
    step = max(height + stem + 0.4, broad) / 127
    spots = [((i - (candles - 1) / 2) * pitch, 0.0) for i in range(candles)]
    pieces = []
    if holder == "dish":
        if candles > 2:  # in a ring
            reach, turn = pitch / (2 * np.sin(np.pi / candles)), 90 if candles == 3 else 45
            angles = np.radians(turn + 360 / candles * np.arange(candles))
            spots = [(reach * np.cos(a), reach * np.sin(a)) for a in angles]
        wide = max(abs(x) for x, _ in spots) + random.uniform(0.3, 0.36)
        base, high = max(0.05, 5 * step), max(0.12, 8 * step)
        dish = vessel([(wide * 0.72, 0.0), (wide, high)], [(wide - 0.07, high), (wide * 0.66, base)], 8)
        pieces.append(Piece("dish", material, dish))
        level = base
        if candles < 3 and random.random() < 0.6:
            start, y = wide * 0.85 * np.cos(np.pi / 8) - 3 * step, high * 0.5
            path = [(start, y), (wide + 0.24, y + 0.04), (wide + 0.2, y + 0.2), (wide + 0.06, y + 0.24)]
            ring = ribbon(path, max(0.05, 4 * step), max(0.08, 4.4 * step))
            pieces.append(Piece("handle", material, ring))
    elif holder == "block":
        level, depth = random.uniform(0.13, 0.2), random.uniform(0.3, 0.38)
        wide = candles * pitch + 0.06
        block = taper((wide, depth), (wide * 0.92, depth * 0.88), level)
        pieces.append(Piece("base", material, block))
    else:
        foot, level = random.uniform(0.24, 0.28) + 0.05 * candles, stem
        slim = max(0.05, 2.6 * step)
        profile = [(foot, 0.0), (foot * 0.85, 0.06), (slim * 1.4, 0.16), (slim, stem - 0.12), (0.16, stem)]
        if candles > 1:
            bar = max(0.09, 7.2 * step)
            profile[3:] = [(slim, stem - bar + 2.8 * step)]
            wide = (candles - 1) * pitch + 0.3
            arm = box(wide, bar, 0.24, (0, stem - bar, 0))
            if candles < 4 and random.random() < 0.6:
                arm = taper((wide * 0.7, 0.16), (wide, 0.26), bar * 1.3, (0, stem - bar, 0))
                level += bar * 0.3
            pieces.append(Piece("arm", material, arm))
        pieces.append(Piece("stick", material, lathe(profile, 6)))
    radius = random.uniform(0.096, 0.104)
    candle = lathe([(radius, 0.0), (radius * random.uniform(0.86, 0.94), height)], 6)
    fire = lathe([(0.0, 0.0), (0.065, 0.09), (0.0, 0.27)], 4)
    wick = cylinder(max(0.026, 2.2 * step), 0.09 + 3 * step, 3)
    for x, z in spots:
        pieces.append(Piece("candle", wax, candle.move(x, level - 2.8 * step, z)))
        top = level + height - 5.8 * step
        if plan["flame"] == "yes":
            pieces.append(Piece("flame", "flame", fire.move(x, top - step, z)))
        else:
            pieces.append(Piece("wick", "black", wick.move(x, top, z)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    base = int(np.argmin(pieces[:, 0, 1]))
    rest = [i for i in range(len(pieces)) if i != base]
    candles = [i for i in rest if probe.outline_corners(parts[i]) == 6]
    plan["candles"] = str(len(candles))
    ratio = float(np.mean([extent[i][1] / extent[i][0] for i in candles])) if candles else 0.0
    plan["height"] = "low" if ratio < 2.3 else "medium" if ratio < 4.5 else "tall"
    corners = probe.end_corners(parts[base], 1, high=False)
    plan["holder"] = {4: "block", 6: "stick"}.get(corners, "dish")
    plan["flame"] = "yes" if any(probe.end_corners(parts[i], 1) == 1 for i in rest) else "no"
    return plan


FAMILY = Family("candle", ATTRIBUTES, build, measure)
