"""Tries a phrase, as it was read, on the boxes of a scene: which things it may mean, and how well it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from . import lexicon
from .listing import are
from .nouns import FAILED, called, said_of
from .report import listed
from .sayings import SIDES
from .scene import Scene
from .tree import Both, Filter, Noun, Phrase, Pick


@dataclass(slots=True)
class Found:
    """Places in the scene, the best first; how little the reading fits (0: all that was said holds, and "the" means
    one); and why nothing was found."""

    places: list[int] = field(default_factory=list)
    doubt: int = 0
    why: str = ""


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
        if (
            among
            and phrase.filters
            and phrase.words
            and phrase.definite
            and not phrase.plural
            and len(found.places) == 1
        ):
            found.doubt += 1  # it was clear without them, so they were rather said of something else
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
                return Found([], FAILED, f"There {are(len(places))} only {len(places)} of them.")
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
        kept, doubt, why = called(self.scene, noun)
        return Found(kept, doubt, why)

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
            off = self._off_corner(places, one.words)
            return none == 0, off, 0, ""
        if one.relation == "alone":
            return none == 0, -self._room(places), 0, ""
        if one.relation == "pick":
            best = self._pick(Pick(one.by, one.more), places, Noun())
            return np.isin(places, best) ^ one.negated, none, 0, "None of them is."
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
                kept, more, why = said_of(self.scene, word, kept, why)
                doubt += more
            return np.isin(places, kept) ^ one.negated, none, doubt, why
        others = [self.find(other, among=True) for other in one.others]
        doubt = sum(other.doubt for other in others)
        if not all(other.places for other in others):
            why = next(other.why for other in others if not other.places)
            return none > 0, none, doubt, why
        if one.relation == "except":
            left = ~np.isin(places, others[0].places)
            if left.all():  # it was meant of something else: "on the table, except the lamp"
                doubt += 2
            return left, none, doubt, "Nothing else is left."
        if one.relation == "than":
            held = self._compared(one, places, others[0].places)
            return held ^ one.negated, none, doubt, "None of them is."
        if one.relation in ENDS or one.relation == "center":
            held, cost = self._end(one.relation, places, others[0].places, noun)
        else:
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
        if "|" in relation:
            ways = [self.holds(each, others) for each in relation.split("|")]
            return np.any([held for held, _ in ways], 0), np.min([how for _, how in ways], 0)
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

    def _off_corner(self, places: np.ndarray, sides: Sequence[str]) -> np.ndarray:
        """float: how far each place is from the nearest corner of the scene, or from that of two sides."""
        low, high = self.scene.low[:, :2].min(0), self.scene.high[:, :2].max(0)
        spots = np.array([(x, y) for x in (low[0], high[0]) for y in (low[1], high[1])])
        for axis, more in (SIDES[side] for side in sides):
            spots = spots[spots[:, axis] == (high if more else low)[axis]]
        return np.linalg.norm(self.scene.middle[places][:, None, :2] - spots[None], axis=2).min(1)

    def _compared(self, one: Filter, places: np.ndarray, others: list[int]) -> np.ndarray:
        """bool: which places have more (or less) of a measure than all the others have; "than the other one" is not
        than itself."""
        values = self.scene.measures[str(one.by)] if isinstance(one.by, str) else self.scene.middle[:, one.by]
        rest = [[r for r in others if r != place] or others for place in places.tolist()]
        if one.more:
            return np.array([values[p] > values[r].max() * (1 + 1e-6) for p, r in zip(places, rest, strict=True)])
        return np.array([values[p] < values[r].min() * (1 - 1e-6) for p, r in zip(places, rest, strict=True)])

    def _end(self, relation: str, places: np.ndarray, others: list[int], noun: Noun) -> tuple[np.ndarray, np.ndarray]:
        """What stands at an end, on a side or in the middle of what carries it; else what is to that side of it."""
        scene, r = self.scene, others[0]
        on = scene.on(r)[places]
        axis, higher = ENDS.get(relation, (0, False))
        if relation == "center":
            off = np.linalg.norm((scene.middle - scene.middle[r])[places][:, :2], axis=1)
            return on, off
        if not on.any() or (relation.endswith("side") and not noun.words):
            mask, cost = scene.side(r, axis, higher)
            return mask[places] | on & ((scene.middle[places, axis] > scene.middle[r, axis]) == higher), cost[places]
        along = scene.middle[places, axis] * (1 if higher else -1)
        if noun.plural and noun.words:
            return on & (along > scene.middle[r, axis] * (1 if higher else -1)), -along
        return on & (along >= along[on].max() - 1e-9), -along

    def _room(self, places: np.ndarray) -> np.ndarray:
        """float: how far it is from each place to the nearest thing that neither carries it nor is carried by it."""
        scene = self.scene
        out = []
        for r in places.tolist():
            apart = scene._not(r) & ~scene.kinds(lexicon.BACKDROP) & ~scene.on(r)
            apart &= ~np.array([bool(scene.on(other)[r]) for other in range(len(scene))])
            out.append(float(scene.gaps(r)[apart].min(initial=np.inf)))
        return np.array(out)

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
        if noun.other:
            return Found(sorted(places.tolist()), found.doubt, found.why)
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


ENDS = {
    "leftend": (0, False), "leftside": (0, False), "rightend": (0, True), "rightside": (0, True),
}  # fmt: skip
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
