"""Instructions that change one attribute of an object: "with six legs", "two more legs", "make it a bit lower",
"remove the armrests", "paint it red". What an instruction says is so of the changed plan. Knows words only.
"""

from __future__ import annotations

from random import Random

from meshscribe.backend.words import SORTS, WHOLE, indefinite, plural, singular

from .captions import TYPOS, mistyped, phrases, stutters, tidy
from .phrases import HUES, MATERIALS, NOUNS, NUMBERS, STYLES, THINGS, listed
from .shapes.base import Attribute, Family, Plan

# How a phrase of captions.py is said of an object that is there, by its mark. {} is the phrase, {noun} a family's name.
WAYS = {
    "+": listed(
        "with {}, with {}, {}, {}, {} please, give it {}, give it {}, it should have {}, i want it with {}, i want {}, "
        "make it with {}, now with {}, {} instead, change it to have {}, it needs {}, the same with {}, make it have {}"
    ),
    "-": listed(
        "without {}, without {}, no {}, no {}, no {} please, remove the {}, remove the {}, take away the {}, "
        "get rid of the {}, drop the {}, delete the {}, it should have no {}, make it without {}, lose the {}, "
        "take the {} off, i do not want the {}, the same without {}, with no {}, leave out the {}"
    ),
    "<": listed(
        "make it {}, make it {}, make it {}, make the {noun} {}, {}, {} please, it should be {}, i want it {}, "
        "a {} one, a {} {noun}, can it be {}, {} instead, it has to be {}, change it to {}, let it be {}"
    ),
    "|": listed(
        "make it a {} {noun}, a {} {noun}, a {} {noun} instead, a {} {noun} please, turn it into a {} {noun}, "
        "change it to a {} {noun}, i want a {} {noun}"
    ),
    "=": listed("make it {}, {}, {} instead, {} please, turn it into {}, change it to {}, i want {}, it should be {}"),
    ">": listed("{}, {}, {} please, {} instead, now {}, the same {}, i want it {}"),
}
MORE = listed(
    "{n} more {s}, {n} more {s}, {n} more {s} please, add {n} {s}, add {n} more {s}, give it {n} more {s}, "
    "with {n} more {s}, {n} extra {s}, {n} additional {s}, put {n} more {s} on it, it needs {n} more {s}"
)
FEWER = listed(
    "{n} {s} fewer, {n} fewer {s}, {n} fewer {s}, {n} {s} less, {n} less {s}, remove {n} {s}, "
    "remove {n} of the {many}, take away {n} {s}, with {n} fewer {s}, {n} {s} too many, "
    "delete {n} {s}, give it {n} fewer {s}"
)
ANOTHER = listed("another {one}, add another {one}, add a {one}, an extra {one}, one {one} more, give it another {one}")
SOME = {  # by direction: 1 for more, -1 for fewer
    1: listed("more {many}, more {many} please, add more {many}, add some {many}, it needs more {many}"),
    -1: listed("fewer {many}, less {many}, fewer {many} please, remove some {many}, not so many {many}"),
}
COMPARED = {  # a size's largest value -> words for more of it, for less of it
    "tall": (listed("taller, taller, higher"), listed("lower, lower, shorter")),
    "long": (listed("longer"), listed("shorter")),
    "wide": (listed("wider, wider, broader"), listed("narrower, narrower, slimmer")),
    "thick": (listed("thicker, thicker, fatter, chunkier"), listed("thinner, thinner, slimmer")),
    "large": (listed("larger, bigger, bigger"), listed("smaller")),
}
STEP = listed("a bit, a bit, a little, slightly, somewhat, a little bit")
LEAP = listed("much, a lot, far, way, considerably")
OF_WHOLE = listed(
    "make it {}, make it {}, make it {}, {}, {} please, it should be {}, the {noun} should be {}, make the {noun} {}, "
    "i want it {}, can it be {}, a {} one, it needs to be {}"
)
OF_PART = listed(
    "make the {thing} {}, make the {thing} {}, with {had}, {had}, {had} please, give it {had}, "
    "the {thing} should be {}, i want the {thing} {}, {} {thing}"
)
GROWN = {1: listed("increase the {}, raise the {}, more {}"), -1: listed("decrease the {}, reduce the {}, less {}")}
BEFORE = listed("please, please, can you, could you, now, ok now, and, then, i want you to")
AFTER = listed("please, please, now, this time, thanks")
VERBS = listed(
    "make, give, change, add, remove, take, get, drop, delete, lose, turn, put, paint, color, colour, use, set"
)
NO_SUMS = {("clock", "oclock"), ("dice", "pips"), ("dice", "front")}  # counts of which there are not more or fewer


