"""Books: lying in a pile, standing in a row or open, with and without a bookmark."""

from __future__ import annotations

from random import Random

import numpy as np

from meshscribe.shared.mesh import Mesh

from . import probe
from .base import Attribute, Family, Piece, Plan
from .solids import Solid, box, extrude, mirrored, ribbon

ATTRIBUTES = (
    Attribute("books", "count", ("1", "2", "3")),
    Attribute("form", "style", ("lying", "standing", "open")),
    Attribute("thickness", "size", ("thin", "medium", "thick")),
    Attribute("width", "size", ("narrow", "medium", "wide")),
    Attribute("bookmark", "option", ("no", "yes")),
    Attribute("material", "material", ("leather", "red", "blue", "green", "purple", "black"), measured=False),
)
THICK = {"thin": (0.17, 0.19), "medium": (0.28, 0.32), "thick": (0.46, 0.52)}  # of a book 1 tall
WIDTH = {"narrow": (0.54, 0.6), "medium": (0.72, 0.79), "wide": (0.95, 1.0)}
CLOTH = ("leather", "red", "blue", "green", "purple", "fabric", "orange", "darkwood")


def closed(width: float, thick: float, cover: float, step: float) -> list[tuple[str, Solid]]:
    """Cover and pages of a book that lies on y = 0 with its spine at x = 0, 1 long along Z."""
    c = cover / 2
    bent = [(width, c), (c, c), (c, thick - c), (width, thick - c)]
    low = cover - 2.6 * step
    edge = width - max(0.06, 4.6 * step)
    pages = box(edge - low, thick - 2 * low, 0.92, ((edge + low) / 2, low, 0))
    return [("cover", ribbon(bent, cover, 1.0)), ("pages", pages)]


def opened(width: float, thick: float, cover: float, step: float) -> list[tuple[str, Solid]]:
    """Cover and pages of a book that lies open on y = 0."""
    c, rise, half = cover / 2, width * 0.07, thick / 2
    bent = [(width, c + rise), (0.06, c), (-0.06, c), (-width, c + rise)]
    low, edge, slope = cover - 2.6 * step, width * 0.95, rise * 0.95
    outline = [(0.012, low), (edge, low + slope), (edge * 0.97, low + slope + half)]
    outline += [(edge * 0.45, low + slope * 0.45 + half * 1.12), (0.012, low + half * 0.55)]
    pages = extrude(outline, 0.92)
    return [("cover", ribbon(bent, cover, 1.0)), ("pages", pages), ("pages", mirrored(pages))]


