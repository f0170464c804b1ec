from __future__ import annotations

import re
from random import Random

import pytest

from meshscribe.backend.prompts import words
from meshscribe.training.changes import change, instruction, pair
from meshscribe.training.phrases import NUMBERS
from meshscribe.training.shapes import FAMILIES

N = rf"(\d+|{'|'.join(NUMBERS[1:])})"
MORE = [rf"\b{N} (?:more|extra|additional) ", r"\b(another|an extra) ", rf"\b{N} [a-z ]+ more\b", rf"\badd {N} "]
FEWER = [rf"\b{N} (?:fewer|less) ", rf"\b{N} [a-z ]+ (?:fewer|less|too many)\b", rf"(?:remove|take away|delete) {N} "]
UP = (
    r"\b(taller|higher|longer|wider|broader|thicker|fatter|chunkier|larger|bigger|increase|raise|more (?:height|width))"
)
DOWN = r"\b(lower|shorter|narrower|slimmer|thinner|smaller|decrease|reduce|less (?:height|width))\b"


def number(text: str) -> int:
    return 1 if text.startswith("an") else int(text) if text.isdigit() else NUMBERS.index(text)


@pytest.mark.parametrize("name", FAMILIES)
def test_an_instruction_says_what_changes(name: str) -> None:
    """One attribute changes, both plans are allowed; amounts, directions and words are right."""
    family, random = FAMILIES[name], Random(name)
    for _ in range(200):
        before, after = pair(family, random)
        text = instruction(family, before, after, random)
        assert family.allowed(before) and family.allowed(after) and list(before) == list(after)
        (attribute,) = (a for a in family.attributes if before[a.name] != after[a.name])
        assert text and text == " ".join(words(text)) and len(text.split()) <= 20, text
        assert not re.search(r"\b(\w+) \1\b|\ban? (?:an?|no|the|some)\b|\b(?:a|an|with|of|the)$|[{}]", text), text
        assert not re.search(r"\ba [aeiou](?!ne\b)", text), text
        old, new = before[attribute.name], after[attribute.name]
        if attribute.kind == "count":
            for sign, patterns in ((1, MORE), (-1, FEWER)):
                for found in (m for pattern in patterns if (m := re.search(pattern, text))):
                    if not text.startswith("add") or int(old):
                        assert sign * number(found[1]) == int(new) - int(old), (text, old, new)
            if re.search(r"\bmore\b", text):
                assert int(new) > int(old), text
            if re.search(r"\b(fewer|less|too many|remove|half(?! a dozen))\b", text):
                assert int(new) < int(old), text
        elif attribute.kind == "size":
            up = attribute.values.index(new) > attribute.values.index(old)
            assert not re.search(DOWN if up else UP, text), (text, old, new)
        elif attribute.kind == "option" and re.search(r"\b(no|without|remove|not)\b", text):
            assert new == "no", text


def test_relative_words_come_up_for_every_family_with_sizes_and_counts() -> None:
    for name, family in FAMILIES.items():
        random = Random(1)
        said = [(change(family, random)) for _ in range(300)]
        if any(a.kind == "size" for a in family.attributes):
            assert any(re.search(UP, text) for *_, text in said) and any(re.search(DOWN, text) for *_, text in said)
        counted = any(a.kind == "count" and a.name not in ("oclock", "pips", "front") for a in family.attributes)
        if counted:
            assert any(re.search(r"\bmore\b|another", text) for *_, text in said), name
        changed = {key for before, after, _ in said for key in before if before[key] != after[key]}
        assert changed == {a.name for a in family.attributes}


@pytest.mark.parametrize("names", [(), ("legs", "height")])
def test_exactly_one_attribute_changes(names: tuple[str, ...]) -> None:
    before = {"top": "round", "legs": "4", "height": "low", "shelf": "no", "material": "wood"}
    after = {**before, **dict.fromkeys(names, "6")}
    with pytest.raises(ValueError, match=f"differ in {len(names)} attributes"):
        instruction(FAMILIES["table"], before, after, Random(0))
