"""Questions about a scene, answered by rule: what is where, how many, how far, how tall, which, yes or no. What the
rules cannot answer they say."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from . import lexicon
from .advice import overview
from .asked import Asked, Reply
from .comparing import either, more_than, which_has_more, which_of_two
from .finder import Found
from .ground import ground
from .lexicon import degree, word_set
from .listing import labels
from .nouns import ANOTHER_ENGINE, FAILED
from .parse import Reader
from .report import listed
from .sayings import FILLERS, ORDINALS, SIDES
from .scene import Scene
from .tree import Both
from .whereabouts import location, relations
from .whether import is_there, whether
from .wording import words_of

OPENERS = word_set("please tell me say so and well ok okay then now but hey hi hello also")
POLITE = [
    each.split() for each in ("can you tell me", "could you tell me", "can you say", "do you know", "i want to know")
]
NEGATED = {"isnt": "is", "arent": "are", "doesnt": "does", "dont": "do"}
EVERYTHING = re.compile(
    r"(what|which) (objects?|things?|is|are|all is|else is)? ?(is|are)? ?(there|here|in|visible)? ?(in|is in)? ?"
    r"(the|this)? ?(scene|file|room|picture|here|there|all)?$|"
    r"(list|name|show|describe) (me )?(all )?(the |of the )?(objects|things|everything|scene|room|it)"
    r"( in (the|this) scene| here)?$"
)
SIZED = {"tall": "height", "high": "height", "wide": "width", "broad": "width", "deep": "depth", "long": "length",
         "thick": "breadth", "big": "size", "large": "size", "small": "size"}  # fmt: skip
NAMED_SIZES = {"height": "height", "width": "width", "depth": "depth", "length": "length", "size": "size",
               "dimensions": "size"}  # fmt: skip


def answer(scene: Scene, question: str, before: Sequence[int] = ()) -> Reply:
    """Answer a question about a scene. `before` are the things that were spoken of last."""
    if not len(scene):
        return Reply("The scene is empty.")
    asked = Asked(scene, _plain(scene, question), list(before))
    for way in WAYS:
        if (reply := way(asked)) is not None:
            return reply
    found = ground(scene, asked.text, before) if asked.words else Found([], FAILED)
    if found.places and found.doubt < FAILED:
        return Reply(f"{asked.label(found.places)}.", found.places)
    return Reply(f"I cannot answer that from the boxes of the objects. {ANOTHER_ENGINE}", known=False)


def remembered(scene: Scene, dialogue: Sequence[tuple[str, str]], most: int = 4) -> list[int]:
    """The things that the last of a dialogue's questions spoke of."""
    before: list[int] = []
    for text in [text for role, text in dialogue if role == "user"][-most:]:
        before = answer(scene, text, before).places or before
    return before


def _plain(scene: Scene, question: str) -> list[str]:
    """The words of a question without what is said for politeness."""
    words = words_of(question, [each.given.name for each in scene.things])
    while len(words) > 1 and words[0] in OPENERS:
        words.pop(0)
    for polite in POLITE:
        if words[: len(polite)] == polite and len(words) > len(polite):
            words = words[len(polite) :]
    return [NEGATED.get(word, word) for word in words]


def _everything(asked: Asked) -> Reply | None:
    if EVERYTHING.fullmatch(asked.text) and len(asked.words) > 1:
        return Reply(overview(asked.scene), list(range(len(asked.scene))))
    return None


def _where(asked: Asked) -> Reply | None:
    if asked.words[:1] != ["where"] or asked.words[1:2] not in (["is"], ["are"], ["do"], ["does"]):
        return None
    end = len(asked.words)
    while end > 2 and asked.words[end - 1] in FILLERS | {"stand", "be"}:
        end -= 1
    for cut in ("relative", "compared", "seen", "related"):
        if cut in asked.words:
            return None  # _relation
    found = asked.best(asked.words, 2, end)
    if found is None:
        return None
    if not found.places:
        return Reply(found.why)
    return Reply(" ".join(location(asked.scene, place) for place in found.places[:6]), found.places)