def build(plan: Plan, random: Random) -> list[Piece]:
    books, form = int(plan["books"]), plan["form"]
    thick, width = random.uniform(*THICK[plan["thickness"]]), random.uniform(*WIDTH[plan["width"]])
    colours = [plan["material"], *random.sample([c for c in CLOTH if c != plan["material"]], 2)]
    step = max(1.2, 2 * width if form == "open" else 0.0, books * thick + 0.9 * (form == "standing")) / 127
    cover = max(0.042, 5 * step)
    marker = random.choice([c for c in ("red", "blue", "yellow", "green") if c != plan["material"]])
    mark = box(max(0.11, 6 * step), 3.2 * step, 0.3) if plan["bookmark"] == "yes" else None
    pieces: list[Piece] = []

    def add(parts: list[tuple[str, Solid]], number: int, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        for name, solid in parts:
            colour = {"cover": colours[number], "pages": "paper", "bookmark": marker}[name]
            pieces.append(Piece(name, colour, solid.move(x, y, z)))

    if form == "standing":
        lean, at, shift = random.uniform(8, 14), 0.0, random.choice((-3.2, 3.2)) * step
        for i in range(books):
            parts = closed(width, thick, cover, step)
            if mark and i == 0:
                parts.append(("bookmark", mark.move(width * 0.5, thick / 2 - 1.6 * step, 0.42)))
            # Upright, the spine to the front, centred; then leaning on the one before.
            parts = [(n, s.move(-width / 2, -thick / 2).turn("x", -90).turn("y", 90).move(y=0.5)) for n, s in parts]
            if i:
                tilt = np.radians(lean)
                high = 0.985 - 0.05 * i
                parts = [(n, s.scale(y=high).turn("z", lean)) for n, s in parts]
                low = -np.sin(tilt) * thick / 2
                reach = high * np.sin(tilt) + np.cos(tilt) * thick / 2  # from the foot's middle to the left
                at = at + thick / 2 + reach - 3 * step if i == 1 else at + thick / np.cos(tilt) - 3.2 * step
                add(parts, i, at, -low, (shift, 0.0)[i - 1])
            else:
                add(parts, i)
        return pieces
    level, body = 0.0, max(thick, 2 * cover + 3 * step)
    facing = random.choice((0, 90, 180, 270))
    for i in range(books):
        last = i == books - 1
        if last and form == "open":
            parts = opened(width, thick, cover, step)
            if mark:
                parts.append(("bookmark", mark.move(0, cover - 1.3 * step, 0.42)))
            add(parts, 0, y=level)
            break
        parts = [(n, s.move(x=-width / 2)) for n, s in closed(width, body, cover, step)]
        if mark and last:
            parts.append(("bookmark", mark.move(random.uniform(-0.1, 0.2), body / 2 - 1.6 * step, 0.42)))
        turn = (facing if form == "lying" or i else 90) + random.choice((-1, 1)) * random.uniform(4, 16)
        add([(name, solid.turn("y", turn)) for name, solid in parts], 0 if last else i + 1, y=level)
        level += body - 3.6 * step
    return pieces


def spans(piece: Mesh) -> tuple[float, float]:
    """The two sides of a lying book's outline, whatever way it is turned: the shorter and the longer one."""
    flat = piece.vertices[:, [0, 2]].astype(float)
    best = (0.0, 0.0)
    area = np.inf
    for angle in np.radians(np.arange(0.0, 90.0, 0.5)):
        turned = flat @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        a, b = np.ptp(turned, axis=0)
        if a * b < area:
            area, best = a * b, (min(a, b), max(a, b))
    return best


def measure(mesh: Mesh) -> Plan:
    plan: Plan = {}
    parts, pieces = mesh.pieces(), probe.boxes(mesh)  # [P, 2, 3]
    extent = pieces[:, 1] - pieces[:, 0]
    covers = [i for i in range(len(pieces)) if len(parts[i].vertices) > 12] or [0]
    pages = [i for i in range(len(pieces)) if 8 < len(parts[i].vertices) <= 12]
    plan["books"] = str(len(covers))
    top = max(covers, key=lambda i: pieces[i][1][1])
    if pages:
        plan["form"], long = "open", extent[top][2]
        shape = parts[pages[0]].vertices
        edge = shape[np.abs(shape[:, 0] - pieces[top].sum(0)[0] / 2) > 0.9 * np.ptp(shape[:, 0])]
        thick, width = 1.95 * np.ptp(edge[:, 1]) / long, extent[top][0] / 2 / long
    elif all(extent[i][1] > 0.8 * extent[i][2] for i in covers):
        upright = min(covers, key=lambda i: extent[i][0])
        plan["form"], (thick, long, width) = "standing", extent[upright]
        thick, width = thick / long, width / long
    else:
        plan["form"] = "lying"
        short, long = spans(parts[top])
        thick, width = extent[top][1] / long, short / long
    plan["thickness"] = "thin" if thick < 0.235 else "medium" if thick < 0.39 else "thick"
    plan["width"] = "narrow" if width < 0.66 else "medium" if width < 0.87 else "wide"
    spare = len(pieces) - 2 * len(covers) - (1 if pages else 0)
    plan["bookmark"] = "yes" if spare > 0 else "no"
    return plan


FAMILY = Family("book", ATTRIBUTES, build, measure)
