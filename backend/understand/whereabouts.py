"""Where a thing is, in words."""

from __future__ import annotations

import numpy as np

from . import lexicon
from .listing import labels
from .report import listed
from .scene import Scene


def location(scene: Scene, place: int) -> str:
    """Where a thing is, in a sentence."""
    said = [f"{word} {labels(scene, [r])}" for word, r in _holders(scene, place)]
    if not said:
        said = (
            ["on the ground"]
            if scene.grounded()[place]
            else [f"{scene.low[place, 2] - scene.floor:.3g} above the ground"]
        )
    near = [int(r) for r in np.argsort(scene.gaps(place), kind="stable") if scene.beside(int(r))[0][place]]
    near = [r for r in near if not scene.of_kind(r, lexicon.BACKDROP - {"wall"})]
    near = [r for r in near if all(r != holder for _, holder in _holders(scene, place))][:2]
    if near:
        said.append(f"next to {labels(scene, near)}")
    return f"{labels(scene, [place])} is {listed(said)}, {side_of_scene(scene, place)}."


def _holders(scene: Scene, place: int) -> list[tuple[str, int]]:
    for word, relation in (("on", scene.on), ("in", scene.inside), ("under", scene.under)):
        found = [r for r in range(len(scene)) if r != place and relation(r)[place]]
        if word == "under":  # the table, not the mug on the table
            found = [r for r in found if not scene.on(place)[r] and scene.carried()[r] not in found]
        solid = [r for r in found if not scene.of_kind(r, lexicon.BACKDROP - {"wall", "rug"})]
        if solid:
            return [(word, min(solid, key=lambda r: float(scene.measures["volume"][r])))]
    return []


def side_of_scene(scene: Scene, place: int) -> str:
    low, high = scene.low[:, :2].min(0), scene.high[:, :2].max(0)
    across, along = (scene.middle[place, :2] - low) / np.maximum(high - low, 1e-9)
    side = "left" if across < 1 / 3 else "right" if across > 2 / 3 else "middle"
    depth = "front" if along < 1 / 3 else "back" if along > 2 / 3 else "middle"
    if side == depth == "middle":
        return "in the middle of the scene"
    if side == "middle" or depth == "middle":
        return f"at the {depth if side == 'middle' else side} of the scene"
    return f"at the {depth} {side} of the scene"


def relations(scene: Scene, a: int, b: int) -> list[str]:
    """How `a` stands to `b`: "on", "left of", "near"..."""
    for word, relation in (("in", scene.inside), ("on", scene.on), ("under", scene.under), ("above", scene.above)):
        if relation(b)[a]:
            return [word]
    said = [
        name
        for name, axis, higher in (
            ("left of", 0, False),
            ("right of", 0, True),
            ("in front of", 1, False),
            ("behind", 1, True),
        )
        if scene.side(b, axis, higher)[0][a]
    ]
    if scene.beside(b)[0][a]:
        said.insert(0, "near")
    return said or ["at the same place as"]
