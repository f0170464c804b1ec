"""Questions that compare: which of two is taller, nearer or has more; more of these than of those; on this or on
that."""

from __future__ import annotations

import re

import numpy as np

from .asked import Asked, Reply
from .lexicon import MEASURES, degree
from .parse import Reader
from .sayings import FILLERS, RELATION_FORMS, SIDES
from .tree import Both
from .whether import whether

TWO = [
    re.compile(r"(?:which|what|who)(?: \w+)?(?: is| are)? (?:the )?(?P<how>.+?) , (?P<two>.+ or .+)$"),
    re.compile(r"(?:which|what|who)(?: \w+)?(?: is| are)? (?:the )?(?P<how>\w+) (?P<two>(?:the |a |@).+ or .+)$"),
    re.compile(r"(?:is|are) (?P<two>.+ or .+?) (?:the )?(?P<how>\w+)$"),
]


def which_of_two(asked: Asked) -> Reply | None:
    """ "which is taller, the oak or the house"; "is the oak or the house taller"; "which is further left, ..."."""
    for form in TWO:
        if (match := form.match(asked.text)) is None or (values := _values(asked, match["how"].split())) is None:
            continue
        for phrase in Reader(match["two"].split()).whole():
            if isinstance(phrase, Both):
                one, other = asked.find(phrase.one), asked.find(phrase.other)
                if one.places and other.places:
                    a, b = one.places[0], other.places[0]
                    first = a if (values[0][a] >= values[0][b]) == values[1] else b
                    mine, theirs = values[0][first], values[0][a + b - first]
                    return Reply(f"{asked.label([first])}: {mine:.3g} against {theirs:.3g}.", [first])
    return None


def _values(asked: Asked, how: list[str]) -> tuple[np.ndarray, bool] | None:
    """float [N] by which things are compared, and whether the higher one is meant: "taller", "furthest left", "closest
    to the door"."""
    if how[0] in ("closest", "farthest") and len(how) > 2:
        found = asked.best(how, 2)
        return (asked.scene.gaps(found.places[0]), how[0] == "farthest") if found and found.places else None
    if how[0] in ("furthest", "farthest") and how[-1] in SIDES:
        axis, more = SIDES[how[-1]]
        return asked.scene.middle[:, axis], more
    stem, compared = degree(how[-1])
    if len(how) > 1 or not compared:
        return None
    by, more = MEASURES[stem]
    return asked.scene.measures[by], more


HAS_MORE = [
    re.compile(
        r"(?:which|what|who)(?: \w+)? (?:has|holds|carries) (?:the )?(more|fewer|less|most) (.+?) , (.+) or (.+)$"
    ),
    re.compile(r"(?:are|is) there (more|fewer|less) (.+?) ((?:on|in|under) .+) or ((?:on|in|under) .+)$"),
]
MORE_THAN = re.compile(
    r"(?:is|are|do|does|has|have|can) (?P<who>.*?)\b(?P<how>more|fewer|less|as many) (?P<one>.+?) (?:than|as) "
    r"(?P<other>.+?)(?P<tail> on it| on them| in it| on top)?$"
)


def which_has_more(asked: Asked) -> Reply | None:
    """ "which has more bowls, the desk or the table"."""
    match = next((found for form in HAS_MORE if (found := form.match(asked.text))), None)
    if match is None:
        return None
    ways = [way if way.split()[0] in ("on", "in", "under") else f"on {way}" for way in (match[3], match[4])]
    counts = [_count(asked, f"{match[2]} {way}") for way in ways]
    carriers = [asked.best(way.split(), 1) for way in ways]
    if not all(found is not None and found.places for found in carriers):
        return None
    if counts[0] == counts[1]:
        return Reply(f"Both have {counts[0]}." if counts[0] else "Neither has any.")
    first = (counts[0] > counts[1]) == (match[1] in ("more", "most"))
    chosen = carriers[0 if first else 1]
    assert chosen is not None
    own, other = counts if first else reversed(counts)
    return Reply(f"{asked.label(chosen.places)}: {own} against {other}.", chosen.places)


def more_than(asked: Asked) -> Reply | None:
    """ "are there more stools than chairs", "do more mugs stand on the desk than on the table", "does the desk have
    more bottles than bowls on it"."""
    match = MORE_THAN.match(asked.text)
    if match is None:
        return None
    one, other = match["one"], match["other"]
    holder = re.match(r"(.+) (?:have|has|hold|carry|contain)$", match["who"].strip())
    if holder:
        place = f"{'in' if match['tail'] == ' in it' else 'on'} {holder[1]}"
        other = f"{one} on {other}" if other.startswith("the ") else f"{other} {place}"
        one = f"{one} {place}"
    elif _relates(other):  # "more mugs on the desk than on the table"
        words = one.split()
        length = next((end for end in range(1, len(words) + 1) if words[end:] and _leads(words, end)), len(words))
        other = " ".join([*words[:length], other])
    a, b = _count(asked, one), _count(asked, other)
    right = {"more": a > b, "fewer": a < b, "less": a < b, "as many": a == b}[match["how"]]
    return Reply(f"{'Yes' if right else 'No'}: {a} against {b}.")


def either(asked: Asked) -> Reply | None:
    """ "is the bowl on the table or on the desk", "is the snowman near the desk or the table"."""
    words = asked.words
    if words[:1] not in (["is"], ["are"]) or words[1:2] == ["there"] or words.count("or") != 1:
        return None
    cut = words.index("or")
    start = max((at for at in range(2, cut) if _relates(" ".join(words[at:cut]))), default=0)
    if not start:
        return None
    relation = next(form for form, _ in RELATION_FORMS if tuple(words[start : start + len(form)]) == form)
    second = words[cut + 1 :] if _relates(" ".join(words[cut + 1 :])) else [*relation, *words[cut + 1 :]]
    held, said = [], []
    for tail in (words[start:cut], second):
        reply = whether(Asked(asked.scene, [*words[:start], *tail], asked.before))
        length = next(len(form) for form, _ in RELATION_FORMS if tuple(tail[: len(form)]) == form)
        place = asked.best(tail, length)
        if reply is None or place is None or not place.places:
            return reply
        said.append(f"{' '.join(tail[:length])} {asked.label(place.places)}")
        if reply.text.startswith("Yes"):
            held.append(said[-1])
    if not held:
        return Reply(f"Neither {said[0]} nor {said[1]}.")
    return Reply(f"{_first_up(' and '.join(held))}.")


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _relates(text: str) -> bool:
    """Whether words begin with a relation."""
    return any(tuple(text.split()[: len(form)]) == form for form, _ in RELATION_FORMS)


def _leads(words: list[str], at: int) -> bool:
    return _relates(" ".join(words[at:])) or words[at] in FILLERS


def _count(asked: Asked, phrase: str) -> int:
    found = asked.best(["all", *phrase.split()])
    return len(found.places) if found is not None else 0
