"""Simplified copies: within the budget, within the old box, by parts; and thinned copies for a message."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from shapes import CUBE, SEEDS, prism, soup

from meshscribe.backend.understand.simplify import fitted, reduced, simplified, triangular
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.obj import LLAMA_MESH, PARTS
from meshscribe.shared.tasks import MeshData
from meshscribe.shared.thin import ROOM, packed, thin


def of(made: trimesh.Trimesh) -> Mesh:
    return Mesh.build(made.vertices, made.faces)


def grown(mesh: Mesh, times: int) -> Mesh:
    """Every triangle in four, so many times over; parts stay."""
    pieces = []
    for piece in mesh.pieces():
        fine = trimesh.Trimesh(piece.vertices, triangular(piece).triangles(), process=False)
        for _ in range(times):
            fine = fine.subdivide()
        faces = [tuple(face) for face in fine.faces.tolist()]
        pieces.append((piece.parts[0].name, piece.parts[0].material, fine.vertices, faces))
    return Mesh.join(pieces)


BALL = of(trimesh.creation.icosphere(subdivisions=5))
POLES = of(trimesh.creation.uv_sphere(count=(100, 120)))  # long slivers, which collapsing edges copes badly with
CAN = of(trimesh.creation.cylinder(1, 2, sections=200))
RING = of(trimesh.creation.torus(2, 0.5, major_sections=120, minor_sections=40))


@pytest.mark.parametrize("mesh", [BALL, POLES, CAN, RING], ids=["ball", "poles", "can", "ring"])
@pytest.mark.parametrize("faces", [500, 160, 60])
def test_a_simplified_mesh_keeps_its_outline(mesh: Mesh, faces: int) -> None:
    made = simplified(mesh, faces)
    made.check()
    assert 4 <= len(made.sizes) <= faces
    extent = np.ptp(mesh.bounds(), 0).max()
    assert np.abs(made.bounds() - mesh.bounds()).max() <= 0.05 * extent
    assert made.area() == pytest.approx(mesh.area(), rel=0.25)


@pytest.mark.parametrize("name", ["chair", "table", "house", "snowman"])
def test_parts_stay_parts(name: str) -> None:
    from random import Random

    from meshscribe.training.shapes import FAMILIES

    whole = FAMILIES[name].mesh(FAMILIES[name].sample(Random(1)), Random(1))
    made = simplified(grown(whole, 3), 240)
    made.check()
    assert len(made.sizes) <= 240
    assert [(p.name, p.material) for p in made.parts] == [(p.name, p.material) for p in whole.parts]
    assert np.abs(made.bounds() - whole.bounds()).max() <= 0.01 * np.ptp(whole.bounds(), 0).max()
    for one, other in zip(made.pieces(), whole.pieces(), strict=True):
        assert one.area() == pytest.approx(other.area(), rel=0.35)


def test_the_mesh_itself_is_not_touched() -> None:
    before = (POLES.vertices.copy(), POLES.loops.copy())
    simplified(POLES, 100)
    assert (before[0] == POLES.vertices).all() and (before[1] == POLES.loops).all()


def test_five_thousand_pieces_become_an_outline() -> None:
    cube = prism(CUBE)
    rng = np.random.default_rng(1)
    places = rng.uniform(-40, 40, (5000, 3)) * (1, 0.2, 1)
    vertices = (cube.vertices[None] + places[:, None]).reshape(-1, 3)
    loops = (cube.loops[None] + 8 * np.arange(5000)[:, None]).reshape(-1)
    mesh = Mesh(vertices.astype(np.float32), loops.astype(np.int32), np.tile(cube.sizes, 5000))
    made = simplified(mesh, 400)
    made.check()
    assert 50 < len(made.sizes) <= 400
    assert np.abs(made.bounds() - mesh.bounds()).max() <= 0.1 * np.ptp(mesh.bounds(), 0).max()
    found = fitted(mesh, LLAMA_MESH, 400, lambda text: True)
    assert found is not None and "of its 30,000 faces" in found.lost


@settings(max_examples=40)
@given(SEEDS)
def test_any_mesh_can_be_simplified(seed: int) -> None:
    mesh = soup(seed)
    for faces in (4, 30):
        made = simplified(mesh, faces)
        made.check()
        assert len(made.sizes) <= max(faces, 0) or len(made.sizes) <= len(triangular(mesh).sizes)
        assert np.isfinite(made.vertices).all()


def test_a_budget_of_characters_is_kept() -> None:
    for room in (200, 1000, 6000):
        found = fitted(BALL, LLAMA_MESH, 500, lambda text, room=room: len(text) <= room)
        assert found is not None and len(found.written.text) <= room
    assert fitted(BALL, LLAMA_MESH, 500, lambda text: False) is None
    assert fitted(prism(CUBE), PARTS, 500, lambda text: True).lost == ""


def test_faces_that_vanish_on_the_grid_are_said() -> None:
    fine = of(trimesh.creation.icosphere(subdivisions=2, radius=0.01))
    far = prism(CUBE)
    both = Mesh.join([("a", "", fine.vertices, fine.faces()), ("b", "", far.vertices * 9, far.faces())])
    found = fitted(both, LLAMA_MESH, 500, lambda text: True)
    assert found is not None and "too small for the model's grid" in found.lost


def test_large_faces_become_ears() -> None:
    from shapes import star

    mesh = prism(star(9))
    made = triangular(mesh)
    assert set(made.sizes.tolist()) == {3} and made.area() == pytest.approx(mesh.area(), rel=1e-5)
    assert made.volume() == pytest.approx(mesh.volume(), rel=1e-5)


# --------------------------------------------------------------------------------------------------------- thinning


@pytest.mark.parametrize("cells", [4, 16, 64])
def test_a_thinned_mesh_lies_within_a_cell(cells: int) -> None:
    made = thin(RING, cells)
    made.check()
    assert len(made.sizes) < len(RING.sizes) or cells == 64
    cell = np.ptp(RING.bounds(), 0).max() / cells
    for point in made.vertices[:: max(1, len(made.vertices) // 50)]:
        assert np.abs(RING.vertices - point).max(1).min() <= cell


def test_thinning_keeps_parts_apart() -> None:
    cube = prism(CUBE)
    mesh = Mesh.join([(n, "wood", cube.vertices + 1e-4 * i, cube.faces()) for i, n in enumerate("abc")])
    made = thin(mesh, 4)
    made.check()
    assert [p.name for p in made.parts] == ["a", "b", "c"] and len(made.vertices) == 24
    assert len(thin(Mesh(mesh.vertices, mesh.loops, mesh.sizes), 4).vertices) == 8


def test_a_part_that_falls_together_goes() -> None:
    cube = prism(CUBE)
    mesh = Mesh.join([("big", "", cube.vertices * 100, cube.faces()), ("tiny", "", cube.vertices * 0.1, cube.faces())])
    assert thin(mesh, 8).parts == (Part("big", "", 8, 12),)


def test_what_fits_is_sent_as_it_is_and_what_does_not_says_so() -> None:
    assert packed(RING) == MeshData.pack(RING)
    count = 700
    x, z = np.meshgrid(np.arange(count), np.arange(count))
    points = np.stack([x.ravel(), np.zeros(count * count), z.ravel()], 1).astype(np.float32)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + count + 1, corner + count], 1).astype(np.int32)
    mesh = Mesh(points, quads.reshape(-1), np.full(len(quads), 4, np.int32))
    sent = packed(mesh)
    assert sent.whole == (490_000, 488_601)
    assert len(sent.vertices) + len(sent.loops) + len(sent.sizes) <= ROOM
    assert sent.unpack().bounds() == pytest.approx(mesh.bounds(), abs=count / 64)


def test_nothing_comes_of_nothing() -> None:
    empty = Mesh.build([], [])
    assert len(thin(empty, 8).sizes) == 0 and len(reduced(empty, 10).sizes) == 0
    assert fitted(empty, LLAMA_MESH, 100, lambda text: True) is None
