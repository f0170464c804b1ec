"""Clocks: on the wall, on the mantel, an alarm clock or a grandfather clock, showing an hour."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, cylinder, extrude, lathe, stud, tube

ATTRIBUTES = (
    Attribute("kind", "style", ("wall", "mantel", "alarm", "grandfather")),
    Attribute("face", "style", ("round", "square", "octagonal")),
    Attribute("oclock", "count", tuple(str(hour) for hour in range(1, 13))),
    Attribute("marks", "count", ("0", "4")),
    Attribute("material", "material", ("wood", "darkwood", "metal", "gold", "red", "blue"), measured=False),
)


def disc(face: str, radius: float, back: float, front: float, sides: int = 12) -> Solid:
    """A plate of a face's shape from z = back to z = front, `radius` high to each side."""
    if face == "square":
        return box(2 * radius, 2 * radius, front - back, (0, -radius, (front + back) / 2))
    sides = 8 if face == "octagonal" else sides
    return cylinder(radius / np.cos(np.pi / sides), front - back, sides).turn("x", 90).move(z=back)


def build(plan: Plan, random: Random) -> list[Piece]:
    kind, face, material, marks = plan["kind"], plan["face"], plan["material"], int(plan["marks"])
    radius, deep = random.uniform(0.36, 0.4), random.uniform(0.22, 0.28)  # of the dial; the case's depth
    edge = radius + random.uniform(0.07, 0.1)
    step = {"wall": 2 * edge, "mantel": 1.5, "alarm": 1.3, "grandfather": 2.9}[kind] / 127
    deep += 0.05 * (kind == "alarm")
    sides, front = 10 if kind == "alarm" else 12, deep / 2
    dark = random.choice(("black", "iron")) if material != "darkwood" else "black"
    brass = "gold" if material != "gold" else "iron"
    pieces, middle = [], edge  # the height of the dial's middle
    if kind == "wall":
        pieces.append(Piece("case", material, disc(face, edge, -front, front, sides)))
    elif kind == "alarm":
        middle = edge + 0.12
        pieces.append(Piece("case", material, disc(face, edge, -front, front, sides)))
        foot = tube(0.055, (0.36 * edge, -0.7 * edge, 0), (0.75 * edge, -edge - 0.12, 0), 4)
        foot = Solid(foot.vertices + (0, -edge - 0.12 - foot.vertices[:, 1].min(), 0), foot.faces)
        bell = lathe([(0.13, 0.0), (0.08, 0.12)], 6, (0, edge - 3.2 * step, 0))
        far = 0.5 * edge if face == "square" else 0.0
        lean = 0 if face == "square" else 34
        for s in (-1, 1):
            flipped = foot if s > 0 else foot.turn("y", 180)
            pieces.append(Piece("foot", brass, flipped))
            pieces.append(Piece("bell", brass, bell.turn("z", -s * lean).move(x=s * far)))
    elif kind == "mantel":
        low, wide = random.uniform(0.1, 0.14), edge + random.uniform(0.04, 0.12)
        middle = low + edge + 0.02
        top, x = edge + 0.06, wide
        if random.random() < 0.5:
            outline = [(-x, -edge), (x, -edge), (x, 0.3 * edge), (0.5 * x, top), (-0.5 * x, top), (-x, 0.3 * edge)]
        else:
            outline = [(-x, -edge), (x, -edge), (x, edge), (0, top + 0.2), (-x, edge)]
        if face == "square" and len(outline) == 6:
            outline = [(-x, -edge), (x, -edge), (x, edge), (0.6 * x, top + 0.1), (-0.6 * x, top + 0.1), (-x, edge)]
        pieces.append(Piece("case", material, extrude([(a, b - 0.02 - 3 * step) for a, b in outline], deep)))
        slab = box(2 * wide + random.uniform(0.1, 0.3), low, deep + 0.14, (0, -middle, 0))
        pieces.append(Piece("base", random.choice((material, dark)), slab))
    else:
        tall, low, hood = random.uniform(1.0, 1.2), random.uniform(0.34, 0.42), 2 * edge + 0.04
        middle = low + tall + hood / 2
        body = 2 * edge * random.uniform(0.66, 0.74)
        pieces.append(Piece("base", material, box(2 * edge, low, deep + 0.06, (0, -middle, 0))))
        at = (0, low - middle - 3 * step, 0)
        pieces.append(Piece("trunk", material, box(body, tall + 6 * step, deep - 3 * step, at)))
        deep += 0.1
        front = deep / 2
        pieces.append(Piece("case", material, box(2 * edge + 0.04, hood, deep, (0, -hood / 2, 0))))
        x, y = edge + 0.07, hood / 2 - 3 * step
        roof = extrude([(-x, 0), (x, 0), (x, 0.07), (0, 0.28), (-x, 0.07)], deep + 0.06, (0, y, 0))
        pieces.append(Piece("roof", random.choice((material, dark)), roof))
        z = front - 0.05 - 1.5 * step
        door = box(body * 0.6, tall * 0.78, 6 * step, (0, low + tall * 0.1 - middle, z - 0.6 * step))
        pieces.append(Piece("door", "glass" if random.random() < 0.5 else dark, door))
        if marks == 0:
            bob = disc("octagonal", body * 0.2, z - 1.4 * step, z + 5 * step).move(y=low + tall * 0.26 - middle)
            pieces.append(Piece("pendulum", brass, bob))
    pieces.append(
        Piece(
            "dial", random.choice(("paper", "white")), disc(face, radius, front - 4.2 * step, front + 2.6 * step, sides)
        )
    )
    level = front + 2.6 * step
    thin = max(0.042, 3.6 * step)
    for name, long, wide, low, high in (("hour", 0.5, 1.7, 3.9, 1.8), ("minute", 0.68, 1.0, 5.3, 3.4)):
        tail = 0.17 if name == "hour" else 0.27
        hand = box(thin * wide, radius * (long + tail), (low + high) * step, (0, -radius * tail, 0))
        angle = -30.0 * int(plan["oclock"]) if name == "hour" else 0.0
        hand = hand.turn("z", angle).move(z=level + (high - low) / 2 * step)
        pieces.append(Piece("hand", "black", hand))
    size = max(0.1, 5 * step)
    mark = stud(size, size, 11 * step, (0, radius - size / 2 - 1.6 * step, level - 3.9 * step))
    pieces += [Piece("mark", brass, mark.turn("z", 90.0 * i)) for i in range(marks)]
    return [Piece(p.name, p.material, p.solid.move(y=middle)) for p in pieces]


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent, middle = pieces[:, 1] - pieces[:, 0], pieces.sum(1) / 2
    ground, size = probe.standing(mesh), mesh.bounds()[1] - mesh.bounds()[0]
    if size[1] > 1.9 * size[0]:
        plan["kind"] = "grandfather"
    elif len(ground) > 1:
        plan["kind"] = "alarm"
    else:
        plan["kind"] = "wall" if extent[ground[0]][1] > 0.9 * size[1] else "mantel"

    def before(i: int) -> list[int]:
        """The pieces in front of a piece."""
        inside = (pieces[:, 0, :2] >= pieces[i, 0, :2]).all(1) & (pieces[:, 1, :2] <= pieces[i, 1, :2]).all(1)
        return [int(j) for j in np.flatnonzero(inside & (pieces[:, 1, 2] > pieces[i, 1, 2] + 0.5))]

    plates = [i for i in range(len(pieces)) if len(before(i)) > 1]
    if not plates:
        return plan
    dial = min(plates, key=lambda i: extent[i][0] * extent[i][1])
    corners = probe.end_corners(parts[dial], 2)
    plan["face"] = {4: "square", 8: "octagonal"}.get(corners, "round")
    centre, on = middle[dial][:2], before(dial)
    hands = [i for i in on if (pieces[i, 0, :2] < centre + 1.5).all() and (pieces[i, 1, :2] > centre - 1.5).all()]
    plan["marks"] = str(len(on) - len(hands))
    if hands:
        hour = min(hands, key=lambda i: np.linalg.norm(parts[i].vertices[:, :2] - centre, axis=1).max())
        x, y = parts[hour].vertices[:, :2].mean(0) - centre
        plan["oclock"] = str(round(np.degrees(np.arctan2(x, y)) / 30) % 12 or 12)
    return plan


FAMILY = Family("clock", ATTRIBUTES, build, measure)
