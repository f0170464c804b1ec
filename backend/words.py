"""A plan in plain words: "A low round table with 4 legs, made of wood."."""

from __future__ import annotations

WHOLE = ("height", "width", "length", "depth", "size")  # sizes of the whole object
SORTS = ("kind", "style", "shape", "type", "form")  # styles that need no noun of their own

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "grey", "black")


def describe_plan(family: str, attributes: dict[str, str]) -> str:
    """One sentence for a plan's words; what a value means follows from its form, so no list of families is needed."""
    sizes, sorts, after = [], [], []
    made = ""
    for name, value in attributes.items():
        if name == "material":
            plain = "dark wood" if value == "darkwood" else value
            made = f", {'in' if value in COLOURS else 'made of'} {plain}"
        elif value in ("yes", "no"):
            after += [name if name.endswith("s") else f"{_article(name)} {name}"] if value == "yes" else []
        elif value.isdigit():
            after += [f"{value} {name.removesuffix('s') if value == '1' else name}"] if value != "0" else [f"no {name}"]
        elif name in SORTS:
            sorts.append(value)
        elif name in WHOLE:
            sizes += [value] if value != "medium" else []
        else:
            after.append(f"{value} {name}" if name.endswith("s") else f"{_article(value)} {value} {name}")
    head = " ".join([*sizes, *sorts, family])
    listed = ", ".join(after[:-1]) + (" and " if len(after) > 1 else "") + after[-1] if after else ""
    return f"{_article(head).capitalize()} {head}{' with ' + listed if listed else ''}{made}."


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"
