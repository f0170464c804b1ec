"""Facts of meshes, against an independent computation (trimesh) and against what a test has built."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from shapes import CUBE, L_SHAPE, OUTLINES, SEEDS, prism, shuffled, solid, soup, star

from meshscribe.backend.understand.facts import facts
from meshscribe.backend.understand.report import report, sentence
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.triangulate import triangulate
from meshscribe.training.shapes import FAMILIES


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


# -------------------------------------------------------------------------------- against trimesh, on many meshes


def of(made: trimesh.Trimesh) -> Mesh:
    return Mesh.build(made.vertices, made.faces)


def broken(mesh: Mesh, how: str, rng: np.random.Generator) -> Mesh:
    """The mesh as artists' meshes are: with holes, flipped faces, mirrored, a face twice over, or cut from its rest."""
    faces = mesh.faces()
    chosen = rng.random(len(faces)) < 0.2
    if how == "holes":
        return Mesh.build(mesh.vertices, [face for face, gone in zip(faces, chosen, strict=True) if not gone] or faces)
    if how == "flipped":
        return Mesh.build(mesh.vertices, [f[::-1] if turned else f for f, turned in zip(faces, chosen, strict=True)])
    if how == "mirrored":
        return mesh.with_vertices(mesh.vertices * (-1, 1, 1))
    if how == "fins":
        tip = len(mesh.vertices)
        fins = [(a, b, tip) for (a, b, *_), chosen in zip(faces, chosen, strict=True) if chosen]
        return Mesh.build(np.concatenate([mesh.vertices, [mesh.bounds()[1] + 1]]), faces + fins)
    return mesh


SOLIDS = [
    trimesh.creation.box(extents=(1, 2, 0.3)),
    trimesh.creation.icosphere(subdivisions=3, radius=4),
    trimesh.creation.uv_sphere(count=(12, 17)),
    trimesh.creation.cylinder(0.4, 3, sections=19),
    trimesh.creation.cone(1, 2, sections=24),
    trimesh.creation.capsule(2, 0.4),
    trimesh.creation.torus(2, 0.6, major_sections=24, minor_sections=11),
    trimesh.creation.annulus(0.5, 1, 0.2),
    trimesh.creation.icosahedron(),
]
MADE = [*FAMILIES, *range(len(SOLIDS))]


@pytest.mark.parametrize("how", ["whole", "holes", "flipped", "mirrored", "fins"])
@pytest.mark.parametrize("name", MADE)
def test_facts_are_those_of_trimesh(name: str | int, how: str) -> None:
    """Both count the same on what the starter knows and on what it does not, whole and broken."""
    rng = np.random.default_rng(MADE.index(name))
    random = Random(MADE.index(name))
    whole = of(SOLIDS[name]) if isinstance(name, int) else FAMILIES[name].mesh(FAMILIES[name].sample(random), random)
    mesh = broken(Mesh(whole.vertices, whole.loops, whole.sizes), how, rng)
    known = facts(mesh)
    other = trimesh.Trimesh(mesh.vertices.astype(float), triangles(mesh), process=False)
    assert known["size"] == pytest.approx(other.extents.tolist(), rel=1e-5, abs=1e-6)
    flat = (mesh.sizes == 3).all()
    assert known["area"] == pytest.approx(other.area, rel=1e-4 if flat else 1e-3)  # of a bent quad there is no one area
    joined = trimesh.graph.connected_components(other.edges, nodes=np.unique(other.faces), min_len=1)
    assert known["parts"] == len(joined)
    edges = polygon_edges(mesh)
    used = np.unique(edges, axis=0, return_counts=True)[1]
    assert known["edges"] == len(used) and known["open_edges"] == (used == 1).sum()
    assert known["crowded_edges"] == (used > 2).sum()
    if flat:
        assert (known["open_edges"], known["edges"]) == (len(outline_of(other)), len(other.edges_unique))
        assert known["closed"] == (other.is_watertight and other.is_winding_consistent)
    if known["closed"]:
        assert known["volume"] == pytest.approx(other.volume, rel=1e-4)
    else:
        assert known["volume"] is None


def polygon_edges(mesh: Mesh) -> np.ndarray:
    pairs = [sorted((face[i - 1], face[i])) for face in mesh.faces() for i in range(len(face))]
    return np.array([pair for pair in pairs if pair[0] != pair[1]])


def outline_of(mesh: trimesh.Trimesh) -> np.ndarray:
    return trimesh.grouping.group_rows(mesh.edges_sorted, require_count=1)


