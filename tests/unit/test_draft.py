"""Guesses over real mesh text: how many passes teacher forcing needs, and that any text can be followed."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft import Draft
from meshscribe.backend.decode.draft_llama_mesh import LlamaMeshDraft
from meshscribe.backend.decode.draft_parts import PartsDraft, PartsMemory
from meshscribe.backend.decode.grammar import Grammar, PartsGrammar
from meshscribe.shared.obj import LLAMA_MESH, PARTS, write
from meshscribe.training.shapes import FAMILIES
from meshscribe.training.tokenizer import build

STARTER = build(FAMILIES, samples=20)
V, F, SPACE, LINE, NUMBERS = 1, 2, 3, 4, range(10, 1010)  # tokens of a made-up Llama-3 vocabulary


def passes(draft: Draft, tokens: list[int], forced: set[int] = frozenset(), grammar: Grammar | None = None) -> int:
    """Passes that a text takes, each over up to 16 guesses; `forced` tokens ride along, and those that the grammar
    leaves no choice in."""
    at = count = 0
    while at < len(tokens):
        guesses = draft.guess(16)
        assert len(guesses) <= 16
        right = 0
        while right < len(guesses) and tokens[at + right : at + right + 1] == [guesses[right]]:
            right += 1
        least, count = at + right + 1, count + 1
        while at < len(tokens) and (at < least or tokens[at] in forced or only(grammar, tokens[at])):
            draft.accept(tokens[at])
            if grammar:
                grammar.accept(tokens[at])
            at += 1
    draft.end()
    return count


def only(grammar: Grammar | None, token: int) -> bool:
    return grammar is not None and grammar.legal(4000).tolist() == [token]


def shapes(seed: str):
    for name, family in FAMILIES.items():
        random = Random(f"{seed}/{name}")
        yield family.mesh(family.sample(random), random)


def test_parts_text_takes_little_over_a_pass_a_line() -> None:
    memory, lines, taken = PartsMemory(), 0, 0
    for seed in ("learn", "learn more", "held out"):
        lines = taken = 0
        for mesh in shapes(seed):
            text = write(mesh, PARTS).text
            tokens = STARTER.encode("\n# plan" + prompts.lines(text), add_special_tokens=False).ids
            taken += passes(PartsDraft(STARTER, PARTS.bins, memory), tokens, grammar=PartsGrammar(STARTER, PARTS.bins))
            lines += text.count("\n")
    assert taken / lines < 1.25


def llama_tokens(text: str) -> list[int]:
    out = []
    for line in text.splitlines():
        head, *numbers = line.split()
        out.append(V if head == "v" else F)
        for number in numbers:
            out += [SPACE, NUMBERS[int(number)]]
        out.append(LINE)
    return out


def test_llama_mesh_text_takes_under_two_passes_a_line() -> None:
    lines = taken = 0
    for mesh in shapes("llama"):
        text = write(mesh, LLAMA_MESH).text
        taken += passes(LlamaMeshDraft(V, F, SPACE, LINE, NUMBERS), llama_tokens(text), {SPACE, LINE})
        lines += text.count("\n")
    assert taken / lines < 2.0


@pytest.mark.parametrize("kind", ["parts", "llama-mesh"])
@given(data=st.data())
def test_any_legal_looking_text_can_be_followed(kind: str, data: st.DataObject) -> None:
    """Vertices and faces in no order at all: guesses may be wrong, never an error."""
    if kind == "parts":
        draft: Draft = PartsDraft(STARTER, PARTS.bins, PartsMemory())
        vocabulary = STARTER.get_vocab()
        names = data.draw(st.lists(st.sampled_from([" leg", " top"]), max_size=4))
        step = st.integers(0, 126)
        heads = []
        for name in names:
            low = data.draw(st.tuples(step, step, step))
            high = [data.draw(st.integers(c + 1, 127)) for c in low]
            numbers = [data.draw(st.integers(1, 4)), *low, *high, data.draw(st.integers(4, 60))]
            left, *box = [vocabulary[f" {number}"] for number in numbers]
            heads.append([vocabulary[name], left, vocabulary[" wood"], *box])
        outline = [[vocabulary["\n# part"], *head] for head in heads]
        passes(draft, [token for line in outline for token in line])
        for name, _, material, *box in heads:
            tokens = [vocabulary["\ng"], name, vocabulary["\nusemtl"], material, vocabulary["\n# box"], *box]
            count = data.draw(st.integers(4, 7))
            for _ in range(count):
                tokens += [vocabulary["\nv"], *(vocabulary[f" {data.draw(step)}"] for _ in range(3))]
            for _ in range(data.draw(st.integers(1, 4))):
                corners = data.draw(st.lists(st.integers(1, count), min_size=3, max_size=5, unique=True))
                tokens += [vocabulary["\nf"], *(vocabulary[f" -{c}"] for c in corners)]
            passes(draft, tokens)
    else:
        draft = LlamaMeshDraft(V, F, SPACE, LINE, NUMBERS)
        count = data.draw(st.integers(3, 8))
        points = data.draw(st.lists(st.tuples(*[st.integers(0, 63)] * 3), min_size=count, max_size=count))
        corners = st.lists(st.integers(1, count), min_size=3, max_size=3, unique=True)
        text = "".join(f"v {x} {y} {z}\n" for x, y, z in points)
        text += "".join("f {} {} {}\n".format(*face) for face in data.draw(st.lists(corners, max_size=8)))
        passes(draft, llama_tokens(text), {SPACE, LINE})
