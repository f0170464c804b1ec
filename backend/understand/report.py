"""The facts of a mesh in words for people (facts.py computes them)."""

from __future__ import annotations

from typing import Any

from .symmetry import ROUND

AXES = ("x", "y", "z")
MIRRORED = {"x": "left to right", "y": "top to bottom", "z": "front to back"}
ABOUT = {
    "x": "the axis from left to right",
    "y": "the upright axis",
    "z": "the axis from front to back",
    "": "an oblique axis",
}
FALLEN = {
    "-y": "upside down",
    "+x": "on its left side",
    "-x": "on its right side",
    "+z": "on its back",
    "-z": "on its front",
}


def sentence(facts: dict[str, Any]) -> str:
    """The facts in one line for people."""
    size = " x ".join(f"{side:g}" for side in facts["size"])
    pieces = "1 piece" if facts["parts"] == 1 else f"{facts['parts']:,} pieces"
    return (
        f"{facts['vertices']:,} vertices, {facts['faces']:,} faces, {pieces}, "
        f"{'closed' if facts['closed'] else 'not closed'}, {size} units."
    )


def report(facts: dict[str, Any]) -> list[str]:
    """The facts in a few sentences, the most telling first."""
    said = [sentence(facts), *(say(facts) for say in (solidity, faces, symmetric, repeated, standing))]
    if facts["thinned"]:
        said.append("All but the counts was measured on a copy with fewer faces, since the mesh is too large to send.")
    return [each for each in said if each]


def proportions(facts: dict[str, Any]) -> str:
    """ "0.83 wide, 1 high and 0.48 deep"."""
    wide, high, deep = (f"{side:.3g}" for side in facts["size"])
    return f"{wide} wide, {high} high and {deep} deep"


def solidity(facts: dict[str, Any]) -> str:
    """Whether it is closed, and if not, why."""
    if facts["closed"]:
        inward = ", with its faces inward" if facts["volume"] < 0 else ""
        return f"It is closed{inward}: area {facts['area']:.4g}, volume {abs(facts['volume']):.4g}."
    if not facts["faces"]:
        return "It has no faces."
    faults = [
        f"{_count(facts['open_edges'], 'open edge')} around {_count(facts['holes'], 'hole')}" * bool(facts["holes"]),
        f"{_count(facts['crowded_edges'], 'edge')} of more than two faces" * bool(facts["crowded_edges"]),
        f"{_count(facts['twisted_edges'], 'edge')} between faces that are wound against each other"
        * bool(facts["twisted_edges"]),
    ]
    return f"It is not closed: {listed([fault for fault in faults if fault])}. Its area is {facts['area']:.4g}."


def faces(facts: dict[str, Any]) -> str:
    """What the faces are, and what is superfluous."""
    kinds = [("triangle", facts["triangles"]), ("quad", facts["quads"]), ("n-gon", facts["ngons"])]
    said = listed([_count(number, kind) for kind, number in kinds if number])
    spare = [
        f"{_count(facts['loose'], 'vertex', 'vertices')} without a face" * bool(facts["loose"]),
        f"{_count(facts['doubles'], 'vertex', 'vertices')} on the place of another" * bool(facts["doubles"]),
    ]
    extra = listed([each for each in spare if each])
    return f"It has {said}{', and ' + extra if extra else ''}." if said else f"It has {extra}." if extra else ""


def symmetric(facts: dict[str, Any]) -> str:
    """Mirror planes and turning axes; "" where there are none."""
    if facts["ball"]:
        return "It is a ball."
    axes = [(axis_name(axis), fold) for axis, fold in facts["axes"]]
    around = [name for name, fold in axes if fold >= ROUND]
    halves = [MIRRORED[name] for name in map(axis_name, facts["planes"]) if name]
    oblique = len(facts["planes"]) - len(halves)
    said = [f"It mirrors {listed(halves)}" if halves else ""]
    said += [f"there {'is' if oblique == 1 else 'are'} {_count(oblique, 'oblique mirror plane')}"] if oblique else []
    said += [f"it is round about {ABOUT[name]}" for name in around]
    for fold in sorted({fold for name, fold in axes if name and fold < ROUND}):
        about = listed([ABOUT[name] for name, other in axes if name and other == fold])
        said.append(f"turning it by {360 / fold:.4g} degrees about {about} changes nothing")
    text = "; ".join(each for each in said if each)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def repeated(facts: dict[str, Any]) -> str:
    """Which pieces are the same; "" where none are."""
    groups = [
        f"{number:,} equal pieces{' called ' + name.replace('_', ' ') if name else ''}"
        f"{' of different sizes' if scaled else ''}"
        for number, name, scaled in facts["repeats"][:4]
    ]
    return f"There are {listed(groups)}." if groups else ""


def standing(facts: dict[str, Any]) -> str:
    """How it stands on the ground."""
    if not facts["faces"]:
        return ""
    if facts["up"] is None:
        return "It does not stand by itself."
    base = facts["base"]
    if facts["up"] != "+y":
        return f"As it is it would fall over; it would lie still {FALLEN[facts['up']]}."
    feet = "on one base" if base["feet"] == 1 else f"on {base['feet']:,} feet"
    return f"It stands {feet}{', flat' if base['flat'] else ''}."


def axis_name(direction: list[float]) -> str:
    """ "x", "y" or "z" of a unit vector along that axis, "" of another."""
    return next((name for name, part in zip(AXES, direction, strict=True) if abs(part) > 0.9999), "")


def listed(words: list[str]) -> str:
    """ "a, b and c"."""
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many or one + 's'}"
