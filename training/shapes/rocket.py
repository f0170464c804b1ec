"""Rockets, standing on their fins."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import cylinder, extrude, lathe

ATTRIBUTES = (
    Attribute("fins", "count", ("3", "4")),
    Attribute("windows", "count", ("1", "2", "3")),
    Attribute("nose", "style", ("pointed", "round")),
    Attribute("boosters", "option", ("no", "yes")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("material", "material", ("white", "metal", "red", "blue", "yellow"), measured=False),
)
HEIGHT = {"low": (0.95, 1.1), "medium": (1.7, 1.95), "tall": (2.7, 3.0)}  # of the body, which is about 1 wide


def build(plan: Plan, random: Random) -> list[Piece]:
    length, material = random.uniform(*HEIGHT[plan["height"]]), plan["material"]
    accent = random.choice([m for m in ("red", "orange", "blue", "white") if m != material])
    foot, belly, neck, base = 0.36, 0.54, random.uniform(0.4, 0.45), 0.3
    levels = (base, base + 0.42 * length, base + length)
    pieces = [Piece("body", material, lathe(list(zip((foot, belly, neck), levels, strict=True)), 8))]
    pointed = plan["nose"] == "pointed"
    rise = random.uniform(0.7, 0.95) if pointed else random.uniform(0.38, 0.46)
    cap = [(neck + 0.09, -0.09)] + ([] if pointed else [(0.7 * neck, 0.6 * rise)]) + [(0.0, rise)]
    pieces.append(Piece("nose", accent, lathe(cap, 8, (0, base + length, 0))))
    thick = 0.03 * (base + length + rise) + 0.03
    fin = extrude([(0.27, base + 0.04), (0.86, 0.0), (0.3, base + 0.3 + 0.26 * length)], thick)
    count = int(plan["fins"])
    for solid in fin.around(count, -90.0 if count == 3 else 45.0):
        pieces.append(Piece("fin", accent, solid))
    if plan["boosters"] == "yes":
        tall = 0.3 + 0.3 * length
        pod = lathe([(0.17, 0.18), (0.17, 0.18 + tall), (0.0, 0.43 + tall)], 5, (0.56, 0, 0))
        for angle in (30, 150) if count == 3 else (0, 180):
            pieces.append(Piece("booster", accent, pod.turn("y", angle)))
    else:
        pieces.append(Piece("nozzle", "iron", lathe([(0.3, 0.15), (0.2, base + 0.1)], 6)))
    panes = int(plan["windows"])
    pane = cylinder(0.13, 0.22, 6).turn("x", 90)
    gap = min(0.42, 0.68 * length / panes)
    middle = base + (0.6 if panes > 1 else 0.66) * length
    for k in range(panes):
        y = middle + (k - (panes - 1) / 2) * gap
        out = np.interp(y, levels, (foot, belly, neck)) * np.cos(np.pi / 8)
        pieces.append(Piece("window", "glass", pane.move(0, y, out - 0.15)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    body = max(range(len(parts)), key=lambda i: parts[i].volume())
    nose, fins = probe.highest(mesh), probe.standing(mesh)
    rest = [i for i in range(len(parts)) if i not in (body, nose, *fins)]
    panes = [i for i in rest if middle[i, 1] > spans[body, 0, 1] and size[i, 1] < 0.4 * size[body, 0]]
    plan["fins"], plan["windows"] = str(len(fins)), str(len(panes))
    slope = size[nose, 1] / size[nose, 0]
    plan["nose"] = "pointed" if probe.fill(parts[nose]) < 0.34 and slope > 0.68 else "round"
    pods = [i for i in rest if i not in panes and np.abs(middle[i] - middle[body])[[0, 2]].max() > 0.2 * size[body, 0]]
    plan["boosters"] = "yes" if pods else "no"
    ratio = size[body, 1] / size[body, 0]
    plan["height"] = "low" if ratio < 1.4 else "medium" if ratio < 2.33 else "tall"
    return plan


FAMILY = Family("rocket", ATTRIBUTES, build, measure)
