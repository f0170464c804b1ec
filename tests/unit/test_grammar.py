"""Grammars: whatever is chosen among their tokens ends in time and is a valid mesh; meant texts are always legal."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama3 import llama3_tokenizer
from shapes import CUBE, SEEDS, prism, solid, star
from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.backend.decode.grammar import Grammar, LlamaMeshGrammar, PartsGrammar
from meshscribe.backend.decode.vocabulary import Plans, plan_tokens
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH, PARTS, plan_words, read, write
from meshscribe.training.data import plan_line
from meshscribe.training.shapes import FAMILIES
from meshscribe.training.tokenizer import build

LLAMA3 = llama3_tokenizer()
STOPS = [LLAMA3.token_to_id(stop) for stop in prompts.LLAMA3_STOPS]


@cache
def starter() -> Tokenizer:
    return build(FAMILIES, samples=30)


@cache
def plans() -> Plans:
    attributes = {name: {a.name: a.values for a in family.attributes} for name, family in FAMILIES.items()}
    return plan_tokens(starter(), attributes)


def parts(plan_only: bool = False, known: bool = False) -> PartsGrammar:
    return PartsGrammar(starter(), PARTS.bins, plan_only, plans() if known else None)


def llama_mesh() -> LlamaMeshGrammar:
    return LlamaMeshGrammar(LLAMA3, LLAMA_MESH.bins, STOPS)


def walk(grammar: Grammar, stops: set[int], budget: int, choose: Callable[[np.ndarray], int]) -> list[int]:
    """Tokens of a walk without its stop; every set of legal tokens is checked."""
    tokens: list[int] = []
    while True:
        legal = grammar.legal(budget - len(tokens))
        assert len(legal) and (np.diff(legal) > 0).all(), "nothing is legal, or not in order"
        token = int(choose(legal))
        grammar.accept(token)
        if token in stops:
            break
        tokens.append(token)
    assert len(tokens) < budget, "the stop has to fit as well"
    return tokens


def chooser(seed: int, tokenizer: Tokenizer) -> Callable[[np.ndarray], int]:
    """A way to choose: at random, with more or less liking for what begins a line or ends the text; or always the first
    or the last."""
    rng = np.random.default_rng(seed)
    heads = {i for t, i in tokenizer.get_vocab().items() if t[0] in "\nvf<"}
    liking = rng.choice([0.0, 0.1, 0.5, 0.9])
    match rng.integers(8):
        case 0:
            return lambda legal: legal[0]
        case 1:
            return lambda legal: legal[-1]

    def choose(legal: np.ndarray) -> int:
        liked = [i for i in legal.tolist() if i in heads]
        return int(rng.choice(liked if liked and rng.random() < liking else legal))

    return choose


BUDGETS = st.one_of(st.integers(0, 60), st.integers(0, 700))  # over the least


@given(SEEDS, BUDGETS)
def test_any_walk_of_parts_is_a_valid_mesh(seed: int, spare: int) -> None:
    grammar = parts()
    tokens = walk(grammar, {grammar.stop}, grammar.LEAST + spare, chooser(seed, starter()))
    text = starter().decode(tokens).removeprefix("\n") + "\n"
    assert text.startswith("# plan ")
    mesh = read(text, PARTS).mesh
    firsts = []
    for piece in mesh.pieces():
        keys = piece.vertices[:, [1, 0, 2]].tolist()
        assert keys == sorted(keys) and len(set(map(tuple, keys))) == len(keys), "vertices are sorted and differ"
        faces = piece.faces()
        assert faces == sorted(faces) and all(min(face) == face[0] for face in faces)
        edges = [tuple(edge) for edge in piece.edges().tolist()]
        assert len(edges) == len(set(edges)), "each directed edge once"
        firsts.append(keys[0][0])
    assert firsts == sorted(firsts), "no part stands lower than the one before"


@given(SEEDS, BUDGETS)
def test_any_walk_of_llama_mesh_is_a_valid_mesh(seed: int, spare: int) -> None:
    grammar = llama_mesh()
    tokens = walk(grammar, set(STOPS), grammar.LEAST + spare, chooser(seed, LLAMA3))
    text = LLAMA3.decode(tokens)
    mesh = read(text.rstrip("\n") + "\n", LLAMA_MESH).mesh
    assert set(mesh.sizes.tolist()) == {3}
    lines = text.rstrip("\n").split("\n")
    assert len(tokens) in (8 * len(lines), 8 * len(lines) - 1), "8 tokens a line, the last end may be left out"


@given(SEEDS, st.integers(2, 90))
def test_any_walk_of_a_plan_is_words(seed: int, budget: int) -> None:
    grammar = parts(plan_only=True)
    tokens = walk(grammar, {grammar.stop}, max(budget, 3), chooser(seed, starter()))
    line = starter().decode(tokens).removeprefix("\n")
    assert line.startswith("# plan ") and "\n" not in line
    assert 1 <= len(line.split()) - 2 <= PartsGrammar.LONGEST_PLAN


@given(SEEDS)
def test_any_walk_of_a_known_plan_has_every_attribute(seed: int) -> None:
    grammar = parts(plan_only=True, known=True)
    tokens = walk(grammar, {grammar.stop}, 90, chooser(seed, starter()))
    name, said = plan_words(starter().decode(tokens).strip().removeprefix("# plan "))
    assert list(said) == [a.name for a in FAMILIES[name].attributes]
    assert all(said[a.name] in a.values for a in FAMILIES[name].attributes)


def follow(grammar: Grammar, tokens: list[int], budget: int = 4000) -> None:
    """Every token is legal when its turn comes."""
    for place, token in enumerate(tokens):
        legal = grammar.legal(budget - place)
        assert token in legal, f"token {place} of {len(tokens)} is not legal"
        grammar.accept(token)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_shapes_of_training_are_legal(name: str) -> None:
    """As they are trained on: with a plan, in parts, n-gons kept."""
    family, random, tokenizer = FAMILIES[name], Random(7), starter()
    plan = family.sample(random)
    mesh = family.mesh(plan, random)
    text = plan_line(name, plan) + prompts.lines(write(mesh, PARTS).text)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids) == text
    for known in (False, True):
        grammar = parts(known=known)
        follow(grammar, [*ids, grammar.stop])
        assert not grammar.starved


@pytest.mark.parametrize("outline", [CUBE, star(4), star(8)], ids=len)
def test_prisms_are_legal_in_both_dialects(outline: list[tuple[float, float]]) -> None:
    """Caps of up to 16 corners, concave ones too."""
    made = prism(outline)
    mesh = Mesh.join([("part", "wood", made.vertices, made.faces())])
    text = "\n# plan table" + prompts.lines(write(mesh, PARTS).text)
    grammar = parts()
    follow(grammar, [*starter().encode(text).ids, grammar.stop])
    follow(llama_mesh(), [*LLAMA3.encode(write(mesh, LLAMA_MESH).text).ids, STOPS[0]])


@given(SEEDS)
def test_what_the_writer_writes_is_legal_llama_mesh(seed: int) -> None:
    text = write(solid(seed), LLAMA_MESH).text
    ids = LLAMA3.encode(text, add_special_tokens=False).ids
    assert len(ids) == 8 * text.count("\n") and LLAMA3.decode(ids) == text
    for end in ([], ids[-1:]):  # with and without the last line's end
        grammar = llama_mesh()
        follow(grammar, [*ids[:-1], *end, STOPS[0]])
        assert not grammar.starved


def test_a_single_triangle_is_legal_llama_mesh() -> None:
    """Three vertices and no more; a second face over them would repeat the first."""
    mesh = Mesh.build([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
    grammar = llama_mesh()
    follow(grammar, LLAMA3.encode(write(mesh, LLAMA_MESH).text).ids)
    assert grammar.legal(1000).tolist() == sorted(STOPS)


@pytest.mark.parametrize("make", [parts, llama_mesh])
def test_a_budget_that_takes_choices_away_is_told(make: Callable[[], PartsGrammar | LlamaMeshGrammar]) -> None:
    """A walk that always begins another line would never end by itself."""
    grammar = make()
    stops = {grammar.stop} if isinstance(grammar, PartsGrammar) else set(STOPS)
    tokenizer = starter() if isinstance(grammar, PartsGrammar) else LLAMA3

    lines = [grammar.part, grammar.v, grammar.f] if isinstance(grammar, PartsGrammar) else []

    def go_on(legal: np.ndarray) -> int:
        return next((i for i in [*lines, *legal[::-1].tolist()] if i in legal and i not in stops), int(legal[0]))

    tokens = walk(grammar, stops, 300, go_on)
    assert grammar.starved and len(tokens) > 150
    text = tokenizer.decode(tokens).strip("\n") + "\n"
    assert len(read(text, PARTS if isinstance(grammar, PartsGrammar) else LLAMA_MESH).mesh.sizes)


def test_a_tokenizer_that_cannot_tell_the_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="has no token for"):
        LlamaMeshGrammar(starter(), LLAMA_MESH.bins, STOPS)
    with pytest.raises(ValueError, match="ends an answer"):
        LlamaMeshGrammar(LLAMA3, LLAMA_MESH.bins, [])


def test_nothing_is_legal_after_the_end() -> None:
    grammar = parts(plan_only=True)
    walk(grammar, {grammar.stop}, 10, lambda legal: int(legal[0]))
    with pytest.raises(ValueError):
        grammar.legal(10)
