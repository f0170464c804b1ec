"""What a scene shows, what it seems to lack, and what to do in it next: from its boxes and what things are called."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from . import lexicon
from .finder import floating
from .listing import inventory, labels
from .report import listed
from .scene import GENERIC, Scene, tokens

# What belongs together. A scene that has some of a place's things lacks the others; each line begins with the place.
_PLACES = """
dining room: table chair plate mug lamp
living room: sofa table lamp armchair shelf rug picture
bedroom: bed lamp cabinet drawers pillow
study: desk chair lamp shelf book
kitchen: stove fridge sink cabinet pot table
street: house streetlamp car sign tree bench
garden: tree bush flower fence bench
village: house church well tree cart fence
farm: barn fence cart tree windmill
harbour: boat crate barrel rope
camp: tent torch rock tree
castle: tower wall bridge gate torch
tavern: table stool barrel mug candle
"""
PLACES = {line.split(":")[0]: line.split(":")[1].split() for line in _PLACES.strip().splitlines()}
# One thing calls for another.
GOES_WITH = {
    "table": "chair", "desk": "chair", "bed": "lamp", "sofa": "table", "plate": "mug", "chair": "table",
    "vase": "flower", "shelf": "book", "well": "bucket", "tent": "torch", "house": "tree",
}  # fmt: skip
MANY = 60  # pairs of things that are looked at closely


def overview(scene: Scene) -> str:
    """What there is, and what stands on or in what."""
    if not len(scene):
        return "The scene is empty."
    said = [inventory(scene)]
    place = setting(scene)
    if place:
        said.append(f"It looks like a {place}.")
    carriers: dict[int, list[int]] = {}
    for thing, carrier in enumerate(scene.carried().tolist()):
        if carrier >= 0:
            carriers.setdefault(carrier, []).append(thing)
    for carrier, things in sorted(carriers.items(), key=lambda pair: -len(pair[1]))[:4]:
        verb = "is" if len(things) == 1 else "are"
        said.append(f"On {labels(scene, [carrier])} {verb} {labels(scene, things, 6)}.")
    return " ".join(said)


def setting(scene: Scene) -> str:
    """The place whose things a scene has most of; "" where it has fewer than two, or two places are as likely."""
    here = frozenset(noun for each in scene.things for noun in each.nouns)
    scores = sorted(
        ((len(here & set(things)) / len(things) ** 0.5, place) for place, things in PLACES.items()), reverse=True
    )
    enough = len(here & set(PLACES[scores[0][1]])) >= 2
    return scores[0][1] if enough and scores[0][0] > scores[1][0] else ""


def missing(scene: Scene) -> str:
    """What a scene seems to lack."""
    if not len(scene):
        return "The scene is empty: everything is missing."
    here = {noun for each in scene.things for noun in each.nouns}
    place = setting(scene)
    lacks = [noun for noun in PLACES.get(place, []) if not here & lexicon.meant(noun)]
    also = [GOES_WITH[noun] for noun in sorted(here) if noun in GOES_WITH and not here & lexicon.meant(GOES_WITH[noun])]
    wanted = [lexicon.article(lexicon.spoken(noun)) for noun in dict.fromkeys([*lacks, *also])][:6]
    said = []
    if wanted:
        said.append(
            f"For a {place} it lacks {listed(wanted)}." if lacks else f"What could go with it: {listed(wanted)}."
        )
    if not scene.kinds(frozenset({"floor"})).any():
        said.append("There is no floor.")
    return " ".join(said) or "By its names and boxes, nothing that I know of is missing."


def tasks(scene: Scene) -> str:
    """A numbered list of what to do next: things in the air, things in one another, equal things in one place, things
    without a name, things that are missing."""
    if not len(scene):
        return "1. Add something: the scene is empty."
    out: list[str] = []
    for place in np.flatnonzero(floating(scene))[:8]:
        out.append(f"Set {labels(scene, [int(place)])} down: {_drop(scene, int(place))}")
    for a, b, share in _collisions(scene):
        if share > 0.98:
            out.append(f"Delete one of {labels(scene, [a, b])}: they lie in the same place.")
        else:
            out.append(
                f"Move {labels(scene, [a])} and {labels(scene, [b])} apart: {100 * share:.0f} % of one is in the other."
            )
    nameless = [
        i
        for i, each in enumerate(scene.things)
        if not each.named and (tokens(each.given.name) or ["cube"])[-1] in GENERIC
    ]
    if nameless:
        known = [i for i in nameless if scene.things[i].noun and scene.things[i].given.kind]
        example = f", such as {labels(scene, known[:2])}" if known else ""
        out.append(
            f"Name {'the object' if len(nameless) == 1 else f'the {len(nameless)} objects'} without a name{example}."
        )
    lacks = missing(scene)
    if lacks.startswith(("For a", "What could")):
        out.append(lacks)
    if not out:
        return "Nothing stands out: all things stand on something, none are in one another, and all have names."
    return "\n".join(f"{number}. {task}" for number, task in enumerate(out, 1))


def _drop(scene: Scene, place: int) -> str:
    below = [r for r in range(len(scene)) if r != place and scene.under(place)[r]]
    level = max((float(scene.high[r, 2]) for r in below), default=scene.floor)
    onto = labels(scene, [max(below, key=lambda r: float(scene.high[r, 2]))]) if below else "the ground"
    return f"it hangs {scene.low[place, 2] - level:.3g} over {onto}."


def _collisions(scene: Scene) -> list[tuple[int, int, float]]:
    """Pairs of things that share much of their room though neither is hollow, with the share of the smaller one."""
    solid = [
        i
        for i in range(len(scene))
        if not scene.of_kind(i, lexicon.HOLLOW | lexicon.STEPPED | lexicon.LEGGED | lexicon.BACKDROP)
    ]
    out = []
    for a, b in combinations(solid[:500], 2):
        both = np.minimum(scene.high[a], scene.high[b]) - np.maximum(scene.low[a], scene.low[b])
        if (both > 0).all():
            share = float(both.prod() / min(scene.measures["volume"][a], scene.measures["volume"][b]))
            if share > 0.5:
                out.append((a, b, share))
    return sorted(out, key=lambda found: -found[2])[:MANY]
