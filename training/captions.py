"""Words for a plan: free wording made of templates, synonyms and subsets of the attributes.

What a caption leaves out may be anything; what it says is so. Knows words, not geometry; the words themselves are in
phrases.py and idioms.py.
"""

from __future__ import annotations

import re
from random import Random

from meshscribe.backend.words import SORTS, WHOLE, indefinite, plural, singular

from .idioms import IDIOMS
from .phrases import (
    BARE,
    ENDS,
    FILLERS,
    HUES,
    LARGE,
    LARGEST,
    LEADS,
    LIKE,
    MATERIALS,
    MIDDLE,
    NOUNS,
    NUMBERS,
    SIZES,
    SMALL,
    SMALLEST,
    STYLES,
    THINGS,
    VERY,
    WHOLES,
)
from .shapes.base import Attribute, Family, Plan

TYPOS = 0.03  # of captions have one
OPENERS = (
    *["with"] * 8, "having", "that has", "which has", "featuring", "and", "", "", "complete with", "including", "plus",
    "fitted with", "equipped with", "sporting", "that comes with", "and it has", "and with", "along with",
)  # fmt: skip
LACKS = (
    *["without {thing}", "without {bare}", "with no {bare}", "no {bare}", "but no {bare}"] * 3, "lacking {thing}",
    "that lacks {thing}", "which lacks {thing}", "minus the {bare}", "minus {bare}", "free of {bare}",
    "not having {thing}",
    "that has no {bare}", "and no {bare}", "and without {thing}", "no {bare} at all", "no {bare} on it",
    "skip the {bare}", "leave out the {bare}", "leave off the {bare}", "no need for {thing}", "sans {bare}",
)  # fmt: skip
PAIRED = ("handles", "arms", "armrests", "rails", "oars", "boosters", "wings", "exhausts")  # one on each side


def caption(family: Family, plan: Plan, random: Random) -> str:
    """A request's words, at times with a slip of the keyboard: what a model is trained on."""
    return typed(request(family, plan, random)[0], random)


def typed(text: str, random: Random) -> str:
    """The words as they come from a keyboard."""
    return mistyped(text, random) if random.random() < TYPOS else text


def request(family: Family, plan: Plan, random: Random) -> tuple[str, Plan]:
    """Lowercase words, single spaces, no punctuation, that ask for the plan; and the part of the plan that they say.
    About a half say none, one or two of the attributes."""
    attributes = list(family.attributes)
    random.shuffle(attributes)
    told = attributes[: _how_many(len(attributes), random)]
    names = NOUNS.get(family.name, (family.name,))
    noun = names[0] if random.random() < 0.35 else random.choice(names)
    if told and random.random() < 0.03 and not noun.endswith(told[0].name):
        return _table_of(noun, told, plan, random), {a.name: plan[a.name] for a in told}
    said: dict[str, list[str]] = {mark: [] for mark in "<|=+->"}
    done: Plan = {}
    for attribute in told:
        busy = len(said["<"]) + len(said["|"]) >= 3  # enough words before the noun
        fitting = [
            phrase
            for phrase in phrases(family, attribute, plan[attribute.name], random)
            if not (phrase[0] == "=" and said["="])
            and not (phrase[0] == "|" and said["|"])
            and not (phrase[0] in "<|" and busy)
            and (phrase[0] == "=" or not set(phrase.split()) & (set((said["="] or [noun])[0].split()) - {"of"}))
        ]
        if not fitting:  # left out
            continue
        mark, phrase = random.choice(fitting).split(" ", 1)
        said[mark].append(phrase)
        done[attribute.name] = plan[attribute.name]
    for _ in range(20):  # until no word happens to stand twice in a row
        text = sentence((said["="] or [noun])[0], said, random)
        if not stutters(text):
            break
    return text, done


def _how_many(attributes: int, random: Random) -> int:
    """How many attributes a caption says: 0, 1 or 2 in 56 of 100 cases, more in the rest."""
    few = random.choices((0, 1, 2, 3), (13, 22, 21, 44))[0]
    return min(few if few < 3 else random.randint(3, max(attributes, 3)), attributes)


def sentence(noun: str, said: dict[str, list[str]], random: Random) -> str:
    """A caption of an object with a name and phrases, which are listed by mark."""
    before = [*said["<"]]
    random.shuffle(before)
    if random.random() < 0.1:
        before.insert(0, random.choice(FILLERS))
    if random.random() < 0.1:  # keywords: "table round 4 legs"
        lacks = [f"{random.choice(('no', 'without'))} {_bare(thing)}" for thing in said["-"]]
        words = [*before, *map(_bare, said["+"]), *lacks, *said[">"]]
        random.shuffle(words)
        words.insert(random.choice((0, 0, random.randint(0, len(words)))), " ".join([*said["|"], noun]))
        return tidy(" ".join(words))
    lead = random.choice(LEADS) if random.random() < 0.55 else ""
    end = random.choice(ENDS) if random.random() < (0.3 if lead else 0.15) else ""
    after = ""
    if before and random.random() < 0.12:  # "a table that is round and low"
        after = f"{random.choice(('', 'that is', 'which is', 'that should be', 'it is'))} {' and '.join(before)}"
        before = []
    elif len(before) > 1 and random.random() < 0.1:
        before.insert(-1, "and")
    first, _, rest = noun.partition(" ")
    if first in NUMBERS or first.isdigit():  # "two tall candles"
        object_ = [first, *before, *said["|"], rest]
    else:
        words = " ".join([*before, *said["|"], noun])
        object_ = [_article(noun, words, bool(lead), random), words]
    return tidy(" ".join([lead, *object_, after, _rest(said, random), end]))


