"""The ways to say relations and places, and the small words around them. Data: what parse.py reads by."""

from __future__ import annotations

from .lexicon import word_set

_CARDINALS = "zero one two three four five six seven eight nine ten eleven twelve"
_RANKS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth"
NUMBERS = {word: number for number, word in enumerate(_CARDINALS.split())}
ORDINALS = {word: number for number, word in enumerate(_RANKS.split())}

# Relation -> the ways to say it. What comes after is a phrase of its own.
RELATIONS = {
    "on": "on top of, on the top of, on, atop, upon, onto",
    "in": "inside of, inside, in the inside of, within, into, in",
    "under": "underneath, beneath, under, below",
    "above": "above, over",
    "beside": "next to, beside, alongside, adjacent to, by the side of, at the side of, by",
    "near": "near to, nearby, near, close to, close by, around, at",
    "left": "to the left of, on the left of, at the left of, to the left side of, left of, left from",
    "right": "to the right of, on the right of, at the right of, to the right side of, right of, right from",
    "front": "in front of, at the front of, to the front of, ahead of, before",
    "behind": "in back of, at the back of, to the back of, to the rear of, behind",
    "between": "in between, between",
    "touching": "in contact with, leaning against, leaning on, touching, against",
    "nearest": "nearest to, closest to, nearest, closest",
    "farthest": "farthest away from, furthest away from, farthest from, furthest from, most distant from",
    "far": "far away from, far from, away from",
    "with": "with, holding, carrying, supporting, containing, bearing, having, has, have, holds, carries, contains, "
    "carry, hold, contain",
    "except": "except for, except, apart from, other than, besides, but not, but, excluding, without",
    # of a thing's top, where what is meant stands on it; else as "left" and "right"
    "leftend": "at the left end of, on the left end of, at the left edge of, on the left edge of, on the far left of",
    "rightend": "at the right end of, on the right end of, at the right edge of, on the right edge of, "
    "on the far right of",
    "leftside": "on the left side of, at the left side of, on the left hand side of",
    "rightside": "on the right side of, at the right side of, on the right hand side of",
    "center": "in the middle of, in the center of, in the centre of, at the center of, at the centre of",
}
# A place in the whole scene: axis, and whether the higher coordinate is meant.
REGIONS = {
    "on the far left, on the left, at the left, to the left, on the left side, on the left hand side": (0, False),
    "on the far right, on the right, at the right, to the right, on the right side, on the right hand side": (0, True),
    "in the front, in front, at the front, at the very front, in the foreground": (1, False),
    "in the back, in the background, at the back, at the rear, at the very back": (1, True),
    "at the top, on top, up high": (2, True),
    "at the bottom": (2, False),
}
MIDDLE = "in the middle of the scene, in the center of the scene, in the middle, in the center, in the centre"
GROUND = "on the floor, on the ground"
CORNER = "in the corner, in a corner, at the corner"
HERE = "in the scene, in this scene, in the picture, in the file, in view, in here, here, there"
AIR = "in the air, floating, in mid air"
ALONE = "all alone, alone, by itself, by themselves, on its own"
SIDES = {"left": (0, False), "right": (0, True), "front": (1, False), "back": (1, True), "rear": (1, True),
         "top": (2, True), "above": (2, True), "bottom": (2, False), "below": (2, False)}  # fmt: skip
NEAREST = {"closest": "nearest", "nearest": "nearest", "farthest": "farthest", "furthest": "farthest"}
FILLERS = word_set(
    "that which who is are was standing stands stand sitting sits sit lying lies lie laying placed located positioned "
    "hanging hangs hang resting rests rest situated being currently found parked kept leaning set put stored right "
    "just directly straight immediately very seen there visible also somewhere"
)
SPEAKERS = word_set("somebody someone anybody anyone you i we they people he she")
"""In "the crate somebody put below the table"."""
IDLE = word_set("lone single only sole lonely solitary own")
"""Adjectives that say that there is but one, which "the" says too."""
LEADING = word_set(
    "select find show pick highlight mark choose get take give me please i mean want look for at could can you go to "
    "click grab only now and us locate point identify would like let s see need a"
)
ARTICLES = word_set("the a an this that these those my our your any some every each all both no")
STOPS = word_set(
    "and or but except than is are was were does do has have from with without not of if to which who that what where "
    "how whose it them , ? on in at by for as into onto standing sitting lying placed located hanging resting"
)


def forms(text: str) -> list[tuple[str, ...]]:
    """The ways to say something, each as its words."""
    return [tuple(each.split()) for each in text.split(", ")]


RELATION_FORMS = sorted(
    ((form, name) for name, ways in RELATIONS.items() for form in forms(ways)), key=lambda pair: -len(pair[0])
)
REGION_FORMS = sorted(
    ((form, place) for ways, place in REGIONS.items() for form in forms(ways)), key=lambda pair: -len(pair[0])
)
OTHER_FORMS = (("middle", MIDDLE), ("ground", GROUND), ("here", HERE), ("air", AIR), ("alone", ALONE))
