"""The words that captions are made of: data only. What a caption does with them stands in captions.py.

A phrase begins with a mark that says where it stands: "<" an adjective ("a round table", "a table that is round"),
"|" words that only stand right before the noun ("a pedestal table"), "=" instead of the noun ("a mallet"), "+" a thing
that the object has ("with a shelf", "that has a shelf"), "-" one that it lacks ("without a shelf"), ">" after the noun,
as it is ("made of wood"). Lists are written with commas.
"""

from __future__ import annotations

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


def listed(text: str) -> tuple[str, ...]:
    """ "legs, feet" -> ("legs", "feet")."""
    return tuple(part.strip() for part in text.split(","))


# What stands before the article; about a half of all captions begin with none of them.
LEADS = listed(
    "make, make, make, make me, create, create, create me, model, generate, build, design, draw, sculpt, construct, "
    "produce, render, add, put in, give me, get me, show me, i want, i need, i would like, id like, id like to "
    "have, i want to have, im looking for, we need, let us have, lets make, lets build, lets have, please make, "
    "please create, please model, please generate, can you make, can you create, can you make me, can i have, can i "
    "get, could you make, could you model, could you build, could you please make, would you make, will you make, "
    "hey make, hey make me, hi please make, hello i need, ok now make, now make, next make, try, try to make, how "
    "about, what about, imagine, i want you to make, i need you to model, help me make, go ahead and make, a 3 d "
    "model of, create a 3 d model of, make a 3 d model of, generate a 3 d mesh of, a 3 d mesh of, a mesh of, "
    "generate a mesh of, a model of, make a model of, a low poly model of, an asset of, a game asset of, a picture "
    "of, create a 3 d obj file of, create a 3 d obj file using the following description, blender model of, 3 d "
    "model of"
)
ENDS = listed(
    "please, please, please, thanks, thank you, for me, for me please, for my game, for a game, for a video game, "
    "for a scene, for my scene, for my project, for blender, in blender, in 3 d, low poly, in low poly style, "
    "in obj format, as a mesh, as a 3 d model, as an obj file, with few polygons, for a render, right now, "
    "if you can, would be nice, for my kitchen, for my living room, for a bedroom, for the office, for a tavern, for a "
    "pub, for a restaurant, for a cafe, for a shop, for a market, for a museum, for a workshop, for a garage, for a "
    "garden, for the backyard, for a park, for a street, for a village, for a city, for a castle, for a dungeon, for a "
    "cellar, for a farm, for a harbor, for a hotel, for a school, for a kid, for my daughter, for my grandma, for a "
    "friend, for a wizard, for a pirate, for a knight, for a king, for a farmer, for my level, for a level, for a map, "
    "for a dungeon crawler, for a racing game, for a platformer, for a jam, for a film, for an animation, for a "
    "cutscene, for the background, for the corner, as a prop, as a placeholder, as decoration, you know, kind of thing"
)
FILLERS = listed(
    "simple, nice, basic, beautiful, cool, old, new, cute, pretty, stylized, cartoon, realistic, medieval, fantasy, "
    "modern, rustic, detailed, vintage, low poly, good looking, lovely, clean, typical, good, classic, 3 d, cosy, "
    "cozy, sturdy, plain, ordinary, everyday, fancy, ornate, elegant, cheap, worn, weathered, antique, funny, "
    "cheerful, traditional, handmade, proper, decent, minimal, sleek, quaint, fine, solid looking, oldschool"
)
VERY = listed("very, very, really, quite, extremely, super, rather, fairly")