def change(family: Family, random: Random) -> tuple[Plan, Plan, str]:
    """A plan, the same with one attribute changed, and an instruction for that, at times with a slip of the
    keyboard."""
    before, after = pair(family, random)
    text = instruction(family, before, after, random)
    return before, after, mistyped(text, random) if random.random() < TYPOS else text


def pair(family: Family, random: Random) -> tuple[Plan, Plan]:
    """Two plans that differ in one attribute, drawn evenly from those that can be changed."""
    while True:
        before = family.sample(random)
        attribute = random.choice(family.attributes)
        for value in random.sample(attribute.values, len(attribute.values)):
            after = {**before, attribute.name: value}
            if value != before[attribute.name] and family.allowed(after):
                return before, after


def instruction(family: Family, before: Plan, after: Plan, random: Random) -> str:
    """Lowercase words that turn the one plan into the other. They differ in exactly one attribute, else ValueError."""
    differing = [a for a in family.attributes if before[a.name] != after[a.name]]
    if len(differing) != 1:
        raise ValueError(f"The plans differ in {len(differing)} attributes; an instruction changes exactly one.")
    attribute = differing[0]
    old, new = before[attribute.name], after[attribute.name]
    noun = random.choice([name for name in NOUNS.get(family.name, (family.name,)) if not plural(name)])
    ways = [_absolute]
    if attribute.kind == "count" and (family.name, attribute.name) not in NO_SUMS:
        ways = [_absolute, _sum]
    elif attribute.kind == "size":
        ways = [_absolute, _compared, _compared]
    elif attribute.kind in ("style", "material"):
        ways = [_absolute, _directly]
    for _ in range(20):  # until no word happens to stand twice in a row
        text = random.choice(ways)(family, attribute, old, new, random).replace("{noun}", noun)
        if not stutters(text):
            break
    if text.startswith(VERBS) and random.random() < 0.25:
        text = f"{random.choice(BEFORE)} {text}"
    elif random.random() < 0.06 and not text.endswith(("please", "instead")):
        text = f"{text} {random.choice(AFTER)}"
    return tidy(text)


def _absolute(family: Family, attribute: Attribute, old: str, new: str, random: Random) -> str:
    """As a caption would say it, or by the attribute's name."""
    if random.random() < 0.12 and (family.name, attribute.name) not in NO_SUMS and attribute.kind in ("count", "size"):
        told = new if attribute.kind == "size" else random.choice((new, NUMBERS[int(new)] if new != "0" else "0"))
        name = attribute.name
        if attribute.kind == "count" and random.random() < 0.4:
            name = f"number of {name}"
        return random.choice((f"change the {name} to {told}", f"set the {name} to {told}", f"{name} {told}"))
    said = phrases(family, attribute, new, random)
    if attribute.kind == "count" and old != "0":  # "give it a window" would be one more
        said = [phrase for phrase in said if not phrase.startswith("+ a ") or " single " in phrase]
    mark, phrase = random.choice(said).split(" ", 1)
    ways = WAYS[mark]
    if mark == "+" and (attribute.kind == "option" or old == "0"):
        ways = (*ways, "add {}", "add {}", "add {} to it", "put {} on it")
    elif mark == "-":
        phrase = phrase.removeprefix("an ").removeprefix("a ")
    elif mark == "=":
        counted = phrase.split()[0] in NUMBERS or phrase[0].isdigit()
        phrase = phrase if counted else indefinite(phrase)
    elif phrase.startswith("the "):
        phrase = phrase.replace(" is ", " should be ").replace(" are ", " should be ")
        ways = ("{}", "{} please", "now {}")
    elif mark == ">" and phrase.startswith(("in ", "of ", "out of ", "on ", "from ")):
        ways = (*ways, "make it {}", "make it {}", "it should be {}")
    return random.choice(ways).replace("{}", phrase)


