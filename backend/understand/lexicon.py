"""The words of scenes: nouns that mean the same, nouns that take in others, and what adjectives measure. Data, and the
singular of a word; a noun that is not here is known all the same where an object bears it as its name."""

from __future__ import annotations

import re


def word_set(words: str) -> frozenset[str]:
    """The words of a line, as a set."""
    return frozenset(words.split())


# Nouns that mean the same. The first is the starter's own word for it, where it has one.
_SAME = """
table, dining table, kitchen table, tabletop, table top
chair, dining chair, kitchen chair, seat
armchair, arm chair, easy chair, lounge chair
sofa, couch, settee
desk, writing desk, office desk, computer desk, workbench, desktop, desk top
shelf, bookshelf, bookcase, shelving unit, rack, book shelf
cabinet, cupboard, closet, wardrobe
drawers, chest of drawers, dresser, drawer unit, bureau, commode
bed, bedstead
lamp, light, table lamp, desk lamp, floor lamp, reading lamp
streetlamp, street lamp, streetlight, street light, lamp post, lamppost
clock, timepiece
mug, cup, coffee mug, coffee cup, tea cup, teacup, drinking cup
bottle, flask, wine bottle
plate, dish, platter
vase, urn, flower vase
pot, cooking pot
book, tome, novel
dice, die
barrel, keg, cask
crate, wooden crate
chest, treasure chest, trunk, coffer
mailbox, letterbox, letter box, post box
cart, pushcart, wagon
sign, signpost, road sign, street sign, traffic sign
cone, traffic cone, road cone
house, home, cottage, hut
tower, watchtower, watch tower
windmill, wind mill, mill
arch, archway, gateway
fence, railing
column, pillar
stairs, staircase, stairway, steps
tree
palm, palm tree
bush, shrub
flower, blossom
cactus
mushroom, toadstool, fungus
rock, boulder, stone
car, automobile
snowman, snow man
truck, lorry
train, locomotive
plane, airplane, aeroplane, aircraft
boat, ship
rocket, spaceship, rocket ship
robot, android, droid
axe, ax
rug, carpet, mat
floor, ground
picture, painting, photo, poster
monitor, screen, display
television, tv
phone, telephone, smartphone
fridge, refrigerator
stove, cooker, oven
bin, trash can, garbage can, wastebasket, dustbin
pillow, cushion
blanket, quilt, duvet
curtain, drape
person, human, character, figure
plant, potted plant, houseplant
ball, sphere, globe
ring, torus, donut, doughnut
disc, flat disc, disk, circle
plane shape, flat rectangle, rectangle
box, cube, carton, package
laptop, notebook computer
bike, bicycle
motorbike, motorcycle
tap, faucet
bathtub, tub
"""

# Nouns that take in others.
_TAKES_IN = {
    "furniture": "table, chair, stool, bench, armchair, sofa, desk, shelf, cabinet, drawers, bed",
    "seat": "chair, stool, bench, armchair, sofa",
    "chair": "armchair",
    "vehicle": "car, truck, bus, train, plane, boat, rocket, cart, bike, motorbike, tractor, van, taxi",
    "building": "house, barn, church, tower, windmill, castle, school, factory, hotel, garage, shed",
    "plant": "tree, palm, bush, flower, cactus, plant, grass",
    "tree": "palm",
    "weapon": "sword, axe, hammer, shield, staff, bow, spear, gun, knife",
    "tool": "hammer, axe, saw, drill, wrench, shovel, rake, screwdriver",
    "animal": "cat, dog, horse, cow, bird, sheep, fish, pig, lion, tiger, bear, rabbit, duck, chicken, monkey",
    "pet": "cat, dog, rabbit, bird, fish",
    "fruit": "apple, banana, orange, pear, lemon, grape, peach, cherry, strawberry",
    "person": "man, woman, boy, girl, child, knight, king, queen, soldier",
    "container": "box, crate, chest, barrel, basket, bucket, pot, bowl, vase, bin, bottle, mug",
    "tableware": "mug, plate, bowl, glass, fork, knife, spoon, bottle",
    "dish": "plate, bowl",
    "light": "lamp, streetlamp, torch, candle",
    "lamp": "streetlamp",
    "box": "crate",
    "toy": "ball, doll, robot, teddy",
}

