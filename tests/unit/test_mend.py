"""What models of other makers write, mended: every recorded habit becomes a valid mesh, or there is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import SEEDS, soup
from test_stream import JUNK

from meshscribe.backend.engines.mend import Lines, Whole, Words, mender, outspoken
from meshscribe.shared.obj import LLAMA_MESH, PARTS, read, write

HABITS = Path(__file__).parents[1] / "backend" / "habits"
EXPECTED = json.loads((HABITS / "expected.json").read_text("utf-8"))
TETRA = "v 0 0 0\nv 63 0 0\nv 0 63 0\nv 0 0 63\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


def fed(one: Lines | Whole, text: str, size: int = 5, whole: bool = True) -> str:
    out = [one.feed(text[i : i + size]) for i in range(0, len(text), size)]
    return "".join([*out, one.close(whole)])


def sample(name: str) -> str:
    return (HABITS / f"{name}.txt").read_bytes().decode()


def test_there_is_a_sample_for_every_expectation():
    assert {path.stem for path in HABITS.glob("*.txt")} == set(EXPECTED) and len(EXPECTED) >= 40


@pytest.mark.parametrize("name", EXPECTED)
def test_every_habit_becomes_a_valid_mesh_or_a_sentence(name):
    expected, one = EXPECTED[name], Whole()
    text = fed(one, sample(name))
    if not expected["faces"]:
        assert (text, one.faces) == ("", 0)
        assert one.said.startswith("" if expected["says"] == "empty" else expected["says"]) and "\n" not in one.said
        return
    mesh = read(text, PARTS).mesh
    assert len(mesh.sizes) == one.faces == expected["faces"]
    closed = all(piece.closed() for piece in mesh.pieces())
    assert closed == expected.get("closed", closed)
    assert one.repairs == expected.get("repairs", one.repairs)
    assert len(mesh.parts) == expected.get("parts", len(mesh.parts))
    assert [part.name for part in mesh.parts] == expected.get("names", [part.name for part in mesh.parts])


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_model_of_the_dialect_with_such_habits_gives_dialect_text(name, size):
    one = Lines()
    text = fed(one, sample(name), size)
    assert bool(text) == bool(one.faces) >= (EXPECTED[name]["faces"] != 0)
    if text:
        assert len(read(text, LLAMA_MESH).mesh.sizes) == one.faces


@given(JUNK, SEEDS)
def test_any_text_gives_dialect_text_or_none(text, seed):
    size = Random(seed).choice([1, 7, 1000])
    for one, dialect in ((Whole(), PARTS), (Whole(LLAMA_MESH), LLAMA_MESH), (Lines(), LLAMA_MESH)):
        out = fed(one, text, size)
        assert bool(out) == bool(one.faces)
        if out:
            read(out, dialect)


@given(SEEDS)
def test_dialect_text_passes_as_it_is(seed):
    for dialect in (LLAMA_MESH, PARTS):
        text = write(soup(seed), dialect).text
        if "f " in text:
            one = mender(dialect, trained=True)
            assert fed(one, text) == text and not one.repairs
            assert fed(Whole(dialect), "\n" + text.rstrip("\n")) == text  # as the starter's tokens have it


def test_lines_go_out_with_the_first_face_and_then_as_they_come():
    one, out = Lines(), []
    for line in TETRA.splitlines(keepends=True):
        out.append(one.feed(line))
    assert out == ["", "", "", "", TETRA[: TETRA.index("f 1 2 4")], "f 1 2 4\n", "f 1 4 3\n", "f 2 3 4\n"]


def test_lines_that_cannot_be_used_are_left_out_and_counted():
    one = Lines()
    assert fed(one, TETRA + "f 1 2 9\nf 1 2 4\nf 1 2\n") == TETRA and one.repairs == 3


def test_a_second_mesh_ends_the_answer():
    one = Lines()
    assert fed(one, f"{TETRA}Another:\n{TETRA}") == TETRA and one.over and one.repairs == 1


def test_a_vertex_that_cannot_be_read_moves_no_index():
    text = fed(Lines(), TETRA.replace("f 1 3 2", "v 9 x 9\nf 1 3 2", 1))
    assert len(read(text, LLAMA_MESH).mesh.sizes) == 4


def test_the_last_line_of_a_cut_answer_is_a_stump():
    assert fed(Lines(), TETRA[:-1], whole=False) == TETRA[: TETRA.index("f 2 3 4")]


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "a", "</", "think>", " "]), max_size=20), SEEDS)
def test_thoughts_are_taken_out_wherever_the_text_is_cut(pieces, seed):
    def spoken(parts: list[str]) -> str:
        one = Words()
        return "".join([*(one.feed(part) for part in parts), one.close()])

    text = "".join(pieces)
    assert spoken(list(text)) == spoken([text])
    if "</think>" not in text.split("<think>")[0] and text.count("<think>") == text.count("</think>") <= 1:
        assert spoken([text]) == outspoken(text)


def test_an_answer_without_a_mesh_is_quoted_in_short():
    one = Whole()
    fed(one, "word " * 500)
    assert one.said.endswith(" ...") and len(one.said) < 210