@settings(max_examples=30)
@given(SEEDS)
def test_the_order_of_a_mesh_changes_no_fact(seed: int) -> None:
    mesh = solid(seed)
    one, two = facts(mesh), facts(shuffled(mesh, seed))
    for name, value in one.items():
        if name not in ("planes", "axes"):
            assert two[name] == (pytest.approx(value, rel=1e-4) if isinstance(value, float) else value), name


# ------------------------------------------------------------------------------------- holes, and what is too much


def test_holes_are_counted_by_their_rims() -> None:
    tube = of(trimesh.creation.cylinder(1, 2, sections=12))
    sides = Mesh.build(tube.vertices, [f for f in tube.faces() if np.ptp(tube.vertices[list(f), 2]) > 1])
    known = facts(sides)
    assert (known["holes"], known["open_edges"]) == (2, 24)
    assert "24 open edges around 2 holes" in " ".join(report(known))


def test_loose_and_double_vertices_are_counted() -> None:
    cube = prism(CUBE)
    soup = Mesh.build(cube.vertices[cube.loops], np.arange(24).reshape(6, 4))
    known = facts(Mesh(np.concatenate([soup.vertices, [[9, 9, 9]]]).astype(np.float32), soup.loops, soup.sizes))
    assert (known["doubles"], known["loose"], known["parts"]) == (16, 1, 6)
    assert "16 vertices on the place of another" in " ".join(report(known))


def test_inverted_faces_are_said() -> None:
    cube = prism(CUBE)
    assert "faces inward" in report(facts(Mesh.build(cube.vertices, [f[::-1] for f in cube.faces()])))[1]
    twisted = Mesh.build(cube.vertices, [f[::-1] if i == 0 else f for i, f in enumerate(cube.faces())])
    assert facts(twisted)["twisted_edges"] == 4 and "wound against" in report(facts(twisted))[1]


# ------------------------------------------------------------------------------------------- symmetry, by construction


@pytest.mark.parametrize("sides", [3, 4, 5, 6, 7, 12])
def test_a_regular_prism_has_its_turns_and_planes(sides: int) -> None:
    mesh = upright(polygon(sides))
    known = facts(mesh)
    turns = {abs(round(axis[1])): fold for axis, fold in known["axes"]}
    assert turns[1] == sides
    planes = {tuple(abs(round(part)) for part in normal) for normal in known["planes"]}
    assert (0, 1, 0) in planes and {(1, 0, 0), (0, 0, 1)} & planes


@pytest.mark.parametrize("axis", range(3))
def test_a_mirror_plane_is_found_and_goes_with_one_vertex(axis: int) -> None:
    rng = np.random.default_rng(axis)
    half = rng.uniform(0.1, 1, (20, 3))
    other = half * np.where(np.arange(3) == axis, -1, 1)
    faces = [(i, (i + 1) % 20, (i + 2) % 20) for i in range(20)]
    both = Mesh.build(np.concatenate([half, other]), faces + [tuple(c + 20 for c in f) for f in faces])
    assert facts(both)["planes"] == [np.eye(3)[axis].tolist()]
    moved = both.vertices.copy()
    moved[3] += 0.05
    assert facts(both.with_vertices(moved))["planes"] == []


def test_a_turned_thing_keeps_its_symmetry() -> None:
    """By its principal axes; the turn is no multiple of anything."""
    mesh = upright([(x * 2, y * 0.7) for x, y in polygon(4)], 1.3)
    angle = 0.4
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    found = facts(mesh.with_vertices(mesh.vertices @ turn.T))["planes"]
    assert len(found) == len(facts(mesh)["planes"]) == 3
    assert facts(mesh.with_vertices(mesh.vertices @ turn.T * 1000 + 77))["planes"] == pytest.approx(
        np.array(found), abs=1e-3
    )


def test_round_things_are_called_round() -> None:
    for ball in (trimesh.creation.uv_sphere(count=(32, 64)), trimesh.creation.icosphere(subdivisions=3)):
        assert "It is a ball." in report(facts(of(ball)))
    assert "round about the upright axis" in " ".join(report(facts(upright(polygon(32)))))


def polygon(sides: int) -> list[tuple[float, float]]:
    angle = np.arange(sides) * 2 * np.pi / sides + np.pi / 2
    return list(zip(np.cos(angle).tolist(), np.sin(angle).tolist(), strict=True))