def _how_many(asked: Asked) -> Reply | None:
    if asked.words[:2] not in (["how", "many"], ["count", "the"]) and asked.words[:1] != ["count"]:
        return None
    words = asked.words[2 if asked.words[0] == "how" else 1 :]
    words = [w for i, w in enumerate(words) if not (w in ("there", "do", "does") and i)]
    while words and words[-1] in FILLERS | {"is", "have"}:
        words.pop()
    found = asked.best(["all", *words], 0, len(words) + 1)
    if found is None:
        return None
    if not found.places:
        return Reply(f"None. {found.why}")
    return Reply(f"{len(found.places)}: {labels(asked.scene, found.places)}.", found.places)


def _how_far(asked: Asked) -> Reply | None:
    if (match := re.match(r"how far (apart |away )?(is|are) ", asked.text)) or (
        match := re.match(r"(what is )?(the )?distance (between|from|of) ", asked.text)
    ):
        start = len(match[0].split())
    else:
        return None
    for one, end in Reader(asked.words).phrase(start):
        middle = end
        while middle < len(asked.words) and asked.words[middle] in ("away", "from", "to", "and", "apart", "of"):
            middle += 1
        for other in Reader(asked.words).whole(middle) if middle > end and middle < len(asked.words) else ():
            a, b = asked.find(one), asked.find(other)
            if a.places and b.places:
                return _distance(asked, a.places[0], b.places[0])
        if isinstance(one, Both) and middle >= len(asked.words):
            a, b = asked.find(one.one), asked.find(one.other)
            if a.places and b.places:
                return _distance(asked, a.places[0], b.places[0])
    return None


def _distance(asked: Asked, a: int, b: int) -> Reply:
    gap = float(asked.scene.gaps(b)[a])
    way = float(np.linalg.norm(asked.scene.middle[a] - asked.scene.middle[b]))
    one, other = asked.label([a]), asked.label([b])
    if gap <= 1e-6:
        return Reply(f"{one} and {other} touch; their middles are {way:.3g} apart.", [a])
    return Reply(f"{gap:.3g} between {one} and {other}; {way:.3g} from middle to middle.", [a])


def _relation(asked: Asked) -> Reply | None:
    if not re.search(r"\b(relation|relative|compared|related|seen from)\b", asked.text):
        return None
    cut = re.sub(r"^.*?\b(relation|relationship) (between|of) ", "", asked.text)
    cut = re.sub(r"^(where|how) (is|are) ", "", cut)
    cut = re.sub(
        r" (located |placed |positioned )?(relative to|compared to|compared with|seen from|in relation to|related to) ",  # noqa: E501
        " and ",
        cut,
    )
    words = cut.split()
    for phrase in Reader(words).whole():
        if isinstance(phrase, Both):
            a, b = asked.find(phrase.one), asked.find(phrase.other)
            if a.places and b.places:
                how = listed(relations(asked.scene, a.places[0], b.places[0]))
                return Reply(f"{asked.label(a.places[:1])} is {how} {asked.label(b.places[:1])}.", a.places[:1])
    return None


def _how_big(asked: Asked) -> Reply | None:
    if len(asked.words) > 3 and asked.words[0] == "how" and asked.words[1] in SIZED and asked.words[2] in ("is", "are"):
        what, start = SIZED[asked.words[1]], 3
    elif match := re.match(r"(what is |what are |how much is )?(the )?(\w+) of ", asked.text):
        if match[3] not in NAMED_SIZES:
            return None
        what, start = NAMED_SIZES[match[3]], len(match[0].split())
    else:
        return None
    found = asked.best(asked.words, start, len(asked.words))
    if found is None or not found.places:
        return None if found is None else Reply(found.why)
    said = []
    for place in found.places[:6]:
        if what == "size":
            wide, deep, high = asked.scene.size[place]
            said.append(f"{asked.label([place])} is {wide:.3g} wide, {deep:.3g} deep and {high:.3g} high.")
        else:
            said.append(f"The {what} of {asked.label([place])} is {asked.scene.measures[what][place]:.3g}.")
    return Reply(" ".join(said), found.places)


