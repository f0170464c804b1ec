"""Phrases that mean objects, read into a tree (tree.py): "the second book from the left on the shelf next to the
window". A small grammar with all its readings, since where a "next to" belongs only the scene can tell. Knows words, no
boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .lexicon import ANYTHING, FURTHEST, KNOWN, MEASURES, PLACES, WITHOUT_PLURAL, degree, singulars, word_set
from .sayings import (
    ARTICLES,
    FILLERS,
    IDLE,
    NEAREST,
    NUMBERS,
    ORDINALS,
    OTHER_FORMS,
    REGION_FORMS,
    RELATION_FORMS,
    SIDES,
    SPEAKERS,
    STOPS,
    forms,
)
from .tree import Both, Filter, Noun, Phrase, Pick

MOST_READINGS = 300
NOT = word_set("not nt isnt arent never nowhere")
CORNERS = forms("in the corner, in a corner, at the corner")
MOST_UNKNOWN = 3  # words between a noun and its relation that nobody knows: "the crate someone shoved below the table"


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
            elif word in ("other", "others", "another"):
                noun = replace(noun, other=True, count=None)
            elif word in IDLE and not self._ends(at + 1):
                pass
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
        if len(said) > 1 and said[0] in WITHOUT_PLURAL & ANYTHING:  # "everything red"
            said = [*said[1:], said[0]]
        last = said[-1]
        final = last.split()[-1]
        many = singulars(final)[0] != final or last in WITHOUT_PLURAL
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
        if self._word(at) in ("and", "but") and (self._relation(at + 1) or self._word(at + 1) in FILLERS | NOT):
            at += 1
        at, negated = self._skipped(at)
        word = self._word(at)
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
        for name, ways in OTHER_FORMS:
            for form in forms(ways):
                if self._at(at, form):
                    made = replace(noun, filters=(*noun.filters, Filter(name, negated=negated)))
                    yield made, at + len(form)
        yield from self._corner(noun, at)
        for form, name in self._relation(at):
            after = at + len(form)
            if self._word(after) in ("and", "or") and (also := self._relation(after + 1)):  # "under and on the desk"
                name, after = f"{name}|{also[0][1]}", after + 1 + len(also[0][0])
            yield from self._related(noun, name, after, negated)
        for words, end in self._said(at):
            yield replace(noun, filters=(*noun.filters, Filter("is", words=words, negated=negated))), end
        yield from self._superlative(noun, at, negated)
        stem, how = degree(word)
        if how == "more" and self._word(at + 1) == "than":
            by, more = MEASURES[stem]
            for other, end in self.phrase(at + 2):
                yield replace(noun, filters=(*noun.filters, Filter("than", (other,), by, more, negated=negated))), end

    def _skipped(self, at: int) -> tuple[int, bool]:
        """Where a relation, a region or an adjective begins, past the words that only lead to it; whether a "not" was
        among them. Words that nobody knows are passed over where a relation follows."""
        start, negated = at, False
        while (word := self._word(at)) in FILLERS or word in NOT or (word == "," and at == start):
            if word in ("right", "there") and (self._relation(at) or self._region(at)):
                break
            negated ^= word in NOT
            at += 1
        if self._word(at) in ("the", "a", "an") and (self._word(at + 1) in NEAREST or self._superior(at + 1)):
            at += 1  # "that is the tallest", "which is the closest to the door"
        end = at
        while end < at + MOST_UNKNOWN and self._unknown(end):
            end += 1
        return (end, negated) if self._relation(end) or self._region(end) else (at, negated)

    def _unknown(self, at: int) -> bool:
        word = self._word(at)
        if word in SPEAKERS or word in FILLERS:
            return True
        known = (
            word in STOPS
            or word in NEAREST
            or word == "most"
            or word in ARTICLES
            or any(each in KNOWN for each in singulars(word))
            or degree(word)[1]
        )
        return bool(word) and not known and not word.startswith("@") and not self._relation(at)

    def _superior(self, at: int) -> tuple[str | int, bool] | None:
        """The measure or the axis of a superlative, or of a comparative that compares with nothing that is said."""
        word = self._word(at)
        stem, how = degree(word)
        if how == "most" or (how == "more" and self._word(at + 1) != "than"):
            return MEASURES[stem]
        return FURTHEST.get(word)

    def _superlative(self, noun: Noun, at: int, negated: bool) -> Iterator[tuple[Noun, int]]:
        """ "the cactus that is tallest", "the rocket that is not the shortest"."""
        if (most := self._superior(at)) and self._word(at - 1) in ("is", "are", "the", "not"):
            pick = Filter("pick", by=most[0], more=most[1], negated=negated)
            yield replace(noun, filters=(*noun.filters, pick)), at + 1

    def _corner(self, noun: Noun, at: int) -> Iterator[tuple[Noun, int]]:
        """ "in the corner", of one kind, "back right", or any."""
        for form in CORNERS:
            if not self._at(at, form):
                continue
            end = at + len(form)
            sides = tuple(self.words[end : end + 2])
            if len(sides) == 2 and set(sides) <= set(SIDES):
                yield replace(noun, filters=(*noun.filters, Filter("corner", words=sides))), end + 2
            yield replace(noun, filters=(*noun.filters, Filter("corner"))), end

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
        if self._word(at - 1) not in ("is", "are", "not"):
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
        return next(([(form, name)] for form, name in RELATION_FORMS if self._at(at, form)), [])

    def _region(self, at: int) -> list[tuple[int, tuple[int, bool]]]:
        return [(len(form), place) for form, place in REGION_FORMS if self._at(at, form)][:1]

    def _at(self, at: int, form: tuple[str, ...]) -> bool:
        return tuple(self.words[at : at + len(form)]) == form

    def _word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""
