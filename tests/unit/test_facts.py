"""Facts of meshes, against trimesh on closed solids."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from shapes import CUBE, L_SHAPE, OUTLINES, SEEDS, prism, solid, soup

from meshscribe.backend.facts import facts, sentence
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.triangulate import triangulate


def triangles(mesh: Mesh) -> np.ndarray:
    return np.array([t for face in mesh.faces() for t in triangulate(mesh.vertices, face)])


@settings(max_examples=20)
@given(SEEDS)
def test_a_solid_is_measured_as_trimesh_does(seed: int) -> None:
    mesh = solid(seed)
    known = facts(mesh)
    other = trimesh.Trimesh(mesh.vertices.astype(float), triangles(mesh), process=False)
    assert known["closed"] and other.is_watertight and other.is_winding_consistent
    assert known["volume"] == pytest.approx(other.volume, rel=1e-4)
    assert known["area"] == pytest.approx(other.area, rel=1e-4)
    assert known["size"] == pytest.approx(other.extents.tolist(), rel=1e-5, abs=1e-6)
    assert known["parts"] == other.body_count == 1
    assert (known["vertices"], known["faces"]) == (len(mesh.vertices), len(mesh.sizes))


def test_an_l_prism_by_hand() -> None:
    """A concave n-gon cap: 3 x 1 and 1 x 1 squares, 2 high."""
    known = facts(prism(L_SHAPE, 2.0))
    assert known["volume"] == pytest.approx(8.0) and known["area"] == pytest.approx(2 * 4 + 10 * 2)
    assert known["size"] == [3.0, 2.0, 2.0] and known["faces"] == 8


def test_pieces_are_summed() -> None:
    one, two = prism(CUBE), prism(CUBE, 3.0)
    moved = two.vertices + np.float32(5)
    mesh = Mesh.join([("a", "", one.vertices, one.faces()), ("b", "wood", moved, two.faces())])
    known = facts(mesh)
    assert known["parts"] == 2 and known["closed"] and known["volume"] == pytest.approx(4.0)


def test_a_part_of_two_pieces_counts_as_two() -> None:
    """Loose pieces are counted, not names."""
    one = prism(CUBE)
    vertices = np.concatenate([one.vertices, one.vertices + np.float32(3)])
    faces = one.faces() + [tuple(c + 8 for c in face) for face in one.faces()]
    assert facts(Mesh.join([("both", "", vertices, faces)]))["parts"] == 2


def test_inside_out_is_a_negative_volume() -> None:
    mesh = prism(CUBE)
    assert facts(Mesh.build(mesh.vertices, [face[::-1] for face in mesh.faces()]))["volume"] == pytest.approx(-1.0)


@pytest.mark.parametrize("outline", OUTLINES, ids=len)
def test_a_solid_with_a_hole_has_no_volume(outline: list[tuple[float, float]]) -> None:
    mesh = prism(outline)
    known = facts(Mesh.build(mesh.vertices, mesh.faces()[1:]))
    assert not known["closed"] and known["volume"] is None


@settings(max_examples=20)
@given(SEEDS)
def test_any_mesh_has_facts(seed: int) -> None:
    known = facts(soup(seed))
    assert known["area"] >= 0 and all(side >= 0 for side in known["size"])
    assert sentence(known).endswith(" units.")


def test_an_empty_mesh_has_facts() -> None:
    known = facts(Mesh.build([], []))
    assert (known["vertices"], known["faces"], known["parts"], known["closed"]) == (0, 0, 0, False)
    assert known["volume"] is None and known["size"] == [0.0, 0.0, 0.0]


def test_the_sentence() -> None:
    assert sentence(facts(prism(CUBE, 2.5))) == "8 vertices, 6 faces, 1 piece, closed, 1 x 1 x 2.5 units."
