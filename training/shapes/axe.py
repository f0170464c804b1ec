"""Axes, standing on their handle, the edge towards +X."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, lathe, loft, mirrored

ATTRIBUTES = (
    Attribute("blades", "count", ("1", "2")),
    Attribute("edge", "style", ("straight", "curved", "bearded")),
    Attribute("head", "size", ("small", "medium", "large")),
    Attribute("handle", "size", ("short", "medium", "long")),
    Attribute("grip", "option", ("no", "yes")),
    Attribute("material", "material", ("metal", "iron", "stone", "gold"), measured=False),
)
HEAD = {"small": (0.36, 0.4), "medium": (0.56, 0.62), "large": (0.86, 0.95)}  # a blade's reach; the handle: 0.18 thick
HANDLE = {"short": (0.95, 1.08), "medium": (1.55, 1.75), "long": (2.4, 2.65)}
SHAPES = {  # from below: where the blade starts and ends (shares of its reach), its height at the handle and there
    "straight": ((-0.3, -0.48, 0.84), (-0.1, -0.16, 0.97), (0.1, 0.16, 0.97), (0.3, 0.48, 0.84)),
    "curved": ((-0.24, -0.72, 0.72), (-0.1, -0.28, 1.0), (0.1, 0.28, 1.0), (0.24, 0.72, 0.72)),
    "bearded": ((-0.26, -0.86, 0.8), (-0.08, -0.4, 0.95), (0.1, 0.06, 0.97), (0.26, 0.4, 0.88)),
}


def blade(edge: str, reach: float, thick: float) -> Solid:
    """A wedge from x = 0 to its edge at about x = `reach`, centred on y = 0."""
    back, side, rings = -0.04 / reach, thick / 2 / reach, []
    for near, far, out in SHAPES[edge]:
        if edge == "straight":
            out = 1.0
        rings.append(np.array([(back, near, side), (out, far, 0), (back, near, -side)]) * reach)
    return loft(rings)


def build(plan: Plan, random: Random) -> list[Piece]:
    reach, length = random.uniform(*HEAD[plan["head"]]), random.uniform(*HANDLE[plan["handle"]])
    wood, metal = random.choice(("wood", "darkwood", "bark")), plan["material"]
    top = length + 0.34 * reach
    handle = lathe([(0.1, 0.0), (0.08, 0.5 * length), (0.09, top)], 6)
    pieces = [Piece("handle", wood, handle)]
    wedge = blade(plan["edge"], reach, 0.24).move(y=length)
    pieces.append(Piece("blade", metal, wedge))
    if plan["blades"] == "2":
        pieces.append(Piece("blade", metal, mirrored(wedge)))
    else:
        back = random.choice((0.7, 0.45))
        poll = [(-0.02, 0.22 * reach, 0.24), (0.16 + 0.2 * reach, 0.22 * reach * back / 0.5, 0.22)]
        pieces.append(Piece("head", metal, across(poll).move(y=length)))
    if plan["grip"] == "yes":
        wrap = random.choice(("leather", "rubber", "red", "fabric"))
        pieces.append(Piece("grip", wrap, lathe([(0.135, 0.05), (0.12, 0.2 + 0.18 * length)], 6)))
    return pieces


def across(stations: list[tuple[float, float, float]]) -> Solid:
    """A block towards -X through sections (distance, half height, depth)."""
    corners = ((-1, -0.5), (-1, 0.5), (1, 0.5), (1, -0.5))
    return loft([np.array([(-x, s * high, z * deep) for s, z in corners]) for x, high, deep in stations])


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    handle = probe.standing(mesh)[0]
    blades = [i for i in range(len(parts)) if len(parts[i].vertices) == 12]
    blades = [i for i in blades if i != handle and spans[i, 1, 1] > spans[handle].mean(0)[1]]
    if not blades:
        return plan
    plan["blades"] = str(len(blades))
    points = parts[blades[0]].vertices
    root = spans[handle].mean(0)[0]
    out = points[np.abs(points[:, 0] - root) > 0.5 * size[blades[0], 0]]
    near = points[np.abs(points[:, 0] - root) <= 0.5 * size[blades[0], 0]]
    middle, tall = near[:, 1].mean(), size[blades[0], 1]
    skew = ((out[:, 1].max() - middle) - (middle - out[:, 1].min())) / tall
    bend = np.ptp(np.abs(out[:, 0] - root)) / size[blades[0], 0]
    plan["edge"] = "bearded" if skew < -0.2 else "curved" if bend > 0.12 else "straight"
    thick = size[handle, 0]
    ratio = size[blades[0], 0] / thick
    plan["head"] = "small" if ratio < 2.35 else "medium" if ratio < 3.65 else "large"
    ratio = (middle - spans[handle, 0, 1]) / thick
    plan["handle"] = "short" if ratio < 6.5 else "medium" if ratio < 10.3 else "long"
    wraps = [i for i in range(len(parts)) if spans[i, 1, 1] < middle - 0.3 * (middle - spans[handle, 0, 1])]
    plan["grip"] = "yes" if wraps else "no"
    return plan


FAMILY = Family("axe", ATTRIBUTES, build, measure)
