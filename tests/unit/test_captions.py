from __future__ import annotations

import collections
import re
from random import Random

import pytest

from meshscribe.backend.prompts import LONGEST_PROMPT, words
from meshscribe.training.captions import caption, mistyped, phrases, request
from meshscribe.training.idioms import IDIOMS
from meshscribe.training.phrases import NOUNS, NUMBERS
from meshscribe.training.shapes import FAMILIES

SAMPLES = 150
ODD = (
    r"\b(\w+) \1\b|\ban? (?:an?|no|the|some)\b|\b(?:a|an|with|of|in|and|that|is|but)$|\b(?:with|and|the) (?:and|but)\b"
)


def test_every_family_has_names_of_its_own() -> None:
    assert set(NOUNS) == set(FAMILIES) and set(IDIOMS) <= set(FAMILIES)
    owners = collections.defaultdict(set)
    for family, names in NOUNS.items():
        for name in names:
            owners[name].add(family)
    for family, said in IDIOMS.items():
        for phrase in (phrase for ways in said.values() for phrase in ways if phrase.startswith("= ")):
            owners[phrase[2:]].add(family)
    assert not {name: families for name, families in owners.items() if len(families) > 1}


def test_idioms_are_of_attributes_and_values_that_there_are() -> None:
    known = {(f.name, f"{a.name} {v}") for f in FAMILIES.values() for a in f.attributes for v in a.values}
    assert {(family, what) for family, said in IDIOMS.items() for what in said} <= known


@pytest.mark.parametrize("name", FAMILIES)
def test_every_value_can_be_said_and_no_phrase_says_two(name: str) -> None:
    family = FAMILIES[name]
    owners = collections.defaultdict(set)
    for attribute in family.attributes:
        for value in attribute.values:
            said = {phrase for seed in range(40) for phrase in phrases(family, attribute, value, Random(seed))}
            assert said and all(re.fullmatch(r"[<|=+>-] [a-z0-9]+( [a-z0-9]+)*", phrase) for phrase in said)
            for phrase in said:
                owners[phrase].add((attribute.name, value))
    assert not {phrase: meant for phrase, meant in owners.items() if len(meant) > 1}


@pytest.mark.parametrize("name", FAMILIES)
def test_captions_read_well_and_tell_what_they_say(name: str) -> None:
    family, random = FAMILIES[name], Random(name)
    for _ in range(SAMPLES):
        plan = family.sample(random)
        text, told = request(family, plan, random)
        assert told.items() <= plan.items()
        assert text == " ".join(words(text)) and len(text.split()) <= 45 < LONGEST_PROMPT, text
        assert not re.search(ODD, text), text


@pytest.mark.parametrize(
    ("family", "attribute", "things"),
    [
        ("table", "legs", "leg|legs|legged|foot|feet"),
        ("robot", "eyes", "eye|eyes|eyed"),
        ("plane", "engines", "engine|engines|engined|motor|motors"),
        ("bridge", "arches", "arch|arches"),
    ],
)
def test_a_number_in_a_caption_is_the_plans(family: str, attribute: str, things: str) -> None:
    random, found = Random(3), 0
    for _ in range(SAMPLES):
        plan = FAMILIES[family].sample(random)
        text, told = request(FAMILIES[family], plan, random)
        for number in re.findall(rf"(?<!s )\b(\d+|{'|'.join(NUMBERS[1:])}) (?:{things})\b", text):
            count = number if number.isdigit() else str(NUMBERS.index(number))
            assert count == plan[attribute] == told[attribute], text
            found += 1
    assert found > 20


def test_half_of_all_captions_say_little_and_some_say_all() -> None:
    random, said = Random(0), collections.Counter()
    for _ in range(2000):
        family = random.choice(list(FAMILIES.values()))
        plan = family.sample(random)
        said[len(request(family, plan, random)[1])] += 1
    assert 0.45 < (said[0] + said[1] + said[2]) / 2000 < 0.65
    assert said[5] > 100


def test_slips_of_the_keyboard_are_few_and_small() -> None:
    family, slips = FAMILIES["table"], 0
    for seed in range(2000):
        plan = family.sample(Random(seed))
        right, typed = request(family, plan, random := Random(seed))[0], caption(family, plan, Random(seed))
        slips += right != typed
        pairs = [(a, b) for a, b in zip(right.split(), typed.split(), strict=True) if a != b]
        assert len(pairs) <= 1 and all(len(a) > 4 and abs(len(a) - len(b)) <= 1 for a, b in pairs)
        assert mistyped("a low mug", random) == "a low mug"
    assert 20 < slips < 120
