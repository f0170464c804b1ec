"""Street lamps: lanterns, globes or boxes on a tall post."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, ribbon, taper

ATTRIBUTES = (
    Attribute("lamps", "count", ("1", "2", "3")),
    Attribute("shade", "style", ("lantern", "globe", "box")),
    Attribute("height", "size", ("low", "medium", "tall")),
    Attribute("base", "style", ("round", "square")),
    Attribute("band", "option", ("no", "yes")),
    Attribute("material", "material", ("iron", "black", "metal", "green", "gold"), measured=False),
)
HEIGHT = {"low": (1.2, 1.4), "medium": (1.95, 2.2), "tall": (3.0, 3.3)}  # of the post; an arm reaches 0.62


def build(plan: Plan, random: Random) -> list[Piece]:
    high, metal, count = random.uniform(*HEIGHT[plan["height"]]), plan["material"], int(plan["lamps"])
    reach = 0.62
    pieces = [Piece("post", metal, lathe([(0.16, 0.0), (0.13, high)], 6))]
    if plan["base"] == "square":
        pieces.append(Piece("base", metal, taper((0.48, 0.48), (0.36, 0.36), 0.3)))
    else:
        pieces.append(Piece("base", metal, lathe([(0.3, 0.0), (0.22, 0.3)], 6)))
    if plan["band"] == "yes":
        pieces.append(Piece("band", metal, lathe([(0.21, 0.44 * high), (0.21, 0.44 * high + 0.12)], 6)))
    drop = -0.12 if plan["shade"] == "box" else random.choice((-0.06, 0.12))
    arm = ribbon([(0.045, high - 0.16), (reach + 0.06, high - 0.06 + drop / 4)], 0.11, 0.11)
    y = high - 0.1 + drop / 4
    if plan["shade"] == "lantern":
        lamp = [("lamp", "light", taper((0.2, 0.2), (0.34, 0.34), 0.36, (reach, y, 0)))]
        hat = lathe([(0.3, 0.0), (0.0, 0.22)], 4, (reach, y + 0.27, 0))
        lamp.append(("cap", metal, hat))
    elif plan["shade"] == "globe":
        lamp = [("lamp", "light", lathe([(0.13, 0.0), (0.23, 0.19), (0.13, 0.38)], 6, (reach, y, 0)))]
    else:
        lamp = [("cap", metal, taper((0.3, 0.5), (0.22, 0.4), 0.16, (reach, y, 0)).turn("y", 90, (reach, y, 0)))]
        lamp.append(("lamp", "light", box(0.38, 0.14, 0.18, (reach, y - 0.08, 0))))
    turn = {1: 0.0, 2: 0.0, 3: 90.0}[count]
    arms = arm.around(count, turn)
    for k in range(count):
        pieces.append(Piece("arm", metal, arms[k]))
    for name, material, solid in lamp:
        for copy in solid.around(count, turn):
            pieces.append(Piece(name, material, copy))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    ground = probe.standing(mesh)
    post = max(ground, key=lambda i: size[i, 1])
    bases = [i for i in ground if i != post]
    if not bases:
        return plan
    off = ((middle - middle[post])[:, [0, 2]] ** 2).sum(1) ** 0.5
    far = off.max()
    heads = [i for i in range(len(parts)) if off[i] > 0.8 * far]
    lamps = [i for i in heads if len(parts[i].vertices) in (8, 18)]
    caps = [i for i in heads if i not in lamps]
    globes = [i for i in heads if len(parts[i].vertices) == 18]
    plan["shade"] = "globe" if globes else "lantern" if caps else "box"
    plan["lamps"] = str(len(globes) or len(caps) or len(lamps) // 2)
    ratio = size[post, 1] / far
    plan["height"] = "low" if ratio < 2.7 else "medium" if ratio < 4.2 else "tall"
    plan["base"] = "square" if probe.end_corners(parts[bases[0]], 1, high=False) == 4 else "round"
    rings = [i for i in range(len(parts)) if i not in ground and off[i] < 2 and len(parts[i].vertices) == 12]
    plan["band"] = "yes" if rings else "no"
    return plan


FAMILY = Family("streetlamp", ATTRIBUTES, build, measure)