ALIKE = [
    word_set(line)
    for line in (
        "table desk shelf bench cabinet drawers bed",
        "chair armchair stool bench sofa",
        "mug bowl vase bottle bucket pot glass plate",
        "crate chest box barrel drawers cabinet bin",
        "tree cactus palm bush flower mushroom plant",
        "house tower barn church castle shed",
        "car truck van bus cart tractor train",
    )
]
"""Nouns of things that are taken for each other where nobody has named them."""

ANYTHING = word_set("thing object item everything anything something stuff one mesh model piece whatever")
"""Words for whatever there is."""

WITHOUT_PLURAL = word_set("furniture people stairs everything anything something nothing stuff whatever")
"""Nouns of many that look like one."""

COLOURS = word_set(
    "red orange yellow green blue purple violet pink white black grey gray brown golden silver beige turquoise cyan "
    "magenta dark light"
)
MATERIALS = {
    "wood": ("wooden", "timber"),
    "darkwood": ("dark wooden",),
    "metal": ("metallic", "steel"),
    "gold": ("golden",),
    "stone": ("rocky", "granite"),
    "brick": (),
    "glass": (),
    "plastic": (),
    "leather": (),
    "fabric": ("cloth",),
    "ceramic": ("porcelain",),
    "paper": (),
    "iron": (),
    "concrete": (),
    "marble": (),
}

# Adjective -> what it measures (scene.py) and whether more of it is meant.
MEASURES = {
    "tall": ("height", True),
    "high": ("height", True),
    "short": ("height", False),
    "low": ("height", False),
    "big": ("volume", True),
    "large": ("volume", True),
    "huge": ("volume", True),
    "great": ("volume", True),
    "small": ("volume", False),
    "little": ("volume", False),
    "tiny": ("volume", False),
    "long": ("length", True),
    "wide": ("length", True),
    "broad": ("length", True),
    "narrow": ("breadth", False),
    "thin": ("breadth", False),
    "slim": ("breadth", False),
    "thick": ("breadth", True),
    "deep": ("depth", True),
    "flat": ("height", False),
}
PLACES = {  # adjective of place -> axis, and whether the higher coordinate is meant
    "left": (0, False),
    "right": (0, True),
    "front": (1, False),
    "back": (1, True),
    "rear": (1, True),
    "top": (2, True),
    "upper": (2, True),
    "bottom": (2, False),
    "lower": (2, False),
}
FURTHEST = {  # superlatives of place
    "leftmost": (0, False),
    "rightmost": (0, True),
    "frontmost": (1, False),
    "foremost": (1, False),
    "rearmost": (1, True),
    "backmost": (1, True),
    "hindmost": (1, True),
    "topmost": (2, True),
    "uppermost": (2, True),
    "highest": (2, True),
    "bottommost": (2, False),
    "lowermost": (2, False),
    "lowest": (2, False),
}
IRREGULAR_DEGREES = {"bigger": "big", "biggest": "big", "thinner": "thin", "thinnest": "thin", "slimmer": "slim",
                     "slimmest": "slim", "flatter": "flat", "flattest": "flat", "tinier": "tiny", "tiniest": "tiny",
                     "larger": "large", "largest": "large", "wider": "wide", "widest": "wide"}  # fmt: skip
IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse", "geese": "goose",
    "feet": "foot", "teeth": "tooth", "knives": "knife", "wives": "wife", "lives": "life", "leaves": "leaf",
    "loaves": "loaf", "fungi": "fungus",
    "wolves": "wolf", "halves": "half", "cacti": "cactus", "dice": "dice", "boxes": "box",
    "buses": "bus", "glasses": "glass", "dresses": "dress", "vases": "vase", "houses": "house", "horses": "horse",
    "shoes": "shoe", "axes": "axe", "potatoes": "potato", "tomatoes": "tomato",
}  # fmt: skip
ALWAYS_PLURAL = word_set("stairs drawers steps glasses scissors trousers")

# What things are good for, as far as relations need it.
HOLLOW = word_set("crate chest barrel box basket bucket pot bowl vase bin bottle mug cart boat bathtub sink drawers "
                   "cabinet bag glass")  # fmt: skip
