import numpy as np
import pytest
from hypothesis import given
from shapes import CUBE, OUTLINES, SEEDS, prism, shuffled, solid, soup, star

from meshscribe.shared.mesh import Mesh, Part

TRIANGLE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]


@pytest.mark.parametrize(
    ("vertices", "faces", "parts", "sentence"),
    [
        ([(0, 0, np.nan)], [], [], "A vertex is not a finite number."),
        ([(0, 0, 1e300)], [], [], "A vertex is not a finite number."),
        ([(0, 0)] * 3, [], [], "A vertex is not three numbers."),
        (np.zeros((3, 4)), [], [], "A vertex is not three numbers."),
        (TRIANGLE, [(0, 1)], [], "A face has fewer than three corners."),
        (TRIANGLE, [(0, 1, 3)], [], "A face names a vertex that does not exist."),
        (TRIANGLE, [(0, 1, -1)], [], "A face names a vertex that does not exist."),
        (TRIANGLE, [(0, 1, 2**40)], [], "A face names a vertex that does not exist."),
        (TRIANGLE, [(0, 1, 2)], [Part("a", "", 3, 0)], "The parts do not cover the mesh."),
        (
            TRIANGLE,
            [(0, 1, 2)],
            [Part("a", "", 4, 1), Part("b", "", -1, 0)],
            "The parts do not cover the mesh.",
        ),
        (
            TRIANGLE,
            [(0, 1, 2)],
            [Part("a", "", 1, 1), Part("b", "", 2, 0)],
            "A face uses the vertices of another part.",
        ),
    ],
)
def test_what_is_no_mesh_is_refused_in_a_sentence(vertices, faces, parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        Mesh.build(vertices, faces, parts)


def test_sizes_that_do_not_add_up_are_refused():
    mesh = Mesh.build(TRIANGLE, [(0, 1, 2)])
    with pytest.raises(ValueError, match="add up"):
        Mesh(mesh.vertices, mesh.loops, np.array([4], np.int32)).check()


@pytest.mark.parametrize("vertices", [[], np.zeros((0, 3)), [(1, 2, 3)]])
def test_a_mesh_without_faces_has_every_measure(vertices):
    mesh = Mesh.build(vertices, [])
    assert mesh.faces() == [] and mesh.pieces() == [] and mesh.edges().shape == (0, 2)
    assert mesh.triangles().shape == (0, 3) and mesh.starts.shape == (0,)
    assert not mesh.closed() and mesh.volume() == mesh.area() == 0.0
    assert mesh.bounds().shape == (2, 3) and Mesh.join([]).vertices.shape == (0, 3)


def test_vertices_of_any_layout_and_type_are_taken():
    wide = np.asfortranarray(np.arange(18, dtype=np.int64).reshape(6, 3))[::2]
    mesh = Mesh.build(wide, [(0, 1, 2)])
    assert mesh.vertices.dtype == np.float32 and mesh.vertices.flags.c_contiguous
    assert (mesh.vertices == wide).all() and mesh.loops.dtype == mesh.sizes.dtype == np.int32
    assert mesh.with_vertices(wide * 2.0).vertices.dtype == np.float32


def test_faces_edges_and_triangles_of_mixed_polygons():
    mesh = Mesh.build(np.eye(5, 3), [(0, 1, 2), (1, 2, 3, 4)])
    assert mesh.faces() == [(0, 1, 2), (1, 2, 3, 4)]
    assert mesh.edges().tolist() == [[0, 1], [1, 2], [2, 0], [1, 2], [2, 3], [3, 4], [4, 1]]
    assert mesh.triangles().tolist() == [[0, 1, 2], [1, 2, 3], [1, 3, 4]]
    assert mesh.triangles().dtype == np.int32 and mesh.starts.tolist() == [0, 3]


@pytest.mark.parametrize("outline", OUTLINES)
def test_a_prism_is_closed_with_its_volume_and_area(outline):
    mesh = prism(outline, 2.0)
    (x, y), (u, v) = np.transpose(outline), np.transpose(np.roll(outline, -1, 0))
    base = float((x * v - y * u).sum() / 2)
    assert mesh.closed() and mesh.volume() == pytest.approx(base * 2, rel=1e-5)
    assert Mesh.build(mesh.vertices, [f[::-1] for f in mesh.faces()]).volume() == pytest.approx(-base * 2, rel=1e-5)
    if len(outline) == 4:
        assert mesh.area() == pytest.approx(10.0) and mesh.bounds().tolist() == [[0, 0, 0], [1, 1, 2]]


def test_open_doubled_and_unevenly_wound_meshes_are_not_closed():
    cube = prism(CUBE)
    faces = cube.faces()
    for wrong in (faces[:-1], [*faces, faces[0]], [faces[0][::-1], *faces[1:]]):
        assert not Mesh.build(cube.vertices, wrong).closed()


@given(SEEDS)
def test_joined_pieces_come_apart_again(seed):
    solids = [solid(seed + k) for k in range(3)]
    joined = Mesh.join((f"n{k}", "wood", s.vertices, s.faces()) for k, s in enumerate(solids))
    for k, (piece, whole) in enumerate(zip(joined.pieces(), solids, strict=True)):
        assert piece.faces() == whole.faces() and (piece.vertices == whole.vertices).all()
        assert piece.parts == (Part(f"n{k}", "wood", len(whole.vertices), len(whole.sizes)),)
        piece.check()
    loose = shuffled(Mesh(joined.vertices, joined.loops, joined.sizes), seed)  # now found by their vertices alone
    assert sorted(len(p.sizes) for p in loose.pieces()) == sorted(len(s.sizes) for s in solids)
    assert sum(p.volume() for p in loose.pieces()) == pytest.approx(joined.volume(), rel=1e-3, abs=1e-9)


@given(SEEDS)
def test_loose_pieces_hold_every_face_once_and_share_no_vertex(seed):
    mesh = soup(seed)
    mesh = Mesh(mesh.vertices, mesh.loops, mesh.sizes)
    pieces = mesh.pieces()
    assert sum(len(p.sizes) for p in pieces) == len(mesh.sizes)
    assert sum(len(p.vertices) for p in pieces) == len(np.unique(mesh.loops))
    for piece in pieces:
        piece.check()
        assert len(Mesh(piece.vertices, piece.loops, piece.sizes).pieces()) == 1


def test_many_pieces_and_long_strips_are_found_fast():  # rounds that grow with the length take minutes here
    many = 5_000
    loose = Mesh.build(np.zeros((3 * many, 3)), np.arange(3 * many).reshape(-1, 3).tolist())
    assert len(loose.pieces()) == many
    order = np.random.default_rng(1).permutation(50_002)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], 1)
    assert len(Mesh.build(np.zeros((50_002, 3)), strip.tolist()).pieces()) == 1


def test_a_star_has_its_concave_caps():
    assert prism(star(5)).sizes.tolist() == [4] * 10 + [10, 10]
