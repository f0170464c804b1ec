"""Planes, their nose towards +Z: one propeller on the nose, or two or four engines on the wings."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, cone, lathe, loft, silhouette

ATTRIBUTES = (
    Attribute("wings", "count", ("2", "4")),
    Attribute("engines", "count", ("1", "2", "4")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("span", "size", ("narrow", "medium", "wide")),
    Attribute("tail", "style", ("low", "high")),
    Attribute("material", "material", ("white", "red", "yellow", "metal", "blue", "green"), measured=False),
)
LENGTH = {"short": (1.8, 1.95), "medium": (2.5, 2.7), "long": (3.4, 3.65)}  # against a body 0.6 thick
SPAN = {"narrow": (1.75, 1.9), "medium": (2.5, 2.7), "wide": (3.5, 3.75)}  # from tip to tip


def wing(span: float, root: float, tip: float, sweep: float, rise: float) -> Solid:
    """Both wings in one, from tip to tip: chords `root` and `tip`, the tips `sweep` behind and `rise` above."""
    rings = []
    for x, chord, z, y in ((span / 2, tip, -sweep, rise), (0.0, root, 0.0, 0.0), (-span / 2, tip, -sweep, rise)):
        a, b, h = z - chord / 2, z + chord / 2, 0.07
        rings.append(np.array([(x, y - h, b), (x, y + h, b), (x, y + h, a), (x, y - h, a)]))
    return loft(rings)


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, length, span = plan["material"], random.uniform(*LENGTH[plan["length"]]), random.uniform(*SPAN[plan["span"]])
    accent = random.choice([m for m in ("red", "white", "blue", "yellow", "orange") if m != paint])
    engines, biplane = int(plan["engines"]), plan["wings"] == "4"
    nose = 0.2 if engines == 1 else 0.1
    profile = [(0.1, 0.0), (0.3, 0.42 * length), (0.3, 0.8 * length), (nose, length)]
    body = lathe(profile, 6).turn("x", 90)
    pieces = [Piece("body", paint, body)]
    canopy = loft(
        [
            np.array([(-0.19, 0.14, 0.4), (0.19, 0.14, 0.4), (0.19, 0.14, -0.3), (-0.19, 0.14, -0.3)]),
            np.array([(-0.13, 0.46, 0.12), (0.13, 0.46, 0.12), (0.13, 0.46, -0.24), (-0.13, 0.46, -0.24)]),
        ]
    )
    z = 0.62 * length
    pieces.append(Piece("cockpit", "glass", canopy.scale(z=0.7).move(z=0.72 * length)))
    chord, low = random.uniform(0.5, 0.58), -0.14
    if biplane:
        for y in (low - 0.06, 0.66):
            pieces.append(Piece("wing", accent, box(span, 0.14, chord, (0, y, z - chord / 2))))
        for x in (-0.31 * span, 0.31 * span):
            pieces.append(Piece("strut", "darkwood", box(0.13, 0.92, 0.15, (x, low - 0.02, z - chord / 2))))
    else:
        sweep = random.choice((0.0, 0.1 * span))
        flat = wing(span, chord + 0.16, 0.6 * chord, sweep, random.choice((0.0, 0.1)))
        pieces.append(Piece("wing", accent if random.random() < 0.5 else paint, flat.move(0, low, z - 0.2)))
    high, back = random.uniform(0.5, 0.6), 0.16
    fin = silhouette([(0.02, 0.0), (0.46, 0.0), (back, high), (-0.1, high)], 0.13, (0, 0, 0.0))
    pieces.append(Piece("fin", accent, fin))
    level = high - 0.1 if plan["tail"] == "high" else -0.06
    plate = box(random.uniform(0.95, 1.1), 0.13, 0.34, (0, level, 0.06 if level > 0 else 0.24))
    pieces.append(Piece("tail", accent, plate))
    if engines == 1:
        pieces.append(Piece("propeller", "darkwood", box(1.0, 0.13, 0.12, (0, -0.065, length + 0.02))))
        pieces.append(Piece("hub", accent, cone(0.14, 0.38, 6, (0, length - 0.1, 0)).turn("x", 90)))
    else:
        sides = 4 if engines == 4 else 6
        pod = lathe([(0.11, -0.34), (0.17, 0.28)], sides, first=180 / sides).turn("x", 90)
        spots = (-0.22, 0.22) if engines == 2 else (-0.38, -0.2, 0.2, 0.38)
        for s in spots:
            pieces.append(Piece("engine", "metal" if paint != "metal" else "iron", pod.move(s * span, low - 0.1, z)))
    lift = -min(p.solid.vertices[:, 1].min() for p in pieces)
    return [Piece(p.name, p.material, p.solid.move(y=lift)) for p in pieces]


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    on_axis = [i for i in range(len(parts)) if abs(middle[i, 0] - mesh.bounds().mean(0)[0]) < 2]
    body = max(on_axis, key=lambda i: parts[i].volume() if size[i, 2] > size[i, 0] else 0.0)
    thick, rest = size[body, 0], [i for i in range(len(parts)) if i != body]
    flats = [i for i in rest if size[i, 0] > 1.4 * thick and size[i, 2] > 0.35 * thick]
    wings = [i for i in flats if middle[i, 2] > middle[body, 2] - 0.2 * size[body, 2]]
    tails = [i for i in flats if i not in wings]
    if not wings or not tails:
        return plan
    plan["wings"] = str(2 * len(wings))
    pods = [i for i in rest if i not in on_axis and size[i, 2] > 1.3 * size[i, 1]]
    plan["engines"] = str(len(pods) or 1)
    ratio = size[body, 2] / thick
    plan["length"] = "short" if ratio < 3.7 else "medium" if ratio < 5.1 else "long"
    ratio = size[wings[0], 0] / thick
    plan["span"] = "narrow" if ratio < 3.65 else "medium" if ratio < 5.2 else "wide"
    plan["tail"] = "high" if spans[tails[0], 0, 1] > spans[body, 1, 1] - 2 else "low"
    return plan


FAMILY = Family("plane", ATTRIBUTES, build, measure)
