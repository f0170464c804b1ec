"""A plan in plain words: "A low round table with 4 legs, made of wood."."""

from __future__ import annotations

import re

WHOLE = ("height", "width", "length", "depth", "size", "thickness")  # sizes of the whole object
SORTS = ("kind", "style", "shape", "type", "form", "slope")  # styles that need no noun of their own

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "grey", "black", "leaf", "needle")
TINTS = {"darkwood": "dark wood", "leaf": "leaf green", "needle": "dark green", "snow": "snowy"}
NAMES = {  # what a family is called, where its own name is short for it
    "cone": "traffic cone",
    "dice": "die",
    "drawers": "chest of drawers",
    "palm": "palm tree",
    "primitive": "shape",
    "streetlamp": "street lamp",
}
COUNTED = {
    ("book", "books"),
    ("candle", "candles"),
    ("rock", "stones"),
}  # families whose objects are counted themselves
UNCOUNTABLE = ("antennae", "foliage", "hay", "moss")
IRREGULAR = {"cookies": "cookie", "feet": "foot", "antennae": "antenna", "clumps of leaves": "clump of leaves"}

# (family, attribute, value) -> what it has, where the general rules would read badly. "{}" is the value.
SAID = {
    ("armchair", "arm"): "{} arms",
    ("sofa", "arm"): "{} arms",
    ("cart", "load", "empty"): "no load",
    ("cart", "load", "hay"): "a load of hay",
    ("cart", "load", "crates"): "a load of crates",
    ("cart", "load", "covered"): "a cover",
    ("clock", "oclock"): "its hands at {} o'clock",
    ("dice", "pips"): "a {} on top",
    ("dice", "front"): "a {} on the front",
    ("dice", "edge"): "{} edges",
    ("dice", "spot"): "{} pips",
    ("drawers", "handle"): "{} handles",
    ("flower", "bloom"): "a {} bloom",
    ("shield", "emblem", "plain"): "no emblem",
    ("staff", "top", "orb"): "an orb",
    ("staff", "top", "crystal"): "a crystal",
    ("staff", "top", "crook"): "a crook",
    ("staff", "top", "spear"): "a spear tip",
    ("staff", "top", "claw"): "a claw",
    ("torch", "mount", "hand"): "a handle to hold",
    ("torch", "mount", "wall"): "a wall mount",
    ("torch", "mount", "stand"): "a stand",
    ("train", "cargo"): "{} cargo",
    ("truck", "cargo", "box"): "a cargo box",
    ("truck", "cargo", "tank"): "a tank",
    ("truck", "cargo", "flat"): "a flat bed",
    ("truck", "cargo", "tipper"): "a tipper",
}


def describe_plan(family: str, attributes: dict[str, str]) -> str:
    """One sentence for a plan's words; what a value means follows from its form, but for the exceptions above."""
    count, sizes, sorts, after = "", [], [], []
    made = ""
    for name, value in attributes.items():
        plain = TINTS.get(value, value)
        if said := SAID.get((family, name, value)) or SAID.get((family, name)):
            after.append(said.format(plain))
        elif (family, name) in COUNTED:
            count = value
        elif name == "material":
            made = f", {'in' if value in COLOURS else 'made of'} {plain}"
        elif value in ("yes", "no"):
            after += [indefinite(name)] if value == "yes" else []
        elif value.isdigit():
            after += [f"{value} {singular(name) if value == '1' else name}"] if value != "0" else [f"no {name}"]
        elif name in SORTS:
            sorts.append(value)
        elif name in WHOLE:
            sizes += [value] if value != "medium" else []
        else:
            after.append(indefinite(f"{plain} {name}"))
    called = named(family, attributes)
    plural = called == "stairs" or count not in ("", "1")
    if count not in ("", "1"):
        sizes, called = [count, *sizes], f"{called}s"
    head = " ".join([*sizes, *(sort for sort in sorts if sort != called), called])
    listed = ", ".join(after[:-1]) + (" and " if len(after) > 1 else "") + after[-1] if after else ""
    begun = head if plural else f"{_article(head)} {head}"
    said = f"{begun[:1].upper()}{begun[1:]}{' with ' + listed if listed else ''}{made}."
    return re.sub(r"\ba (?=[aeiou])", "an ", said)


def named(family: str, attributes: dict[str, str]) -> str:
    """What an object of this family is called: a primitive by its kind."""
    name = NAMES.get(family, family)
    return attributes.get("kind", name) if family in ("flower", "primitive") else name


def singular(name: str) -> str:
    """ "legs" -> "leg", "shelves" -> "shelf", "arches" -> "arch", "berries" -> "berry"."""
    if name in IRREGULAR:
        return IRREGULAR[name]
    if name.endswith(("lves", "aves")):
        return name[:-3] + "f"
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name.removesuffix("es") if name.endswith(("ches", "shes", "xes", "sses")) else name.removesuffix("s")


def plural(thing: str) -> bool:
    """Whether a noun takes no article: "wooden legs", "clumps of leaves", "moss"; not "a flight of stairs"."""
    head = re.split(r" (?:of|on|in) ", thing)[0].split()[-1]
    return head in UNCOUNTABLE or head.endswith("s") and not head.endswith(("ss", "us"))


def indefinite(thing: str) -> str:
    """ "a round top", "an antenna", "wooden legs"."""
    return thing if plural(thing) else f"{_article(thing)} {thing}"


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"
