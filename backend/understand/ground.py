"""Which objects of a scene a phrase means, by rule: the phrase's readings (parse.py) are tried on the boxes
(finder.py), and the one that fits best is taken. The answer holds objects of the scene only; where a phrase fits none,
it is empty and says why."""

from __future__ import annotations

from collections.abc import Sequence

from .finder import Finder, Found
from .nouns import ANOTHER_ENGINE, FAILED
from .parse import Reader
from .sayings import LEADING
from .scene import Scene
from .wording import words_of


def ground(scene: Scene, phrase: str, before: Sequence[int] = ()) -> Found:
    """The objects that a phrase means. `before` are those that were spoken of last: "it", "them"."""
    words = words_of(phrase, [each.given.name for each in scene.things])
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