def _article(noun: str, words: str, led: bool, random: Random) -> str:
    """The article before a noun and its adjectives; at times none, as artists type."""
    if plural(noun):
        return random.choice(("", "", "", "some", "the"))
    one = "a" if words.split()[0] in NUMBERS else "one"
    return random.choice(("a", "a", "a", "a", "a", "a", "a", one, "the", "") if led else ("a", "a", "", "", "the"))


def _rest(said: dict[str, list[str]], random: Random) -> str:
    """What comes after the noun: things that it has, things that it lacks, the rest."""
    parts = list(said[">"])
    had = [said["+"]] if random.random() < 0.75 else [[thing] for thing in said["+"]]
    for things in had:
        if things:
            opener = random.choice(OPENERS if parts or len(things) > 1 else (*OPENERS, "it has", "it should have"))
            parts.append(f"{opener} {_listed(things, random)}")
    for thing in said["-"]:
        bare = _bare(thing)
        parts.append(random.choice(LACKS).format(thing=thing, bare=bare))
    random.shuffle(parts)
    if len(parts) > 1 and random.random() < 0.3 and not parts[-1].startswith(("and ", "but ")):
        parts.insert(-1, "and")
    return " ".join(parts)


def _listed(things: list[str], random: Random) -> str:
    """ "four legs a round top and a shelf"."""
    if len(things) > 1 and random.random() < 0.7:
        return " ".join([*things[:-1], random.choice(("and", "and", "and", "plus")), things[-1]])
    return random.choice((" ", " ", " and ")).join(things)


def _table_of(noun: str, told: list[Attribute], plan: Plan, random: Random) -> str:
    """As a list of names and values: "table legs 4 height low"."""
    pairs = []
    for attribute in told:
        value = plan[attribute.name]
        plain = random.choice(HUES.get(value, MATERIALS.get(value, ((value,), ()))[0]))
        if attribute.kind == "option":
            plain = value
        pairs.append(f"{attribute.name} {plain}")
    return tidy(" ".join([noun, *pairs]))


def tidy(text: str) -> str:
    """Single spaces, and "an" where it belongs."""
    return re.sub(r"\ba (?=[aeiou](?!ne\b)|8\b|11\b)", "an ", " ".join(text.split()))


def stutters(text: str) -> bool:
    """Whether a word stands twice in a row."""
    return re.search(r"\b(\w+) \1\b", text) is not None


def mistyped(text: str, random: Random) -> str:
    """One letter of one longer word swapped with the next, left out or doubled."""
    words = text.split()
    long = [i for i, word in enumerate(words) if len(word) > 4]
    if long:
        i = random.choice(long)
        word, at = words[i], random.randrange(len(words[i]) - 1)
        slip = random.choice((word[at + 1] + word[at], word[at], word[at] * 2 + word[at + 1]))
        words[i] = word[:at] + slip + word[at + 2 :]
    return " ".join(words)


