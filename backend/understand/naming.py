"""Names for the parts of a mesh: those that they have, those that the plan tells by their count, else their form."""

from __future__ import annotations

import numpy as np

from meshscribe.backend.words import singular
from meshscribe.shared.mesh import Mesh, Part

from .answers import Known, title
from .repeats import Pieces, repeats
from .topology import Edges

FORMS = ("bar", "panel", "block")
AT_GROUND = 0.02  # of the height: pieces that begin below this stand on the ground
STANDING = frozenset({"leg", "foot", "wheel", "post"})


def names(known: Known, mesh: Mesh) -> tuple[str, list[str]]:
    """The object's name, and one name for each of its parts, or of its loose pieces where it has no parts; equal
    pieces have equal names."""
    pieces = mesh.pieces()
    own = [piece.parts[0].name if mesh.parts else "part" for piece in pieces]
    given = ["" if name in ("", "part") else name for name in own]
    if not all(given):
        given = [name or guess for name, guess in zip(given, _guessed(known, pieces), strict=True)]
    return title(known), given


def _guessed(known: Known, pieces: list[Mesh]) -> list[str]:
    """By the plan's counts: four equal pieces on the ground of a thing with four legs are its legs. Else by form."""
    out = [_form(piece) for piece in pieces]
    joined = Mesh.join([("", "", piece.vertices, piece.faces()) for piece in pieces])
    whole = Mesh(
        joined.vertices, joined.loops, joined.sizes, tuple(Part("", "", len(p.vertices), len(p.sizes)) for p in pieces)
    )
    owner = np.repeat(np.arange(len(pieces)), [len(piece.vertices) for piece in pieces])
    of_face = np.repeat(np.arange(len(pieces)), [len(piece.sizes) for piece in pieces])
    groups = [
        group.pieces for group in repeats(whole.vertices, Edges.of(whole).ends, Pieces(len(pieces), owner, of_face))
    ]
    low, high = whole.bounds()[:, 1]
    ground = low + AT_GROUND * (high - low)
    counts = [
        (singular(name), int(value)) for name, value in known.attributes.items() if value.isdigit() and int(value) > 1
    ]
    for name, count in counts:
        for group in groups:
            down = all(pieces[i].vertices[:, 1].min() <= ground for i in group)
            if len(group) == count and (down or name not in STANDING):
                for i in group:
                    out[i] = name
                groups.remove(group)
                break
    return out


def _form(piece: Mesh) -> str:
    """ "bar", "panel" or "block" by the sides of its box."""
    long, middle, short = sorted(np.ptp(piece.vertices, 0).tolist(), reverse=True)
    if not long or middle < 0.3 * long:
        return "bar"
    return "panel" if short < 0.25 * middle else "block"
