"""Plain solids are told by their geometry, however they lie, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from meshscribe.backend.understand import tasks
from meshscribe.backend.understand.facts import facts
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.tasks import Ask, Describe, MeshData, Name

MADE = {
    "ball": lambda: trimesh.creation.icosphere(3),
    "cube": lambda: trimesh.creation.box((2, 2, 2)),
    "box": lambda: trimesh.creation.box((1, 2, 3)),
    "cylinder": lambda: trimesh.creation.cylinder(1, 3, sections=24),
    "cone": lambda: trimesh.creation.cone(1, 2, sections=24),
    "ring": lambda: trimesh.creation.torus(2, 0.5),
}


def of(made: trimesh.Trimesh) -> Mesh:
    return Mesh.build(made.vertices.astype(np.float32), made.faces.tolist())


def turned(made: trimesh.Trimesh, seed: int) -> trimesh.Trimesh:
    made.apply_transform(trimesh.transformations.random_rotation_matrix(np.random.default_rng(seed).random(3)))
    made.apply_scale(10 ** (seed % 7 - 3))
    made.apply_translation((seed, -seed, 0.5))
    return made


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("seed", range(4))
def test_they_are_told_however_they_lie(name: str, seed: int) -> None:
    made = MADE[name]()
    assert facts(of(turned(made, seed) if seed else made))["solid"] == name


@pytest.mark.parametrize(("name", "sides"), [("flat rectangle", 4), ("flat disc", 32), ("", 3), ("", 6)])
def test_flat_things(name: str, sides: int) -> None:
    angles = np.arange(sides) * 2 * np.pi / sides
    points = np.stack([np.cos(angles), np.sin(angles), 0 * angles], 1) * (3, 3 if sides > 4 else 2, 1)
    if sides == 4:
        points = np.array([(0, 0, 0), (3, 0, 0), (3, 2, 0), (0, 2, 0)], float)
    assert facts(Mesh.build(points.astype(np.float32), [tuple(range(sides))]))["solid"] == name


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(sorted(MADE)))
def test_what_is_dented_is_none(seed: int, name: str) -> None:
    made = MADE[name]()
    push = np.random.default_rng(seed).normal(size=made.vertices.shape)
    made.vertices += 0.1 * made.extents.max() * push
    assert facts(of(made))["solid"] == ""


def test_no_model_is_asked_for_them() -> None:
    def read(mesh: Mesh) -> tuple[str, str]:
        raise AssertionError("it was read")

    data = MeshData.pack(of(MADE["cylinder"]()))
    assert tasks.answer(Describe(mesh=data), read).text == "A cylinder."
    assert tasks.answer(Describe(mesh=data, form="prompt"), read).text == "a cylinder"
    assert tasks.answer(Ask(mesh=data, question="Is it a cylinder?"), read).text.startswith("Yes.")
    assert tasks.answer(Ask(mesh=data, question="Is it a chair?"), read).text == "No, I read it as this: a cylinder."
    assert tasks.answer(Name(mesh=data), read).text == "Cylinder"


def test_a_material_that_is_not_there_was_not_read() -> None:
    made = MADE["ball"]()
    made.vertices[0] *= 1.5
    plan = "mug kind tall material wood"
    answer = tasks.answer(Describe(mesh=MeshData.pack(of(made))), lambda mesh: (plan, ""))
    assert "wood" not in answer.text and "mug" in answer.text
