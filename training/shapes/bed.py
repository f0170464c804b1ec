"""Beds: frame, mattress, blanket and pillows, with a footboard or a canopy on four posts."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, extrude, taper

ATTRIBUTES = (
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("headboard", "size", ("low", "medium", "tall")),
    Attribute("pillows", "count", ("1", "2", "3")),
    Attribute("footboard", "option", ("no", "yes")),
    Attribute("canopy", "option", ("no", "yes")),
    Attribute("material", "material", ("wood", "darkwood", "white", "metal", "black"), measured=False),
)
WIDTH = {"narrow": (0.85, 0.98), "medium": (1.25, 1.4), "wide": (1.75, 1.95)}  # with a length of 2.1
HEAD = {"low": (0.76, 0.84), "medium": (1.05, 1.2), "tall": (1.5, 1.65)}
SUNK = 0.05


def allowed(plan: Plan) -> bool:
    """One pillow fits a narrow bed, two a medium one."""
    return int(plan["pillows"]) <= {"narrow": 1, "medium": 2, "wide": 3}[plan["width"]]


def board(width: float, height: float, arched: bool) -> list[tuple[float, float]]:
    """The outline of a head- or footboard."""
    w = width / 2
    if not arched:
        return [(-w, 0), (w, 0), (w, height), (-w, height)]
    rise = min(0.18 * width, 0.3 * height)
    return [(-w, 0), (w, 0), (w, height - rise), (w * 0.55, height), (-w * 0.55, height), (-w, height - rise)]


def build(plan: Plan, random: Random) -> list[Piece]:
    pillows, material = int(plan["pillows"]), plan["material"]
    width, length, head = random.uniform(*WIDTH[plan["width"]]), 2.1, random.uniform(*HEAD[plan["headboard"]])
    blanket = random.choice(("fabric", "red", "green", "purple", "blue", "orange"))
    canopy = plan["canopy"] == "yes"
    low, tall = random.uniform(0.14, 0.24), random.uniform(0.2, 0.26)  # the frame's underside and height
    level = low + tall  # the frame's top
    arched = random.random() < 0.5
    pieces = []
    size = 0.15 if canopy else random.uniform(0.12, 0.16)
    x, z = (width / 2, length / 2) if canopy else (width / 2 - size * 0.8, length / 2 - size * 0.8)
    high = random.uniform(1.85, 2.0) if canopy else low + SUNK
    post = box(size, high, size) if canopy else taper((size * 0.7,) * 2, (size,) * 2, high)
    pieces += [
        Piece("post" if canopy else "leg", material, post.move(a * x, 0, b * z)) for b in (-1, 1) for a in (-1, 1)
    ]
    pieces.append(Piece("frame", material, box(width, tall, length, (0, low, 0))))
    soft = random.uniform(0.2, 0.26)  # the mattress above the frame
    top = level + soft
    mattress = taper((width - 0.1, length - 0.14), (width - 0.16, length - 0.2), soft + SUNK, (0, level - SUNK, 0))
    pieces.append(Piece("mattress", "white", mattress))
    reach = random.uniform(0.6, 0.7) * (length - 0.2)  # the blanket, from the foot
    start = length / 2 - 0.1 - reach
    at = (0, level + 0.04, start + reach / 2)
    cover = taper((width - 0.03, reach + 0.06), (width - 0.09, reach), soft + 0.02, at)
    pieces.append(Piece("blanket", blanket, cover))
    room = (width - 0.16) / pillows
    broad, linen = min(room - 0.1, 0.75), random.choice(("white", "paper"))
    cushion = taper((broad, 0.42), (broad - 0.14, 0.28), 0.18)
    for i in range(pillows):
        side = (i - (pillows - 1) / 2) * room
        pieces.append(Piece("pillow", linen, cushion.move(side, top - SUNK, -length / 2 + 0.37)))
    wide = width - 0.08 if canopy else width + 0.06
    back = extrude(board(wide, head - low, arched), 0.11, (0, low + 0.04, -length / 2))
    pieces.append(Piece("headboard", material, back))
    if plan["footboard"] == "yes":
        foot = level + random.uniform(0.3, 0.4) - low
        front = extrude(board(wide, foot, arched), 0.11, (0, low + 0.04, length / 2))
        pieces.append(Piece("footboard", material, front))
    if canopy:
        roof = taper((width + 0.22, length + 0.22), (width + 0.06, length + 0.06), 0.14, (0, high - SUNK, 0))
        pieces.append(Piece("canopy", blanket, roof))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    pieces = probe.boxes(mesh)  # [P, 2, 3]
    ground = probe.standing(mesh)
    low = mesh.bounds()[0]
    extent = pieces[:, 1] - pieces[:, 0]
    width, height, length = mesh.bounds()[1] - low
    rest = [i for i in range(len(pieces)) if i not in ground]
    ratio = width / length
    plan["width"] = "narrow" if ratio < 0.52 else "medium" if ratio < 0.73 else "wide"
    boards = [i for i in rest if extent[i][2] < 0.12 * length and extent[i][0] > 0.6 * width]
    heads = [i for i in boards if pieces[i].sum(0)[2] / 2 < low[2] + length / 2]
    ratio = max((pieces[i][1][1] - low[1] for i in heads), default=0.0) / length
    plan["headboard"] = "low" if ratio < 0.43 else "medium" if ratio < 0.61 else "tall"
    flat = [i for i in rest if extent[i][1] < extent[i][2]]
    plan["pillows"] = str(sum(extent[i][2] < 0.3 * length for i in flat))
    plan["footboard"] = "yes" if len(boards) > len(heads) else "no"
    above = [i for i in flat if extent[i][2] > 0.8 * length and pieces[i][0][1] > low[1] + 0.6 * height]
    plan["canopy"] = "yes" if above else "no"
    return plan


FAMILY = Family("bed", ATTRIBUTES, build, measure, allowed)
