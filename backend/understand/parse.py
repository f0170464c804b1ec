"""Phrases that mean objects, read into a tree: "the second book from the left on the shelf next to the window". A small
grammar with all its readings, since where a "next to" belongs only the scene can tell. Knows words, no boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .lexicon import ANYTHING, FURTHEST, MEASURES, PLACES, SEVERAL_WORDS, degree, singulars, word_set

_CARDINALS = "zero one two three four five six seven eight nine ten eleven twelve"
_RANKS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth"
NUMBERS = {word: number for number, word in enumerate(_CARDINALS.split())}
ORDINALS = {word: number for number, word in enumerate(_RANKS.split())}
MOST_WORDS = 60  # of a phrase
MOST_READINGS = 300

# Relation -> the ways to say it. What comes after is a phrase of its own.
RELATIONS = {
    "on": "on top of, on the top of, on, atop, upon, onto",
    "in": "inside of, inside, in the inside of, within, into, in",
    "under": "underneath, beneath, under, below",
    "above": "above, over",
    "beside": "next to, beside, alongside, adjacent to, by the side of, at the side of, by",
    "near": "near to, nearby, near, close to, close by, around, at",
    "left": "to the left of, on the left side of, on the left of, at the left of, to the left side of, left of, left from",  # noqa: E501
    "right": "to the right of, on the right side of, on the right of, at the right of, to the right side of, right of, "
    "right from",
    "front": "in front of, at the front of, to the front of, ahead of, before",
    "behind": "in back of, at the back of, to the back of, to the rear of, behind",
    "between": "in between, between",
    "touching": "in contact with, leaning against, leaning on, touching, against",
    "nearest": "nearest to, closest to, nearest, closest",
    "farthest": "farthest away from, furthest away from, farthest from, furthest from, most distant from",
    "far": "far away from, far from, away from",
    "with": "with, holding, carrying, supporting, containing, bearing, having, has, have, holds, carries, contains, carry, "  # noqa: E501
    "hold, contain",
    "except": "except for, except, apart from, other than, but not, but, excluding, without",
}
# A place in the whole scene: axis, and whether the higher coordinate is meant.
REGIONS = {
    "on the far left, on the left, at the left, to the left, on the left side, on the left hand side": (0, False),
    "on the far right, on the right, at the right, to the right, on the right side, on the right hand side": (0, True),
    "in the front, in front, at the front, at the very front": (1, False),
    "in the back, in the background, at the back, at the rear, at the very back": (1, True),
    "at the top, on top, up high": (2, True),
    "at the bottom": (2, False),
}
MIDDLE = "in the middle, in the center, in the centre"
GROUND = "on the floor, on the ground"
CORNER = "in the corner, in a corner, at the corner"
HERE = "in the scene, in this scene, in the picture, in the file, in view, in here, here, there"
AIR = "in the air, floating, in mid air"
SIDES = {"left": (0, False), "right": (0, True), "front": (1, False), "back": (1, True), "rear": (1, True),
         "top": (2, True), "above": (2, True), "bottom": (2, False), "below": (2, False)}  # fmt: skip
NEAREST = {"closest": "nearest", "nearest": "nearest", "farthest": "farthest", "furthest": "farthest"}
FILLERS = word_set(
    "that which who is are was standing stands stand sitting sits sit lying lies lie laying placed located positioned "
    "hanging hangs hang resting rests rest situated being currently found parked kept leaning set put stored right just "  # noqa: E501
    "directly immediately very seen there visible also"
)
WITHOUT_PLURAL = ("furniture", "people", "stairs", "everything", "anything", "stuff", "whatever")
LEADING = word_set(
    "select find show pick highlight mark choose get take give me please i mean want look for at could can you go to "
    "click grab only now and us locate point identify"
)
ARTICLES = word_set("the a an this that these those my our your any some every each all both no")
STOPS = word_set(
    "and or but except than is are was were does do has have from with without not of if to which who that what where "
    "how whose it them , ? on in at by for as into onto standing sitting lying placed located hanging resting"
)


@dataclass(frozen=True, slots=True)
class Pick:
    """Which of several: sorted by a measure ("height"...) or an axis (0, 1, 2), from the highest where `more`; the one
    at `rank` (1: the first). `part` picks those over (under) the mean where several are meant."""

    by: str | int
    more: bool
    rank: int = 1
    relative: bool = False  # "big", "left", not "biggest", "leftmost"


@dataclass(frozen=True, slots=True)
class Filter:
    """What must hold of an object: a relation to others, a comparison (`relation` "more" or "less" with a measure), a
    region, or words that must be said of it ("is")."""

    relation: str
    others: tuple[Phrase, ...] = ()
    by: str | int = ""
    more: bool = False
    words: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase. `words` hold adjectives and the noun, `index` an object that was named outright, `group` the
    phrase that it is a part of ("the largest of the chairs"). Without any of them it means anything."""

    words: tuple[str, ...] = ()
    index: int | None = None
    group: Phrase | None = None
    pronoun: bool = False
    definite: bool = False
    plural: bool = False
    count: int | None = None
    picks: tuple[Pick, ...] = ()
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """Two phrases: "the chair and the table"."""

    one: Phrase
    other: Phrase


