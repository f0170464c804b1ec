"""Describe, Ask, Name, Scene and Ground on engines of this machine: the starter by rule and reading, a model with
language (here with random weights) for what rules cannot answer. Any mesh fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from rooms import ROOM
from test_engine import CORNERS, CUBE_FACES, boxes, home, llama, opened, ran, refused

from meshscribe.shared.mesh import Mesh
from meshscribe.shared.tasks import Ask, Change, Describe, Ground, MeshData, Name, Scene, Struct

__all__ = ["home", "llama"]  # fixtures

CUBE = Mesh.build(CORNERS, CUBE_FACES)
DATA = MeshData.pack(CUBE)
LUMP = Mesh.build(
    np.where(np.arange(8)[:, None] == 0, 2.0, 1.0) * CORNERS + 0.3 * (np.arange(8)[:, None] == 7), CUBE_FACES
)


def fine(count: int) -> Mesh:
    """A ball with a dent, else no model would be asked what it is."""
    ball = trimesh.creation.uv_sphere(count=(count, count))
    ball.vertices[0] *= 0.5
    return Mesh.build(ball.vertices, ball.faces)


def test_the_starter_answers_from_facts_and_reading() -> None:
    starter = opened("starter")
    text, outcome, _ = ran(starter, Ask(mesh=DATA, question="How many faces does it have?"))
    assert text == "It has 6 faces." and outcome.finish == "stop" and outcome.facts["closed"]
    text, outcome, _ = ran(starter, Ask(mesh=DATA, question="What would Picasso say?"))
    assert "LLaMA-Mesh" in text
    text, outcome, _ = ran(starter, Name(mesh=DATA))
    assert outcome.names is not None and outcome.names.object == text and len(outcome.names.parts) == 1


@pytest.mark.parametrize("form", ["short", "long", "prompt"])
def test_a_description_has_a_form(form: str) -> None:
    text, outcome, _ = ran(opened("starter"), Describe(mesh=MeshData.pack(LUMP), form=form))
    assert text.endswith(".") == (form != "prompt") and outcome.tokens
    assert ("vertices" in text) == (form == "long")


def test_scenes_are_answered_by_rule_without_the_model() -> None:
    starter = opened("starter")
    text, outcome, _ = ran(starter, Scene(objects=ROOM, question="What is under the table?"))
    assert text == "Cat." and outcome.passes == 0 and outcome.model == "starter"
    text, outcome, _ = ran(starter, Ground(objects=ROOM, phrase="the chair next to the window"))
    assert text == "Chair.003." and outcome.ids == ["chair3"]
    text, outcome, _ = ran(starter, Ground(objects=ROOM, phrase="the piano"))
    assert "no piano" in text and outcome.ids == []
    for about in ("describe", "missing", "tasks"):
        assert ran(starter, Scene(objects=ROOM, about=about))[0]


@pytest.mark.parametrize("mesh", [fine(120), boxes(300)], ids=["dense", "many pieces"])
def test_what_is_too_large_is_simplified_and_said(llama: Path, mesh: Mesh) -> None:
    for engine in (opened("starter"), opened(f"{llama}:fp32")):
        text, outcome, _ = ran(engine, Describe(mesh=MeshData.pack(mesh), max_tokens=8))
        assert outcome.facts["faces"] == len(mesh.sizes), "facts are those of the whole mesh"
        assert len(outcome.notes) == 1 and f"of its {len(mesh.sizes):,} faces" in outcome.notes[0]
        assert outcome.prompt_tokens < engine.context


def test_a_thinned_mesh_is_told_of_as_the_whole(llama: Path) -> None:
    data = MeshData.pack(LUMP, whole=(400_000, 800_000))
    for engine in (opened("starter"), opened(f"{llama}:fp32")):
        outcome = ran(engine, Describe(mesh=data, max_tokens=4))[1]
        assert outcome.facts["faces"] == 800_000 and outcome.facts["thinned"]
        assert "of its 800,000 faces" in outcome.notes[0]


def test_a_model_with_language_computes_what_can_be_computed(llama: Path) -> None:
    engine = opened(f"{llama}:fp32")
    text, outcome, _ = ran(engine, Ask(mesh=DATA, question="How many faces does it have?"))
    assert text == "It has 6 faces." and outcome.passes == 0
    text, outcome, _ = ran(engine, Ask(mesh=DATA, question="What would Picasso say?", max_tokens=5))
    assert outcome.passes and outcome.tokens <= 5
    text, outcome, _ = ran(engine, Scene(objects=ROOM, question="What is under the table?"))
    assert text == "Cat." and outcome.passes == 0
    text, outcome, _ = ran(engine, Scene(objects=ROOM, question="Who lives here?", max_tokens=5))
    assert outcome.passes


def test_a_model_with_language_names_no_object_that_is_not_there(llama: Path) -> None:
    engine = opened(f"{llama}:fp32")
    for seed in range(5):
        request = Ground(objects=ROOM, phrase="what I dreamt of", seed=seed, temperature=1.5)
        outcome = ran(engine, request)[1]
        assert outcome.passes and set(outcome.ids) <= {each.id for each in ROOM}
    outcome = ran(engine, Name(mesh=DATA, temperature=1.0))[1]
    assert outcome.names is not None and 0 < len(outcome.names.object) <= 63


def test_dense_meshes_can_be_changed(llama: Path) -> None:
    mesh = MeshData.pack(fine(60))
    for engine in (opened("starter"), opened(f"{llama}:fp32")):
        outcome = ran(engine, Change(mesh=mesh, instruction="make it taller", max_tokens=120))[1]
        assert outcome.prompt_tokens <= engine.context / 2


@pytest.mark.parametrize("task", [Describe, Ask, Name])
def test_a_mesh_that_is_none_is_said(task: type[Struct]) -> None:
    more = {"question": "What is it?"} if task is Ask else {}
    flat = Mesh.build(np.zeros((3, 3)), [(0, 1, 2)])
    for mesh, part in ((Mesh.build(CORNERS, []), "no faces"), (flat, "no face with an area")):
        error = refused(lambda mesh=mesh: ran(opened("starter"), task(mesh=MeshData.pack(mesh), **more)))
        assert error.code == "bad_request" and part in error.sentence


def test_a_reading_can_be_cancelled() -> None:
    text, outcome, _ = ran(opened("starter"), Describe(mesh=MeshData.pack(LUMP)), stop_after=0)
    assert outcome.finish == "cancelled" and text == ""
