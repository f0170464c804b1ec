from __future__ import annotations

import re
from random import Random

import pytest

from meshscribe.backend.words import describe_plan
from meshscribe.training.shapes import FAMILIES


@pytest.mark.parametrize(
    ("family", "attributes", "sentence"),
    [
        (
            "table",
            {"top": "round", "legs": "4", "height": "low", "shelf": "no", "material": "wood"},
            "A low table with a round top and 4 legs, made of wood.",
        ),
        ("table", {"legs": "1", "height": "medium"}, "A table with 1 leg."),
        ("mug", {"handles": "0", "saucer": "yes", "drink": "yes"}, "A mug with no handles, a saucer and a drink."),
        ("chair", {"armrests": "yes", "material": "darkwood"}, "A chair with armrests, made of dark wood."),
        ("tree", {"kind": "oak", "height": "tall"}, "A tall oak tree."),
        ("lamp", {"shade": "cone", "base": "tripod"}, "A lamp with a cone shade and a tripod base."),
        ("tree", {"leaves": "orange"}, "A tree with orange leaves."),
        ("mug", {"material": "blue"}, "A mug, in blue."),
        ("anvil", {}, "An anvil."),
        ("stairs", {"steps": "5", "slope": "steep"}, "Steep stairs with 5 steps."),
        ("book", {"books": "3", "form": "open", "bookmark": "no"}, "3 open books."),
        ("book", {"books": "1", "thickness": "thick", "material": "leaf"}, "A thick book, in leaf green."),
        ("bridge", {"arches": "1", "rails": "yes"}, "A bridge with 1 arch and rails."),
        ("primitive", {"kind": "torus", "height": "low", "material": "red"}, "A low torus, in red."),
        ("clock", {"kind": "alarm", "oclock": "8"}, "An alarm clock with its hands at 8 o'clock."),
        ("flower", {"kind": "tulip", "bloom": "orange"}, "A tulip with an orange bloom."),
        ("palm", {"foliage": "needle"}, "A palm tree with dark green foliage."),
    ],
)
def test_a_plan_in_words(family: str, attributes: dict[str, str], sentence: str) -> None:
    assert describe_plan(family, attributes) == sentence


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_its_sentence(name: str) -> None:
    """Starts with a capital or a number, ends with a stop, no word twice in a row, no word left open."""
    random = Random(1)
    for _ in range(5):
        said = describe_plan(name, FAMILIES[name].sample(random))
        assert re.fullmatch(r"([A-Z]|[2-5] )[a-z0-9 ,']+\.", said) and "  " not in said and " ," not in said, said
        assert not re.search(r"\b(\w+) \1\b", said), said
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", said), said
