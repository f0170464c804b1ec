"""Words for a plan: free wording made of templates, synonyms and subsets of the attributes.

What a caption leaves out may be anything; what it says is so. Knows words, not geometry.
"""

from __future__ import annotations

import re
from random import Random

from meshscribe.backend.words import SORTS, WHOLE

from .shapes.base import Attribute, Family, Plan

NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)

LEADS = (
    "", "", "", "a", "a", "a", "the", "one", "make a", "make me a", "create a", "model a", "generate a", "build a",
    "design a",
    "draw a", "sculpt a", "i want a", "i need a", "i would like a", "give me a", "please make a", "please create a",
    "can you make a", "could you model a", "show me a", "let us have a", "a 3d model of a", "create a 3d model of a",
    "make a 3d model of a", "a low poly", "a simple", "make a low poly", "generate a mesh of a", "a mesh of a",
    "create a 3d obj file of a",
    "create a 3d obj file using the following description a", "an asset of a", "a game asset a", "blender model of a",
)  # fmt: skip
ENDS = (
    "",
    "",
    "",
    "",
    "",
    "",
    "please",
    "for my game",
    "for a scene",
    "low poly",
    "in low poly style",
    "in obj format",
    "as a mesh",
)

NOUNS: dict[str, tuple[str, ...]] = {
    "table": ("table", "table", "table", "dining table", "kitchen table"),
    "chair": ("chair", "chair", "chair", "dining chair", "kitchen chair", "seat"),
    "stool": ("stool", "stool", "bar stool", "footstool"),
    "bench": ("bench", "bench", "park bench", "garden bench"),
    "shelf": ("shelf", "shelf", "bookshelf", "bookcase", "shelving unit", "rack"),
    "bed": ("bed", "bed", "bedstead"),
    "lamp": ("lamp", "lamp", "light", "table lamp", "desk lamp"),
    "mug": ("mug", "mug", "cup", "coffee mug", "tea cup"),
    "bottle": ("bottle", "bottle", "flask"),
    "house": ("house", "house", "home", "cottage", "building"),
    "tower": ("tower", "tower", "watch tower", "watchtower", "castle tower"),
    "tree": ("tree", "tree"),
    "sword": ("sword", "sword", "knight sword"),
    "barrel": ("barrel", "barrel", "keg", "cask"),
    "hammer": ("hammer", "hammer", "hammer tool"),
    "mushroom": ("mushroom", "mushroom", "toadstool"),
    "snowman": ("snowman", "snowman", "snow man"),
    "rocket": ("rocket", "rocket", "rocket ship", "spaceship", "space rocket"),
}

SIZES: dict[str, tuple[str, ...]] = {
    "low": ("low", "low", "short"),
    "short": ("short", "short", "stubby"),
    "medium": ("medium", "normal", "average", "regular"),
    "tall": ("tall", "tall", "high"),
    "long": ("long", "long", "lengthy"),
    "narrow": ("narrow", "narrow", "slim"),
    "wide": ("wide", "wide", "broad"),
    "thin": ("thin", "thin", "slender", "slim"),
    "thick": ("thick", "thick", "chunky", "fat"),
    "small": ("small", "small", "little"),
    "large": ("large", "large", "big"),
}
MATERIALS: dict[str, tuple[str, ...]] = {
    "wood": ("wood", "wooden", "oak", "light wood"),
    "darkwood": ("dark wood", "dark wooden", "walnut", "mahogany"),
    "metal": ("metal", "steel", "metallic"),
    "iron": ("iron", "wrought iron"),
    "gold": ("gold", "golden"),
    "brick": ("brick", "red brick"),
    "fabric": ("fabric", "cloth"),
    "glass": ("glass",),
    "grey": ("grey", "gray"),
    "plaster": ("plaster", "plastered"),
    "ceramic": ("ceramic", "porcelain"),
    "clay": ("clay", "terracotta"),
}

# Ways to say one attribute that the general rules below do not know: (family or "", attribute, value) -> phrases.
# "< phrase" stands before the noun, "> phrase" after it, "= phrase" in its place.
SPECIAL: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("table", "legs", "1"): ("> on a pedestal", "> with a pedestal", "> with one leg", "< pedestal", "< one legged"),
    ("table", "top", "oblong"): ("< oblong", "< rectangular", "> with a rectangular top", "< long"),
    ("table", "top", "round"): ("< round", "< circular", "> with a round top"),
    ("table", "shelf", "yes"): ("> with a shelf", "> with a shelf below", "> with a lower shelf"),
    ("tree", "kind", "pine"): ("< pine", "< fir", "= pine", "= fir", "= conifer", "= christmas tree"),
    ("tree", "kind", "oak"): ("< oak", "= oak", "< leafy", "< deciduous", "< round"),
    ("hammer", "kind", "sledge"): ("< sledge", "= sledgehammer", "= sledge hammer"),
    ("hammer", "kind", "war"): ("< war", "= warhammer", "= war hammer"),
    ("hammer", "kind", "mallet"): ("= mallet", "= mallet", "> of the mallet kind"),
    ("house", "roof", "gable"): ("> with a gable roof", "> with a pitched roof", "> with a pointed roof", "< gabled"),
    ("house", "roof", "flat"): ("> with a flat roof", "< flat roofed", "> flat roof"),
    ("tower", "top", "crenellated"): ("> with battlements", "> with a crenellated top", "< crenellated", "< castle"),
    ("tower", "top", "pointed"): ("> with a pointed roof", "> with a pointed top", "> with a spire"),
    ("tower", "top", "domed"): ("> with a dome", "> with a domed top", "< domed"),
    ("mushroom", "spots", "0"): ("> without spots",),
    ("chair", "armrests", "yes"): ("> with armrests", "> with arms", "> that has armrests"),
    ("bench", "back", "yes"): ("> with a back", "> with a backrest"),
    ("bench", "back", "no"): ("> without a back", "> with no back", "< backless", "> no backrest"),
}  # fmt: skip


