"""Questions about a scene, answered by rule: what is where, how many, how far, how tall, which, yes or no. What the
rules cannot answer they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from . import lexicon
from .advice import overview
from .ground import ANOTHER_ENGINE, FAILED, Finder, Found, best, ground, labels
from .lexicon import MEASURES, degree, word_set
from .parse import FILLERS, Both, Filter, Noun, Phrase, Reader, words_of
from .report import listed
from .scene import Scene

OPENERS = word_set("please tell me say so and well ok okay then now but hey hi hello also")
AUXILIARIES = ("is", "are", "was", "were", "does", "do", "has", "have", "can", "could")
SEEING = re.compile(r"\b(do|can|could) (you|we|i) (see|find|spot)\b|\bcan be (seen|found)\b|\bis to be seen\b")
POLITE = [
    each.split() for each in ("can you tell me", "could you tell me", "can you say", "do you know", "i want to know")
]
NEGATED = {"isnt": "is", "arent": "are", "doesnt": "does", "dont": "do"}
EVERYTHING = re.compile(
    r"(what|which) (objects?|things?|is|are|all is|else is)? ?(is|are)? ?(there|here|in|visible)? ?(in|is in)? ?"
    r"(the|this)? ?(scene|file|room|picture|here|there|all)?$|"
    r"(list|name|show|describe) (me )?(all )?(the |of the )?(objects|things|everything|scene|room|it)( in (the|this) scene| here)?$"  # noqa: E501
)
SIZED = {"tall": "height", "high": "height", "wide": "width", "broad": "width", "deep": "depth", "long": "length",
         "thick": "breadth", "big": "size", "large": "size", "small": "size"}  # fmt: skip
NAMED_SIZES = {"height": "height", "width": "width", "depth": "depth", "length": "length", "size": "size",
               "dimensions": "size"}  # fmt: skip


@dataclass(slots=True)
class Reply:
    """An answer; the things that it speaks of, for an "it" that may follow; whether the rules could answer at all."""

    text: str
    places: list[int] = field(default_factory=list)
    known: bool = True


def answer(scene: Scene, question: str, before: Sequence[int] = ()) -> Reply:
    """Answer a question about a scene. `before` are the things that were spoken of last."""
    if not len(scene):
        return Reply("The scene is empty.")
    return Questioner(scene, question, before).answer()


def remembered(scene: Scene, dialogue: Sequence[tuple[str, str]], most: int = 4) -> list[int]:
    """The things that the last of a dialogue's questions spoke of."""
    before: list[int] = []
    for text in [text for role, text in dialogue if role == "user"][-most:]:
        before = answer(scene, text, before).places or before
    return before


def _shortest(pair: tuple[Phrase, int]) -> tuple[int, int]:
    """The order in which subjects are tried: with the fewest relations, then with all words of their noun."""
    phrase, end = pair
    relations = len(phrase.filters) if isinstance(phrase, Noun) else 9
    return relations, end if relations else -end


