"""Robots, facing +Z."""

from __future__ import annotations

from random import Random

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import box, lathe, loft, rectangle, taper, tube

ATTRIBUTES = (
    Attribute("arms", "count", ("2", "4")),
    Attribute("legs", "count", ("2", "3", "4")),
    Attribute("eyes", "count", ("1", "2", "3")),
    Attribute("antennas", "count", ("0", "1", "2")),
    Attribute("head", "style", ("square", "round")),
    Attribute("body", "size", ("narrow", "medium", "wide")),
    Attribute("material", "material", ("metal", "white", "yellow", "red", "blue", "iron"), measured=False),
)
BODY = {"narrow": (0.55, 0.61), "medium": (0.85, 0.94), "wide": (1.28, 1.4)}  # how wide; it is 0.8 high
LINES = 190  # chest and hands are added where they fit in


def build(plan: Plan, random: Random) -> list[Piece]:
    paint, wide = plan["material"], random.uniform(*BODY[plan["body"]])
    joint = random.choice([m for m in ("iron", "grey", "black", "metal") if m != paint])
    glow = random.choice([m for m in ("light", "red", "blue", "green") if m != paint])
    legs, arms, eyes = int(plan["legs"]), int(plan["arms"]), int(plan["eyes"])
    hip, deep = random.uniform(0.4, 0.5), 0.56
    waist = random.uniform(0.78, 0.94)
    torso = loft([rectangle(waist * wide, 0.86 * deep, hip), rectangle(wide, deep, hip + 0.8)])
    pieces = [Piece("body", paint, torso)]
    x = 0.27 * wide
    spots = {2: ((-x, 0.02), (x, 0.02)), 3: ((-x, 0.12), (x, 0.12), (0, -0.15)), 4: ()}[legs]
    spots = spots or tuple((a, b) for a in (-x, x) for b in (-0.16, 0.16))
    thick = min(0.3, 0.44 * wide) if legs == 2 else 0.22
    for a, b in spots:
        foot = taper((thick, thick * (1.5 if legs == 2 else 1.1)), (0.6 * thick, 0.7 * thick), hip + 0.09, (a, 0, b))
        pieces.append(Piece("leg", joint, foot))
    top = hip + 0.8
    size, tall = random.uniform(0.52, 0.6), random.uniform(0.42, 0.5)
    if plan["head"] == "square":
        pieces.append(Piece("head", paint, taper((size, 0.48), (0.9 * size, 0.42), tall, (0, top - 0.05, 0))))
        face, rise = 0.205, 0.5
    else:
        lines = 46 + 14 * (legs + arms) + (30 if eyes == 3 else 14 * eyes) + 10 * int(plan["antennas"])
        belt = [(0.34, 0.55 * tall)] if lines <= 200 else []
        dome = lathe([(0.33, 0.0), *belt, (0.19, tall)], 6, (0, top - 0.05, 0))
        pieces.append(Piece("head", paint, dome))
        face, rise = 0.25 if eyes < 3 else 0.31 if belt else 0.22, 0.4
    side = {1: 0.2, 2: 0.13, 3: 0.11}[eyes]
    for k in range(eyes):
        spot = (0.17 * (k - (eyes - 1) / 2) * (1.3 if eyes == 2 else 1.0), top - 0.05 + rise * tall - side / 2, face)
        if eyes == 3:  # leaner
            eye = lathe([(0.09, 0.0), (0.0, 0.22)], 4, (0, -0.08, 0)).turn("x", 90).move(*spot).move(y=side / 2)
        else:
            eye = box(side, side, 0.16, spot)
        pieces.append(Piece("eye", glow, eye))
    hands: list[Piece] = []
    count = int(plan["antennas"])
    reach = {0: (), 1: (0.0,), 2: (-0.13, 0.13)}[count]
    for a in reach:
        tip = lathe([(0.075, 0.0), (0.0, 0.36)], 4, (a, top - 0.12 + tall, 0))
        pieces.append(Piece("antenna", glow, tip))
    out = wide / 2
    for level, spread in ((0.62, 0.24), (0.3, 0.27))[: arms // 2]:
        y = hip + level
        for s in (-1, 1):
            if arms == 2:
                arm = tube(0.1, (s * (out - 0.1), y + 0.04, 0), (s * (out + 0.2), y - 0.42, 0.04), 4, tip=0.12)
                pieces.append(Piece("arm", joint, arm))
                hands.append(Piece("hand", paint, box(0.26, 0.22, 0.28, (s * (out + 0.2), y - 0.6, 0.04))))
            else:
                end = (s * (out + spread + 0.14), y - 0.2, 0.12 if level > 0.5 else -0.02)
                pieces.append(Piece("arm", joint, tube(0.1, (s * (out - 0.14), y, 0), end, 4, tip=0.13)))
    plate = Piece("chest", glow, box(0.42 * wide, 0.2, 0.16, (0, hip + 0.4, 0.5 * deep - 0.02)))
    for extra in ([plate], hands):
        lines = sum(len(p.solid.vertices) + len(p.solid.faces) for p in [*pieces, *extra])
        if lines <= LINES and random.random() < 0.6:
            pieces += extra
    return pieces


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, spans = mesh.pieces(), probe.boxes(mesh)  # spans [P, 2, 3]
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    legs = probe.standing(mesh)
    rest = [i for i in range(len(parts)) if i not in legs]
    if len(rest) < 3:
        return plan
    centre = mesh.bounds().mean(0)[0]
    inner = [i for i in rest if abs(middle[i, 0] - centre) < 0.2 * (mesh.bounds()[1] - mesh.bounds()[0])[0]]
    body = max(inner, key=lambda i: parts[i].volume())
    top, tall = spans[body, 1, 1], size[body, 1]
    over = [i for i in rest if spans[i, 1, 1] > top + 2 and i != body]
    if not over:
        return plan
    head = max(over, key=lambda i: parts[i].volume())
    sides = [i for i in rest if middle[i, 0] > spans[body, 1, 0] and i not in over]
    arms = [i for i in sides if spans[i, 0, 0] < spans[body, 1, 0] - 1]
    plan["arms"] = str(2 * len(arms))
    plan["legs"] = str(len(legs))
    spikes = [i for i in over if len(parts[i].vertices) == 5 and probe.end_corners(parts[i], 1) == 1]
    plan["eyes"] = str(len(over) - 1 - len(spikes))
    plan["antennas"] = str(len(spikes))
    plan["head"] = "square" if len(parts[head].vertices) == 8 else "round"
    ratio = size[body, 0] / tall
    plan["body"] = "narrow" if ratio < 0.91 else "medium" if ratio < 1.39 else "wide"
    return plan


FAMILY = Family("robot", ATTRIBUTES, build, measure)
