"""Trains: an engine and its wagons, driving towards +Z. A pair of wheels is one roller; the rollers between two cars
carry both."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, cylinder, silhouette, taper, wheel

ATTRIBUTES = (
    Attribute("kind", "style", ("steam", "diesel")),
    Attribute("wagons", "count", ("1", "2", "3")),
    Attribute("cargo", "style", ("closed", "open")),
    Attribute("length", "size", ("short", "medium", "long")),
    Attribute("material", "material", ("red", "green", "blue", "black", "yellow"), measured=False),
)
LENGTH = {"short": (1.0, 1.1), "medium": (1.4, 1.55), "long": (1.8, 1.95)}  # of a wagon, which is 1 wide
GAP = 0.16


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, long, count = plan["material"], random.uniform(*LENGTH[plan["length"]]), int(plan["wagons"])
    floor, tire, engine = 0.3, 0.29, 1.9
    pieces = []
    if plan["kind"] == "steam":
        boiler = cylinder(0.46, 1.5, 8).turn("x", 90)
        pieces.append(Piece("boiler", paint, boiler.move(0, floor + 0.46, 0.4)))
        cabin = random.choice([m for m in ("black", "red", "iron", "green") if m != paint])
        pieces.append(Piece("cabin", cabin, taper((1.04, 0.72), (0.96, 0.72), 1.24, (0, floor - 0.06, 0.36))))
        stack = random.choice((((0.2, 0.2), (0.4, 0.4)), ((0.28, 0.28), (0.28, 0.28))))
        pieces.append(Piece("chimney", "black", taper(*stack, 0.78, (0, floor + 0.62, engine - 0.35))))
    else:
        nose = [
            (engine - 0.1, floor),
            (engine, floor + 0.3),
            (engine - 0.35, floor + 0.55),
            (engine - 0.6, floor + 1.02),
        ]
        pieces.append(Piece("body", paint, silhouette([(0.0, floor), *nose, (0.0, floor + 1.02)], 1.0)))
        accent = random.choice([m for m in ("white", "yellow", "black", "red") if m != paint])
        pieces.append(Piece("window", "glass", box(1.16, 0.26, 0.62, (0, floor + 0.66, engine - 1.02))))
        pieces.append(Piece("stripe", accent, box(1.16, 0.24, engine - 0.2, (0, floor + 0.28, 0.05 + engine / 2))))
    tone = random.choice([m for m in ("wood", "red", "grey", "blue", "darkwood", "green") if m != paint])
    heap = random.choice(("black", "earth", "stone"))
    axles, z = [engine - 0.42, 0.62], 0.0
    for k in range(count):
        axles.append(z - GAP / 2)
        z -= GAP + long
        at = z + long / 2
        if plan["cargo"] == "closed":
            pieces.append(Piece("wagon", tone, box(0.98, 0.96, long, (0, floor, at))))
        else:
            pieces.append(Piece("wagon", tone, taper((0.8, long - 0.1), (1.04, long), 0.58, (0, floor, at))))
            if count < 3:
                load = taper((0.9, long - 0.14), (0.3, 0.4 * long), 0.34, (0, floor + 0.42, at))
                pieces.append(Piece("load", heap, load))
        if k == count - 1:
            axles.append(z + 0.3)
    del axles[1]
    for at in axles:
        pieces.append(Piece("wheels", "iron", wheel(tire, 1.18, 6, (0, 0, at))))
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size = spans[:, 1] - spans[:, 0]
    wheels = probe.standing(mesh)
    rest = [i for i in range(len(parts)) if i not in wheels]
    wide = max(size[i, 0] for i in wheels)
    last = min(rest, key=lambda i: spans[i, 0, 2])
    plan["kind"] = "steam" if max(probe.end_corners(parts[i], 2) for i in rest) > 4 else "diesel"
    plan["wagons"] = str(len(wheels) - 2)
    plan["cargo"] = "closed" if size[last, 1] > 0.7 * wide else "open"
    ratio = size[last, 2] / wide
    plan["length"] = "short" if ratio < 1.06 else "medium" if ratio < 1.42 else "long"
    return plan


FAMILY = Family("train", ATTRIBUTES, build, measure)