def caption(family: Family, plan: Plan, random: Random) -> str:
    """Lowercase words, single spaces, no punctuation, that ask for the plan; how many attributes they say varies
    evenly from none to all."""
    return request(family, plan, random)[0]


def request(family: Family, plan: Plan, random: Random) -> tuple[str, Plan]:
    """A caption, and the part of the plan that it says."""
    told = list(family.attributes)
    random.shuffle(told)
    told = told[: random.randint(0, len(told))]
    before, after = [], []
    noun = random.choice(NOUNS.get(family.name, (family.name,)))
    for attribute in told:
        place, phrase = random.choice(phrases(family.name, attribute, plan[attribute.name], random)).split(" ", 1)
        if place == "=":
            noun = phrase
        else:
            (before if place == "<" else after).append(phrase)
    joined = _joined(after, random)
    style = random.random()
    if style < 0.12:  # keywords: "table round 4 legs"
        text = " ".join([noun, *before, *after])
    elif style < 0.2 and before:  # "a table round and low with four legs"
        text = f"{random.choice(LEADS)} {noun} {' and '.join(before)} {joined}"
    else:
        text = f"{random.choice(LEADS)} {' '.join(before)} {noun} {joined}"
    said = " ".join(f"{text} {random.choice(ENDS)}".split())
    return re.sub(r"\ba (?=[aeiou])", "an ", said), {a.name: plan[a.name] for a in told}


def _joined(tails: list[str], random: Random) -> str:
    """Phrases one after another, the last one at times with "and"."""
    if len(tails) > 1 and random.random() < 0.5:
        last = tails[-1].removeprefix("with ") if random.random() < 0.7 else tails[-1]
        return " ".join([*tails[:-1], "and", last])
    return " ".join(tails)


def phrases(family: str, attribute: Attribute, value: str, random: Random) -> list[str]:
    """The ways to say that an attribute has a value: "< words" before the noun, "> words" after it."""
    name = attribute.name
    for owner in (family, ""):
        if special := SPECIAL.get((owner, name, value)):
            return list(special)
    if attribute.kind == "count":
        return _count(name, int(value))
    if attribute.kind == "size":
        word = random.choice(SIZES.get(value, (value,)))
        if name in WHOLE:
            return [f"< {word}", f"< {word}", f"> of {word} {name}", f"> with {_article(word)} {word} {name}"]
        if name.endswith("s"):
            return [f"> with {word} {name}"]
        return [f"> with {_article(word)} {word} {name}", f"> its {name} {word}", f"> {word} {name}"]
    if attribute.kind == "style":
        if name in SORTS:
            return [f"< {value}", f"< {value}", f"> {value} {name}"]
        return [f"> with {_article(value)} {value} {name}", f"< {value}", f"> {value} {name}"]
    if attribute.kind == "option":
        thing = name if name.endswith("s") else f"{_article(name)} {name}"
        if value == "yes":
            return [
                f"> with {thing}",
                f"> with {thing}",
                f"> and {thing}",
                f"> having {thing}",
                f"> that has {thing}",
            ]
        return [f"> without {thing}", f"> without {name}", f"> with no {name}", f"> no {name}"]
    word = random.choice(MATERIALS.get(value, (value,)))
    if name != "material":  # the material of a part: "with brick walls"
        return [
            f"< {word}",
            f"> with {word} {name}",
            f"> with {word} {name}",
            f"> {word} {name}",
            f"> {name} of {word}",
        ]
    return [
        f"< {word}",
        f"< {word}",
        f"> made of {word}",
        f"> of {word}",
        f"> in {word}",
        f"> made from {word}",
    ]


def _count(name: str, count: int) -> list[str]:
    one = singular(name)
    thing = one if count == 1 else name
    out = [f"> without {name}", f"> with no {name}", f"> no {name}"] if count == 0 else []
    for number in (str(count), NUMBERS[count]) if count else ():
        out += [
            f"> with {number} {thing}",
            f"> with {number} {thing}",
            f"> {number} {thing}",
            f"> that has {number} {thing}",
        ]
        out += [f"> having {number} {thing}", f"< {number} {one}"]
        if name == "legs":
            out += [f"> on {number} {thing}", f"< {number} legged"]
        if name == "floors":
            out += [
                f"< {number} storey",
                f"< {number} story",
                f"> with {number} storeys",
                f"< {number} floor",
            ]
    if count == 1:
        out += [f"> with {_article(one)} {one}", f"> with a single {one}"]
    if count == 2:
        out += [f"> with a pair of {name}"]
    return out


def singular(name: str) -> str:
    """ "legs" -> "leg", "shelves" -> "shelf"."""
    if name.endswith("lves"):
        return name[:-3] + "f"
    return name.removesuffix("s")


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