def _which(asked: Asked) -> Reply | None:
    """ "which chair is closest to the window", "which tree is the tallest", "which objects are on the table"."""
    if asked.words[:1] not in (["which"], ["what"], ["who"]) or len(asked.words) < 3:
        return None
    words = asked.words[1:]
    while len(words) > 1 and words[-1] in FILLERS - SIDES.keys():
        words = words[:-1]
    if words[:2] == ["of", "the"]:  # "which of the chairs is red"
        words = [lexicon.singulars(words[2])[0], *words[3:]] if len(words) > 3 else words
    cut = next((i for i, word in enumerate(words) if word in ("is", "are")), None)
    if cut and (moved := _moved(words[:cut], words[cut + 1 :])):
        found = asked.best(moved)
        if found is not None and found.places:
            return Reply(f"{asked.label(found.places)}.", found.places)
    rest = words[cut + 1 :] if cut == 0 else words
    if words[0] not in FILLERS:
        attempts = [["the", *words], ["all", *words]]
    elif cut == 0 and rest[:1] == ["the"]:
        attempts = [rest]
    elif rest[:1] in (["closest"], ["nearest"], ["farthest"], ["furthest"]):
        attempts = [["the", "thing", *words], ["the", *words]]
    else:
        while len(words) > 1 and words[0] in FILLERS - {"is", "are"}:
            words = words[1:]
        attempts = [["everything", *words], ["all", *words], words]
    tried = [found for attempt in attempts if (found := asked.best(attempt)) is not None]
    if not tried:
        return None
    chosen = min(tried, key=lambda found: found.doubt)
    if chosen.places:
        return Reply(f"{asked.label(chosen.places)}.", chosen.places)
    if asked.words[1] in FILLERS and ("@" in asked.text or chosen.why.startswith(("None", "There is no"))):
        return Reply(f"Nothing. {chosen.why}")
    return None


def _moved(left: list[str], right: list[str]) -> list[str]:
    """ "tree", "the tallest of all" -> "the tallest tree"; "car", "the second from the left" -> "the second car from
    the left"; nothing where the right is no adjective."""
    plain = [word for word in right if word not in ("the", "of", "all", "them", "one", *left)]
    if not plain:
        return []
    if plain[0] in ORDINALS and right[0] == "the":
        return ["the", plain[0], *left, *right[2:]]
    if all(degree(word)[1] or word in lexicon.FURTHEST for word in plain):
        return ["the", *plain, *left]
    if plain[0] in ("furthest", "farthest") and plain[-1] in SIDES:
        return ["the", *left, *right]
    return []


def _what(asked: Asked) -> Reply | None:
    """ "what is Cube.003", "what colour is the chair"."""
    if match := re.match(r"(what|which) (colour|color|material) (is|are|has|does) ", asked.text):
        found = asked.best(asked.words, len(match[0].split()), len(asked.words))
        if found is None or not found.places:
            return None
        wanted = lexicon.COLOURS if match[2].startswith("colo") else frozenset(lexicon.MATERIALS)
        said = sorted(wanted & set().union(*(asked.scene.things[i].words for i in found.places)))
        if said:
            return Reply(f"{listed(said).capitalize()}.", found.places)
        return Reply(f"Nothing tells the {match[2]} of {asked.label(found.places)}.", found.places, False)
    if asked.words[:1] == ["what"] and asked.words[1:2] in (["is"], ["are"], ["kind"]):
        start = next((i for i, word in enumerate(asked.words) if word.startswith("@")), None)
        if start is not None and start == len(asked.words) - 1:
            thing = asked.scene.things[int(asked.words[start][1:])]
            kind = lexicon.article(lexicon.spoken(thing.noun)) if thing.noun else "an object nobody has named"
            return Reply(f"{thing.given.name} is {kind}.", [int(asked.words[start][1:])])
    return None


WAYS = (
    _everything, _where, which_has_more, _how_many, _how_far, _relation, _how_big, more_than, either, is_there,
    whether, which_of_two, _what, _which,
)  # fmt: skip
