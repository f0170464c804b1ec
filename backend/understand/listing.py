"""Things of a scene in words: their names, and how many there are of each kind."""

from __future__ import annotations

from collections.abc import Iterable

from . import lexicon
from .report import listed
from .scene import Scene


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
    return f"There {are(named[0][1] if named else 0)} {listed(said)}." if said else "The scene is empty."


def _some(count: int, noun: str) -> str:
    spoken = lexicon.spoken(noun)
    if count == 1:
        return lexicon.article(spoken)
    first, _, rest = spoken.partition(" of ")
    return f"{count} {lexicon.plural(first)}{' of ' + rest if rest else ''}"


def are(count: int) -> str:
    return "is" if count == 1 else "are"


def labels(scene: Scene, places: Iterable[int], most: int = 12) -> str:
    """Names for people, "a, b and 3 more"."""
    known = [scene.things[place].label for place in places]
    return listed(known[:most] + ([f"{len(known) - most} more"] if len(known) > most else []))
