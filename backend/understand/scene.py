"""A scene: objects as named boxes, and the relations between them by geometry alone. Z is up; left, right, before and
behind are as in a front view, which looks along +Y. Knows no sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meshscribe.shared.tasks import SceneObject

from . import lexicon
from .lexicon import same, singulars, word_set

GENERIC = word_set(
    "cube sphere icosphere uvsphere cylinder cone plane torus suzanne monkey circle grid mesh object curve beziercurve "
    "beziercircle nurbscurve nurbspath text empty metaball mball surface lattice part group node geometry geo obj "
    "instance untitled default asset model primitive roundcube shape"
)
"""Names that say nothing: what Blender and importers call a thing that nobody has named."""
SIDES = word_set("l r left right front back top bottom lod low high copy new old final geo obj mesh grp")

CLOSE = 0.04  # of a height, by which things that touch may stand apart
OVERLAP = 0.3  # share of its floor that a thing needs over another to stand on it
REACH = 1.0  # of the mean of two lengths: things with so little between them are near each other
SHARED = 0.3  # of the length of what carries both: neighbours on a table are near each other too


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, with what its name and its kind say: `noun` is what it is called, `nouns` all that fit (as
    lexicon.same gives them), `words` everything that was said of it."""

    given: SceneObject
    noun: str
    nouns: frozenset[str]
    words: frozenset[str]
    named: bool  # its name says what it is

    @property
    def label(self) -> str:
        """For people: the name, and what it is where that does not say it."""
        name = self.given.name or self.given.id
        return name if self.named or not self.noun else f"{name} ({lexicon.article(lexicon.spoken(self.noun))})"


def thing(given: SceneObject) -> Thing:
    own, kind = tokens(given.name), tokens(given.kind)
    name_noun, kind_noun = head(own), head(kind)
    kind_noun = "" if kind_noun in lexicon.ANYTHING else kind_noun  # "red object"
    generic = not own or own[-1] in GENERIC
    known = name_noun in lexicon.SAME or name_noun in lexicon.OTHERS
    nouns = {noun for noun in (name_noun, kind_noun) if noun}
    if known and kind_noun and not generic:
        nouns = {name_noun}  # an artist who says "Bench" means a bench, whatever it looks like
    if generic and kind_noun:
        nouns = {kind_noun}
    noun = kind_noun if kind_noun and (generic or not known) else name_noun
    words = {word for each in (*own, *kind) for word in (each, *singulars(each))}
    for plain, others in lexicon.MATERIALS.items():
        if plain in words:
            words |= {part for other in others for part in other.split()} | ({"wood", "wooden"} & {plain, *others})
    words = {"grey" if word == "gray" else word for word in words}
    return Thing(given, noun, frozenset(nouns), frozenset(words), bool(own) and noun == name_noun and not generic)


