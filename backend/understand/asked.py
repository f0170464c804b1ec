"""A question about a scene, and an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .finder import Finder, Found
from .ground import best
from .listing import labels
from .scene import Scene
from .tree import Phrase


@dataclass(slots=True)
class Reply:
    """An answer; the things that it speaks of, for an "it" that may follow; whether the rules could answer at all."""

    text: str
    places: list[int] = field(default_factory=list)
    known: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its words (wording.py), about a scene. `before` are the things that were spoken of last."""

    scene: Scene
    words: list[str]
    before: list[int]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def find(self, phrase: Phrase) -> Found:
        return Finder(self.scene, self.before).find(phrase)

    def best(self, words: Sequence[str], start: int = 0, end: int | None = None) -> Found | None:
        """What words[start:end] mean, by their best reading; None where there is none."""
        return best(self.scene, list(words), start, len(words) if end is None else end, self.before)

    def label(self, places: Sequence[int]) -> str:
        return labels(self.scene, places)