Phrase = Noun | Both


def words_of(text: str, names: Sequence[str] = ()) -> list[str]:
    """Lowercase words, numbers, commas; the `names` that stand in the text outright (with digits, signs or capitals, or
    in quotes) as "@3", their place in the list."""
    for place in sorted(range(len(names)), key=lambda i: -len(names[i])):
        name = names[place]
        special = re.search(r"[^a-zA-Z ]|[a-z][A-Z]", name)
        form = re.escape(name)
        quoted = rf"[\"'“‘`]{form}[\"'”’`]"
        text = re.sub(
            rf"{quoted}|(?<![\w.]){form}(?![\w])(?!\.\d)" if special else quoted,
            f" @{place} ",
            text,
            flags=re.IGNORECASE,
        )
    plain = re.sub(
        r"['’]s\b|['’]", lambda found: " is" if found[0][1:] == "s" and _asks(text, found.start()) else "", text.lower()
    )
    found = re.findall(r"@\d+|[a-z]+|\d+(?:st|nd|rd|th)|\d+|,|\?", plain)[:MOST_WORDS]
    merged: list[str] = []
    while found:
        for several in SEVERAL_WORDS:
            if (
                len(several) > 1
                and found[: len(several) - 1] == several[:-1]
                and len(found) >= len(several)
                and (several[-1] in singulars(found[len(several) - 1]))
            ):
                merged.append(" ".join([*several[:-1], found[len(several) - 1]]))
                found = found[len(several) :]
                break
        else:
            merged.append(found.pop(0))
    return merged


def _asks(text: str, place: int) -> bool:
    """Whether an 's at this place is an "is": what's, where's, there's, who's."""
    return re.search(r"(what|where|there|who|it|that|which)$", text[:place].lower()) is not None


def _forms(text: str) -> list[tuple[str, ...]]:
    return [tuple(each.split()) for each in text.split(", ")]


_RELATION_FORMS = sorted(
    ((form, name) for name, forms in RELATIONS.items() for form in _forms(forms)), key=lambda pair: -len(pair[0])
)
_REGION_FORMS = sorted(
    ((form, place) for forms, place in REGIONS.items() for form in _forms(forms)), key=lambda pair: -len(pair[0])
)


