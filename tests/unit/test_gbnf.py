"""The grammars for servers: they take what the dialects' writer writes, and nothing that is no line of the dialect."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import SEEDS, soup

from meshscribe.backend import prompts
from meshscribe.backend.engines import gbnf
from meshscribe.shared.obj import DECLINED, LLAMA_MESH, PARTS, write


def pattern(grammar: str, rule: str = "root") -> str:
    """A grammar without recursion as a regular expression: an independent reading of it."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())
    out = []
    for part in re.findall(r'"(?:\\.|[^"\\])*"|\[[^]]*\]|[a-z]+|\{[^}]*\}|[|()*+?]', rules[rule]):
        if part[0] == '"':
            out.append(f"(?:{re.escape(part[1:-1].replace(chr(92) + 'n', chr(10)))})")
        else:
            out.append(f"(?:{pattern(grammar, part)})" if part.isalpha() else part)
    return "".join(out)


def takes(grammar: str, text: str) -> bool:
    return re.fullmatch(pattern(grammar), text) is not None


@pytest.mark.parametrize("last", [0, 5, 9, 10, 19, 63, 99, 100, 127, 255, 1023])
def test_numbers_are_exactly_those_up_to_the_last(last):
    form = re.compile(gbnf.numbers(last).replace(" ", "").replace('"', ""))
    assert [n for n in range(2 * last + 20) if form.fullmatch(str(n))] == list(range(last + 1))
    assert not any(form.fullmatch(text) for text in ("", "00", "01", "-1", "1.0"))


@given(SEEDS)
def test_the_grammars_take_what_the_writer_writes(seed):
    text = write(soup(seed), LLAMA_MESH).text
    if text.count("v ") > 2 and "f " in text:
        assert takes(gbnf.llama_mesh(), text)
    text = write(soup(seed), PARTS, "chair legs 4").text
    if "f " in text:
        assert takes(gbnf.parts(), "\n" + text.rstrip("\n"))
        assert takes(gbnf.plain(), prompts.counted(text) + "\n")
        assert takes(gbnf.plan(), "\n" + text.splitlines()[0])


@pytest.mark.parametrize(
    "line",
    [
        "v 64 0 0",
        "v 0 0",
        "v 0 0 0 0",
        "v 00 1 2",
        "v 0.5 1 2",
        "f 0 1 2",
        "f 1 2",
        "f 1 2 3 4",
        "f 1 2 -3",
        "Here it is",
        "",
    ],
)
def test_what_is_no_line_of_the_dialect_is_not_taken(line):
    good = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    assert takes(gbnf.llama_mesh(), good)
    assert not takes(gbnf.llama_mesh(), f"{good}{line}\n")
    assert not takes(gbnf.llama_mesh(), f"{line}\n{good}")


def test_a_model_may_say_that_it_cannot():
    assert takes(gbnf.parts(), f"\n# plan {DECLINED}") and not takes(gbnf.parts(), "\n# plan table")


@given(st.text("gvf 0123456789-\n", max_size=40))
def test_noise_is_not_taken(text):
    assert not takes(gbnf.llama_mesh(), text) or text.startswith("v ")


def test_the_example_for_general_models_is_what_is_asked_for():
    example = prompts.general_generate("x")[2][1] + "\n"
    assert takes(gbnf.plain(), example)
