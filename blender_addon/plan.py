"""The plan of an answer as people say it: what the model understood of the words."""

from __future__ import annotations

PLAIN = ("material", "walls", "leaves", "kind", "shape", "form", "style", "height", "width", "length")
"""Attributes whose value says it all: "tall" needs no "height"."""


def understood(plan: str) -> str:
    """ "table top round legs 4 height tall shelf yes" as "table, round top, 4 legs, tall, shelf"; "" without a plan.
    What is medium, or not there, goes without saying."""
    family, *rest = plan.split() or [""]
    return ", ".join(filter(None, [family.replace("_", " "), *map(_said, rest[::2], rest[1::2])]))


def _said(name: str, value: str) -> str:
    if value == "yes":
        return name
    if value in ("no", "medium"):
        return ""
    if value in ("0", "1"):
        return f"no {name}" if value == "0" else f"1 {name.removesuffix('s')}"
    return value if name in PLAIN else f"{value} {name}"
