"""Which objects of a scene a phrase means, by rule: the phrase's readings (parse.py) are tried on the boxes (scene.py),
and the one that fits best is taken. The answer holds objects of the scene only; where a phrase fits none, it is empty
and says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from . import lexicon
from .lexicon import COLOURS, MATERIALS, meant, same, singulars
from .parse import LEADING, Both, Filter, Noun, Phrase, Pick, Reader, words_of
from .report import listed
from .scene import Scene

FAILED = 100  # doubt of a reading that finds nothing
ANOTHER_ENGINE = "LLaMA-Mesh, which knows language, could: choose it as the model."


@dataclass(slots=True)
class Found:
    """Places in the scene, the best first; how little the reading fits (0: all that was said holds, and "the" means
    one); and why nothing was found."""

    places: list[int] = field(default_factory=list)
    doubt: int = 0
    why: str = ""


def ground(scene: Scene, phrase: str, before: Sequence[int] = ()) -> Found:
    """The objects that a phrase means. `before` are those that were spoken of last: "it", "them"."""
    words = words_of(phrase, [each.given.name for each in scene.things])
    while words and words[-1] in ("please", "?", ",", "now"):
        words.pop()
    start = 0
    while start < len(words) - 1 and words[start] in LEADING:
        start += 1
    if words[start : start + 1] in (["what"], ["which"], ["who"]) and words[start + 1 : start + 2] in (["is"], ["are"]):
        words[start : start + 2] = ["everything"]
    first: Found | None = None
    for begin in range(start, -1, -1):  # "look" may lead, and may be a name
        found = best(scene, words, begin, len(words), before)
        if found is not None and not found.doubt:
            return found
        if found is not None and (first is None or found.doubt < first.doubt):
            first = found
    if first is None:
        return Found([], FAILED, f"By rule I cannot read this. {ANOTHER_ENGINE}")
    return first


def best(scene: Scene, words: list[str], start: int, end: int, before: Sequence[int] = ()) -> Found | None:
    """The best of all readings of words[start:end]; None where there is none."""
    chosen: Found | None = None
    for phrase in Reader(words).whole(start, end):
        found = Finder(scene, before).find(phrase)
        if chosen is None or found.doubt < chosen.doubt:
            chosen = found
        if not chosen.doubt:
            break
    return chosen


class Finder:
    """Tries a phrase on a scene."""

    def __init__(self, scene: Scene, before: Sequence[int] = ()) -> None:
        self.scene, self.before = scene, list(before)

    def find(self, phrase: Phrase, among: bool = False) -> Found:
        """What a phrase means. Where it stands `among` the words of another one, "a chair" is any chair, else one."""
        if isinstance(phrase, Both):
            one, other = self.find(phrase.one, among), self.find(phrase.other, among)
            joined = list(dict.fromkeys([*one.places, *other.places]))
            return Found(joined, one.doubt + other.doubt, one.why or other.why)
        found = self._base(phrase)
        if not found.places:
            return found
        places: np.ndarray = np.array(found.places)
        cost = np.zeros(len(places))
        for condition in phrase.filters:
            kept, extra, doubt, why = self._filter(condition, places, phrase)
            found.doubt += doubt
            if not kept.any():
                return Found([], FAILED + found.doubt, found.why or why)
            places, cost = places[kept], (cost + extra)[kept]
        for pick in phrase.picks:
            picked = self._pick(pick, places, phrase)
            if not picked:
                return Found([], FAILED, f"There {_are(len(places))} only {len(places)} of them.")
            cost = np.array([cost[places.tolist().index(place)] for place in picked])
            places = np.array(picked)
        return self._counted(phrase, places, cost, found, among)

    # --------------------------------------------------------------------------------------------------- the noun

    def _base(self, noun: Noun) -> Found:
        if noun.index is not None:
            return Found([noun.index])
        if noun.pronoun:
            return Found(list(self.before)) if self.before else Found([], FAILED, "Nothing was spoken of before.")
        if noun.group is not None:
            return self.find(noun.group)
        if not noun.words:
            here = np.flatnonzero(~self.scene.kinds(lexicon.BACKDROP)).tolist()
            return Found(here) if here else Found([], FAILED, "There is nothing here.")
        return self._called(noun)

    def _called(self, noun: Noun) -> Found:
        """The things that bear these words: the last ones as their noun, the others said of them."""
        words = noun.words
        for length in range(len(words), 0, -1):
            candidates = self._noun(words[-length:], noun)
            if not candidates:
                continue
            kept, doubt, why = candidates, 0, ""
            for word in words[:-length]:
                kept, more, why = self._said(word, kept, why)
                doubt += more
            if kept:
                return Found(kept, doubt, why)
            return Found([], FAILED, why)
        plain = " ".join([*words[:-1], singulars(words[-1])[0]])
        if all(self._known_adjective(word) for word in words):  # "the red one"
            kept, doubt, why = list(range(len(self.scene))), 0, ""
            for word in words:
                kept, more, why = self._said(word, kept, why)
                doubt += more
            return Found(kept, doubt, why) if kept else Found([], FAILED, why)
        return Found([], FAILED, f"There is no {plain} here. {inventory(self.scene)}")

    def _noun(self, words: Sequence[str], noun: Noun) -> list[int]:
        things = self.scene.things
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
            if borne and not (len(words) == 1 and self._known_adjective(words[0])):
                return borne
        return []

    def _known_adjective(self, word: str) -> bool:
        known = word in COLOURS or word in MATERIALS or any(word in others for others in MATERIALS.values())
        return known or (word not in lexicon.SAME and any(word in each.words for each in self.scene.things))

    def _said(self, word: str, places: list[int], why: str) -> tuple[list[int], int, str]:
        """Those of which a word is said. Where it is said of none, and nothing like it of any: all, with a doubt."""
        plain = "grey" if word == "gray" else word
        kept = [i for i in places if plain in self.scene.things[i].words]
        if kept:
            return kept, 0, why
        of_colour = plain in COLOURS
        told = [i for i in places if self.scene.things[i].words & COLOURS] if of_colour else []
        if not told and len(places) == 1:
            return places, 2, why
        nouns = {self.scene.things[i].noun for i in places}
        names = lexicon.plural(nouns.pop()) if len(nouns) == 1 and "" not in nouns else "objects"
        if told:
            return [], 0, f"None of the {names} is {word}, as far as their names and materials tell."
        return [], 0, f"Nothing tells which of the {names} is meant by '{word}'. {ANOTHER_ENGINE}"

    # ------------------------------------------------------------------------------------------------- what holds

    def _filter(self, one: Filter, places: np.ndarray, noun: Noun) -> tuple[np.ndarray, np.ndarray, int, str]:
        """Which places hold it (bool), how well (less is better), a doubt, and why none does."""
        scene = self.scene
        none = np.zeros(len(places))
        if one.relation == "here":
            return none == 0, none, 0, ""
        if one.relation in ("region", "middle"):
            return self._region(one, places), none, 0, "Nothing is there."
        if one.relation == "corner":
            corners = np.array(np.meshgrid(*zip(scene.low.min(0), scene.high.max(0), strict=True)))[:2].reshape(2, -1).T
            off = np.linalg.norm(scene.middle[places][:, None, :2] - corners[None], axis=2).min(1)
            return none == 0, off, 0, ""
        if one.relation == "ground":
            floors = np.flatnonzero(scene.kinds(frozenset({"floor"})))
            held = scene.grounded() | (scene.on(int(floors[0])) if len(floors) else False)
            return held[places] ^ one.negated, none, 0, "None of them is on the floor."
        if one.relation == "air":
            held = floating(scene)
            return held[places] ^ one.negated, none, 0, "None of them floats."
        if one.relation == "is":
            kept, doubt, why = places.tolist(), 0, ""
            for word in one.words:
                kept, more, why = self._said(word, kept, why)
                doubt += more
            return np.isin(places, kept) ^ one.negated, none, doubt, why
        others = [self.find(other, among=True) for other in one.others]
        doubt = sum(other.doubt for other in others)
        if not all(other.places for other in others):
            why = next(other.why for other in others if not other.places)
            return none > 0, none, doubt, why
        if one.relation == "except":
            return ~np.isin(places, others[0].places), none, doubt, "Nothing else is left."
        if one.relation == "than":
            values = scene.measures[str(one.by)]
            limit = values[others[0].places].max() if one.more else values[others[0].places].min()
            held = values[places] > limit * (1 + 1e-6) if one.more else values[places] < limit * (1 - 1e-6)
            return held ^ one.negated, none, doubt, "None of them is."
        mask, cost = self.holds(one.relation, [other.places for other in others])
        held, cost = mask[places], cost[places]
        if one.relation in ("nearest", "farthest"):
            held &= cost <= cost[held].min() + 1e-9 if not noun.plural and held.any() else held
        if one.negated:
            return ~held, none, doubt, "All of them are."
        if not held.any() and one.relation in ("beside", "near") and noun.definite and not noun.plural:
            others_there = ~np.isin(places, [r for other in others for r in other.places])
            return others_there, np.where(others_there, cost, np.inf), doubt + 3, ""  # not near, but the nearest
        what = listed([self.scene.things[r].label for other in others for r in other.places[:2]])
        return held, np.where(held, cost, 0), doubt, f"None of them is {SAID.get(one.relation, one.relation)} {what}."

    def holds(self, relation: str, others: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        """bool [N] and float [N]: which things of the scene have a relation to any of the others, and how well."""
        scene = self.scene
        mask, cost = np.zeros(len(scene), bool), np.full(len(scene), np.inf)
        if relation == "between":
            pairs = [(r, s) for r in others[0] for s in others[-1] if r != s][:200]
            for r, s in pairs:
                here, how = scene.between(r, s)
                mask, cost = mask | here, np.where(here, np.minimum(cost, how), cost)
            return mask, cost
        if relation == "with":
            for r in others[0]:
                for carrier in range(len(scene)):
                    if scene.on(carrier)[r] or scene.inside(carrier)[r]:
                        mask[carrier], cost[carrier] = True, 0.0
            return mask, cost
        for r in others[0]:
            here, how = self._one(relation, r)
            mask, cost = mask | here, np.minimum(cost, np.where(here | (relation in ("beside", "near")), how, np.inf))
        mask[others[0]] &= len(others[0]) > 1
        return mask, cost

    def _one(self, relation: str, r: int) -> tuple[np.ndarray, np.ndarray]:
        scene = self.scene
        flat = np.linalg.norm(scene.middle - scene.middle[r], axis=1)
        match relation:
            case "on":
                held = scene.on(r)
                if not held.any() and not scene.of_kind(r, lexicon.HOLLOW):
                    held = scene.inside(r)
                return held, flat
            case "in":
                held = scene.inside(r)
                if not held.any() and scene.of_kind(r, lexicon.STEPPED | lexicon.HOLLOW):
                    held = scene.on(r)
                return held, flat
            case "under":
                return scene.under(r), flat
            case "above":
                return scene.above(r), flat
            case "beside":
                return scene.beside(r)
            case "near":
                return scene.near(r)
            case "touching":
                return scene.touching(r)
            case "left" | "right" | "front" | "behind":
                axis, higher = {"left": (0, False), "right": (0, True), "front": (1, False), "behind": (1, True)}[
                    relation
                ]
                return scene.side(r, axis, higher)
            case "nearest":
                return scene._not(r), scene.gaps(r) + 1e-6 * flat
            case "farthest":
                return scene._not(r), -scene.gaps(r) - 1e-6 * flat
            case _:  # far
                gap = scene.gaps(r)
                return (gap > 2 * np.maximum(scene.measures["length"], scene.measures["length"][r])) & scene._not(
                    r
                ), -gap

    def _region(self, one: Filter, places: np.ndarray) -> np.ndarray:
        if one.relation == "middle":
            off = np.linalg.norm(self.scene.middle[places] - self.scene.middle[places].mean(0), axis=1)
            return off <= off.min() + 1e-9
        at = self.scene.middle[places][:, int(one.by)]
        if one.words == ("most",):
            held = at >= at.max() - 1e-9 if one.more else at <= at.min() + 1e-9
        else:
            low, high = self.scene.low[:, int(one.by)].min(), self.scene.high[:, int(one.by)].max()
            held = at > (low + high) / 2 if one.more else at < (low + high) / 2
        return held ^ one.negated

    # ----------------------------------------------------------------------------------------------- which of several

    def _pick(self, pick: Pick, places: np.ndarray, noun: Noun) -> list[int]:
        if pick.by == "middle":
            order = np.argsort(self.scene.middle[places][:, 0], kind="stable")
            return [int(places[order[(len(order) - 1) // 2]])]
        values = self._values(pick)[places]
        order = places[np.argsort(-values if pick.more else values, kind="stable")].tolist()
        if noun.count and noun.count > 1:
            return order[: noun.count]
        if noun.plural:
            mean = values.mean()
            return [int(p) for p, v in zip(places, values, strict=True) if (v >= mean if pick.more else v <= mean)]
        tied = np.abs(values - values[places.tolist().index(order[0])]) <= 1e-4 * np.abs(values).max()
        if pick.rank == 1 and isinstance(pick.by, str) and tied.sum() > 1:  # equally tall: all of them
            return places[tied].tolist()
        rank = pick.rank - 1 if pick.rank > 0 else pick.rank
        return [order[rank]] if -len(order) <= rank < len(order) else []

    def _values(self, pick: Pick) -> np.ndarray:
        if isinstance(pick.by, str):
            return self.scene.measures[pick.by]
        if pick.by == 2 and not pick.relative:  # the highest: by its top
            return self.scene.high[:, 2]
        return self.scene.middle[:, pick.by]

    def _counted(self, noun: Noun, places: np.ndarray, cost: np.ndarray, found: Found, among: bool) -> Found:
        order = np.argsort(cost, kind="stable")
        if noun.plural or noun.index is not None or among and not noun.definite:
            if noun.count and len(places) > noun.count:
                places = places[order[: noun.count]]
                found.doubt += 0 if noun.filters or noun.picks else 1
            elif noun.count and len(places) < noun.count:
                found.doubt += 2
            return Found(sorted(places.tolist()), found.doubt, found.why)
        if len(places) > 1:
            costs = cost[order]
            clear = costs[0] < costs[1] - 1e-9
            if clear or not noun.definite:
                return Found(
                    [int(places[order[0]])], found.doubt + (0 if clear else 1 if noun.definite else 0), found.why
                )
            return Found(sorted(places.tolist()), found.doubt + 4, found.why)
        return Found(places.tolist(), found.doubt, found.why)


SAID = {
    "in": "in", "on": "on", "left": "left of", "right": "right of", "front": "in front of", "behind": "behind",
    "beside": "next to", "near": "near", "under": "under", "above": "above", "between": "between", "touching": "touching",  # noqa: E501
    "far": "far from", "nearest": "near", "farthest": "far from", "with": "carrying",
}  # fmt: skip


def floating(scene: Scene) -> np.ndarray:
    """bool [N]: what neither stands on the ground or on anything, nor hangs on anything."""
    out = ~scene.grounded() & (scene.carried() < 0) & ~scene.kinds(lexicon.BACKDROP)
    for r in np.flatnonzero(out):
        touching, _ = scene.touching(int(r))
        out[r] = not touching.any()
    return out


def inventory(scene: Scene, most: int = 8) -> str:
    """ "There are 4 chairs, a table and a lamp." """
    counts: dict[str, int] = {}
    for each in scene.things:
        counts[each.noun or "object"] = counts.get(each.noun or "object", 0) + 1
    named = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    said = [_some(count, noun) for noun, count in named[:most]]
    more = sum(count for _, count in named[most:])
    if more:
        said.append(f"{more} more")
    return f"There {_are(named[0][1] if named else 0)} {listed(said)}." if said else "The scene is empty."


def _some(count: int, noun: str) -> str:
    spoken = lexicon.spoken(noun)
    if count == 1:
        return lexicon.article(spoken)
    first, _, rest = spoken.partition(" of ")
    return f"{count} {lexicon.plural(first)}{' of ' + rest if rest else ''}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def labels(scene: Scene, places: Iterable[int], most: int = 12) -> str:
    """Names for people, "a, b and 3 more"."""
    known = [scene.things[place].label for place in places]
    return listed(known[:most] + ([f"{len(known) - most} more"] if len(known) > most else []))
