from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from shapes import CUBE, L_SHAPE, SEEDS, prism, shuffled, solid, soup, star

from meshscribe.shared.grid import TIE, Grid
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.obj import LLAMA_MESH, PARTS, ObjError, plan_words, read, write

GOLDEN = Path(__file__).parent / "golden"
BOTH = pytest.mark.parametrize("dialect", [LLAMA_MESH, PARTS], ids=lambda d: d.name)


def decoded(written, dialect) -> Mesh:
    mesh = read(written.text, dialect).mesh
    return mesh.with_vertices(written.grid.decode(mesh.vertices))


@BOTH
@given(seed=SEEDS)
def test_encoding_what_was_decoded_gives_the_same_bytes(dialect, seed):
    written = write(soup(seed), dialect, "chair legs 4")
    if written.faces:
        again = write(decoded(written, dialect), dialect, "chair legs 4")
        assert again.text == written.text
        assert (again.vertices, again.faces, again.merged, again.dropped, again.unused) == (
            written.vertices,
            written.faces,
            0,
            0,
            0,
        )


@BOTH
@given(seed=SEEDS)
def test_text_to_integers_to_text_is_lossless(dialect, seed):
    written = write(soup(seed), dialect, "chair legs 4")
    if written.faces:
        reading = read(written.text, dialect)
        side = dialect.bins - 1
        same = write(reading.mesh, dialect, reading.plan, Grid(dialect.bins, (side / 2,) * 3, side))
        assert same.text == written.text == write(reading.mesh, dialect, reading.plan).text
        assert len(reading.mesh.vertices) == written.vertices and len(reading.mesh.sizes) == written.faces
        assert reading.plan == ("chair legs 4" if dialect.parts else "")


@BOTH
@given(seed=SEEDS)
def test_order_and_start_of_faces_do_not_matter(dialect, seed):
    mesh = soup(seed) if seed % 2 else solid(seed)
    one, other = write(mesh, dialect), write(shuffled(mesh, seed), dialect)
    assert one == other


@BOTH
@given(seed=SEEDS)
def test_closed_solids_stay_closed_and_outward_in_their_place(dialect, seed):
    mesh = solid(seed)
    if seed % 2:
        mesh = Mesh.build(mesh.vertices, [face[::-1] for face in mesh.faces()])
    written = write(mesh, dialect)
    back = decoded(written, dialect)
    assert back.volume() * mesh.volume() > 0
    assert back.volume() == pytest.approx(mesh.volume(), rel=0.5)
    assert np.abs(back.bounds() - mesh.bounds()).max() <= (0.5 + TIE) * written.grid.step * 1.01
    if not written.merged + written.dropped:
        assert back.closed()
        near = np.abs(back.vertices[:, None] - mesh.vertices).max(2).min(0)
        assert near.max() <= (0.5 + TIE) * written.grid.step * 1.01


@BOTH
@given(seed=SEEDS)
def test_counts_are_true(dialect, seed):
    mesh = soup(seed, (3,))
    mesh = Mesh(mesh.vertices, mesh.loops, mesh.sizes)
    written = write(mesh, dialect)
    assert written.text.count("\nf ") == written.faces or not written.faces
    assert written.vertices + written.merged + written.unused == len(mesh.vertices)
    assert written.faces + written.dropped == len(mesh.sizes)
    if not dialect.parts and written.grid == Grid.fit(mesh.vertices[mesh.loops], dialect.bins):
        steps = [tuple(step) for step in written.grid.encode(mesh.vertices).tolist()]
        kept = {face for face in (frozenset(steps[c] for c in f) for f in mesh.faces()) if len(face) == 3}
        used = set().union(*kept)
        assert written.faces == len(kept) and written.vertices == len(used)
        assert written.merged == sum(steps[c] in used for c in set(mesh.loops.tolist())) - len(used)