"""What stands in them is in them, even where it looks out."""
LEGGED = word_set("table desk chair bench stool bed sofa armchair bridge arch tree palm streetlamp umbrella tent "
                   "piano")  # fmt: skip
"""There is room under them, inside their box."""
STEPPED = word_set("shelf chair armchair sofa bench bed stairs cart truck boat desk cabinet")
"""What stands inside their box may stand on them: on a board, a seat, a step, a load bed."""
BACKDROP = word_set("floor wall ceiling room ground terrain sky water rug")
"""What everything stands on, in or before: no "thing" of its own where things are listed."""


def _table(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        first, *others = (name.strip() for name in line.split(","))
        for name in (first, *others):
            found.setdefault(name, first)
            found.setdefault(name.replace(" ", ""), first)
    return found


SAME = _table(_SAME)
TAKES_IN = {name: frozenset(each.strip() for each in others.split(",")) for name, others in _TAKES_IN.items()}
SEVERAL_WORDS = sorted((name.split() for name in SAME if " " in name), key=len, reverse=True)


OTHERS = (
    frozenset(each for others in TAKES_IN.values() for each in others) | BACKDROP | word_set("window door mirror piano")
)
"""Nouns of things that stand in no list of words that mean the same."""
KNOWN = SAME.keys() | TAKES_IN.keys() | OTHERS | ANYTHING | COLOURS | MATERIALS.keys() | MEASURES.keys() | PLACES.keys()


def same(noun: str) -> str:
    """The word that stands for all that mean the same: "couch" -> "sofa"."""
    return SAME.get(noun, noun)


def meant(noun: str) -> frozenset[str]:
    """The nouns that a noun takes in, itself among them, each as `same` gives it."""
    own = same(noun)
    return frozenset({own}) | TAKES_IN.get(noun, frozenset()) | TAKES_IN.get(own, frozenset())


def singulars(word: str) -> list[str]:
    """What a word may be the plural of, the likeliest first; itself last, or first where it looks like no plural."""
    if word in IRREGULAR:
        return [IRREGULAR[word], word]
    if word in ALWAYS_PLURAL:
        return [word, word[:-1]]
    if word.endswith("men") and len(word) > 4:
        return [word[:-3] + "man", word]
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return [word]
    out = [word[:-1]]
    if word.endswith("ies"):
        out.insert(0, word[:-3] + "y")
    elif word.endswith("ves"):
        out.insert(0, word[:-3] + "f")
    elif word.endswith("es") and word[:-2].endswith(("ch", "sh", "x", "ss", "z", "s")):
        out.insert(0, word[:-2])
    return [*out, word]


def degree(word: str) -> tuple[str, str]:
    """An adjective and its degree: "taller" -> ("tall", "more"), "tallest" -> ("tall", "most"), "tall" -> ("tall",
    "")."""
    if word in IRREGULAR_DEGREES:
        return IRREGULAR_DEGREES[word], "most" if word.endswith("est") else "more"
    for ending, name in (("est", "most"), ("er", "more")):
        stem = word.removesuffix(ending)
        if stem != word and (stem in MEASURES or stem + "e" in MEASURES):
            return (stem if stem in MEASURES else stem + "e"), name
    return word, ""


def plural(noun: str) -> str:
    """ "chair" -> "chairs", "shelf" -> "shelves"."""
    if noun in ALWAYS_PLURAL or noun == "furniture":
        return noun
    for many, one in IRREGULAR.items():
        if one == noun:
            return many
    if noun.endswith("man") and noun != "human":
        return noun[:-3] + "men"
    if noun.endswith("lf"):
        return noun[:-1] + "ves"
    if re.search(r"(ch|sh|x|ss|s)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def article(noun: str) -> str:
    """ "a chair", "an armchair", "stairs"."""
    return noun if noun in ALWAYS_PLURAL else f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def spoken(noun: str) -> str:
    """A noun as people write it: "streetlamp" -> "street lamp"."""
    return {
        "streetlamp": "street lamp",
        "palm": "palm tree",
        "drawers": "chest of drawers",
        "cone": "traffic cone",
    }.get(noun, noun)
