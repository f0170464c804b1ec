"""Questions that are answered with yes or no: "is the chair left of the table", "is the oak the tallest tree"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import lexicon
from .asked import Asked, Reply
from .finder import Finder, Found
from .listing import labels
from .nouns import ANOTHER_ENGINE, FAILED
from .parse import Reader
from .tree import Both, Filter, Noun, Phrase

AUXILIARIES = ("is", "are", "was", "were", "does", "do", "has", "have", "can", "could")


def is_there(asked: Asked) -> Reply | None:
    if not re.match(r"(is|are) (there|any|anything|a|an|something|some) ", asked.text + " "):
        return None
    start = 2 if asked.words[1] == "there" else 1
    found = asked.best(["all", *asked.words[start:]], 0, len(asked.words) - start + 1)
    found = found or asked.best(asked.words, start, len(asked.words))
    if found is None:
        return None
    if found.places:
        return Reply(f"Yes: {labels(asked.scene, found.places)}.", found.places)
    return Reply(f"No. {found.why}".strip())


def whether(asked: Asked) -> Reply | None:
    """Yes or no: "is the chair left of the table", "are the mugs on the table", "is the oak the tallest tree"."""
    if not asked.words or asked.words[0] not in AUXILIARIES or asked.words[1:2] == ["there"]:
        return None
    words = [w for w in asked.words if w not in ("each",)]
    reader = Reader(words)
    chosen: tuple[int, Reply] | None = None
    for subject, end in sorted(reader.phrase(1), key=_shortest):
        if end >= len(words):
            continue
        who = asked.find(subject)
        if not who.places:
            plain = isinstance(subject, Noun) and not subject.filters and not subject.pronoun
            if who.doubt >= FAILED and chosen is None and plain and words[0] in ("is", "are", "was", "were"):
                chosen = (FAILED, Reply(f"No. {who.why}"))
            continue
        for doubt, reply in _predicates(asked, words, subject, who, end):
            if chosen is None or doubt < chosen[0]:
                chosen = (doubt, reply)
        if chosen is not None and chosen[0] == 0:
            break
    return chosen[1] if chosen else None


def _predicates(asked: Asked, words: list[str], subject: Phrase, who: Found, at: int) -> Iterator[tuple[int, Reply]]:
    reader, end = Reader(words), len(words)
    if words[at:] in (["next", "to", "other"], ["near", "other"], ["touching", "other"], ["touching"], ["beside", "other"],  # noqa: E501
                      ["close", "to", "other"], ["near", "to", "other"]):  # fmt: skip
        relation = {"next": "beside", "beside": "beside", "touching": "touching"}.get(words[at], "near")
        yield 0, _each_other(asked, who, relation)
    if words[at:] in (["empty"], ["occupied"], ["full"]):
        held = any((asked.scene.inside(r) | asked.scene.on(r)).any() for r in who.places)
        yield 0, Reply("Yes." if held == (words[at] != "empty") else "No.", who.places)
    if words[at] in ("closer", "nearer") and words[at + 1 : at + 2] == ["to"]:
        yield from _closer(asked, words, who, at + 2)
    if words[at] in ("have", "has"):
        at += 1
    for condition, stop in reader._modified(Noun(plural=True), at):
        for made, last in [(condition, stop), *((m, s) for m, s in reader._more(condition, stop))]:
            if last == end and isinstance(made, Noun) and (made.filters or made.picks):
                yield from _judged(asked, subject, who, made)
    if words[0] in ("has", "have") or "have" in words[:at]:
        for thing, last in reader.phrase(at):
            for stop in reader._tail(last):
                if stop == end:
                    yield from _judged(asked, subject, who, _with(asked, thing))
    for phrase in reader.whole(at):
        if isinstance(phrase, Noun):
            yield from _identity(asked, subject, who, phrase)


def _with(asked: Asked, thing: Phrase) -> Noun:
    return Noun(plural=True, filters=(Filter("with", (thing,)),))


def _judged(asked: Asked, subject: Phrase, who: Found, condition: Noun) -> Iterator[tuple[int, Reply]]:
    """Whether the subject is among all for which a condition holds."""
    for one in condition.filters:
        for other in one.others:
            held = asked.find(other)
            if not held.places:
                yield FAILED, Reply(f"No. {held.why}")
                return
    holds = asked.find(condition)
    yield _verdict(asked, subject, who, holds)


def _verdict(asked: Asked, subject: Phrase, who: Found, holds: Found) -> tuple[int, Reply]:
    true = [place for place in who.places if place in holds.places]
    several = isinstance(subject, Both) or subject.plural
    yes = len(true) == len(who.places) if several else bool(true)
    doubt = who.doubt + (holds.doubt if holds.places else 0)
    if yes and len(true) < len(who.places):
        return doubt, Reply(f"Yes, {labels(asked.scene, true)}.", true)
    if yes:
        return doubt, Reply("Yes.", who.places)
    if true:
        verb = "is" if len(true) == 1 else "are"
        return doubt, Reply(f"No, only {labels(asked.scene, true)} {verb}.", who.places)
    return doubt, Reply("No.", who.places)


def _identity(asked: Asked, subject: Phrase, who: Found, phrase: Noun) -> Iterator[tuple[int, Reply]]:
    """ "is Cube.003 a chair", "is the oak the tallest tree", "is the chair red"."""
    held = asked.find(phrase)
    if not held.places and not phrase.picks and phrase.words and not phrase.filters:
        words = phrase.words
        said = [i for i in range(len(asked.scene)) if set(words) <= asked.scene.things[i].words]
        if not said and words[-1] in lexicon.COLOURS:
            yield (
                1,
                Reply(
                    f"Nothing tells: {asked.label(who.places[:1])} names no colour. {ANOTHER_ENGINE}",
                    who.places,
                    False,
                ),
            )
            return
        held = Found(said, 0)
    if phrase.picks and not phrase.words and phrase.group is None and isinstance(subject, Noun) and phrase.definite:
        held = asked.find(Noun(plural=False, definite=True, picks=phrase.picks))  # "the tallest" of all
    every = Noun(words=phrase.words, plural=True) if phrase.words and not phrase.picks and not phrase.definite else None
    if every and not phrase.filters:
        held = asked.find(every)
    if held.places or phrase.words:
        yield _verdict(asked, subject, who, held)


def _each_other(asked: Asked, who: Found, relation: str) -> Reply:
    finder = Finder(asked.scene)
    ok = (
        all(any(finder._one(relation, r)[0][place] for r in who.places if r != place) for place in who.places)
        and len(who.places) > 1
    )
    return Reply("Yes." if ok else "No.", who.places)


def _closer(asked: Asked, words: list[str], who: Found, at: int) -> Iterator[tuple[int, Reply]]:
    for near, end in Reader(words).phrase(at):
        if words[end : end + 1] != ["than"]:
            continue
        to = end + 1 + (words[end + 1 : end + 2] == ["to"])
        for other in Reader(words).whole(to):
            a, b = asked.find(near), asked.find(other)
            if not a.places or not b.places:
                continue
            gaps = asked.scene.gaps(a.places[0])
            mine = float(gaps[who.places[0]])
            theirs = float(asked.scene.gaps(b.places[0])[who.places[0]] if to > end + 1 else gaps[b.places[0]])
            yield (
                a.doubt + b.doubt,
                Reply(f"{'Yes' if mine < theirs else 'No'}: {mine:.3g} against {theirs:.3g}.", who.places),
            )


def _shortest(pair: tuple[Phrase, int]) -> tuple[int, int]:
    """The order in which subjects are tried: with the fewest relations, then with all words of their noun."""
    phrase, end = pair
    relations = len(phrase.filters) if isinstance(phrase, Noun) else 9
    return relations, end if relations else -end