def upright(outline: list[tuple[float, float]], height: float = 1.0) -> Mesh:
    """A prism along Y."""
    mesh = prism(outline, height)
    x, y, z = mesh.vertices.T
    return mesh.with_vertices(np.stack([x, z, -y], 1))


# ---------------------------------------------------------------------------------------------------- repeated pieces


def turned(rng: np.random.Generator) -> np.ndarray:
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return turn  # mirrored in half of the cases


@settings(max_examples=20)
@given(SEEDS)
def test_copies_are_found_however_they_lie(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = prism(L_SHAPE, 2.0), prism(star(5), 0.5)
    pieces = [("a", "", one.vertices @ turned(rng) + rng.uniform(-20, 20, 3), one.faces()) for _ in range(5)]
    pieces += [("b", "", other.vertices @ turned(rng) + rng.uniform(-20, 20, 3), other.faces()) for _ in range(3)]
    assert facts(Mesh.join(pieces))["repeats"] == [[5, "a", False], [3, "b", False]]


def test_copies_of_another_size_are_copies() -> None:
    one = prism(L_SHAPE, 2.0)
    pieces = [("part", "", one.vertices * scale + 30 * i, one.faces()) for i, scale in enumerate((1, 1.5, 4))]
    assert facts(Mesh.join(pieces))["repeats"] == [[3, "", True]]


def test_boxes_of_other_proportions_are_no_copies() -> None:
    """Their corners lie equally far from the middle: the edges tell."""
    cube = prism(CUBE)
    scales = [(1, 1, 1), (1, 1, 2), (1, 3, 0.5), (2, 2, 1)]
    pieces = [("box", "", cube.vertices * s + 10.0 * i, cube.faces()) for i, s in enumerate(scales)]
    assert facts(Mesh.join(pieces))["repeats"] == []


def test_many_pieces_are_counted_at_once() -> None:
    cube = prism(CUBE)
    pieces = [("", "", cube.vertices + (3.0 * (i % 70), 0, 3.0 * (i // 70)), cube.faces()) for i in range(5000)]
    assert facts(Mesh.join(pieces))["repeats"] == [[5000, "", False]]


# ------------------------------------------------------------------------------------------------------------ standing


def test_a_thing_that_would_fall_over_lies_somewhere() -> None:
    tall = upright([(x * 0.2, y * 0.2) for x, y in polygon(4)], 3.0)
    assert facts(tall)["up"] == "+y" and facts(tall)["base"] == {"area": pytest.approx(0.08), "feet": 1, "flat": True}
    cone = of(trimesh.creation.cone(1, 2, sections=24))
    on_its_tip = facts(
        cone.with_vertices(np.stack([cone.vertices[:, 0], -cone.vertices[:, 2], cone.vertices[:, 1]], 1))
    )
    assert on_its_tip["up"] == "-y" and "would lie still upside down" in report(on_its_tip)[-1]
    assert facts(tall.with_vertices(tall.vertices + tall.vertices[:, 1:2] * (2, 0, 0)))["up"] is None  # it leans


def test_feet_are_counted() -> None:
    cube = prism(CUBE)
    legs = [
        ("leg", "", (cube.vertices + (9.0 * i, 0, 9.0 * k)) * (1, 5, 1), cube.faces()) for i in (0, 1) for k in (0, 1)
    ]
    known = facts(Mesh.join(legs))
    assert known["base"] == {"area": 4.0, "feet": 4, "flat": True}


def test_a_thinned_copy_tells_the_true_counts() -> None:
    known = facts(prism(CUBE), whole=(1_000_000, 2_000_000))
    assert sentence(known).startswith("1,000,000 vertices, 2,000,000 faces") and "copy" in report(known)[-1]


def test_one_edge_and_one_vertex_have_facts() -> None:
    for points in ([[0, 0, 0], [1, 0, 0]], [[5, 5, 5]]):
        known = facts(Mesh(np.array(points, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32)))
        assert known["loose"] == len(points) and report(known)
    assert report(facts(Mesh.build([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [(0, 1, 2)])))  # a face without an area


@settings(max_examples=40)
@given(SEEDS)
def test_any_mesh_can_be_reported(seed: int) -> None:
    mesh = soup(seed)
    assert all(line.endswith(".") for line in report(facts(mesh)))
    one = Mesh(mesh.vertices, mesh.loops, mesh.sizes, (Part("leg", "", len(mesh.vertices), len(mesh.sizes)),))
    assert facts(one)["named"] == {"leg": 1}