def phrases(family: Family, attribute: Attribute, value: str, random: Random) -> list[str]:
    """Ways to say that an attribute has a value, each with its mark (see phrases.py)."""
    own = IDIOMS.get(family.name, {}).get(f"{attribute.name} {value}", ())
    if own and "..." not in own:
        return list(own)
    name, kind = attribute.name, attribute.kind
    names = THINGS.get(family.name, {}).get(name) or THINGS[""].get(name) or (name,)
    thing = random.choice(names)
    if kind == "count":
        general = _count(thing, int(value))
    elif kind == "size":
        general = _whole(family, name, value, random) if name in WHOLE else _part(thing, random.choice(SIZES[value]))
        if value != "medium" and random.random() < 0.1:
            general = [_very(phrase, random) for phrase in general]
    elif kind == "style":
        general = _style(family, name, thing, random.choice(STYLES.get(value, (value,))))
    elif kind == "option":
        general = _option(thing, value == "yes")
    else:
        general = _made(value, "" if names == ("material",) else thing, random)
    own = [phrase for phrase in own if phrase != "..."]
    return general + own * max(1, len(general) // max(len(own), 1)) if own else general


def _count(thing: str, count: int) -> list[str]:
    one = singular(thing)
    if count == 0:
        return [f"- {thing}"] * 3 + ([f"< {one}less"] if " " not in one else [])
    said = one if count == 1 else thing
    out = []
    for number in (str(count), NUMBERS[count]):
        out += [*[f"+ {number} {said}"] * 4, f"+ exactly {number} {said}"]
        out += [f"| {number} {one}"] if " " not in thing else []
        out += [f"< {number} {LIKE[thing]}"] if thing in LIKE else []
        out += [f"> on {number} {said}"] if thing in ("legs", "wheels", "posts") else []
    out += [f"> {thing} {count}"]
    if count == 1:
        out += [
            f"+ {indefinite(one)}",
            f"+ {indefinite(one)}",
            f"+ a single {one}",
            f"+ just one {one}",
            f"+ only one {one}",
        ]
    if count == 2:
        out += [f"+ a pair of {thing}", f"+ a couple of {thing}"]
        if thing in PAIRED:
            out += [f"+ {indefinite(one)} on each side", f"+ {thing} on both sides", f"> {one} on either side"]
    if count in (6, 12):
        out += [f"+ {'half a' if count == 6 else 'a'} dozen {thing}"] * 2
    return out


def _option(thing: str, there: bool) -> list[str]:
    """A part that may be there or not."""
    said, is_ = indefinite(thing), "are" if plural(thing) else "is"
    if there:
        return [
            *[f"+ {said}"] * 8,
            f"> {thing} included",
            f"> {said} too",
            f"> {said} as well",
            f"> {said} {is_} a must",
        ]
    return [f"- {said}"] * 4 + ([f"< {singular(thing)}less"] if " " not in thing else [])


def _whole(family: Family, name: str, value: str, random: Random) -> list[str]:
    """A size of the whole object. What another of its sizes could mean too is not said."""
    others = [a for a in family.attributes if a.name in WHOLE and a.name != name]
    taken = {word for a in others for v in a.values for word in (*SIZES[v], *WHOLES.get(v, ()))}
    word = random.choice([w for w in (*SIZES[value], *WHOLES.get(value, ())) if w not in taken] or [value])
    plain = random.choice(SIZES[value]) if value == "medium" else value
    out = [f"> of {plain} {name}", f"+ {indefinite(plain)} {name}", f"> {name} {plain}", f"> {plain} in {name}"]
    if word in taken:  # "medium", of which size?
        return out
    if not others:
        either = SMALL if value in SMALLEST else LARGE if value in LARGEST else MIDDLE
        out.append(f"< {random.choice(either)}")
    return [*out, *[f"< {word}"] * 8]


def _part(thing: str, word: str) -> list[str]:
    had = f"+ {word} {thing}" if plural(thing) else f"+ a {word} {thing}"
    is_ = "are" if plural(thing) else "is"
    return [had] * 6 + [f"> {thing} {word}", f"> the {thing} {is_} {word}", f"> whose {thing} {is_} {word}"]


def _very(phrase: str, random: Random) -> str:
    """ "< tall" -> "< very tall", "+ a long handle" -> "+ a very long handle"."""
    mark, rest = phrase.split(" ", 1)
    very = random.choice(VERY)
    if mark in "<|":
        return f"{mark} {very} {rest}"
    return re.sub(r"^\+ an? ", f"+ a {very} ", phrase)


def _style(family: Family, name: str, thing: str, word: str) -> list[str]:
    if name in SORTS:
        return [f"< {word}"] * 5 + [f"> {word} in shape", f"+ a {word} shape", f"> shaped {word}"]
    out = [*_part(thing, word), f"> {word} {thing}"]
    return out + ([f"< {word}"] * 6 if (family.name, name) in BARE else [])


def _made(value: str, part: str, random: Random) -> list[str]:
    """The material of the whole, or of a part."""
    if value in HUES:
        hue = random.choice(HUES[value])
        color = random.choice(("colored", "coloured", "painted"))
        if part:
            return [f"< {hue}", f"+ {hue} {part}", f"+ {hue} {part}", f"> {hue} {part}", f"> {part} {color} {hue}"]
        kind = random.choice(("colour", "color"))
        plain = [f"< {hue}"] * 6 + [f"> in {hue}", f"> {color} {hue}", f"> {hue} in {kind}", f"> {hue} {kind}"]
        return [*plain, f"> the {kind} is {hue}", f"| {hue} {color}" if color != "painted" else f"> painted {hue}"]
    nouns, adjectives = MATERIALS[value]
    noun, adjective = random.choice(nouns), random.choice(adjectives)
    made = random.choice(("made of", "made of", "made out of", "made from", "built of", "built from"))
    if part:
        return [f"< {adjective}", f"+ {adjective} {part}", f"+ {adjective} {part}", f"> {part} {made} {noun}"]
    out = [f"< {adjective}"] * 4 + [f"| {noun}"] * 2
    return [*out, f"> {made} {noun}", f"> {made} {noun}", f"> of {noun}", f"> in {noun}", f"> out of {noun}"]


def _bare(thing: str) -> str:
    return thing.removeprefix("an ").removeprefix("a ")
