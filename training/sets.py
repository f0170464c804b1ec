"""The hand-written evaluation sets in sets/: prompts in wording that no template makes, and prompts to decline."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from .shapes.base import Plan

FOLDER = Path(__file__).parent / "sets"


class Phrasing(NamedTuple):
    prompt: str
    family: str
    plan: Plan  # what the prompt says; all else may be anything


def phrasings(name: str = "phrasings") -> list[Phrasing]:
    """Prompts for objects of the families, a few for each; `phrasings_second` is by another hand."""
    found = []
    for family, prompts in _table(f"{name}.toml").items():
        for prompt, said in prompts.items():
            words = said.split()
            found.append(Phrasing(prompt, family, dict(zip(words[::2], words[1::2], strict=True))))
    return found


def strangers() -> list[tuple[str, str]]:
    """(sort, prompt) of things that no family makes."""
    return [(sort, prompt) for sort, prompts in _table("strangers.toml").items() for prompt in prompts]


def _table(name: str) -> dict:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
