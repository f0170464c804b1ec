"""Questions about one mesh, from its facts and the words of a plan."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import CUBE, prism, soup

from meshscribe.backend.understand import tasks
from meshscribe.backend.understand.answers import Known, answer, described, title
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.naming import names
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.tasks import Ask, Describe, MeshData, Name
from meshscribe.training.shapes import FAMILIES

PLAN = {"top": "round", "legs": "4", "height": "low", "shelf": "no", "material": "wood"}
WORDS = "table " + " ".join(f"{name} {value}" for name, value in PLAN.items())
TABLE = FAMILIES["table"].mesh(PLAN, Random(1))
KNOWN = Known(facts(TABLE), WORDS)
BARE = Known(facts(prism(CUBE, 2.0)), "")
LUMP = Known(facts(prism([(-0.5, -1), (0.5, -1), (0.9, 1), (-0.5, 1)])), "")


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What is it?", "A low table with a round top and 4 legs"),
        ("what is this object", "table"),
        ("Is it a table?", "Yes."),
        ("Is this a chair?", "No, I read it as this: a low table"),
        ("is it furniture?", "table"),
        ("How many legs does it have?", "It has 4 legs."),
        ("how many faces?", f"It has {len(TABLE.sizes)} faces."),
        ("How many triangles has it got?", "It has no triangles."),
        ("how many vertices", f"{len(TABLE.vertices)} vertices"),
        ("What parts does it have?", "It is made of 4 legs and a top."),
        ("Does it have a shelf?", "No."),
        ("Does it have a top?", "The top is round."),
        ("Has it got any drawers?", "I see none."),
        ("Is the top square?", "The top is round."),
        ("What is it made of?", "wood"),
        ("Which pieces are the same?", "4 equal pieces called leg"),
        ("Is it low?", "Yes."),
        ("and the legs?", "It has 4 legs."),
        ("What prompt would make it?", "a low table"),
        ("What should I name it?", "Low table."),
        ("Is it watertight?", "Yes."),
        ("Can I 3D print it?", "Yes."),
        ("Will it stand?", "It stands on 4 feet"),
        ("What would Picasso say?", "LLaMA-Mesh"),
    ],
)
def test_a_table_is_asked_about(question: str, part: str) -> None:
    assert part in answer(KNOWN, question)[0]


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("How tall is it?", "It is 1 high."),
        ("how deep is it", "It is 2 deep."),
        ("What are its dimensions?", "1 wide, 1 high and 2 deep"),
        ("What is its volume?", "2 cubed units, 100 % of its box"),
        ("surface area?", "10 squared units"),
        ("Is it symmetrical?", "It mirrors left to right"),
        ("Are the normals ok?", "outward"),
        ("Is anything wrong with it?", "nothing wrong"),
        ("Is it low poly?", "low-poly: 6 faces"),
        ("Does it have holes?", "No"),
        ("how many holes are there?", "It has no holes."),
        ("How many quads?", "It has 6 quads."),
        ("How many parts?", "It has one piece."),
    ],
)
def test_a_block_is_measured_without_a_plan(question: str, part: str) -> None:
    said, sure = answer(BARE, question)
    assert sure and part in said


@pytest.mark.parametrize("question", ["What is it?", "Is it a chair?", "Does it have arms?", "What is it made of?", ""])
def test_what_is_not_known_is_said(question: str) -> None:
    said, sure = answer(LUMP, question)
    assert not sure and "LLaMA-Mesh" in said


def test_an_open_mesh_says_why() -> None:
    cube = prism(CUBE)
    known = Known(facts(Mesh.build(cube.vertices, cube.faces()[1:])), "")
    assert "4 open edges around 1 hole" in answer(known, "Is it closed?")[0]
    assert "not closed" in answer(known, "What is its volume?")[0]
    assert "open" in answer(known, "What is wrong with it?")[0]


def test_the_forms_of_a_description() -> None:
    assert described(KNOWN, "short") == "A low table with a round top and 4 legs, made of wood."
    long = described(KNOWN, "long")
    assert long.startswith(described(KNOWN, "short")) and "It is closed" in long and "4 equal pieces" in long
    prompt = described(KNOWN, "prompt")
    assert prompt.startswith("a low table") and not prompt.endswith(".")
    assert "6 faces" in described(LUMP, "short")


def test_names_for_an_object_and_its_parts() -> None:
    assert title(KNOWN) == "Low table" and title(LUMP) == "Mesh" and title(BARE) == "Box"
    assert names(KNOWN, TABLE)[1] == [part.name for part in TABLE.parts]
    loose = Mesh(TABLE.vertices, TABLE.loops, TABLE.sizes)
    named = names(KNOWN, loose)[1]
    assert len(named) == len(loose.pieces()) and named.count("leg") == 4
    assert {name for name in named if name != "leg"} <= {"bar", "panel", "block"}


def test_parts_that_have_names_keep_them() -> None:
    cube = prism(CUBE)
    mesh = Mesh.join([(n, "", cube.vertices + 3.0 * i, cube.faces()) for i, n in enumerate(("lid", "part", ""))])
    assert names(Known(facts(mesh), ""), mesh)[1] == ["lid", "block", "block"]


def read(mesh: Mesh) -> tuple[str, str]:
    return WORDS, "The model read a simplified copy."


def test_tasks_fill_the_outcome() -> None:
    data = MeshData.pack(TABLE)
    named = tasks.about_mesh(Name(mesh=data), TABLE, read)
    assert named.names is not None and named.names.object == "Low table" == named.text
    asked = tasks.about_mesh(Ask(mesh=data, question="how many legs?"), TABLE, read)
    assert asked.text == "It has 4 legs." and asked.facts is not None and asked.lost
    told = tasks.about_mesh(Describe(mesh=data, prompt="how many legs?"), TABLE, read)
    assert told.text == asked.text


def test_a_mesh_without_an_area_is_not_read() -> None:
    flat = Mesh.build([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [(0, 1, 2)])

    def unread(mesh: Mesh) -> tuple[str, str]:
        raise AssertionError("there is nothing to read")

    answer = tasks.about_mesh(Describe(mesh=MeshData.pack(flat)), flat, unread)
    assert "1 faces" in answer.text or "1 face" in answer.text


def test_a_thinned_copy_tells_of_the_whole() -> None:
    data = MeshData.pack(TABLE, whole=(1_000_000, 2_000_000))
    assert "2,000,000 faces" in tasks.about_mesh(Ask(mesh=data, question="how many faces?"), TABLE, read).text


@settings(max_examples=100)
@given(st.integers(0, 50), st.text(max_size=60))
def test_any_question_about_any_mesh_has_an_answer(seed: int, question: str) -> None:
    mesh = soup(seed)
    whole = Mesh(mesh.vertices, mesh.loops, mesh.sizes, (Part("x", "", len(mesh.vertices), len(mesh.sizes)),))
    for one in (mesh, whole):
        assert answer(Known(facts(one), WORDS), question)[0]
        assert names(Known(facts(one), WORDS), one)[0]