class Reader:
    """All readings of a list of words."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def whole(self, start: int = 0, end: int | None = None) -> Iterator[Phrase]:
        """The phrases that the words from `start` to `end` can be read as, the likeliest first."""
        end = len(self.words) if end is None else end
        inner = Reader(self.words[:end]) if end < len(self.words) else self
        count = 0
        for phrase, stop in inner.phrase(start):
            if stop == end:
                yield phrase
                count += 1
                if count == MOST_READINGS:
                    return

    def phrase(self, at: int) -> Iterator[tuple[Phrase, int]]:
        """Noun phrases from a place on, with where they end; "and" joins two."""
        for one, end in self.noun(at):
            yield one, end
            if self._word(end) in ("and", ",", "or"):
                after = end + 1 + (self._word(end + 1) in ("and", "or"))
                for other, last in self.phrase(after):
                    yield Both(one, other), last

    def noun(self, at: int) -> Iterator[tuple[Phrase, int]]:
        for core, end in self._core(at):
            yield from self._more(core, end)

    def _more(self, noun: Noun, at: int) -> Iterator[tuple[Phrase, int]]:
        """A noun phrase with more and more of what follows it."""
        longer: list[tuple[Phrase, int]] = []
        for made, end in self._modified(noun, at):
            longer += self._more(made, end)
        yield from sorted(longer, key=lambda pair: -pair[1])
        yield noun, at

    def _core(self, at: int) -> Iterator[tuple[Noun, int]]:
        """Articles, counts, superlatives, adjectives and the noun."""
        noun = Noun()
        word = self._word(at)
        if word.startswith("@"):
            yield Noun(index=int(word[1:]), definite=True), at + 1
            return
        if word in ("it", "him", "her") or (
            word in ("that", "this", "them", "those", "these", "they") and self._ends(at + 1)
        ):
            yield Noun(pronoun=True, definite=True, plural=word in ("them", "those", "these", "they")), at + 1
            return
        everything = word in ("everything", "anything", "all", "every", "each", "both", "any")
        while (word := self._word(at)) in ARTICLES or word in ("of",) and everything:
            noun = replace(noun, definite=noun.definite or word in ("the", "this", "that", "my", "our", "your"))
            noun = replace(noun, plural=noun.plural or word in ("all", "these", "those", "both", "every", "each"))
            noun = replace(noun, count=2 if word == "both" else noun.count)
            at += 1
        yield from self._named(noun, at)

    def _named(self, noun: Noun, at: int) -> Iterator[tuple[Noun, int]]:
        said: list[str] = []
        rank = 0  # an ordinal that waits for what it counts
        toward = ""  # "the closest chair", which waits for its "to the door"
        start = at
        while word := self._word(at):
            stem, how = degree(word)
            if word.startswith("@"):
                if not said:
                    yield replace(noun, index=int(word[1:]), definite=True), at + 1
                return
            if word == "of" and (noun.picks or noun.count or rank) and not said:
                for group, end in self.phrase(at + 1):
                    if isinstance(group, Noun) and (group.plural or group.count):
                        yield replace(noun, group=replace(group, definite=False), definite=True), end
                return
            if at > start and self._relation(at) and not self._adjective_here(at):
                break
            if word in STOPS or how == "more" and self._word(at + 1) == "than":
                break
            if word in NEAREST and not said and self._word(at + 1) not in ("to", "from", *SIDES):
                toward = NEAREST[word]
                at += 1
                continue
            if word in ARTICLES or word in ("closer", "nearer") or said and word in FILLERS:
                break
            if word in ORDINALS or re.fullmatch(r"\d+(st|nd|rd|th)", word) or word == "last":
                rank = -1 if word == "last" else ORDINALS.get(word) or int(word[:-2])
                noun = replace(noun, definite=True)
            elif (word in NUMBERS and word != "one" or word.isdigit()) and not said:
                count = NUMBERS.get(word) if word in NUMBERS else int(word)
                noun = replace(noun, count=count, plural=count != 1)
            elif word in ("most", "least") and self._word(at + 1):
                pass
            elif word in FURTHEST:
                noun, rank = replace(noun, picks=(*noun.picks, Pick(*FURTHEST[word], rank or 1))), 0
            elif how:
                by, more = MEASURES[stem]
                noun, rank = replace(noun, picks=(*noun.picks, Pick(by, more, rank or 1))), 0
            elif word in ("furthest", "farthest") and self._word(at + 1) in SIDES:
                noun, rank = replace(noun, picks=(*noun.picks, Pick(*SIDES[self._word(at + 1)], rank or 1))), 0
                at += 1
            elif word in ("middle", "central") and not self._ends(at + 1):
                noun = replace(noun, picks=(*noun.picks, Pick("middle", True)))
            elif word in PLACES and not self._ends(at + 1):
                noun, rank = replace(noun, picks=(*noun.picks, Pick(*PLACES[word], rank or 1, relative=not rank))), 0
            elif word in MEASURES and not self._ends(at + 1):
                noun = replace(noun, picks=(*noun.picks, Pick(*MEASURES[word], relative=True)))
            elif word in ("furthest", "farthest") and said:
                break
            elif word in ("other", "others", "another"):  # than the one that is spoken of, which is left out anyway
                noun = replace(noun, count=None)
            else:
                said.append(word)
            at += 1
        if not said:
            noun = replace(noun, picks=(*noun.picks, Pick(0, False, rank))) if rank else noun
            if noun.picks or noun.count or noun.plural:
                yield noun, at
        for length in range(len(said), 0, -1):  # "is the box empty": the noun may end before the words do
            made, end = self._called(noun, said[:length], rank), at - (len(said) - length)
            if not toward:
                yield made, end
            elif self._word(end) in ("to", "from"):
                yield from self._related(made, toward, end + 1, False)

    def _called(self, noun: Noun, said: list[str], rank: int) -> Noun:
        """A noun phrase with its words. "The second book" is counted from the left, unless it says otherwise."""
        noun = replace(noun, picks=(*noun.picks, Pick(0, False, rank))) if rank else noun
        last = said[-1]
        final = last.split()[-1]
        many = singulars(final)[0] != final or last in (
            "furniture",
            "people",
            "stairs",
            "everything",
            "anything",
            "stuff",
        )
        anything = any(each in ANYTHING for each in singulars(last)) and (last != "one" or noun.count is None)
        words = tuple(said[:-1] if anything else said)
        return replace(noun, words=words, plural=(noun.plural or many) and noun.count != 1)

    def _adjective_here(self, at: int) -> bool:
        """Whether the word that could begin a relation is an adjective: "the left chair", "the back wall"."""
        return self._word(at) in PLACES and len(self._relation(at)[0][0]) == 1 and not self._ends(at + 1)

    def _ends(self, at: int) -> bool:
        """Whether no noun can come here."""
        word = self._word(at)
        return not word or word in STOPS or word in ("of",) or bool(self._relation(at)) and word not in PLACES

    def _modified(self, noun: Noun, at: int) -> Iterator[tuple[Noun, int]]:
        """A noun phrase with one thing more that is said after it."""
        if self._word(at) in ("and", "but") and (self._relation(at + 1) or self._word(at + 1) in FILLERS):
            at += 1
        start = at
        negated = False
        while (
            (word := self._word(at)) in FILLERS
            or word in ("not", "nt", "isnt", "arent")
            or (word == "," and at == start)
        ):
            if word in ("right", "there") and (self._relation(at) or self._region(at)):
                break
            negated ^= word in ("not", "nt", "isnt", "arent")
            at += 1
        if word in ("from", "counting", "counted", "starting"):
            skip = at + 1 + (self._word(at + 1) == "from")
            skip += self._word(skip) == "the"
            if (side := SIDES.get(self._word(skip))) and noun.picks:
                first = noun.picks[-1]
                fixed = Pick(side[0], side[1], first.rank) if first.by == 0 and not first.relative else None
                if fixed:
                    yield replace(noun, picks=(*noun.picks[:-1], fixed)), skip + 1
        if word in ("furthest", "farthest", "most"):
            skip = at + 1
            while self._word(skip) in ("to", "on", "at", "the"):
                skip += 1
            if side := SIDES.get(self._word(skip)):
                yield replace(noun, picks=(*noun.picks, Pick(*side))), skip + 1
        for length, place in self._region(at):
            many = "part" if noun.plural else "most"
            where = Filter("region", by=place[0], more=place[1], words=(many,), negated=negated)
            yield replace(noun, filters=(*noun.filters, where)), at + length
        for name, forms in (("middle", MIDDLE), ("corner", CORNER), ("ground", GROUND), ("here", HERE), ("air", AIR)):
            for form in _forms(forms):
                if self._at(at, form):
                    made = replace(noun, filters=(*noun.filters, Filter(name, negated=negated)))
                    yield made, at + len(form)
        for form, name in self._relation(at):
            yield from self._related(noun, name, at + len(form), negated)
        for words, end in self._said(at):
            yield replace(noun, filters=(*noun.filters, Filter("is", words=words, negated=negated))), end
        stem, how = degree(word)
        if how == "more" and self._word(at + 1) == "than":
            by, more = MEASURES[stem]
            for other, end in self.phrase(at + 2):
                yield replace(noun, filters=(*noun.filters, Filter("than", (other,), by, more, negated=negated))), end

    def _related(self, noun: Noun, name: str, at: int, negated: bool) -> Iterator[tuple[Noun, int]]:
        def filtered(*others: Phrase) -> Noun:
            return replace(noun, filters=(*noun.filters, Filter(name, others, negated=negated)))

        for other, end in self.phrase(at):
            if name == "between" and isinstance(other, Both):
                yield filtered(other.one, other.other), end
            elif name == "between" and isinstance(other, Noun) and other.plural:
                yield filtered(other), end
            elif name == "with":
                yield from ((filtered(other), after) for after in self._tail(end))
            elif name != "between":
                yield filtered(other), end

    def _tail(self, at: int) -> Iterator[int]:
        """After "the table with a lamp": "on it", "in it", "on top", "next to it"."""
        yield at
        for tail in ("on it", "on top of it", "on top", "in it", "inside", "inside it", "on them", "in them"):
            if self._at(at, tuple(tail.split())):
                yield at + len(tail.split())

    def _said(self, at: int) -> Iterator[tuple[tuple[str, ...], int]]:
        """Adjectives after "that is": "the chair that is red"."""
        if self._word(at - 1) not in ("is", "are"):
            return
        words: list[str] = []
        while (word := self._word(at)) and word not in STOPS and not self._relation(at) and word not in ARTICLES:
            if degree(word)[1]:
                return
            words.append(word)
            at += 1
            yield tuple(words), at

    def _relation(self, at: int) -> list[tuple[tuple[str, ...], str]]:
        """The relation that begins here, by its longest form."""
        return next(([(form, name)] for form, name in _RELATION_FORMS if self._at(at, form)), [])

    def _region(self, at: int) -> list[tuple[int, tuple[int, bool]]]:
        return [(len(form), place) for form, place in _REGION_FORMS if self._at(at, form)][:1]

    def _at(self, at: int, form: tuple[str, ...]) -> bool:
        return tuple(self.words[at : at + len(form)]) == form

    def _word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""
