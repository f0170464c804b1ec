"""Which things of a scene are called by a noun with its adjectives."""

from __future__ import annotations

from collections.abc import Sequence

from . import lexicon
from .lexicon import COLOURS, MATERIALS, meant, same, singulars
from .listing import inventory
from .scene import Scene
from .tree import Noun

FAILED = 100  # doubt of a reading that finds nothing
ANOTHER_ENGINE = "LLaMA-Mesh, which knows language, could: choose it as the model."


def called(scene: Scene, noun: Noun) -> tuple[list[int], int, str]:
    """The things that bear a phrase's words, the last ones as their noun, the others said of them; a doubt; and why
    there are none."""
    words = noun.words
    for length in range(len(words), 0, -1):
        candidates = _noun(scene, words[-length:], noun)
        if not candidates:
            continue
        kept, doubt, why = candidates, 0, ""
        for word in words[:-length]:
            kept, more, why = said_of(scene, word, kept, why)
            doubt += more
        if kept:
            return kept, doubt, why
        return [], FAILED, why
    plain = " ".join([*words[:-1], singulars(words[-1])[0]])
    if all(_known_adjective(scene, word) for word in words):  # "the red one"
        kept, doubt, why = list(range(len(scene))), 0, ""
        for word in words:
            kept, more, why = said_of(scene, word, kept, why)
            doubt += more
        return (kept, doubt, why) if kept else ([], FAILED, why)
    if noun.definite and not noun.plural and (mistaken := _mistaken(scene, words[-1])):
        return mistaken, 3, ""
    return [], FAILED, f"There is no {plain} here. {inventory(scene)}"


def _mistaken(scene: Scene, word: str) -> list[int]:
    """The one nameless thing that was read as something which looks like what is meant: "the desk", where there is none
    but a "shelf" that a model has read. Nothing where several could be it."""
    alike = frozenset().union(*(group for group in lexicon.ALIKE if same(singulars(word)[0]) in group))
    found = [i for i, each in enumerate(scene.things) if not each.named and each.nouns & alike]
    return found if len(found) == 1 else []


def _noun(scene: Scene, words: Sequence[str], noun: Noun) -> list[int]:
    things = scene.things
    parts = " ".join([*words[:-1], singulars(words[-1])[0]]).split()
    if len(parts) > 1:  # "the coffee mug": the one that is called so, before all mugs
        told = [i for i, each in enumerate(things) if set(parts) <= each.words]
        if told:
            return told
    for last in singulars(words[-1]):
        name = " ".join([*words[:-1], last])
        own = {same(name), same(name.replace(" ", ""))}
        exact = [i for i, each in enumerate(things) if own & each.nouns]
        wide = [i for i, each in enumerate(things) if meant(name) & each.nouns]
        if exact and not noun.plural:
            return exact
        if wide:
            return wide
    for last in singulars(words[-1]):
        borne = [i for i, each in enumerate(things) if {*words[:-1], last} <= each.words]
        if borne and not (len(words) == 1 and _known_adjective(scene, words[0])):
            return borne
    return []


def _known_adjective(scene: Scene, word: str) -> bool:
    known = word in COLOURS or word in MATERIALS or any(word in others for others in MATERIALS.values())
    return known or (word not in lexicon.SAME and any(word in each.words for each in scene.things))


def said_of(scene: Scene, word: str, places: list[int], why: str) -> tuple[list[int], int, str]:
    """Those of which a word is said. Where it is said of none, and nothing like it of any: all, with a doubt."""
    plain = "grey" if word == "gray" else word
    kept = [i for i in places if plain in scene.things[i].words]
    if kept:
        return kept, 0, why
    of_colour = plain in COLOURS
    told = [i for i in places if scene.things[i].words & COLOURS] if of_colour else []
    if not told and len(places) == 1:
        return places, 2, why
    nouns = {scene.things[i].noun for i in places}
    names = lexicon.plural(nouns.pop()) if len(nouns) == 1 and "" not in nouns else "objects"
    if told:
        return [], 0, f"None of the {names} is {word}, as far as their names and materials tell."
    return [], 0, f"Nothing tells which of the {names} is meant by '{word}'. {ANOTHER_ENGINE}"
