"""Ways to say one attribute of one family that the general rules of captions.py do not know: data only.

"attribute value" -> phrases with their marks (phrases.py says what the marks mean); "..." keeps the general ones too.
"""

from __future__ import annotations

from .phrases import NUMBERS, listed


def _group(one: str, many: str, most: int) -> dict[int, str]:
    """The object itself is counted: "two books"."""
    said = {1: f"= one {one}, = single {one}, = 1 {one}, | single"}
    for count in range(2, most + 1):
        said[count] = f"= {NUMBERS[count]} {many}, = {count} {many}, = set of {NUMBERS[count]} {many}"
        said[count] += f", = group of {count} {many}"
    said[2] += f", = pair of {many}, = couple of {many}"
    return said


_BOOKS, _CANDLES = _group("book", "books", 3), _group("candle", "candles", 4)
_ROCKS = _group("rock", "rocks", 5)
_STONES = {count: f"{_ROCKS[count]}, = {NUMBERS[count]} stones, = {count} boulders" for count in range(2, 6)}

IDIOMS: dict[str, dict[str, tuple[str, ...]]] = {
    family: {what: listed(phrases) for what, phrases in said.items()}
    for family, said in {
        "table": {
            "legs 1": "> on a pedestal, + a pedestal, + one leg, + 1 leg, + a single leg, | pedestal, < one legged",
            "top oblong": "< oblong, < rectangular, + a rectangular top, + an oblong top, + a long top, < long",
        },
        "chair": {
            "back tall": "..., < high backed, < tall backed, | high back, < tall",
            "back low": "..., < low backed, | low back, < low",
        },
        "stool": {
            "legs 1": "..., > on a pedestal, + a pedestal, | pedestal",
            "height tall": "..., = bar stool, = barstool",
            "height low": "..., = footstool, = foot stool",
            "legs 3": "..., = milking stool",
        },
        "bench": {"back no": "..., < backless"},
        "armchair": {
            "back tall": "..., < high backed, < tall backed",
            "back low": "..., < low backed",
            "wings yes": "+ wings, + side wings, < winged, | wingback, = wing chair, = wingback chair",
        },
        "sofa": {
            "seats 2": "..., | two seater, | 2 seater, = loveseat, = love seat, < small",
            "seats 3": "..., | three seater, | 3 seater",
            "seats 4": "..., | four seater, | 4 seater, < big, < large, < long",
            "chaise yes": "..., = corner sofa, = sectional sofa, = corner couch",
            "back tall": "..., < high backed",
            "back low": "..., < low backed",
        },
        "desk": {"hutch yes": "+ a hutch, + a hutch on top, + shelves on top, + a shelf unit on top"},
        "shelf": {
            "books yes": "+ books, + some books, + books on it, > full of books, > filled with books",
            "books no": "- books, < empty",
            "back no": "..., > open at the back",
        },
        "cabinet": {
            "legs 0": "- legs, - feet, > standing on the floor",
            "height tall": "..., = wardrobe",
            "height low": "..., = sideboard",
        },
        "drawers": {
            "handle knob": "+ knobs, + round knobs, + knob handles, + a knob on each drawer",
            "handle bar": "+ bar handles, + bars as handles, + long handles, + a bar on each drawer",
        },
        "bed": {
            "width narrow": "..., | single, | twin, = single bed",
            "width wide": "..., | double, | king size, = double bed",
            "canopy yes": "..., | four poster, | canopy, + a canopy on four posts",
        },
        "lamp": {
            "height low": "..., = table lamp, = desk lamp, = bedside lamp",
            "height tall": "..., = floor lamp, = standing lamp, | floor",
            "base tripod": "..., > on a tripod, | tripod",
        },
        "clock": {
            "kind wall": "| wall, = wall clock, > on the wall, > for the wall",
            "kind mantel": "| mantel, = mantel clock, = mantle clock, = table clock, > for the mantelpiece",
            "kind alarm": "| alarm, = alarm clock, = alarm clock",
            "kind grandfather": "| grandfather, = grandfather clock, = grandfather clock, = longcase clock",
            **{
                f"oclock {hour}": (
                    f"> showing {hour} oclock, > showing {NUMBERS[hour]} oclock, > at {hour} oclock, "
                    f"> set to {hour} oclock, > that shows {NUMBERS[hour]} oclock, > at {NUMBERS[hour]}, "
                    f"> showing {hour}, > that says {NUMBERS[hour]} oclock, > reading {hour} oclock"
                )
                for hour in range(1, 13)
            },
        },
        "mug": {
            "drink yes": "+ a drink, + a drink in it, + coffee, + tea in it, + coffee in it, > full of coffee, "
            "> filled with tea, < full",
            "drink no": "- drink, - a drink, < empty, > with nothing in it",
        },
        "bottle": {
            "neck low": "+ a short neck, + a low neck, < short necked",
            "neck tall": "+ a long neck, + a tall neck, < long necked",
        },
        "bowl": {"fruits 0": "- fruit, - fruits, < empty"},
        "plate": {
            "cookies 0": "- cookies, - biscuits, < empty",
            "stand yes": "+ a stand, + a foot, > on a stand, > on a foot, = cake stand",
        },
        "vase": {
            "flowers 0": "- flowers, < empty",
            "shape flared": "< flared, < flaring, + a flared rim, > flared at the top",
        },
        "pot": {
            "handles 1": "..., = saucepan",
            "legs 3": "..., = cauldron",
            "legs 0": "- legs, - feet, > standing on the ground",
        },
        "candle": {
            **{f"candles {count}": phrases for count, phrases in _CANDLES.items()},
            "holder dish": "> on a dish, > on a plate, > on a saucer, + a dish under it",
            "holder block": "> on a block, + a block as a holder, + a block holder",
            "holder stick": "> on a candlestick, > in a candlestick, + a candlestick",
            "flame yes": "+ a flame, < lit, < burning, < lighted",
            "flame no": "- flame, - a flame, < unlit, > not burning, > not lit",
        },
        "book": {
            **{f"books {count}": phrases for count, phrases in _BOOKS.items()},
            "form lying": "> lying down, > lying flat, > lying on the ground, < lying",
            "form standing": "> standing up, > standing upright, < standing, < upright",
            "form open": "< open, < open, < opened, > lying open",
            "material leather": "..., < leather bound, > bound in leather",
        },
        "dice": {
            **{
                f"{side} {pips}": phrases
                for pips in range(1, 7)
                for side, phrases in (
                    (
                        "pips",
                        f"> showing a {pips}, > showing {NUMBERS[pips]}, > showing {pips}, + a {pips} on top, "
                        f"+ {NUMBERS[pips]} on top, + {pips} on top, > that shows {NUMBERS[pips]}, "
                        f"+ {NUMBERS[pips]} {'pip' if pips == 1 else 'pips'} on top, + {pips} up",
                    ),
                    (
                        "front",
                        f"+ a {pips} on the front, + {NUMBERS[pips]} on the front, + {pips} in front, "
                        f"+ {NUMBERS[pips]} {'pip' if pips == 1 else 'pips'} on the front side, + {pips} at the front",
                    ),
                )
            },
            "edge sharp": "+ sharp edges, + sharp corners, < sharp edged",
            "edge bevelled": "+ bevelled edges, + beveled edges, + rounded edges, < bevelled, + bevels",
            "spot square": "+ square spots, + square pips, + square dots",
            "spot diamond": "+ diamond spots, + diamond pips, + diamond shaped pips, + diamond shaped dots",
        },
        "barrel": {
            "shape bulging": "< bulging, < bulged, < bellied, + bulging sides, < rounded",
            "shape straight": "< straight, < cylindrical, + straight sides, = drum",
            "lid no": "..., < open, > open at the top",
        },
        "crate": {"lid no": "..., < open, > open at the top", "lid yes": "..., < closed"},
        "chest": {
            "form closed": "< closed, < shut, > that is closed, + a closed lid",
            "form open": "< open, < open, < opened, + its lid open",
        },
        "mailbox": {"letter no": "- letter, - a letter, < empty"},
        "cart": {
            "wheels 1": "..., = wheelbarrow, = barrow, = wheel barrow",
            "wheels 2": "..., = handcart, = hand cart",
            "wheels 4": "..., = wagon, = farm wagon",
            "load empty": "< empty, > with nothing on it, - load",
            "load hay": "+ hay, > full of hay, > loaded with hay, | hay, + hay on it",
            "load crates": "+ crates, > loaded with crates, > carrying crates, + crates on it",
            "load covered": "< covered, + a cover, + a canvas cover",
        },
        "tent": {
            "kind ridge": "| ridge, = ridge tent, + a ridge",
            "kind tipi": "= tipi, = teepee, = tepee, | tipi",
            "kind dome": "| dome, = dome tent, < domed",
            "kind pavilion": "= pavilion, | pavilion, = pavilion tent",
        },
        "torch": {
            "mount hand": "< hand held, < handheld, > to hold, > to carry, | hand",
            "mount wall": "> on the wall, > on a wall, < wall mounted, | wall, = sconce, = wall torch",
            "mount stand": "> on a stand, + a stand, + a foot, | standing, < standing",
            "handle long": "..., < long handled, < long",
            "handle short": "..., < short handled, < short",
        },
        "sign": {
            "shape arrow": "| arrow, < arrow shaped, > in the shape of an arrow, = arrow sign, = direction sign",
            "shape triangle": "< triangular, | triangle, > in the shape of a triangle",
            "shape diamond": "< diamond shaped, | diamond",
            "shape octagon": "< octagonal, < eight sided, | octagon, = stop sign",
        },
        "cone": {"top light": "+ a light on top, + a light, + a lamp on top, + a warning light"},
        "streetlamp": {
            "shade lantern": "+ a lantern shade, + a lantern, + lanterns, | lantern",
            "shade globe": "+ a globe shade, + globes, + globe lights, | globe, + round globes",
            "shade box": "+ a box shade, + box lights, + box shaped lights",
            "lamps 2": "..., < double, | double",
        },
        "house": {"floors 1": "..., = bungalow, < single storey, < single story", "floors 3": "..., < tall"},
        "barn": {"roof gambrel": "+ a gambrel roof, > gambrel roof, | gambrel roof, + a bent roof"},
        "church": {
            "tower tall": "..., < tall, < high",
            "tower low": "..., < low",
            "spire pointed": "+ a pointed spire, + a pointed tower, + a steeple, + a spire, > pointed spire",
            "spire domed": "+ a domed spire, + a dome, + a domed tower, | dome",
            "spire flat": "+ a flat topped tower, + a flat spire, - spire, - a spire",
        },
        "tower": {
            "top crenellated": "+ battlements, + a crenellated top, < crenellated, | castle, = castle tower",
            "top pointed": "+ a pointed roof, + a pointed top, + a spire, + a pointy roof",
            "top domed": "+ a dome, + a domed top, < domed, + a domed roof",
        },
        "well": {"roof pointed": "..., + a pyramid roof"},
        "bridge": {
            "arches 1": "..., < short",
            "arches 3": "..., < long",
            "deck humped": "..., < humped, < humpbacked, = humpback bridge",
            "deck flat": "..., < flat, < level",
        },
        "arch": {"shape pointed": "..., < gothic"},
        "wall": {"merlons 0": "- merlons, - battlements"},
        "fence": {"tops pointed": "..., = picket fence", "posts 7": "..., < long"},
        "stairs": {
            "steps 3": "..., < short, < low",
            "steps 7": "..., < tall, < high, < long",
            "slope steep": "< steep, < steep, + a steep slope, > steep slope",
            "slope gentle": "< gentle, + a gentle slope, < shallow, > gentle slope",
            "style open": "< open, + open treads, + open steps",
            "style solid": "< solid, < closed, < massive",
        },
        "tree": {
            "kind pine": "| pine, | fir, = pine, = fir, = conifer, = christmas tree, = pine tree, = fir tree",
            "kind oak": "| oak, = oak, = oak tree, < leafy, < deciduous, < broadleaf",
            "leaves snow": "< snowy, < snow covered, + snow on it, + snowy leaves, < snow capped, | winter",
            "leaves orange": "..., | autumn, + autumn leaves",
            "leaves pink": "..., = cherry tree",
        },
        "palm": {"trunk curved": "..., < leaning, < bent"},
        "bush": {"shape square": "< square, < clipped, < box shaped, = hedge"},
        "flower": {
            "kind daisy": "= daisy, = daisy, | daisy, = daisy flower",
            "kind tulip": "= tulip, = tulip, | tulip, = tulip flower",
            "kind sunflower": "= sunflower, = sunflower, | sunflower, = sun flower",
            "pot yes": "+ a pot, > in a pot, < potted, > growing in a pot",
        },
        "cactus": {"pot yes": "+ a pot, > in a pot, < potted, > growing in a pot"},
        "rock": {
            "stones 1": _ROCKS[1],
            **{f"stones {count}": phrases for count, phrases in _STONES.items()},
            "shape sharp": "< sharp, < jagged, < pointed, < spiky",
            "shape square": "< square, < angular, < blocky",
            "moss yes": "+ moss, + moss on it, < mossy, < moss covered, < overgrown",
        },
        "snowman": {
            "balls 2": "..., < small, < short",
            "balls 3": "..., < tall, < big",
            "nose long": "..., + a long carrot nose, + a long carrot, < long nosed",
            "nose short": "..., + a short carrot nose, + a short carrot",
        },
        "car": {
            "kind sedan": "| sedan, = sedan, = sedan car, = saloon car",
            "kind hatchback": "| hatchback, = hatchback",
            "kind pickup": "| pickup, = pickup, = pickup truck, = pick up",
        },
        "truck": {
            "cargo box": "= box truck, | box, + a cargo box, + a box, = delivery truck",
            "cargo tank": "= tanker, = tank truck, = tanker truck, + a tank",
            "cargo flat": "= flatbed truck, = flatbed, + a flat bed, | flatbed",
            "cargo tipper": "= dump truck, = tipper, = tipper truck, | dump, + a tipper",
            "wheels 4": "..., | four wheel",
            "wheels 6": "..., | six wheel",
        },
        "bus": {
            "decks 1": "| single decker, = single decker, + one deck, + 1 deck, + a single deck",
            "decks 2": "| double decker, = double decker, + two decks, + 2 decks, + an upper deck",
            "material yellow": "..., = yellow school bus",
        },
        "train": {
            "kind steam": "| steam, = steam train, = steam locomotive, + a steam engine",
            "kind diesel": "| diesel, = diesel train, = diesel locomotive, + a diesel engine",
        },
        "plane": {
            "wings 2": "..., = monoplane, + one pair of wings",
            "wings 4": "..., = biplane, = double decker plane, + two pairs of wings",
            "engines 1": "..., < single engined, + one propeller, + a propeller on the nose",
            "engines 2": "..., | twin engine, < twin engined",
            "span wide": "..., + wide wings, + long wings, + big wings",
            "span narrow": "..., + short wings, + small wings",
        },
        "boat": {
            "masts 0": "- masts, - sails, - a mast",
            "masts 1": "..., + a sail, + one sail, = sailboat, = sailing boat, = sail boat",
            "masts 2": "..., + two sails, + 2 sails",
            "masts 3": "..., + three sails, = sailing ship",
            "oars yes": "..., = rowboat, = rowing boat, = row boat",
        },
        "robot": {
            "body wide": "..., < bulky, < wide, < fat",
            "body narrow": "..., < slim, < thin, < narrow",
        },
        "sword": {
            "blade long": "..., = longsword, = long sword, < long",
            "blade short": "..., = short sword, = dagger, < short",
            "width wide": "..., = broadsword",
        },
        "axe": {
            "blades 2": "..., | double, < double headed, < two headed, < double sided",
            "blades 1": "..., < single headed",
            "handle long": "..., < long handled",
            "handle short": "..., < short handled, = hatchet",
            "head large": "..., < heavy",
        },
        "hammer": {
            "kind claw": "| claw, = claw hammer, + a claw",
            "kind sledge": "| sledge, = sledgehammer, = sledge hammer",
            "kind mallet": "= mallet, = mallet, | mallet",
            "head large": "..., < heavy",
            "kind war": "| war, = warhammer, = war hammer",
            "handle long": "..., < long handled",
            "handle short": "..., < short handled",
        },
        "shield": {
            "shape kite": "| kite, < kite shaped, = kite shield",
            "emblem plain": "< plain, - emblem, - an emblem",
            "emblem cross": "+ a cross, + a cross on it, + a cross emblem, + a cross as an emblem",
            "emblem stripe": "+ a stripe, + a stripe on it, + a stripe emblem, < striped",
        },
        "staff": {
            "top orb": "+ an orb, + an orb on top, + a ball on top, | orb, + a sphere at the top",
            "top crystal": "+ a crystal, + a crystal on top, | crystal, + a crystal at the top",
            "top crook": "+ a crook, + a crook on top, = shepherds crook, = shepherd staff, + a hooked top",
            "top spear": "+ a spear tip, + a spear point on top, = spear, + a spear head",
            "top claw": "+ a claw, + a claw on top, | claw, + a claw at the top",
        },
        "primitive": {
            "kind cube": "= cube",
            "kind box": "= box, = box, = cuboid, = rectangular block, = rectangular box",
            "kind cylinder": "= cylinder",
            "kind cone": "= cone",
            "kind pyramid": "= pyramid",
            "kind sphere": "= sphere, = sphere, = ball",
            "kind torus": "= torus, = torus, = donut, = doughnut, = ring",
            "kind prism": "= prism",
            "height low": "..., < flat",
        },
    }.items()
}
