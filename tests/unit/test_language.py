"""What a model with language is told, to the byte (golden files), within its context, and what its answers may mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from llama3 import llama3_tokenizer
from rooms import ROOM, box
from shapes import CUBE, prism, soup, star

from meshscribe.backend import prompts
from meshscribe.backend.understand import language
from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.simplify import fitted
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH, write
from meshscribe.shared.tasks import Ask, Describe, Ground, MeshData, Name, Scene

GOLDEN = Path(__file__).parent / "golden"
LLAMA3 = llama3_tokenizer()
ANSWER = 512
HALF = prompts.LLAMA_MESH_CONTEXT // 2
ROOM_FOR_PROMPT = prompts.LLAMA_MESH_CONTEXT - ANSWER
CUBE_DATA = MeshData.pack(prism(CUBE))
DIALOGUE = [("user", "What is it?"), ("assistant", "A cube."), ("user", "Is it red?"), ("assistant", "I cannot tell.")]


def tokens(turns: prompts.Turns) -> int:
    return len(LLAMA3.encode(prompts.llama3_chat(turns), add_special_tokens=False).ids)


def fits(turns: prompts.Turns) -> bool:
    return tokens(turns) <= ROOM_FOR_PROMPT


def looked(request: Describe | Ask | Name) -> str:
    mesh = request.mesh.unpack()
    return prompts.llama3_chat(language.look(request, mesh, facts(mesh), fits)[0])


def asked(request: Scene | Ground) -> str:
    return prompts.llama3_chat(language.scene(request, fits)[0])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("describe_short", looked(Describe(mesh=CUBE_DATA))),
        ("describe_long", looked(Describe(mesh=CUBE_DATA, form="long"))),
        ("describe_prompt", looked(Describe(mesh=CUBE_DATA, form="prompt"))),
        ("ask", looked(Ask(mesh=CUBE_DATA, question="Who would use this?"))),
        ("ask_again", looked(Ask(mesh=CUBE_DATA, question="And where?", dialogue=DIALOGUE))),
        ("name", looked(Name(mesh=CUBE_DATA))),
        ("change", prompts.llama_mesh_change(write(prism(CUBE), LLAMA_MESH).text, "Make it taller")),
        ("scene", asked(Scene(objects=ROOM[3:8], question="Who lives here?", dialogue=DIALOGUE[:2]))),
        ("scene_missing", asked(Scene(objects=ROOM[3:5], about="missing"))),
        ("ground", asked(Ground(objects=ROOM[3:8], phrase="what I would drink from"))),
    ],
)
def test_the_words_are_those_of_the_golden_files(name: str, text: str) -> None:
    assert text == (GOLDEN / f"llama_mesh_{name}.txt").read_text("utf-8")


def test_a_short_description_is_asked_in_the_words_of_the_training() -> None:
    assert looked(Describe(mesh=CUBE_DATA)) == prompts.llama_mesh_describe(write(prism(CUBE), LLAMA_MESH).text)


# ------------------------------------------------------------------------------------------- within the context


def random_mesh(seed: int) -> Mesh:
    """From a triangle to some 3,000 faces: soups, grids with noise, balls, many pieces."""
    rng = np.random.default_rng(seed)
    match seed % 5:
        case 0:
            return soup(seed)
        case 1:
            n, m = rng.integers(2, 40, 2)
            x, z = np.meshgrid(np.arange(n), np.arange(m))
            y = rng.normal(size=n * m) * rng.choice([0, 0.1, 5])
            points = np.stack([x.ravel(), y, z.ravel()], 1)
            corner = (np.arange(m - 1)[:, None] * n + np.arange(n - 1)).ravel()
            return Mesh.build(points, np.stack([corner, corner + 1, corner + n + 1, corner + n], 1))
        case 2:
            ball = trimesh.creation.uv_sphere(count=rng.integers(3, 40, 2))
            return Mesh.build(ball.vertices * rng.uniform(0.1, 2, 3), ball.faces)
        case 3:
            one = prism(star(int(rng.integers(2, 9))), float(rng.uniform(0.1, 3)))
            places = rng.uniform(-20, 20, (rng.integers(1, 60), 3))
            return Mesh.join((f"p{i}", "", one.vertices + place, one.faces()) for i, place in enumerate(places))
        case _:
            points = rng.normal(size=(rng.integers(4, 1200), 3))
            return Mesh.build(
                points, rng.permuted(np.tile(np.arange(len(points)), (len(points) // 2, 1))[:, :3], axis=1)
            )


@pytest.mark.parametrize("start", range(0, 500, 50))
def test_no_prompt_is_longer_than_the_context(start: int) -> None:
    """500 meshes, described, asked about with and without a long dialogue, and changed."""
    long_ago = [(role, "What about it? " * 200) for role in ("user", "assistant")] * 30
    for seed in range(start, start + 50):
        mesh = random_mesh(seed)
        data = MeshData.pack(mesh)
        known = {"size": [1.0, 1.0, 1.0], "parts": 1, "faces": len(mesh.sizes), "closed": False}
        request = (
            Describe(mesh=data, form="long")
            if seed % 3 == 0
            else Ask(mesh=data, question="What is on top? " * 20, dialogue=long_ago[:64] if seed % 3 == 1 else [])
        )
        turns, lost = language.look(request, mesh, known, fits)
        assert tokens(turns) <= ROOM_FOR_PROMPT
        assert turns[-1][0] == "user" and "\nf " in turns[0][1]
        assert not lost or f"{len(mesh.sizes):,} faces" in lost or "too small" in lost
        changed = fitted(mesh, LLAMA_MESH, language.MOST_FACES, lambda text: tokens([("user", text)]) <= HALF)
        assert changed is not None and tokens([("user", changed.written.text)]) <= HALF


def test_what_was_lost_is_said() -> None:
    ball = trimesh.creation.icosphere(subdivisions=4)
    mesh = Mesh.build(ball.vertices, ball.faces)
    _, lost = language.look(Describe(mesh=MeshData.pack(mesh)), mesh, facts(mesh), fits)
    assert "simplified copy" in lost and "of its 5,120 faces" in lost
    small = prism(CUBE)
    assert language.look(Describe(mesh=CUBE_DATA), small, facts(small), fits)[1] == ""


def test_a_dialogue_speaks_of_the_mesh_that_is_sent_with_it() -> None:
    """However the mesh changes, and however long the dialogue: the text is bounded, and holds the mesh of now only."""
    dialogue: list[tuple[str, str]] = []
    for turn in range(40):
        mesh = prism(star(3 + turn % 20), 1.0 + turn)
        request = Ask(mesh=MeshData.pack(mesh), question=f"Question {turn}?", dialogue=dialogue[-64:])
        turns, _ = language.look(request, mesh, facts(mesh), fits)
        text = prompts.llama3_chat(turns)
        written = write(mesh, LLAMA_MESH)
        assert written.text.rstrip() in text and text.count("\nv ") == written.vertices
        assert f"Question {turn}?" in turns[-1][1] and len(turns) <= language.MOST_TURNS + 1
        assert [role for role, _ in turns] == (["user", "assistant"] * 20)[: len(turns)]
        dialogue += [("user", f"Question {turn}?"), ("assistant", f"Answer {turn}. " * 100)]


def test_turns_that_do_not_alternate_are_put_right() -> None:
    said = [("assistant", "b"), ("user", "c"), ("user", "d"), ("assistant", "e"), ("user", "f")]
    assert language.recent(said) == [("user", "c"), ("assistant", "e")]


def test_a_scene_that_is_too_large_tells_of_its_largest_things() -> None:
    many = [box(f"id{i}", f"Thing.{i:04}", "", i, 0, 0, 1, 1, 1 + i) for i in range(2000)]
    turns, told = language.scene(Ground(objects=many, phrase="the thing"), fits)
    assert tokens(turns) <= ROOM_FOR_PROMPT and 20 < len(told) < 2000
    assert told[-1].id == "id1999" and f"{len(told)}. Thing.1999" in turns[-1][1]
    with pytest.raises(ValueError, match="does not fit"):
        language.scene(Ground(objects=many[:3], phrase="the thing"), lambda turns: False)


# ------------------------------------------------------------------------------------------------ what comes back


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("1", ["table"]),
        ("2, 4 and 2", ["chair1", "chair3"]),
        ("The objects are 3.", ["chair2"]),
        ("0", []),
        ("99 or -7 or 6", []),
        ("None of them.", []),
        ("Object 5 at (0.5, 1.25, 3)", ["mug1", "chair2"]),
        ("", []),
    ],
)
def test_numbers_of_an_answer_are_objects_or_nothing(text: str, ids: list[str]) -> None:
    assert language.numbered(text, ROOM[3:8]) == ids


@settings(max_examples=100)
@given(st.text(max_size=100))
def test_an_answer_invents_no_object(text: str) -> None:
    assert set(language.numbered(text, ROOM)) <= {each.id for each in ROOM}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("This is a wooden chair.", "Wooden chair"),
        ("A table\nIt has four legs.", "Table"),
        ('"Coffee Mug"', "Coffee Mug"),
        ("", "Mesh"),
        ("\n\nthe old oak tree that stands in the garden", "Old oak tree that stands"),
    ],
)
def test_a_name_is_a_few_words(text: str, name: str) -> None:
    assert language.called(text) == name