class Questioner:
    """One question."""

    def __init__(self, scene: Scene, question: str, before: Sequence[int]) -> None:
        self.scene, self.before = scene, list(before)
        words = words_of(question, [each.given.name for each in scene.things])
        while words and words[-1] in ("?", ",", "please", "now", "currently"):
            words.pop()
        while len(words) > 1 and words[0] in OPENERS:
            words.pop(0)
        for polite in POLITE:
            if words[: len(polite)] == polite and len(words) > len(polite):
                words = words[len(polite) :]
        words = [NEGATED.get(word, word) for word in words]
        seen = SEEING.sub("is", " ".join(words))
        self.words = seen.split() if "@" in seen or " " not in seen or seen != " ".join(words) else words
        self.text = " ".join(self.words)

    def answer(self) -> Reply:
        ways: list[Callable[[], Reply | None]] = [
            self._everything, self._where, self._how_many, self._how_far, self._relation, self._how_big, self._is_there,
            self._whether, self._which_of_two, self._what, self._which,
        ]  # fmt: skip
        for way in ways:
            if (reply := way()) is not None:
                return reply
        found = ground(self.scene, self.text, self.before) if self.words else Found([], FAILED)
        if found.places and found.doubt < FAILED:
            return Reply(f"{self._label(found.places)}.", found.places)
        return Reply(f"I cannot answer that from the boxes of the objects. {ANOTHER_ENGINE}", known=False)

    # ------------------------------------------------------------------------------------------------- the ways

    def _everything(self) -> Reply | None:
        if EVERYTHING.fullmatch(self.text) and len(self.words) > 1:
            return Reply(overview(self.scene), list(range(len(self.scene))))
        return None

    def _where(self) -> Reply | None:
        if self.words[:1] != ["where"] or self.words[1:2] not in (["is"], ["are"], ["do"], ["does"]):
            return None
        end = len(self.words)
        while end > 2 and self.words[end - 1] in FILLERS | {"stand", "be"}:
            end -= 1
        for cut in ("relative", "compared", "seen", "related"):
            if cut in self.words:
                return None  # _relation
        found = best(self.scene, self.words, 2, end, self.before)
        if found is None:
            return None
        if not found.places:
            return Reply(found.why)
        return Reply(" ".join(self.location(place) for place in found.places[:6]), found.places)

    def _how_many(self) -> Reply | None:
        if self.words[:2] not in (["how", "many"], ["count", "the"]) and self.words[:1] != ["count"]:
            return None
        words = self.words[2 if self.words[0] == "how" else 1 :]
        words = [w for i, w in enumerate(words) if not (w in ("there", "do", "does") and i)]
        while words and words[-1] in FILLERS | {"is", "have"}:
            words.pop()
        found = best(self.scene, ["all", *words], 0, len(words) + 1, self.before)
        if found is None:
            return None
        if not found.places:
            return Reply(f"None. {found.why}")
        return Reply(f"{len(found.places)}: {labels(self.scene, found.places)}.", found.places)

    def _how_far(self) -> Reply | None:
        if (match := re.match(r"how far (apart |away )?(is|are) ", self.text)) or (
            match := re.match(r"(what is )?(the )?distance (between|from|of) ", self.text)
        ):
            start = len(match[0].split())
        else:
            return None
        for one, end in Reader(self.words).phrase(start):
            middle = end
            while middle < len(self.words) and self.words[middle] in ("away", "from", "to", "and", "apart", "of"):
                middle += 1
            for other in Reader(self.words).whole(middle) if middle > end and middle < len(self.words) else ():
                a, b = self._find(one), self._find(other)
                if a.places and b.places:
                    return self._distance(a.places[0], b.places[0])
            if isinstance(one, Both) and middle >= len(self.words):
                a, b = self._find(one.one), self._find(one.other)
                if a.places and b.places:
                    return self._distance(a.places[0], b.places[0])
        return None

    def _distance(self, a: int, b: int) -> Reply:
        gap = float(self.scene.gaps(b)[a])
        way = float(np.linalg.norm(self.scene.middle[a] - self.scene.middle[b]))
        one, other = self._label([a]), self._label([b])
        if gap <= 1e-6:
            return Reply(f"{one} and {other} touch; their middles are {way:.3g} apart.", [a])
        return Reply(f"{gap:.3g} between {one} and {other}; {way:.3g} from middle to middle.", [a])

    def _relation(self) -> Reply | None:
        if not re.search(r"\b(relation|relative|compared|related|seen from)\b", self.text):
            return None
        cut = re.sub(r"^.*?\b(relation|relationship) (between|of) ", "", self.text)
        cut = re.sub(r"^(where|how) (is|are) ", "", cut)
        cut = re.sub(
            r" (located |placed |positioned )?(relative to|compared to|compared with|seen from|in relation to|related to) ",  # noqa: E501
            " and ",
            cut,
        )
        words = cut.split()
        for phrase in Reader(words).whole():
            if isinstance(phrase, Both):
                a, b = self._find(phrase.one), self._find(phrase.other)
                if a.places and b.places:
                    return Reply(f"{self._label(a.places[:1])} is {listed(self.relations(a.places[0], b.places[0]))} "
                                 f"{self._label(b.places[:1])}.", a.places[:1])  # fmt: skip
        return None

    def _how_big(self) -> Reply | None:
        if len(self.words) > 3 and self.words[0] == "how" and self.words[1] in SIZED and self.words[2] in ("is", "are"):
            what, start = SIZED[self.words[1]], 3
        elif match := re.match(r"(what is |what are |how much is )?(the )?(\w+) of ", self.text):
            if match[3] not in NAMED_SIZES:
                return None
            what, start = NAMED_SIZES[match[3]], len(match[0].split())
        else:
            return None
        found = best(self.scene, self.words, start, len(self.words), self.before)
        if found is None or not found.places:
            return None if found is None else Reply(found.why)
        said = []
        for place in found.places[:6]:
            if what == "size":
                wide, deep, high = self.scene.size[place]
                said.append(f"{self._label([place])} is {wide:.3g} wide, {deep:.3g} deep and {high:.3g} high.")
            else:
                said.append(f"The {what} of {self._label([place])} is {self.scene.measures[what][place]:.3g}.")
        return Reply(" ".join(said), found.places)

    def _is_there(self) -> Reply | None:
        if not re.match(r"(is|are) (there|any|anything|a|an|something|some) ", self.text + " "):
            return None
        start = 2 if self.words[1] == "there" else 1
        found = best(self.scene, ["all", *self.words[start:]], 0, len(self.words) - start + 1, self.before)
        found = found or best(self.scene, self.words, start, len(self.words), self.before)
        if found is None:
            return None
        if found.places:
            return Reply(f"Yes: {labels(self.scene, found.places)}.", found.places)
        return Reply(f"No. {found.why}".strip())

    def _whether(self) -> Reply | None:
        """Yes or no: "is the chair left of the table", "are the mugs on the table", "is the oak the tallest tree"."""
        if not self.words or self.words[0] not in AUXILIARIES or self.words[1:2] == ["there"]:
            return None
        words = [w for w in self.words if w not in ("each",)]
        reader = Reader(words)
        chosen: tuple[int, Reply] | None = None
        for subject, end in sorted(reader.phrase(1), key=_shortest):
            if end >= len(words):
                continue
            who = self._find(subject)
            if not who.places:
                plain = isinstance(subject, Noun) and not subject.filters and not subject.pronoun
                if who.doubt >= FAILED and chosen is None and plain and words[0] in ("is", "are", "was", "were"):
                    chosen = (FAILED, Reply(who.why))
                continue
            for doubt, reply in self._predicates(words, subject, who, end):
                if chosen is None or doubt < chosen[0]:
                    chosen = (doubt, reply)
            if chosen is not None and chosen[0] == 0:
                break
        return chosen[1] if chosen else None

    def _predicates(self, words: list[str], subject: Phrase, who: Found, at: int) -> Iterator[tuple[int, Reply]]:
        reader, end = Reader(words), len(words)
        if words[at:] in (["next", "to", "other"], ["near", "other"], ["touching", "other"], ["touching"], ["beside", "other"],  # noqa: E501
                          ["close", "to", "other"], ["near", "to", "other"]):  # fmt: skip
            relation = {"next": "beside", "beside": "beside", "touching": "touching"}.get(words[at], "near")
            yield 0, self._each_other(who, relation)
        if words[at:] in (["empty"], ["occupied"], ["full"]):
            held = any((self.scene.inside(r) | self.scene.on(r)).any() for r in who.places)
            yield 0, Reply("Yes." if held == (words[at] != "empty") else "No.", who.places)
        if words[at] in ("closer", "nearer") and words[at + 1 : at + 2] == ["to"]:
            yield from self._closer(words, who, at + 2)
        if words[at] in ("have", "has"):
            at += 1
        for condition, stop in reader._modified(Noun(plural=True), at):
            for made, last in [(condition, stop), *((m, s) for m, s in reader._more(condition, stop))]:
                if last == end and isinstance(made, Noun) and (made.filters or made.picks):
                    yield from self._judged(subject, who, made)
        if words[0] in ("has", "have") or "have" in words[:at]:
            for thing, last in reader.phrase(at):
                for stop in reader._tail(last):
                    if stop == end:
                        yield from self._judged(subject, who, self._with(thing))
        for phrase in reader.whole(at):
            if isinstance(phrase, Noun):
                yield from self._identity(subject, who, phrase)

    def _with(self, thing: Phrase) -> Noun:
        return Noun(plural=True, filters=(Filter("with", (thing,)),))

    def _judged(self, subject: Phrase, who: Found, condition: Noun) -> Iterator[tuple[int, Reply]]:
        """Whether the subject is among all for which a condition holds."""
        for one in condition.filters:
            for other in one.others:
                held = self._find(other)
                if not held.places:
                    yield FAILED, Reply(f"No. {held.why}")
                    return
        holds = self._find(condition)
        yield self._verdict(subject, who, holds)

    def _verdict(self, subject: Phrase, who: Found, holds: Found) -> tuple[int, Reply]:
        true = [place for place in who.places if place in holds.places]
        several = isinstance(subject, Both) or subject.plural
        yes = len(true) == len(who.places) if several else bool(true)
        doubt = who.doubt + (holds.doubt if holds.places else 0)
        if yes and len(true) < len(who.places):
            return doubt, Reply(f"Yes, {labels(self.scene, true)}.", true)
        if yes:
            return doubt, Reply("Yes.", who.places)
        if true:
            verb = "is" if len(true) == 1 else "are"
            return doubt, Reply(f"No, only {labels(self.scene, true)} {verb}.", who.places)
        return doubt, Reply("No.", who.places)

    def _identity(self, subject: Phrase, who: Found, phrase: Noun) -> Iterator[tuple[int, Reply]]:
        """ "is Cube.003 a chair", "is the oak the tallest tree", "is the chair red"."""
        held = self._find(phrase)
        if not held.places and not phrase.picks and phrase.words and not phrase.filters:
            words = phrase.words
            said = [i for i in range(len(self.scene)) if set(words) <= self.scene.things[i].words]
            if not said and words[-1] in lexicon.COLOURS:
                yield (
                    1,
                    Reply(
                        f"Nothing tells: {self._label(who.places[:1])} names no colour. {ANOTHER_ENGINE}",
                        who.places,
                        False,
                    ),
                )
                return
            held = Found(said, 0)
        if phrase.picks and not phrase.words and phrase.group is None and isinstance(subject, Noun) and phrase.definite:
            held = self._find(Noun(plural=False, definite=True, picks=phrase.picks))  # "the tallest" of all
        every = (
            Noun(words=phrase.words, plural=True) if phrase.words and not phrase.picks and not phrase.definite else None
        )
        if every and not phrase.filters:
            held = self._find(every)
        if held.places or phrase.words:
            yield self._verdict(subject, who, held)

    def _each_other(self, who: Found, relation: str) -> Reply:
        finder = Finder(self.scene)
        ok = (
            all(any(finder._one(relation, r)[0][place] for r in who.places if r != place) for place in who.places)
            and len(who.places) > 1
        )
        return Reply("Yes." if ok else "No.", who.places)

    def _closer(self, words: list[str], who: Found, at: int) -> Iterator[tuple[int, Reply]]:
        for near, end in Reader(words).phrase(at):
            if words[end : end + 1] != ["than"]:
                continue
            to = end + 1 + (words[end + 1 : end + 2] == ["to"])
            for other in Reader(words).whole(to):
                a, b = self._find(near), self._find(other)
                if not a.places or not b.places:
                    continue
                gaps = self.scene.gaps(a.places[0])
                mine = float(gaps[who.places[0]])
                theirs = float(self.scene.gaps(b.places[0])[who.places[0]] if to > end + 1 else gaps[b.places[0]])
                yield (
                    a.doubt + b.doubt,
                    Reply(f"{'Yes' if mine < theirs else 'No'}: {mine:.3g} against {theirs:.3g}.", who.places),
                )

    def _which_of_two(self) -> Reply | None:
        """ "which is taller, the oak or the house"; "is the oak or the house taller"."""
        if "or" not in self.words:
            return None
        place = next((i for i, word in enumerate(self.words) if degree(word)[1] or word in ("closer", "nearer")), None)
        if place is None:
            return None
        rest = [w for i, w in enumerate(self.words) if i != place and not (w == "the" and i == place - 1)]
        while rest and rest[0] in ("which", "what", "is", "are", ",", "one", "who", "of", "object", "thing"):
            rest.pop(0)
        for phrase in Reader(rest).whole():
            if isinstance(phrase, Both):
                one, other = self._find(phrase.one), self._find(phrase.other)
                if one.places and other.places:
                    by, more = MEASURES.get(degree(self.words[place])[0], ("", True))
                    if not by:
                        return None
                    values = self.scene.measures[by]
                    a, b = one.places[0], other.places[0]
                    first = a if (values[a] >= values[b]) == more else b
                    return Reply(
                        f"{self._label([first])}: {values[first]:.3g} against {values[a + b - first]:.3g}.", [first]
                    )
        return None

    def _which(self) -> Reply | None:
        """ "which chair is closest to the window", "which tree is the tallest", "which objects are on the table"."""
        if self.words[:1] not in (["which"], ["what"], ["who"]) or len(self.words) < 3:
            return None
        words = self.words[1:]
        while len(words) > 1 and words[-1] in FILLERS:
            words = words[:-1]
        cut = next((i for i, word in enumerate(words) if word in ("is", "are")), None)
        if cut is not None and words[0] not in ("is", "are"):
            left, right = words[:cut], words[cut + 1 :]
            plain = [word for word in right if word not in ("the", "of", "all", "them", "one")]
            if plain and all(degree(word)[1] or word in lexicon.FURTHEST for word in plain):
                moved = ["the", *plain, *left]
                found = best(self.scene, moved, 0, len(moved), self.before)
                if found is not None and found.places:
                    return Reply(f"{self._label(found.places)}.", found.places)
        asked = words[cut + 1 :] if cut == 0 else words
        singular = asked[:1] in (["closest"], ["nearest"], ["farthest"], ["furthest"])
        attempts = (
            [["the", "thing", *words], ["the", *words]]
            if singular
            else [["everything", *words], ["all", *words], words]
        )
        if words[0] not in FILLERS:
            attempts = [["the", *words], ["all", *words]]
        if cut == 0 and asked[:1] == ["the"]:
            attempts = [asked]
        chosen: Found | None = None
        for attempt in attempts:
            found = best(self.scene, attempt, 0, len(attempt), self.before)
            if found is not None and (chosen is None or found.doubt < chosen.doubt):
                chosen = found
        if chosen is None:
            return None
        if chosen.places:
            return Reply(f"{self._label(chosen.places)}.", chosen.places)
        if words[0] in FILLERS and ("@" in self.text or chosen.why.startswith(("None", "There is no"))):
            return Reply(f"Nothing. {chosen.why}")
        return None

    def _what(self) -> Reply | None:
        """ "what is Cube.003", "what colour is the chair"."""
        if match := re.match(r"(what|which) (colour|color|material) (is|are|has|does) ", self.text):
            found = best(self.scene, self.words, len(match[0].split()), len(self.words), self.before)
            if found is None or not found.places:
                return None
            wanted = lexicon.COLOURS if match[2].startswith("colo") else frozenset(lexicon.MATERIALS)
            said = sorted(wanted & set().union(*(self.scene.things[i].words for i in found.places)))
            if said:
                return Reply(f"{listed(said).capitalize()}.", found.places)
            return Reply(f"Nothing tells the {match[2]} of {self._label(found.places)}.", found.places, False)
        if self.words[:1] == ["what"] and self.words[1:2] in (["is"], ["are"], ["kind"]):
            start = next((i for i, word in enumerate(self.words) if word.startswith("@")), None)
            if start is not None and start == len(self.words) - 1:
                thing = self.scene.things[int(self.words[start][1:])]
                kind = lexicon.article(lexicon.spoken(thing.noun)) if thing.noun else "an object nobody has named"
                return Reply(f"{thing.given.name} is {kind}.", [int(self.words[start][1:])])
        return None

    # --------------------------------------------------------------------------------------------------- helpers

    def _find(self, phrase: Phrase) -> Found:
        return Finder(self.scene, self.before).find(phrase)

    def _label(self, places: Sequence[int]) -> str:
        return labels(self.scene, places)

    def location(self, place: int) -> str:
        """Where a thing is, in a sentence."""
        scene = self.scene
        said = [f"{word} {self._label([r])}" for word, r in self._holders(place)]
        if not said:
            said = (
                ["on the ground"]
                if scene.grounded()[place]
                else [f"{scene.low[place, 2] - scene.floor:.3g} above the ground"]
            )
        near = [int(r) for r in np.argsort(scene.gaps(place), kind="stable") if scene.beside(int(r))[0][place]]
        near = [r for r in near if not scene.of_kind(r, lexicon.BACKDROP - {"wall"})]
        near = [r for r in near if all(r != holder for _, holder in self._holders(place))][:2]
        if near:
            said.append(f"next to {self._label(near)}")
        return f"{self._label([place])} is {listed(said)}, {self.side_of_scene(place)}."

    def _holders(self, place: int) -> list[tuple[str, int]]:
        scene = self.scene
        for word, relation in (("on", scene.on), ("in", scene.inside), ("under", scene.under)):
            found = [r for r in range(len(scene)) if r != place and relation(r)[place]]
            if word == "under":
                found = [r for r in found if not scene.on(place)[r]]
            solid = [r for r in found if not scene.of_kind(r, lexicon.BACKDROP - {"wall", "rug"})]
            if solid:
                return [(word, min(solid, key=lambda r: float(scene.measures["volume"][r])))]
        return []

    def side_of_scene(self, place: int) -> str:
        low, high = self.scene.low[:, :2].min(0), self.scene.high[:, :2].max(0)
        across, along = (self.scene.middle[place, :2] - low) / np.maximum(high - low, 1e-9)
        side = "left" if across < 1 / 3 else "right" if across > 2 / 3 else "middle"
        depth = "front" if along < 1 / 3 else "back" if along > 2 / 3 else "middle"
        if side == depth == "middle":
            return "in the middle of the scene"
        if side == "middle" or depth == "middle":
            return f"at the {depth if side == 'middle' else side} of the scene"
        return f"at the {depth} {side} of the scene"

    def relations(self, a: int, b: int) -> list[str]:
        """How `a` stands to `b`: "on", "left of", "near"..."""
        scene = self.scene
        for word, relation in (("in", scene.inside), ("on", scene.on), ("under", scene.under), ("above", scene.above)):
            if relation(b)[a]:
                return [word]
        said = [
            name
            for name, axis, higher in (
                ("left of", 0, False),
                ("right of", 0, True),
                ("in front of", 1, False),
                ("behind", 1, True),
            )
            if scene.side(b, axis, higher)[0][a]
        ]
        if scene.beside(b)[0][a]:
            said.insert(0, "near")
        return said or ["at the same place as"]