# The first of the names comes up most often. A name never says an attribute's value: those are in idioms.py.
NOUNS: dict[str, tuple[str, ...]] = {
    family: listed(names)
    for family, names in {
        "table": "table, dining table, kitchen table, work table, side table",
        "chair": "chair, dining chair, kitchen chair, seat, side chair",
        "stool": "stool, sitting stool, seat stool",
        "bench": "bench, park bench, garden bench, pew, sitting bench",
        "armchair": "armchair, arm chair, easy chair, lounge chair",
        "sofa": "sofa, couch, settee, divan, sofa couch",
        "desk": "desk, writing desk, office desk, work desk, computer desk, study desk, workstation",
        "shelf": "shelf, bookshelf, bookcase, shelving unit, rack, book shelf, shelves, wall unit, bookstand",
        "cabinet": "cabinet, cupboard, storage cabinet, closet",
        "drawers": "chest of drawers, dresser, drawer unit, bureau",
        "bed": "bed, bedstead, bed frame, cot, bunk, berth",
        "lamp": "lamp, light, reading lamp, electric lamp, electric light, luminaire",
        "clock": "clock, timepiece",
        "mug": "mug, cup, coffee mug, tea cup, teacup, coffee cup, beer mug, tankard, stein, beaker, drinking cup",
        "bottle": "bottle, flask, wine bottle, flagon, carafe, decanter, glass bottle",
        "bowl": "bowl, soup bowl, salad bowl, serving bowl, basin, fruit bowl, mixing bowl",
        "plate": "plate, dish, dinner plate, platter",
        "vase": "vase, flower vase, urn, amphora, flower jar, flower holder",
        "pot": "pot, cooking pot, cook pot, stew pot",
        "candle": "candle, wax candle",
        "book": "book, tome, novel",
        "dice": "dice, die, game die, playing dice",
        "barrel": "barrel, keg, cask, wine barrel, beer barrel, rain barrel",
        "crate": "crate, packing crate, storage crate, shipping crate, wooden crate, fruit crate, "
        "cargo crate, wooden box",
        "chest": "chest, treasure chest, trunk, coffer, treasure box, strongbox, loot chest, pirate chest, lockbox",
        "mailbox": "mailbox, letterbox, letter box, mail box, post box, postbox",
        "cart": "cart, pushcart, farm cart, push cart",
        "tent": "tent, camping tent, camp tent",
        "torch": "torch, fire torch, medieval torch",
        "sign": "sign, signpost, road sign, street sign, sign post, traffic sign",
        "cone": "traffic cone, traffic cone, road cone, safety cone, construction cone",
        "streetlamp": "street lamp, streetlight, street light, lamp post, lamppost, streetlamp",
        "house": "house, home, cottage, building, hut, villa, cabin, dwelling, farmhouse, lodge, family home",
        "barn": "barn, farm barn, hay barn, stable",
        "church": "church, chapel, village church",
        "tower": "tower, watch tower, watchtower, guard tower, keep, turret, lookout, lookout tower, "
        "castle keep, stronghold",
        "windmill": "windmill, wind mill, mill",
        "well": "well, water well, wishing well, village well",
        "bridge": "bridge, footbridge, river bridge",
        "arch": "arch, archway, gateway, arched gate",
        "wall": "wall, castle wall, garden wall, city wall",
        "fence": "fence, garden fence, farm fence, railing, palisade, fencing, barrier fence",
        "column": "column, pillar, greek column, roman column, temple column",
        "stairs": "stairs, staircase, stairway, flight of stairs, set of stairs, stair case, "
        "flight of steps, stairwell, stair",
        "tree": "tree",
        "palm": "palm tree, palm tree, palm, tropical palm, beach palm",
        "bush": "bush, shrub, garden bush",
        "flower": "flower, blossom, garden flower",
        "cactus": "cactus, desert cactus, cactus plant, saguaro, succulent",
        "mushroom": "mushroom, toadstool, forest mushroom, fungus, shroom",
        "rock": "rock, boulder, stone, pebble, crag",
        "snowman": "snowman, snow man, snow figure, snow fellow",
        "car": "car, automobile, auto, vehicle, motorcar, passenger car, family car",
        "truck": "truck, lorry, cargo truck",
        "bus": "bus, city bus, coach, passenger bus",
        "train": "train, railway train, toy train",
        "plane": "plane, airplane, aeroplane, aircraft, propeller plane",
        "boat": "boat, ship, vessel, dinghy, watercraft, barge, fishing boat, skiff",
        "rocket": "rocket, rocket ship, spaceship, space rocket, spacecraft, space ship, starship, "
        "launch vehicle, moon rocket",
        "robot": "robot, android, droid, bot, mech",
        "sword": "sword, knight sword, fantasy sword, blade, arming sword, sabre, saber",
        "axe": "axe, ax, battle axe, battleaxe, felling axe, woodcutters axe, chopping axe",
        "hammer": "hammer, hammer tool, carpenters hammer, workshop hammer",
        "shield": "shield, knight shield, battle shield, buckler, war shield, knights shield",
        "staff": "staff, wizard staff, magic staff, wizards staff, walking staff",
        "primitive": "shape, primitive, solid, geometric shape, basic shape, primitive shape, "
        "geometric solid, geometric form",
    }.items()
}

