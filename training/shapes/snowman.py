"""Snowmen: two or three balls of snow with a carrot, and with a hat, stick arms and buttons."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, lathe, loft, mirrored, rectangle, tube

ATTRIBUTES = (
    Attribute("balls", "count", ("2", "3")),
    Attribute("buttons", "count", ("1", "2", "3")),
    Attribute("hat", "option", ("no", "yes")),
    Attribute("arms", "option", ("no", "yes")),
    Attribute("nose", "size", ("short", "long")),
)
RADII = {"2": (0.52, 0.36), "3": (0.52, 0.4, 0.3)}
NOSE = {"short": (0.5, 0.6), "long": (1.2, 1.45)}  # how far it sticks out of a head of radius 1
SHAPE = ((0.62, -0.78), (1.0, -0.08), (0.64, 0.72))  # (radius, y) of a ball of radius 1
FIRST = 270.0 + 180.0 / 7  # degrees that turn a flat side of seven to the front
SPOTS = {  # balls -> buttons -> (ball, y on a ball of radius 1)
    "2": {"1": ((0, 0.2),), "2": ((0, 0.35), (0, -0.12)), "3": ((0, 0.42), (0, 0.08), (0, -0.28))},
    "3": {"1": ((1, 0.15),), "2": ((1, 0.35), (1, -0.2)), "3": ((1, 0.35), (1, -0.2), (0, 0.3))},
}


def front(y: float) -> float:
    """How far the flat front of a ball of radius 1 is from its middle at a height."""
    return float(np.interp(y, [p[1] for p in SHAPE], [p[0] for p in SHAPE])) * np.cos(np.pi / 7)


def coal(size: float, centre: float, radius: float, y: float) -> Solid:
    """A square, tapering inwards, that lies on the front of a ball at the height y of a ball of radius 1."""
    square = loft([np.array([(0.0, -0.1, 0.0)]), rectangle(size, size, 0.04)])
    slope = np.degrees(np.arctan((front(y + 0.01) - front(y)) / 0.01))
    return square.turn("x", 90 + slope).move(0, centre + y * radius, front(y) * radius)


def build(plan: Plan, random: Random) -> list[Piece]:
    radii, pieces, centres, y = RADII[plan["balls"]], [], [], 0.0
    grow = random.uniform(0.94, 1.06)
    for k, r in enumerate(radii):
        r = r * (grow if k == 0 else 1.0)
        centres.append((y + 0.78 * r, r))
        ball = lathe([(a * r, b * r) for a, b in SHAPE], 7, (0, y + 0.78 * r, 0), FIRST)
        pieces.append(Piece("body" if k < len(radii) - 1 else "head", "snow", ball))
        y += (0.78 + 0.72) * r - 0.08
    top, (middle, head) = y + 0.08, centres[-1]
    reach = random.uniform(*NOSE[plan["nose"]]) * head
    root = front(-0.05) * head - 0.08
    nose = lathe([(0.075, 0.0), (0.0, 0.08 + reach)], 4).turn("x", 90).move(0, middle - 0.05 * head, root)
    pieces.append(Piece("nose", "orange", nose))
    for x in (-0.28, 0.28):
        pieces.append(Piece("eye", "black", coal(0.1, middle, head, 0.3).move(x=x * head)))
    for ball, level in SPOTS[plan["balls"]][plan["buttons"]]:
        centre, r = centres[ball]
        pieces.append(Piece("button", "black", coal(0.13, centre, r, level)))
    if plan["arms"] == "yes":
        centre, r = centres[-2]
        lift = random.choice((0.12, 0.35))
        arm = tube(0.05, (0.7 * r, centre + 0.1 * r, 0.0), (r + 0.42, centre + 0.1 * r + lift, 0.0), 3, 0.04)
        pieces += [Piece("arm", "bark", arm), Piece("arm", "bark", mirrored(arm))]
    if plan["hat"] == "yes":
        brim, crown, tall = head, 0.64 * head, random.uniform(0.25, 0.4)
        profile = [(brim, -0.06), (crown, 0.06), (crown * 1.05, tall)]
        pieces.append(Piece("hat", random.choice(("black", "red", "blue", "green")), lathe(profile, 6, (0, top, 0))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    base = probe.standing(mesh)[0]
    wide = [i for i in range(len(parts)) if (size[i, [0, 2]] > 0.4 * size[base, 0]).all()]
    hats = [i for i in wide if probe.end_width(parts[i], high=False) > 0.85 * size[i, 0]]
    balls = sorted((i for i in wide if i not in hats), key=lambda i: middle[i, 1])
    plan["balls"] = str(len(balls))
    small = [i for i in range(len(parts)) if i not in wide]
    centre = middle[base, 0]
    line = [i for i in small if abs(middle[i, 0] - centre) < 0.06 * size[base, 0]]
    line.sort(key=lambda i: middle[i, 1])
    plan["buttons"] = str(len(line) - 1)
    plan["hat"] = "yes" if hats else "no"
    arms = [i for i in small if np.abs(spans[i, :, 0] - centre).max() > 0.6 * size[base, 0]]
    plan["arms"] = "yes" if len(arms) > 1 else "no"
    if line and balls:
        plan["nose"] = "short" if size[line[-1], 2] < 0.76 * size[balls[-1], 1] else "long"
    return plan


FAMILY = Family("snowman", ATTRIBUTES, build, measure)
