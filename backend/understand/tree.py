"""What a phrase that means objects is read into: a noun with what holds of it, and which of several is meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pick:
    """Which of several: sorted by a measure ("height"...) or an axis (0, 1, 2), from the highest where `more`; the one
    at `rank` (1: the first)."""

    by: str | int
    more: bool
    rank: int = 1
    relative: bool = False  # "big", "left", not "biggest", "leftmost"


@dataclass(frozen=True, slots=True)
class Filter:
    """What must hold of an object: a relation to others ("under", or "under|on"), a comparison ("than", with a
    measure), a region, a superlative ("pick"), or words that must be said of it ("is")."""

    relation: str
    others: tuple[Phrase, ...] = ()
    by: str | int = ""
    more: bool = False
    words: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun phrase. `words` hold adjectives and the noun, `index` an object that was named outright, `group` the
    phrase that it is a part of ("the largest of the chairs"), `other` leaves out what is spoken of ("the other chair").
    Without any of them it means anything."""

    words: tuple[str, ...] = ()
    index: int | None = None
    group: Phrase | None = None
    pronoun: bool = False
    definite: bool = False
    plural: bool = False
    other: bool = False
    count: int | None = None
    picks: tuple[Pick, ...] = ()
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Both:
    """Two phrases: "the chair and the table"."""

    one: Phrase
    other: Phrase


Phrase = Noun | Both