def tokens(name: str) -> list[str]:
    """The words of a name: "Table_Lamp.003" and "tableLamp3" -> ["table", "lamp"]."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return re.findall(r"[a-z]+", apart.lower())


def head(words: list[str]) -> str:
    """The noun of a name, as lexicon.same gives it: the last word that is no adjective, with those before it that
    belong to it; "" without one."""
    while len(words) > 1 and (words[-1] in SIDES or words[-1] in lexicon.COLOURS or _adjective(words[-1])):
        words = words[:-1]
    if not words:
        return ""
    for start in range(max(0, len(words) - 3), len(words)):
        for last in singulars(words[-1]):
            joined = " ".join([*words[start:-1], last])
            if joined in lexicon.SAME:
                return same(joined)
    return same(singulars(words[-1])[0])


def _adjective(word: str) -> bool:
    return word in lexicon.MEASURES or any(word == m or word in o for m, o in lexicon.MATERIALS.items() if m != "glass")


class Scene:
    """Things and their boxes: `low` and `high` float64 [N, 3]. A relation gives for one thing `r` which others have it
    to `r` (bool [N]), and how well (float [N], less is better)."""

    def __init__(self, objects: Sequence[SceneObject]) -> None:
        self.things = [thing(each) for each in objects]
        corners = np.array([(each.low, each.high) for each in objects], np.float64).reshape(-1, 2, 3)
        self.low, self.high = corners.min(1), corners.max(1)
        self.size = self.high - self.low
        self.middle = (self.low + self.high) / 2
        flat = self.size[:, :2]
        self.measures = {
            "height": self.size[:, 2],
            "width": self.size[:, 0],
            "depth": self.size[:, 1],
            "length": flat.max(1) if len(flat) else flat[:, 0],
            "breadth": self.size.min(1) if len(flat) else flat[:, 0],
            "volume": np.maximum(self.size, 1e-9).prod(1),
        }
        self.floor = float(self.low[:, 2].min()) if len(self.things) else 0.0

    def __len__(self) -> int:
        return len(self.things)

    def of_kind(self, r: int, kinds: frozenset[str]) -> bool:
        return bool(self.things[r].nouns & kinds)

    def kinds(self, kinds: frozenset[str]) -> np.ndarray:
        """bool [N]: the things of these kinds."""
        return np.array([bool(each.nouns & kinds) for each in self.things], bool)

    # ------------------------------------------------------------------------------------------------ distances

    def gaps(self, r: int) -> np.ndarray:
        """float [N]: the empty distance between each box and that of `r`; 0 where they touch or overlap."""
        apart = np.maximum(np.maximum(self.low[r] - self.high, self.low - self.high[r]), 0)
        return np.sqrt((apart**2).sum(1))

    def _floor_share(self, r: int) -> np.ndarray:
        """How much of each thing's floor lies over that of `r`, 0..1; 1 for a thin thing whose middle does."""
        both = np.minimum(self.high, self.high[r])[:, :2] - np.maximum(self.low, self.low[r])[:, :2]
        own = np.maximum(self.size[:, :2], 1e-9)
        share = np.clip(both / own, 0, 1).prod(1)
        inside = ((self.middle >= self.low[r]) & (self.middle <= self.high[r]))[:, :2].all(1)
        return np.where(inside, np.maximum(share, OVERLAP), share)

    def _not(self, r: int) -> np.ndarray:
        others = np.ones(len(self), bool)
        others[r] = False
        return others

    # ---------------------------------------------------------------------------------------- what carries what

    def on(self, r: int) -> np.ndarray:
        """bool [N]: what stands or lies on `r`: on its top, or inside the box of a shelf, a chair, a cart...; or hangs
        on it where `r` is a wall."""
        over = self._floor_share(r) >= OVERLAP
        slack = CLOSE * np.maximum(self.size[:, 2], 0.25 * self.size[r, 2]) + 1e-6
        rest = self.low[:, 2] - self.high[r, 2]
        sunk = 0.2 * np.minimum(self.size[:, 2], self.size[r, 2]) + 1e-6
        top = over & (rest <= slack) & (rest >= -sunk)
        top &= self.high[:, 2] > self.high[r, 2]
        found = top
        if self.of_kind(r, lexicon.STEPPED):
            level = (self.low[:, 2] - self.low[r, 2]) / max(self.size[r, 2], 1e-9)
            found = found | ((self._floor_share(r) >= 0.6) & (level > 0.04) & (level < 0.98) & self._smaller(r))
        if self.of_kind(r, frozenset({"wall", "door", "fence", "board", "fridge"})):
            found = found | self._hanging(r)
        if self.of_kind(r, frozenset({"ceiling"})):
            found = found | ((np.abs(self.high[:, 2] - self.low[r, 2]) <= slack) & over)
        return found & self._not(r)

    def _smaller(self, r: int) -> np.ndarray:
        return self.measures["volume"] < 0.7 * self.measures["volume"][r]

    def _hanging(self, r: int) -> np.ndarray:
        """bool [N]: flat against an upright thing, off the ground."""
        gap = self.gaps(r)
        off = self.low[:, 2] > self.low[r, 2] + 0.08 * self.size[r, 2]
        within = self.middle[:, 2] < self.high[r, 2]
        return (gap <= CLOSE * self.size[r].max()) & off & within & self._smaller(r)

    def inside(self, r: int) -> np.ndarray:
        """bool [N]: what is inside `r`, or stands in it where it is a vessel."""
        room = np.maximum(self.size[r], 1e-9)
        both = np.clip(np.minimum(self.high, self.high[r]) - np.maximum(self.low, self.low[r]), 0, None)
        own = np.maximum(self.size, 1e-9)
        held = (np.minimum(both / own, 1).prod(1) > 0.85) & self._smaller(r)
        if self.of_kind(r, lexicon.HOLLOW):
            foot = (self.low[:, 2] - self.low[r, 2]) / room[2]
            over = ((self.middle >= self.low[r]) & (self.middle <= self.high[r]))[:, :2].all(1)
            held |= over & (foot > -0.05) & (foot < 0.9)
        elif self.of_kind(r, lexicon.LEGGED):
            held &= False  # what is in the box of a table is under it, or on it
        return held & self._not(r)

    def under(self, r: int) -> np.ndarray:
        """bool [N]: what is below `r`: what carries it, what it hangs over, and what stands between its legs."""
        over = (self._floor_share(r) >= OVERLAP) | self._covers(r)
        below = over & (self.high[:, 2] <= self.low[r, 2] + CLOSE * self.size[r, 2] + 1e-6)
        between = np.zeros(len(self), bool)
        if self.of_kind(r, lexicon.LEGGED):
            level = (self.low[:, 2] - self.low[r, 2]) / max(self.size[r, 2], 1e-9)
            low_enough = self.high[:, 2] < self.high[r, 2] - 0.02 * self.size[r, 2]
            between = (self._floor_share(r) >= 0.5) & (np.abs(level) < 0.05) & low_enough & self._smaller(r)
        return (below | between) & self._not(r)

    def _covers(self, r: int) -> np.ndarray:
        """bool [N]: the things whose floor takes in the middle of `r`."""
        return ((self.low <= self.middle[r]) & (self.middle[r] <= self.high))[:, :2].all(1)

    def above(self, r: int) -> np.ndarray:
        """bool [N]: what is higher than the top of `r`, over it, standing on it or not."""
        over = (self._floor_share(r) >= OVERLAP) | self._covers(r)
        return ((over & (self.low[:, 2] >= self.high[r, 2] - CLOSE * self.size[r, 2])) | self.on(r)) & self._not(r)

    def carried(self) -> np.ndarray:
        """int [N]: what each thing stands on: the one with the highest top that it is `on`, which is not the backdrop;
        -1 for none."""
        out = np.full(len(self), -1)
        best = np.full(len(self), -np.inf)
        for r in range(len(self)):
            if not self.of_kind(r, lexicon.BACKDROP):
                better = self.on(r) & (self.low[r, 2] > best)
                out[better], best[better] = r, self.low[r, 2]
        return out

    def grounded(self) -> np.ndarray:
        """bool [N]: what stands on the ground."""
        slack = CLOSE * self.size[:, 2] + 0.02 * float(self.size[:, 2].max(initial=0.0))
        return (self.low[:, 2] - self.floor <= slack) & (self.carried() < 0)

    # ------------------------------------------------------------------------------------------- what is where

    def beside(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        """What is near `r` but not on, in or under it, and by how much."""
        gap, reach = self.gaps(r), self._reach(r)
        stacked = self.on(r) | self.inside(r) | self.under(r)
        for other in np.flatnonzero(gap <= reach):
            stacked[other] |= bool(self.on(int(other))[r] | self.inside(int(other))[r])
        backdrop = self.kinds(lexicon.BACKDROP - {"wall"})
        return (gap <= reach) & ~stacked & ~backdrop & self._not(r), gap

    def _reach(self, r: int) -> np.ndarray:
        """float [N]: how far each thing may be from `r` to be near it."""
        reach = REACH * (self.measures["length"] + self.measures["length"][r]) / 2
        carrier = int(self.carried()[r])
        if carrier < 0:
            return reach
        return np.where(self.on(carrier), np.maximum(reach, SHARED * self.measures["length"][carrier]), reach)

    def near(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        """As `beside`, but what is on it or under it is near as well."""
        gap, reach = self.gaps(r), self._reach(r)
        return (gap <= reach) & self._not(r), gap + 1e-6 * np.linalg.norm(self.middle - self.middle[r], axis=1)

    def side(self, r: int, axis: int, higher: bool) -> tuple[np.ndarray, np.ndarray]:
        """What lies to one side of `r` along an axis: its middle is past that side of `r`, or past its middle with
        most of its box. The more straight to that side and the nearer, the better."""
        sign = 1.0 if higher else -1.0
        edge = self.high[r, axis] if higher else self.low[r, axis]
        past = sign * (self.middle[:, axis] - edge) > 0
        near_edge = self.low[:, axis] if higher else self.high[:, axis]
        past |= sign * (near_edge - self.middle[r, axis]) >= -1e-6
        stacked = self.on(r) | self.inside(r) | self.under(r)
        past &= ~stacked if (past & ~stacked & self._not(r)).any() else past
        across = 1 - axis if axis < 2 else 0
        aside = np.maximum(
            np.maximum(self.low[r, across] - self.high[:, across], self.low[:, across] - self.high[r, across]), 0
        )
        along = np.maximum(sign * (near_edge - edge), 0)
        return past & self._not(r), along + 2 * aside

    def between(self, r: int, s: int) -> tuple[np.ndarray, np.ndarray]:
        """What lies between two things: its middle along the way from one to the other, and not far off it."""
        way = self.middle[s, :2] - self.middle[r, :2]
        length = max(float(np.linalg.norm(way)), 1e-9)
        along = (self.middle[:, :2] - self.middle[r, :2]) @ way / length**2
        off = np.linalg.norm(self.middle[:, :2] - self.middle[r, :2] - along[:, None] * way, axis=1)
        wide = (self.measures["length"] + self.measures["length"][[r, s]].max()) / 2
        held = (along > 0.1) & (along < 0.9) & (off <= np.maximum(wide, 0.2 * length)) & self._not(r) & self._not(s)
        return held & self._level(r, s), off

    def _level(self, r: int, s: int) -> np.ndarray:
        """bool [N]: the things as high up as two others: what carries them does not lie between them, nor what stands
        under that."""
        low, high = self.low[[r, s], 2].min(), self.high[[r, s], 2].max()
        slack = CLOSE * self.size[:, 2]
        return (self.high[:, 2] > low + slack) & (self.low[:, 2] < high - slack)

    def touching(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        gap = self.gaps(r)
        return (gap <= CLOSE * np.minimum(self.size.max(1), self.size[r].max())) & self._not(r), gap