# What the parts are called, if not by the attribute's own name: for every family (""), or for one.
THINGS: dict[str, dict[str, tuple[str, ...]]] = {
    family: {attribute: listed(names) for attribute, names in parts.items()}
    for family, parts in {
        "": {
            "armrests": "armrests, arms, arm rests",
            "legs": "legs, legs, legs, feet",
            "back": "back, backrest, back rest",
            "boards": "boards, planks",
            "bands": "bands, rings",
            "grip": "grip, leather grip, handle wrap",
            "cushion": "cushion, soft cushion, pad",
            "pillows": "pillows, cushions",
            "rails": "rails, railings, handrails",
            "posts": "posts, poles",
            "stripes": "stripes, bands",
            "lid": "lid, cover",
        },
        "armchair": {"arm": "arms, armrests", "pillow": "pillow, cushion"},
        "sofa": {"arm": "arms, armrests", "chaise": "chaise, chaise longue", "seats": "seats, places"},
        "stool": {"rungs": "rungs, crossbars"},
        "shelf": {"boards": "shelves, boards, tiers, levels", "back": "back, back panel, back wall"},
        "bench": {"boards": "boards, planks, slats"},
        "table": {"top": "top, tabletop, table top", "shelf": "shelf, lower shelf, shelf below"},
        "lamp": {"shade": "shade, lampshade, lamp shade", "shades": "shades, lampshades", "base": "base, foot"},
        "clock": {"face": "face, dial", "marks": "marks, hour marks"},
        "bottle": {"cork": "cork, stopper"},
        "bowl": {"fruits": "fruits, apples", "foot": "foot, base"},
        "plate": {"cookies": "cookies, biscuits"},
        "vase": {"flowers": "flowers, flowers, roses"},
        "candle": {"material": "holder, base"},
        "book": {"bookmark": "bookmark, ribbon", "material": "cover"},
        "barrel": {"bands": "bands, hoops, rings", "tap": "tap, spigot, faucet"},
        "crate": {"planks": "planks, boards, slats", "braces": "braces, cross braces, diagonal braces"},
        "chest": {"bands": "bands, metal bands, straps", "lock": "lock, padlock"},
        "mailbox": {"letter": "letter, letter in it, envelope", "top": "top, roof"},
        "cart": {"sides": "sides, side walls"},
        "sign": {"boards": "boards, panels, plates, signs"},
        "streetlamp": {"lamps": "lamps, lights", "band": "band, ring"},
        "house": {"floors": "floors, storeys, stories, levels"},
        "church": {"tower": "tower, bell tower", "cross": "cross, cross on top"},
        "windmill": {"blades": "blades, sails, vanes"},
        "well": {"posts": "posts, pillars", "bucket": "bucket, pail"},
        "bridge": {"deck": "deck, roadway"},
        "arch": {"pillars": "pillars, columns, piers"},
        "wall": {"windows": "windows, slits, arrow slits, openings", "pillars": "pillars, buttresses"},
        "fence": {"posts": "posts, posts, stakes", "rails": "rails, bars", "tops": "tops, posts, tips"},
        "column": {"rings": "rings, bands", "ball": "ball on top, ball, sphere on top"},
        "stairs": {"steps": "steps, steps, treads"},
        "tree": {"crowns": "crowns, clumps of leaves, layers", "leaves": "leaves, foliage"},
        "palm": {"leaves": "leaves, fronds, palm leaves", "foliage": "leaves, foliage, fronds"},
        "bush": {"leaves": "leaves, foliage", "clumps": "clumps, parts"},
        "flower": {"bloom": "petals, bloom, blossom"},
        "cactus": {"arms": "arms, branches", "flower": "flower, blossom, flower on top"},
        "mushroom": {"spots": "spots, dots", "stem": "stem, stalk", "ring": "ring, ring on the stem"},
        "snowman": {"balls": "balls, snowballs, snow balls", "arms": "arms, stick arms", "hat": "hat, top hat"},
        "car": {"tires": "tires, wheels, tyres", "rack": "rack, roof rack, luggage rack", "cabin": "cabin, cab"},
        "truck": {"exhaust": "exhaust, exhaust pipe"},
        "train": {"wagons": "wagons, cars, carriages", "cargo": "wagons, cars"},
        "plane": {"engines": "engines, motors", "span": "wingspan, wing span", "tail": "tail, tail fin"},
        "boat": {"cabin": "cabin, deckhouse", "oars": "oars, paddles"},
        "rocket": {"windows": "windows, portholes", "boosters": "boosters, side boosters"},
        "robot": {"antennas": "antennas, antennae"},
        "sword": {"guard": "guard, crossguard", "gem": "gem, jewel"},
        "axe": {"edge": "edge, blade", "head": "head, axe head"},
        "hammer": {"head": "head, hammer head"},
        "shield": {"boss": "boss, boss in the middle", "rim": "rim, border", "studs": "studs, rivets"},
    }.items()
}
LIKE = {  # a thing -> the adjective after a number: "four legged"
    "legs": "legged",
    "arms": "armed",
    "handles": "handled",
    "wheels": "wheeled",
    "eyes": "eyed",
    "blades": "bladed",
    "masts": "masted",
    "engines": "engined",
    "petals": "petaled",
    "storeys": "storeyed",
}