def _names(family: Family, attribute: Attribute) -> tuple[str, ...]:
    return THINGS.get(family.name, {}).get(attribute.name) or THINGS[""].get(attribute.name) or (attribute.name,)


def _sum(family: Family, attribute: Attribute, old: str, new: str, random: Random) -> str:
    """By how many: "two more legs"."""
    many = random.choice(_names(family, attribute))
    one, count = singular(many), abs(int(new) - int(old))
    sign = 1 if int(new) > int(old) else -1
    ways = list(MORE if sign > 0 else FEWER)
    if new == "0":
        ways += ["remove all {many}", "no {many}", "remove the {many}"] * 3
    if count == 1:
        ways += ANOTHER if sign > 0 else ("remove a {one}", "take away a {one}", "one {one} less")
    if random.random() < 0.15 and new != "0":
        ways = list(SOME[sign])
        if int(new) == 2 * int(old):
            ways += ["twice as many {many}", "double the {many}", "double the number of {many}"]
        elif int(old) == 2 * int(new):
            ways += ["half as many {many}", "half the {many}", "half the number of {many}"]
    number = random.choice((str(count), NUMBERS[count], NUMBERS[count]))
    said = one if count == 1 else many
    return random.choice(ways).format(n=number, s=said, many=many, one=one)


def _compared(family: Family, attribute: Attribute, old: str, new: str, random: Random) -> str:
    """In which direction, and whether by much: "make it a bit lower"."""
    steps = attribute.values.index(new) - attribute.values.index(old)
    words = COMPARED[attribute.values[-1]][steps < 0]
    thing = random.choice(_names(family, attribute))
    wholes = [a for a in family.attributes if a.name in WHOLE]
    if attribute in wholes and len(wholes) > 1 and words[-1] in ("shorter", "slimmer") and len(words) > 1:
        words = words[:-1]  # which of its sizes?
    word = random.choice(words)
    if attribute in wholes and len(wholes) == 1 and random.random() < 0.15:
        word = random.choice(COMPARED["large"][steps < 0])
    furthest = {attribute.values[0], attribute.values[-1]}
    if random.random() < 0.35:
        word = f"{random.choice(LEAP if {old, new} == furthest and abs(steps) > 1 else STEP)} {word}"
    if attribute not in wholes:
        had = f"{word} {thing}" if plural(thing) else f"a {word} {thing}"
        return random.choice(OF_PART).format(word, thing=thing, had=had.replace("a a ", "a "))
    if random.random() < 0.12 and attribute.name != "size":
        return random.choice(GROWN[1 if steps > 0 else -1]).format(attribute.name)
    return random.choice(OF_WHOLE).replace("{}", word).replace("a a ", "a ")


def _directly(family: Family, attribute: Attribute, old: str, new: str, random: Random) -> str:
    """A style or a material by an order: "make the top round", "paint it red", "change the material to stone"."""
    name = attribute.name
    thing = random.choice(_names(family, attribute))
    if attribute.kind == "style":
        word = random.choice(STYLES.get(new, (new,)))
        if name in SORTS:
            return random.choice((f"change the {name} to {word}", f"set the {name} to {word}", f"{name} {word}"))
        part = (
            f"make the {thing} {word}",
            f"change the {thing} to {word}",
            f"{word} {thing} instead",
            f"{thing} {word}",
        )
        return random.choice((*part, f"the {thing} should be {word}"))
    whole = thing == "material"
    it = "it" if whole else f"the {thing}"
    if new in HUES:
        hue, color = random.choice(HUES[new]), random.choice(("color", "colour"))
        orders = [f"paint {it} {hue}", f"{color} {it} {hue}", f"make {it} {hue}", f"turn {it} {hue}"]
        return random.choice(
            [*orders, f"change the {color} to {hue}", f"{hue} {color}", f"use {hue}", f"{hue} instead"]
        )
    nouns, adjectives = MATERIALS[new]
    noun, adjective = random.choice(nouns), random.choice(adjectives)
    orders = [f"make {it} of {noun}", f"make {it} out of {noun}", f"make {it} {adjective}", f"use {noun}"]
    orders += [f"change the material to {noun}", f"use {noun} instead", f"{noun} instead", f"{noun} please"]
    return random.choice([*orders, f"{adjective} please", f"turn {it} into {noun}", f"{it} should be made of {noun}"])
