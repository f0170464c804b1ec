"""Phrases and questions in free wording about the scenes of stage.py (wording.txt, wording_held.txt), and when an
answer is right. Nothing here needs Blender."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from stage import HOSTS, Prop, Stage

OPEN, HELD = (Path(__file__).with_name(f"{name}.txt") for name in ("wording", "wording_held"))
Truth = bool | int | set[str] | tuple[str, str]
"""Yes or no, a number, the names (or ids) of objects, or where a thing is: "on" or "under" which."""


@dataclass(frozen=True)
class Line:
    words: str
    truth: tuple[str, ...]  # as it is written

    def ids(self, stage: Stage) -> set[str]:
        """What a phrase means."""
        known = labels(stage)
        return {known[label].id for label in self.truth if label != "none"}

    def answer(self, stage: Stage) -> Truth:
        """What a question is answered with."""
        known, first = labels(stage), self.truth[0]
        if first in ("yes", "no"):
            return first == "yes"
        if first.isdigit():
            return int(first)
        if first in ("on", "under"):
            return first, known[self.truth[1]].made.name
        return {known[label].made.name for label in self.truth if label != "none"}


@dataclass(frozen=True)
class Sheet:
    """What is asked of one scene."""

    plan: str
    phrases: list[Line]
    questions: list[Line]


def read(path: Path) -> dict[int, Sheet]:
    """The sheets of a file by the seeds of their scenes."""
    sheets: dict[int, Sheet] = {}
    for line in path.read_text("utf-8").splitlines():
        if head := re.match(r"\[(\d+)\] (.*)", line):
            sheet = sheets[int(head[1])] = Sheet(head[2], [], [])
        elif line[:2] in ("> ", "? "):
            words, _, truth = line[2:].rpartition(" = ")
            (sheet.phrases if line[0] == ">" else sheet.questions).append(Line(words, tuple(truth.split())))
    return sheets


def labels(stage: Stage) -> dict[str, Prop]:
    """The things of a scene as the files call them: mug1, mug2 and so on, in the order in which they were laid out."""
    return {f"{prop.kind}{place}": prop for alike in stage.kinds().values() for place, prop in enumerate(alike, 1)}


def planned(stage: Stage) -> str:
    """How a scene was laid out, as it stands in the files."""
    known = {id(prop): label for label, prop in labels(stage).items()}
    said = []
    for prop in stage.props:
        words = f"{prop.colour} {known[id(prop)]}".strip()
        if prop.floor and prop.host is None:
            words += f" {prop.place[0]},{prop.place[1]}"
        for way, other in (("on", prop.on), ("under", prop.under), ("by", prop.host)):
            words += f" {way} {known[id(other)]}" if other else ""
        said.append(words + (f" {prop.height:.2f} m" if prop.floor and prop.kind not in HOSTS else ""))
    return ", ".join(said)


def right(text: str, truth: Truth, names: list[str]) -> bool:
    """Whether an answer says just that; `names` are those of all objects of the scene."""
    if isinstance(truth, bool):
        return text.startswith("Yes" if truth else "No")
    if isinstance(truth, int):
        return text.startswith(f"{truth}:" if truth else "None.")
    if isinstance(truth, tuple):
        return bool(re.search(rf"\b{truth[0]}\b[^,]* {re.escape(truth[1])}(?!\.\d)\b", text))
    return {name for name in names if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])(?!\.\d)", text)} == truth