def test_triangles_of_a_quad_are_all_counted():
    double = Mesh.build([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [(0, 1, 2, 3), (2, 3, 0, 1), (0, 1, 1, 0)])
    assert (write(double, LLAMA_MESH).faces, write(double, LLAMA_MESH).dropped) == (2, 3)
    assert (write(double, PARTS).faces, write(double, PARTS).dropped) == (1, 2)


@BOTH
def test_a_dropped_face_or_an_unused_vertex_does_not_set_the_frame(dialect):
    cube = prism(CUBE)
    far = np.array([(90, 0, 0), (90.001, 0, 0), (90, 0.001, 0), (-500, 7, 7)], np.float32)
    mesh = Mesh.build(np.concatenate([cube.vertices, far]), [*cube.faces(), (8, 9, 10)])
    written = write(mesh, dialect)
    assert (written.text, written.grid) == (write(cube, dialect).text, Grid.fit(cube.vertices, dialect.bins))
    assert (written.merged, written.dropped, written.unused) == (0, 1, 4)


@BOTH
@pytest.mark.parametrize(
    ("vertices", "faces", "counts"),  # vertices, faces, merged, dropped, unused
    [
        ([], [], (0, 0, 0, 0, 0)),
        ([(1, 2, 3)], [], (0, 0, 0, 0, 1)),
        ([(1, 1, 1)] * 3, [(0, 1, 2)], (0, 0, 0, 1, 3)),  # no extent
        ([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [(0, 1, 2)], (3, 1, 0, 0, 0)),  # flat
        ([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [(0, 1, 2), (1, 2, 0)], (3, 1, 0, 1, 0)),
        ([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [(0, 1, 2), (2, 1, 0)], (3, 1, 0, 1, 0)),  # opposite
        ([(0, 0, 0), (1, 0, 0), (0, 0, 1), (0, 0, 1e-4)], [(0, 1, 2), (3, 1, 2)], (3, 1, 1, 1, 0)),
    ],
)
def test_degenerate_meshes_have_true_counts(dialect, vertices, faces, counts):
    w = write(Mesh.build(vertices, faces), dialect)
    assert (w.vertices, w.faces, w.merged, w.dropped, w.unused) == counts or (dialect.parts and sum(counts) == 5)
    assert (w.text == "") == (w.faces == 0)


@BOTH
def test_arrays_of_any_layout_give_the_same_text(dialect):
    mesh = prism(L_SHAPE)
    loose = np.asfortranarray(np.repeat(mesh.vertices.astype(np.float64), 2, 0))[::2]
    strange = Mesh(loose, mesh.loops.astype(np.int64)[::-1][::-1], mesh.sizes)
    assert write(strange, dialect).text == write(mesh, dialect).text


def test_names_and_plans_become_words_that_stay_the_same():
    names = ["Seat Top.001", "é*", "", "a" * 39 + " b", "__x__", "İ"]
    cube = prism(CUBE)
    mesh = Mesh.join((name, name, cube.vertices + 3 * i, cube.faces()) for i, name in enumerate(names))
    written = write(mesh, PARTS, " Chair\nlegs  4 \tback high! * ")
    reading = read(written.text, PARTS)
    assert reading.plan == "chair legs 4 back high _"
    assert [p.name for p in reading.mesh.parts] == ["seat_top_001", "part", "part", "a" * 39, "x", "i"]
    assert [p.material for p in reading.mesh.parts] == ["seat_top_001", "", "", "a" * 39, "x", "i"]
    assert write(reading.mesh, PARTS, reading.plan).text == written.text
    assert write(cube, PARTS, " \n").text == write(cube, PARTS).text
    assert "plan" not in write(cube, LLAMA_MESH, "chair").text


def test_plan_words():
    assert plan_words("table legs 4 top round") == ("table", {"legs": "4", "top": "round"})
    assert plan_words("") == ("", {}) and plan_words("table legs") == ("table", {})


def test_polygons_over_the_dialects_corners_are_cut():
    big = prism(star(9))
    assert read(write(big, PARTS).text, PARTS).mesh.sizes.max() == 4  # 18 corners: cut into triangles
    assert read(write(prism(star(8)), PARTS).text, PARTS).mesh.sizes.max() == 16
    assert read(write(big, LLAMA_MESH).text, LLAMA_MESH).mesh.sizes.max() == 3


def test_a_grid_of_other_bins_is_refused():
    with pytest.raises(ValueError, match="128 bins"):
        write(prism(CUBE), PARTS, grid=Grid(64))


def golden_meshes() -> dict[str, Mesh]:
    table = [("top", "wood", prism(L_SHAPE, 0.3).vertices + (0, 0, 1.5), prism(L_SHAPE, 0.3).faces())]
    post = prism([(0.0, 0.0), (0.3, 0.0), (0.3, 0.3), (0.0, 0.3)], 1.55)
    table += [("leg", "", post.vertices + (x, y, 0), post.faces()) for x, y in ((0, 0), (2.7, 0), (0, 1.7))]
    return {"cube": prism(CUBE), "table": Mesh.join(table), "star": prism(star(5), 0.5)}


@BOTH
@pytest.mark.parametrize("name", ["cube", "table", "star"])
def test_golden_bytes(name, dialect):
    golden = (GOLDEN / f"{name}.{dialect.name}.obj").read_bytes()
    written = write(golden_meshes()[name], dialect, f"{name} size 1")
    assert written.text.encode() == golden
    read(golden.decode(), dialect).mesh.check()


HEAD = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
PART = "g a\n" + HEAD + "f -3 -2 -1\n"


@pytest.mark.parametrize(
    ("dialect", "text", "line", "sentence"),
    [
        (LLAMA_MESH, "", 0, "no face"),
        (LLAMA_MESH, HEAD, 0, "no face"),
        (LLAMA_MESH, HEAD + "f 1 2 3", 4, "cut"),
        (LLAMA_MESH, HEAD + "\nf 1 2 3\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1 2 3\r\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1  2 3\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1 2\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 0 1 2\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1/1 2/2 3/3\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1 2 3 \n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1 2 ３\n", 4, "not a line"),
        (LLAMA_MESH, HEAD + "f 1 2 4\n", 4, "not there"),
        (LLAMA_MESH, HEAD + "f -1 -2 -3\n", 4, "not there"),
        (LLAMA_MESH, HEAD + "f 1 2 2\n", 4, "repeats a corner"),
        (LLAMA_MESH, HEAD + "f 1 2 3\nf 3 2 1\n", 5, "repeats a corner or another face"),
        (LLAMA_MESH, HEAD + "v 1 1 1\nf 1 2 3 4\n", 5, "too many corners"),
        (LLAMA_MESH, HEAD + "f 1 2 3\nv 0 0 1\n", 5, "after a face"),
        (LLAMA_MESH, "v 0 0 64\n", 1, "over 63"),
        (LLAMA_MESH, "v 0 0 -1\n", 1, "not a line"),
        (LLAMA_MESH, "v 0 0 01\n", 1, "not a line"),
        (LLAMA_MESH, "v 0 0 1.5\n", 1, "not a line"),
        (LLAMA_MESH, "v 0 0 ٣\n", 1, "not a line"),
        (LLAMA_MESH, "v 0 0\n", 1, "not a line"),
        (LLAMA_MESH, "# plan a\n", 1, "not a line"),
        (LLAMA_MESH, "g a\n", 1, "not a line"),
        (LLAMA_MESH, "```obj\n", 1, "not a line"),
        (PARTS, HEAD, 1, "before the first part"),
        (PARTS, "usemtl a\n", 1, "material"),
        (PARTS, "g A\n", 1, "not a line"),
        (PARTS, "g a b\n", 1, "not a line"),
        (PARTS, "g a\nv 0 0 128\n", 2, "over 127"),
        (PARTS, "g a\n" + HEAD + "f 1 2 3\n", 5, "not there"),
        (PARTS, "g a\n" + HEAD + "f -4 -2 -1\n", 5, "not there"),
        (PARTS, "g a\n" + HEAD + "usemtl b\nf -3 -2 -1\n", 5, "material"),
        (PARTS, "g a\nusemtl b\nusemtl c\n", 3, "material"),
        (PARTS, "g a\n" + HEAD + "g b\n", 5, "has no face"),
        (PARTS, PART + "g b\n", 0, "no face"),
        (PARTS, PART + "v 5 5 5\n", 6, "after a face"),
        (PARTS, PART + "g b\n" + HEAD + "f -6 -2 -1\n", 10, "not there"),  # a vertex of the part before
        (PARTS, "\n# plan a\n" + PART, 1, "not a line"),
        (PARTS, "# plan a\n# plan a\n" + PART, 2, "not a line"),
        (PARTS, "# plan A\n" + PART, 1, "not a line"),
        (PARTS, "# made by hand\n" + PART, 1, "not a line"),
    ],
)
def test_the_strict_reader_refuses_bad_lines_with_their_number(dialect, text, line, sentence):
    with pytest.raises(ObjError, match=sentence) as caught:
        read(text, dialect)
    assert caught.value.line == line and (f"Line {line}: " in str(caught.value)) == (line > 0)


def test_the_strict_reader_takes_lines_in_another_order():
    mesh = read("v 5 0 0\nv 0 5 0\nv 0 0 0\nf 3 1 2\n", LLAMA_MESH).mesh
    assert mesh.faces() == [(2, 0, 1)] and mesh.parts == ()
    parts = read("# plan\n" + PART + "g b\nusemtl c\n" + HEAD + "v 9 9 9\nf -4 -3 -2 -1\n", PARTS)
    assert parts.mesh.parts == (Part("a", "", 3, 1), Part("b", "c", 4, 1)) and parts.plan == ""


@BOTH
def test_large_meshes_go_through(dialect):  # quadratic steps would run into the time limit of a test
    n = 100
    x, z = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    vertices = np.stack([x, 9 * np.sin(x * z), z], 2).reshape(-1, 3)
    a = (x * n + z)[:-1, :-1].reshape(-1)
    mesh = Mesh.build(vertices, np.stack([a, a + 1, a + n + 1, a + n], 1).tolist())
    written = write(mesh, dialect)
    assert len(read(written.text, dialect).mesh.sizes) == written.faces > 4000


PART_TOP = "g top\nusemtl wood\n# box 0 0 0 4 3 2 3\nv 0 0 0\nv 4 3 0\nv 4 3 2\nf -3 -2 -1\n"
OUTLINED = f"# part top 1 wood 0 0 0 4 3 2 3\n{PART_TOP}"


def test_the_outline_tells_of_the_parts() -> None:
    assert read(OUTLINED, PARTS).mesh.parts[0].name == "top"
    written = write(read(OUTLINED, PARTS).mesh, PARTS, grid=Grid(PARTS.bins, (63.5,) * 3, 127.0))
    assert written.text == OUTLINED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# part top", "# part leg"),
        ("# part top 1 wood", "# part top 1 stone"),
        ("# box 0", "# box 1"),
        ("4 3 2 3\n", "4 3 2 4\n"),
        ("# part top 1 wood 0 0 0 4 3 2 3\n", "# part top 1 wood 0 0 0 4 3 2 3\n# part leg 1 wood 0 0 0 4 3 2 3\n"),
    ],
)
def test_an_outline_of_other_parts_is_refused(old: str, new: str) -> None:
    with pytest.raises(ObjError, match="outline has"):
        read(OUTLINED.replace(old, new, 1), PARTS)


def test_the_outline_counts_down_the_parts_of_a_name() -> None:
    leg = PART_TOP.replace("top", "leg")
    lines = [f"# part {name} {left} wood 0 0 0 4 3 2 3\n" for name, left in (("leg", 2), ("top", 1), ("leg", 1))]
    mesh = read("".join(lines) + leg + PART_TOP + leg, PARTS).mesh
    assert [part.name for part in mesh.parts] == ["leg", "top", "leg"]
    assert [line.split()[3] for line in write(mesh, PARTS).text.splitlines() if "# part leg" in line] == ["2", "1"]
    with pytest.raises(ObjError, match="counts its parts wrongly"):
        read("".join(lines).replace("leg 2", "leg 3") + leg + PART_TOP + leg, PARTS)


def test_a_box_that_counts_other_vertices_is_refused() -> None:
    with pytest.raises(ObjError, match="another number of vertices"):
        read(OUTLINED.replace("4 3 2 3\n", "4 3 2 4\n"), PARTS)
