"""Dice: pips on the top, the front and the right side, sharp or bevelled."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, lathe

ATTRIBUTES = (
    Attribute("pips", "count", ("1", "2", "3", "4", "5", "6")),  # on the top
    Attribute("front", "count", ("1", "2", "3", "4", "5", "6")),
    Attribute("edge", "style", ("sharp", "bevelled")),
    Attribute("spot", "style", ("square", "diamond")),
    Attribute("material", "material", ("white", "red", "blue", "green", "black", "wood"), measured=False),
)
AXES = {1: (0, 1), 2: (1, 1), 3: (2, 1), 4: (2, -1), 5: (1, -1), 6: (0, -1)}  # number -> axis and sign of its side
STEP = 1 / 127


def allowed(plan: Plan) -> bool:
    """Opposite sides add up to seven."""
    return plan["pips"] != plan["front"] and int(plan["pips"]) + int(plan["front"]) != 7


def right(top: int, front: int) -> int:
    """The number on the right side of a die that shows `top` and `front`."""
    sides = [np.eye(3)[axis] * sign for axis, sign in (AXES[top], AXES[front])]
    normal = np.cross(*sides)
    return next(number for number, (axis, sign) in AXES.items() if normal[axis] * sign > 0.5)


def spread(count: int, far: float) -> list[tuple[float, float]]:
    """Where the pips of a side lie."""
    corners = [(-far, far), (far, -far), (far, far), (-far, -far)]
    middle = [(0.0, 0.0)] * (count % 2)
    return middle + corners[: count // 2 * 2] + [(-far, 0.0), (far, 0.0)][: max(count - 4, 0) // 2 * 2]


def bevelled(cut: float) -> Solid:
    """A cube with its corners cut off, standing on y = 0."""
    points: list[tuple[float, ...]] = []
    faces: list[tuple[int, ...]] = []

    def face(corners: list[tuple[float, ...]]) -> None:
        at = np.array(corners)
        middle = at.mean(0)
        side = at[0] - middle
        up = np.cross(middle, side)  # the cube is centred, so its middle is the way out
        angle = np.arctan2((at - middle) @ up / np.linalg.norm(up), (at - middle) @ side / np.linalg.norm(side))
        for corner in corners:
            if corner not in points:
                points.append(corner)
        faces.append(tuple(points.index(corners[i]) for i in np.argsort(angle)))

    h, c = 0.5, 0.5 - cut
    for axis in range(3):
        for sign in (-1, 1):
            ring = [(a, b) for s in (-1, 1) for t in (-1, 1) for a, b in ((s * h, t * c), (s * c, t * h))]
            face([(*pair[:axis], sign * h, *pair[axis:]) for pair in ring])
    for x in (-1, 1):
        for y in (-1, 1):
            for z in (-1, 1):
                face([(x * c, y * h, z * h), (x * h, y * c, z * h), (x * h, y * h, z * c)])
    return Solid(np.array(points) + (0, 0.5, 0), tuple(faces))


def build(plan: Plan, random: Random) -> list[Piece]:
    top, front, material = int(plan["pips"]), int(plan["front"]), plan["material"]
    ink = "black" if material == "white" else random.choice(("white", "white", "gold"))
    if material in ("wood", "white"):
        ink = random.choice(("black", "red")) if material == "white" else random.choice(("black", "white"))
    body = bevelled(random.uniform(0.14, 0.19)) if plan["edge"] == "bevelled" else box(1, 1, 1)
    pieces = [Piece("body", material, body)]
    size, far, turn = random.uniform(0.17, 0.2), random.uniform(0.25, 0.28), random.random() < 0.5
    size *= 1.0 if plan["spot"] == "diamond" else 1.15
    pip = lathe([(0.0, 0.0), (size / 2 * 1.2, 8 * STEP)], 4, first=0.0 if plan["spot"] == "diamond" else 45.0)
    for number, axis, angle in ((top, "", 0.0), (front, "x", 90.0), (right(top, front), "z", -90.0)):
        for a, b in spread(number, far):
            spot = pip.move(b if turn else a, 0.5 - 6 * STEP, a if turn else b)
            spot = spot.turn(axis, angle) if axis else spot
            pieces.append(Piece("pip", ink, spot.move(y=0.5)))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    middle, extent = pieces.sum(1) / 2, pieces[:, 1] - pieces[:, 0]
    body = int(extent.prod(1).argmax())
    edge = extent[body][0]
    away = middle - middle[body]
    tops = [i for i in range(len(pieces)) if away[i][1] > 0.42 * edge]
    fronts = [i for i in range(len(pieces)) if away[i][2] > 0.42 * edge]
    plan["pips"], plan["front"] = str(len(tops)), str(len(fronts))
    plan["edge"] = "bevelled" if len(parts[body].vertices) > 8 else "sharp"
    shape = parts[(tops or [body])[0]].vertices
    plan["spot"] = "diamond" if (shape[:, 0] > shape[:, 0].max() - 1.5).sum() == 1 else "square"
    return plan


FAMILY = Family("dice", ATTRIBUTES, build, measure, allowed)
