from __future__ import annotations

import json
from random import Random

import pytest

from meshscribe.backend.models.store import STARTER
from meshscribe.backend.prompts import LONGEST_PROMPT, words
from meshscribe.training.captions import request
from meshscribe.training.idioms import IDIOMS
from meshscribe.training.phrases import NOUNS
from meshscribe.training.sets import phrasings, strangers
from meshscribe.training.shapes import FAMILIES


@pytest.mark.parametrize("written", ["phrasings", "phrasings_second"])
def test_the_phrasings_say_what_there_is(written: str) -> None:
    """Every family that is shipped has some; every value exists and fits; no prompt stands twice."""
    asked = phrasings(written)
    assert {phrasing.family for phrasing in asked} >= set(json.loads((STARTER / "families.json").read_text()))
    assert len({tuple(words(phrasing.prompt)) for phrasing in asked}) == len(asked) >= 99
    for prompt, name, plan in asked:
        values = {a.name: a.values for a in FAMILIES[name].attributes}
        assert all(value in values[attribute] for attribute, value in plan.items()), prompt
        assert words(prompt) and len(words(prompt)) <= LONGEST_PROMPT
        random = Random(0)
        assert any(plan.items() <= FAMILIES[name].sample(random).items() for _ in range(20_000)), prompt


def test_counts_and_sizes_are_asked_for() -> None:
    kinds = [a.kind for p in phrasings() for a in FAMILIES[p.family].attributes if a.name in p.plan]
    assert kinds.count("count") >= 70 and kinds.count("size") >= 70


@pytest.mark.parametrize("name", FAMILIES)
def test_no_phrasing_is_a_template(name: str) -> None:
    both = [*phrasings(), *phrasings("phrasings_second")]
    asked = {" ".join(words(phrasing.prompt)) for phrasing in both if phrasing.family == name}
    random = Random(0)
    for _ in range(2000):
        caption = request(FAMILIES[name], FAMILIES[name].sample(random), random)[0]
        assert caption not in asked


def test_strangers_are_nobodys() -> None:
    """No prompt stands twice; none is only a name that a family goes by."""
    prompts = [" ".join(words(prompt)) for _, prompt in strangers()]
    assert len(set(prompts)) == len(prompts) >= 80
    said = {f"= {name}" for names in NOUNS.values() for name in names}
    said |= {phrase for ways in IDIOMS.values() for phrases in ways.values() for phrase in phrases}
    assert not {f"= {prompt.removeprefix('a ').removeprefix('an ')}" for prompt in prompts} & said
