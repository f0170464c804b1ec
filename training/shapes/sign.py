"""Signs on posts, their front towards +Z."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import extrude, taper

ATTRIBUTES = (
    Attribute("shape", "style", ("arrow", "square", "round", "triangle", "diamond", "octagon")),
    Attribute("boards", "count", ("1", "2", "3")),
    Attribute("posts", "count", ("1", "2")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("base", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "white", "red", "yellow", "blue", "metal"), measured=False),
)
HEIGHT = {"low": (0.3, 0.4), "medium": (0.85, 1.0), "tall": (1.7, 1.95)}  # below the boards, which are 1 wide
OUTLINE = {  # within 1 x 1
    "arrow": ((-0.5, -0.24), (0.26, -0.24), (0.5, 0.0), (0.26, 0.24), (-0.5, 0.24)),
    "square": ((-0.5, -0.32), (0.5, -0.32), (0.5, 0.32), (-0.5, 0.32)),
    "triangle": ((-0.5, -0.4), (0.5, -0.4), (0.0, 0.46)),
    "diamond": ((0.0, -0.5), (0.5, 0.0), (0.0, 0.5), (-0.5, 0.0)),
}


def outline(shape: str) -> np.ndarray:
    """The corners [n, 2] of a board, counter-clockwise."""
    if shape in OUTLINE:
        return np.array(OUTLINE[shape])
    n = 8 if shape == "octagon" else 12
    angle = (np.arange(n) + 0.5) * 2 * np.pi / n
    return np.stack([np.cos(angle), np.sin(angle)], 1) * 0.5 / np.cos(np.pi / n)


def build(plan: Plan, random: Random) -> list[Piece]:
    shape, paint, count = plan["shape"], plan["material"], int(plan["boards"])
    below, wooden = random.uniform(*HEIGHT[plan["height"]]), plan["material"] == "wood"
    pole = random.choice(("wood", "darkwood") if wooden or shape == "arrow" else ("metal", "iron", "grey"))
    scale = 1.0 if count == 1 else 0.94
    corners = outline(shape) * scale
    low, high = corners[:, 1].min(), corners[:, 1].max()
    pitch = (high - low) + 0.06
    top = below + count * pitch + (0.04 if plan["posts"] == "1" else 0.0)
    x = 0.24 if shape in ("triangle", "diamond") else 0.34
    for_post = (0.0,) if plan["posts"] == "1" else (-x, x)
    if shape in ("triangle", "diamond", "round", "octagon"):
        top -= 0.55 * (high - low)
    pieces = []
    for x in for_post:
        pieces.append(Piece("post", pole, taper((0.17, 0.17), (0.13, 0.13), top, (x, 0, 0))))
        if plan["base"] == "yes":
            foot = random.choice((0.38, 0.44)) if len(for_post) == 1 else 0.34
            pieces.append(Piece("base", "stone", taper((foot, foot), (0.8 * foot, 0.8 * foot), 0.16, (x, 0, 0))))
    thick, face = 0.16, 0.04
    trim = random.choice([m for m in ("white", "red", "yellow", "black", "blue", "darkwood") if m != paint])
    flip = random.random() < 0.5
    for k in range(count):
        y = below + k * pitch - low
        board = corners
        if shape == "arrow" and (k % 2 == 0) == flip:
            board = (corners * (-1, 1))[::-1]
        pieces.append(
            Piece("board", paint if count > 1 else trim, extrude([tuple(c) for c in board], thick, (0, y, face)))
        )
        if count == 1:
            inner = board - board.mean(0) if shape != "triangle" else board - (0, -0.11)
            inset = inner * 0.74 + (board.mean(0) if shape != "triangle" else (0, -0.11))
            pieces.append(Piece("panel", paint, extrude([tuple(c) for c in inset], thick, (0, y, face + 0.06))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    ground = probe.standing(mesh)
    boards = [i for i in range(len(parts)) if i not in ground]
    if not boards:
        return plan
    wide = size[boards, 0].max()
    boards = [i for i in boards if size[i, 0] > 0.9 * wide]
    points = parts[boards[0]].vertices
    n = len(points) // 2
    if n == 4:
        at_bottom = int((points[:, 1] <= points[:, 1].min() + 1).sum())
        plan["shape"] = "square" if at_bottom == 4 else "diamond"
    else:
        plan["shape"] = {3: "triangle", 5: "arrow", 8: "octagon"}.get(n, "round")
    plan["boards"] = str(len(boards))
    posts = [i for i in ground if size[i, 1] > 0.25 * wide]
    plan["posts"] = str(len(posts))
    ratio = (min(spans[i, 0, 1] for i in boards) - mesh.bounds()[0, 1]) / wide
    plan["height"] = "low" if ratio < 0.64 else "medium" if ratio < 1.38 else "tall"
    plan["base"] = "yes" if len(ground) > len(posts) else "no"
    return plan


FAMILY = Family("sign", ATTRIBUTES, build, measure)
