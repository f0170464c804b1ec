"""Bridges: a flat or humped deck over one to three arches."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, loft, ribbon

ATTRIBUTES = (
    Attribute("arches", "count", ("1", "2", "3")),
    Attribute("deck", "style", ("flat", "humped")),
    Attribute("rails", "option", ("no", "yes")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("material", "material", ("stone", "brick", "wood", "darkwood", "grey"), measured=False),
)
WIDTH = {"narrow": (0.36, 0.42), "medium": (0.62, 0.72), "wide": (1.05, 1.2)}  # against an arch and a pier
BENDS = {"1": 6, "2": 4, "3": 3}  # of each arch
EDGE = 0.22  # how far the bridge goes on beyond its outer arches


def body(arches: int, bends: int, span: float, rise: float, deck: list[float], width: float) -> Solid:
    """Sections one after another along X, their lower edges making the arches; `deck` is (low, hump) of the top."""
    end = arches / 2 - (1 - span) / 2 + EDGE
    bottoms = [(-end, 0.0)]
    for k in range(arches):
        middle = k - (arches - 1) / 2
        for angle in np.linspace(np.pi, 0, bends + 1):
            bottoms.append((middle + span / 2 * np.cos(angle), rise * abs(np.sin(angle))))
    bottoms.append((end, 0.0))
    rings = []
    for x, y in bottoms:
        top = deck[0] + deck[1] * (1 - (x / end) ** 2)
        w = width / 2
        rings.append(np.array([(x, y, w), (x, y, -w), (x, top, -w), (x, top, w)]))
    return loft(rings)


def build(plan: Plan, random: Random) -> list[Piece]:
    arches, material = int(plan["arches"]), plan["material"]
    width, span = random.uniform(*WIDTH[plan["width"]]), random.uniform(0.74, 0.8)
    rise = random.uniform(0.34, 0.42) + (0.05 if arches == 3 else 0.0)
    end = arches / 2 - (1 - span) / 2 + EDGE
    deck = [rise + 0.17, 0.0] if plan["deck"] == "flat" else [rise - 0.06, random.uniform(0.32, 0.36)]
    if plan["deck"] == "humped" and arches == 2:
        deck[0] += 0.06
    pieces = [Piece("deck", material, body(arches, BENDS[plan["arches"]], span, rise, deck, width))]
    rails = plan["rails"] == "yes"
    places = np.linspace(-end - 0.06, end + 0.06, 5)
    tops = [deck[0] + deck[1] * (1 - (x / end) ** 2) for x in places]
    cover = random.choice([m for m in ("stone", "wood", "grey", "earth") if m != material])
    if plan["deck"] == "flat":
        pieces.append(Piece("road", cover, box(2 * end + 0.12, 0.14, width + 0.12, (0, deck[0] - 0.08, 0))))
    elif not rails:
        path = [(x, y + 0.02) for x, y in zip(places, tops, strict=True)]
        pieces.append(Piece("road", cover, ribbon(path, 0.14, width + 0.12)))
    if rails:
        trim = random.choice((material, random.choice(("stone", "grey", "white", "darkwood"))))
        tall, thick = random.uniform(0.24, 0.3), 0.12
        if plan["deck"] == "flat":
            rail = box(2 * end + 0.2, tall + 0.06, thick, (0, deck[0] - 0.03, 0))
        else:
            path = [(x, y + tall / 2 - 0.1) for x, y in zip(places, tops, strict=True)]
            rail = ribbon(path, tall, thick)
        side = width / 2 - 0.1
        pieces += [Piece("rail", trim, rail.move(z=z)) for z in (-side, side)]
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    ground = probe.standing(mesh)[0]
    points = parts[ground].vertices
    feet = np.unique(points[points[:, 1] <= points[:, 1].min() + 0.5][:, 0])
    arches = (len(feet) - 2) // 2
    plan["arches"] = str(arches)
    top = points[points[:, 1] >= points[:, 1].max() - 1.5]
    size = spans[ground, 1] - spans[ground, 0]
    plan["deck"] = "flat" if np.ptp(top[:, 0]) > 0.9 * size[0] else "humped"
    plan["rails"] = "yes" if (np.abs(spans.mean(1)[:, 2] - spans[ground].mean(0)[2]) > 0.15 * size[2]).any() else "no"
    gaps = feet[1:-1]
    pace = (gaps[2] - gaps[0]) if arches > 1 else (gaps[1] - gaps[0]) / 0.77 if arches else size[0]
    ratio = size[2] / pace
    plan["width"] = "narrow" if ratio < 0.51 else "medium" if ratio < 0.87 else "wide"
    return plan


FAMILY = Family("bridge", ATTRIBUTES, build, measure)