SIZES: dict[str, tuple[str, ...]] = {
    "low": listed("low, low, short"),
    "short": listed("short, short, stubby"),
    "medium": listed("medium, normal, average, regular, standard"),
    "tall": listed("tall, tall, high"),
    "long": listed("long, long, lengthy"),
    "narrow": listed("narrow, narrow, slim"),
    "wide": listed("wide, wide, broad"),
    "thin": listed("thin, thin, slender, slim"),
    "thick": listed("thick, thick, chunky, fat"),
    "small": listed("small, small, little, tiny"),
    "large": listed("large, large, big, huge"),
}
WHOLES: dict[str, tuple[str, ...]] = {  # more words, where the whole object is spoken of
    "low": listed("squat"),
    "tall": listed("lofty, towering"),
    "narrow": listed("thin, skinny"),
    "thin": listed("skinny"),
    "long": listed("elongated"),
}
SMALLEST, LARGEST = ("low", "short", "narrow", "thin", "small"), ("tall", "long", "wide", "thick", "large")
SMALL = listed("small, little, tiny, mini, miniature")  # where an object has but one size
MIDDLE = listed("medium sized, mid sized, normal sized, medium")
LARGE = listed("big, large, huge, giant, enormous")

STYLES: dict[str, tuple[str, ...]] = {
    "round": listed("round, round, round, rounded, circular"),
    "square": listed("square"),
    "pointed": listed("pointed, pointed, pointy"),
    "curved": listed("curved, curved, bent"),
    "sloped": listed("sloped, slanted, sloping"),
    "domed": listed("domed, dome shaped"),
    "octagonal": listed("octagonal, eight sided"),
    "tapered": listed("tapered, tapering, conical"),
    "cone": listed("cone, conical, cone shaped"),
    "dome": listed("dome, domed, dome shaped"),
    "bevelled": listed("bevelled, beveled, rounded"),
    "gable": listed("gable, gabled, pitched"),
    "gabled": listed("gabled, pitched, gable"),
    "arched": listed("arched, domed, curved, rounded"),
    "humped": listed("humped, arched, curved"),
    "bearded": listed("bearded"),
    "high": listed("high, tall"),
    "low": listed("low, short"),
}
# A style of a part that may stand for the whole: a round table has a round top.
BARE = {("table", "top"), ("clock", "face"), ("bottle", "body"), ("stool", "seat"), ("palm", "trunk")}

MATERIALS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # made of ...; adjectives
    value: (listed(nouns), listed(adjectives))
    for value, nouns, adjectives in (
        ("wood", "wood, wood, wood, timber, oak, light wood", "wooden, wooden, wooden, brown"),
        ("darkwood", "dark wood, dark wood, walnut, mahogany", "dark wooden"),
        ("metal", "metal, metal, steel", "metallic, metal, silver"),
        ("iron", "iron, iron, wrought iron, cast iron", "iron"),
        ("gold", "gold", "golden, golden, gilded"),
        ("stone", "stone, stone, granite", "stone"),
        ("brick", "brick, bricks, red brick", "brick"),
        ("plaster", "plaster", "plastered"),
        ("fabric", "fabric, cloth, canvas", "fabric"),
        ("leather", "leather", "leather"),
        ("glass", "glass", "glass"),
        ("ceramic", "ceramic, porcelain, china", "ceramic"),
        ("clay", "clay, terracotta", "clay"),
        ("paper", "paper", "paper"),
        ("bark", "bark, rough bark", "bark covered"),
        ("earth", "earth, dirt, mud", "brown, earthy"),
    )
}
HUES: dict[str, tuple[str, ...]] = {  # materials that are only colours
    **{hue: (hue, hue, hue, f"bright {hue}") for hue in ("red", "orange", "yellow", "green", "blue", "pink")},
    **{hue: (hue,) for hue in ("white", "black")},
    "purple": listed("purple, purple, violet"),
    "grey": listed("grey, gray"),
    "leaf": listed("grass green, light green, leaf green"),
    "needle": listed("dark green, deep green"),
    "snow": listed("snowy, snow covered"),
}
