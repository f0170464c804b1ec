from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes import CUBE, SEEDS, prism, soup

from meshscribe.shared import stream
from meshscribe.shared.mesh import Mesh, Part
from meshscribe.shared.obj import LLAMA_MESH, PARTS, read, write
from meshscribe.shared.stream import MAX_LINE, MAX_NOTES, Note, StreamReader

CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
TETRA = CORNERS + "f 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n"
PART = "g leg\nusemtl wood\n" + CORNERS + "f -4 -2 -3\nf -4 -3 -1\nf -3 -2 -1\nf -4 -1 -2\n"


def fed(text: str, *cuts: int) -> StreamReader:
    """A closed reader that was fed the text, cut at these places."""
    reader = StreamReader()
    for a, b in zip((0, *cuts), (*cuts, len(text)), strict=True):
        reader.feed(text[a:b])
    reader.close()
    return reader


def state(reader: StreamReader) -> tuple:
    """Everything a reader knows."""
    mesh = reader.mesh()
    mesh.check()
    known = (reader.plan, reader.ended, reader.ignored, reader.prose, reader.notes, reader.problems)
    counts = (reader.vertices, reader.faces, reader.parts)
    assert counts == (len(mesh.vertices), len(mesh.sizes), len(mesh.parts))
    assert sum(reader.problems.values()) >= len(reader.notes)
    return mesh.vertices.tolist(), mesh.faces(), mesh.parts, counts, known


def kinds(reader: StreamReader) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in reader.notes]


def is_tetra(reader: StreamReader) -> bool:
    return state(reader)[:2] == state(fed(TETRA))[:2]


# -------------------------------------------------------------------------------- properties

WORDS = [
    "v",
    "f",
    "g",
    "o",
    "usemtl",
    "# plan",
    "vn",
    "```",
    "```obj",
    "Here is",
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
]
WORDS += [
    "-3",
    "1e999",
    "nan",
    "0.5",
    "1/2/3",
    "2//1",
    "3/1",
    "99",
    "v 1 2 3",
    "f 1 2 3",
    "f 3 2 4 1",
    "\ufeff",
    "#",
]
WORDS += [
    "v 1 2 3\n",
    "f 1 2 3\n",
    "v 5 6 7\n",
    "f 2 3 4\n",
    "f -1 -2 -3\n",
    "g a\n",
    "é",
    "\x00",
    "f 5 6 7\n",
]
JUNK = st.one_of(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["\n", " ", "\n", "\r\n", "\t", ""])), max_size=60).map(
        lambda pairs: "".join(a + b for a, b in pairs)
    ),
    st.text(max_size=200),
    st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")),
)


@given(JUNK, SEEDS)
def test_any_text_is_survived_and_cuts_do_not_matter(text, seed):
    random = Random(seed)
    cuts = sorted(random.randrange(len(text) + 1) for _ in range(random.choice([1, 3, 20])))
    whole = fed(text)
    assert state(fed(text, *cuts)) == state(fed(text, *range(1, len(text)))) == state(whole)
    live = StreamReader()
    for letter in text:
        live.feed(letter)
        state(live)  # a valid mesh at every moment
    live.close()
    assert state(live) == state(whole)


@pytest.mark.parametrize("dialect", [LLAMA_MESH, PARTS], ids=lambda d: d.name)
@given(seed=SEEDS)
def test_reads_strict_text_as_the_strict_reader(dialect, seed):
    text = write(soup(seed), dialect, "chair legs 4").text
    if "f " in text:
        strict, reader = read(text, dialect), fed(text, len(text) // 3, len(text) // 2)
        mesh = reader.mesh()
        assert (mesh.vertices == strict.mesh.vertices).all() and mesh.faces() == strict.mesh.faces()
        assert mesh.parts == strict.mesh.parts and reader.plan == strict.plan
        assert not reader.notes and not reader.ignored and not reader.prose and reader.ended


@given(SEEDS)
def test_prose_and_fences_around_a_mesh_change_nothing(seed):
    text = write(soup(seed), LLAMA_MESH).text
    wrapped = f"Sure, here is the mesh:\n\n```obj\n{text}```\n\nLet me know if it needs changes!\n"
    assert state(fed(wrapped))[:3] == state(fed(text))[:3] and not fed(wrapped).notes


# -------------------------------------------------------------------------------- what grows


def test_vertices_and_faces_appear_as_soon_as_they_are_whole():
    reader = StreamReader()
    for text, vertices, faces in [
        ("Here you are:\n```obj\n# plan x\nv 0 0", 0, 0),
        (" 5", 0, 0),
        ("\nv 1 0 0\nv 0 1 0\nf 1 2 ", 3, 0),
        ("3", 3, 0),
        ("\nv 1 1 1\n", 4, 1),
        ("f 2 3 4\n```\n", 4, 2),
    ]:
        reader.feed(text)
        assert (reader.vertices, reader.faces) == (vertices, faces)
        mesh = reader.mesh()
        mesh.check()
        assert (len(mesh.vertices), len(mesh.sizes)) == (vertices, faces)
    assert mesh.vertices[0].tolist() == [0, 0, 5] and mesh.vertices.dtype == np.float32
    assert not reader.ended
    reader.close()
    assert reader.ended and not reader.notes


def test_parts_grow_one_after_the_other():
    reader = StreamReader()
    reader.feed("# plan table legs 4\n" + PART + "g top\n")
    assert reader.plan == "table legs 4" and reader.parts == 1
    reader.feed("v 9 9 9\n")
    assert reader.parts == 2
    assert reader.mesh().parts == (Part("leg", "wood", 4, 4), Part("top", "", 1, 0))


def test_a_mesh_that_was_handed_out_does_not_change():
    reader = StreamReader()
    reader.feed(TETRA)
    mesh, before = reader.mesh(), state(reader)
    reader.feed("v 7 7 7\nf 1 2 5\n")
    assert (mesh.vertices.tolist(), mesh.faces()) == before[:2]


def test_closing_twice_is_nothing_and_feeding_after_it_an_error():
    reader = fed("f 1 2 3")
    before = state(reader)
    reader.close()
    assert state(reader) == before
    with pytest.raises(ValueError, match="closed"):
        reader.feed("v")


# -------------------------------------------------------------------------- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        TETRA,
        TETRA.replace("\n", "\r\n"),
        TETRA.replace(" ", "\t   "),
        "".join(f"   {line}  \n" for line in TETRA.split("\n")),
        "\ufeff" + TETRA,
        "\n\n# a comment\n" + TETRA.replace("\nf", "\n\n# faces\nf"),
        TETRA.replace("\n", " # why\n"),
        TETRA.rstrip("\n"),
        TETRA.rstrip("\n") + "```",
        "```v 0 0 0\n" + TETRA.partition("\n")[2],
        "mtllib a.mtl\ns off\nvn 0 0 1\nvt 0 0\n" + TETRA + "l 1 2\np 1\n",
        TETRA.replace("1", "1/1").replace("v 1/1 0 0", "v 1 0 0").replace("0 1/1", "0 1"),
        CORNERS + "f 1/1/1 3/2/1 2/3/1\nf 1//1 2//1 4//2\nf 2/7 3/7 4/7\nf 1/ 4/ 3/\n",
        CORNERS + "f -4 -2 -3\nf -4 -3 -1\nf -3 -2 -1\nf -4 -1 -2\n",
        CORNERS + "f 1 -2 2\nf +1 2 -1\nf 2 3 4\nf 1 4 3\n",
        CORNERS.replace("1", "1.000e+00").replace("v 0 0 0", "v -0.0 0. .0E5") + TETRA[len(CORNERS) :],
        CORNERS.replace("\n", " 1.0\n") + TETRA[len(CORNERS) :],  # w
        CORNERS.replace("\n", " 0.2 0.5 1\n") + TETRA[len(CORNERS) :],  # a colour
        CORNERS.replace("\n", " 1 0.2 0.5 1\n") + TETRA[len(CORNERS) :],  # both
        "Of course! This is a\ntetrahedron.\n\n" + TETRA + "\nI hope that you like it.\n",
        "v is a vertex and f is a face:\n- f for face\n" + TETRA,
        "```\n" + CORNERS + "```\nAnd now the faces:\n```\n" + TETRA[len(CORNERS) :] + "```",
    ],
)
def test_what_other_models_and_tools_write_is_read(text):
    reader = fed(text)
    assert is_tetra(reader) and not reader.notes and not reader.mesh().parts


def test_polygons_and_floats_stay_as_written():
    reader = fed("v 0.25 -1.5e-3 +7\nv 1 0 0\nv 1 1 0\nv .5 2. 0\nv 0 1 0\nf 1 2 3 4 5\n")
    assert reader.mesh().faces() == [(0, 1, 2, 3, 4)] and not reader.notes
    assert reader.mesh().vertices[0].tolist() == [0.25, np.float32(-1.5e-3), 7.0]


def test_objects_of_another_tool_are_parts():
    cube = "".join(f"v {x} {y} {z}\n" for x in (0, 1) for y in (0, 1) for z in (0, 1))
    text = "# Blender 4.2\nmtllib a.mtl\no Seat.001\n" + cube + "s 0\nusemtl Dark Wood\nf 1/1/1 2/2/1 4/3/1 3/4/1\n"
    text += "o Back\ng back\n" + cube + "f 9 10 12 11\nf 13 14 16 15\n"
    reader = fed(text)
    assert reader.mesh().parts == (Part("Seat.001", "Dark Wood", 8, 1), Part("back", "", 8, 2))
    assert not reader.notes


def test_a_name_after_the_vertices_and_a_material_alone_make_a_part():
    assert fed(TETRA.replace("f 1 3 2", "g a\nf 1 3 2")).mesh().parts == (Part("a", "", 4, 4),)
    assert fed("usemtl red\n" + TETRA).mesh().parts == (Part("part", "red", 4, 4),)
    later = fed(TETRA + "g\nv 1 1 1\nv 2 2 2\nv 3 1 1\nf 5 6 7\n")
    assert later.mesh().parts == (Part("part", "", 4, 4), Part("part", "", 3, 1)) and not later.notes


def test_the_plan_is_the_first_one_before_the_mesh():
    assert fed("Here:\n```\n# plan a b 1\n# plan c\n" + TETRA).plan == "a b 1"
    assert fed(TETRA + "# plan c\n").plan == ""


# ----------------------------------------------------------------------------- what is noted


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("f 0 1 2", "index"),
        ("f 1 2 -5", "index"),
        ("f 1 2 999999", "index"),
        ("f 1 2 5", "missing"),
        ("f 1 2 2", "corner"),
        ("f 1 2 3 -4", "corner"),
        ("f 3 1 2", "duplicate"),
        ("f 2 3 1 ", "duplicate"),
        ("f 1 2", "face"),
        ("f 1 2 x", "face"),
        ("f 1 2 3.5", "face"),
        ("f 1 2 1234567890123", "face"),
        ("f 1 2 3/1/1/1", "face"),
        ("f 1 2 ٣", "face"),
        ("v 1 2", "vertex"),
        ("v 1 2 3 4 5", "vertex"),
        ("v 1 2 3 4 5 6 7 8", "vertex"),
        ("v 1 2 2O", "vertex"),
        ("v 1 2 ３", "vertex"),
        ("v 1 2 1_0", "vertex"),
        ("v 1 2 0x10", "vertex"),
        ("v nan 0 0", "vertex"),
        ("v 0 -inf 0", "vertex"),
        ("v 0 Infinity 0", "vertex"),
        ("v 1e999 0 0", "vertex"),
        ("v 0 0 2e12", "vertex"),
        ("???", "junk"),
        ("f1 2 3", "junk"),
        ("{", "junk"),
        ("#" * (MAX_LINE + 1), "long"),
        ("usemtl red", "material"),
    ],
)
def test_a_line_that_cannot_be_taken_is_noted_and_the_rest_is_read(line, kind):
    reader = fed(TETRA + line + "\n")
    assert is_tetra(reader) or kind == "material"
    assert kinds(reader) == [(9, kind)] and reader.problems == {kind: 1}
    assert reader.notes[0].sentence.endswith(".")


def test_a_lost_vertex_keeps_its_index_and_costs_only_its_own_faces():
    reader = fed("v 9 nan 9\n" + CORNERS + "f 2 4 3\nf 1 2 3\nf 2 3 5\nf -3 -2 -1\nf 2 5 4\n")
    assert is_tetra(reader) and kinds(reader) == [(1, "vertex"), (7, "missing")]


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("f 1 2", "cut"),
        ("f 1", "cut"),
        ("f", "cut"),
        ("v 1 2", "cut"),
        ("v", "cut"),
        ("v 1 2 -", "cut"),
        ("f 3 2 1", "duplicate"),
    ],
)
def test_a_last_line_that_broke_off_is_noted(last, kind):
    reader = fed(TETRA + last)
    assert is_tetra(reader) and kinds(reader) == [(9, kind)]


def test_a_last_line_without_its_end_is_read():
    assert fed(CORNERS + "f 1 2 3").mesh().faces() == [(0, 1, 2)]
    assert fed("v 1 2 3").mesh().vertices.tolist() == [[1, 2, 3]]


def test_faces_wait_for_their_vertices():
    lines = TETRA.splitlines(keepends=True)
    assert state(fed("".join(lines[4:] + lines[:4])))[1] == [(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)]
    reader = StreamReader()
    reader.feed("v 0 0 0\nv 1 0 0\nf 1 2 4\nf 1 2 3\nf 1 2 5\n")
    assert reader.faces == 0
    reader.feed("v 0 1 0\n")
    assert reader.mesh().faces() == [(0, 1, 2)]
    reader.feed("v 0 0 1\n")
    assert reader.mesh().faces() == [(0, 1, 2), (0, 1, 3)] and not reader.notes
    reader.close()
    assert reader.notes == [Note(5, "missing", "A face names a vertex that never came.")]


def test_faces_across_parts_leave_one_mesh_without_parts():
    groups = CORNERS + "g a\nf 1 3 2\nf 1 2 4\ng b\nf 2 3 4\nf 1 4 3\n"  # all vertices first: a group has none
    assert is_tetra(reader := fed(groups)) and not reader.parts
    assert kinds(reader) == [(9, "parts")]
    bridge = fed(PART + PART.replace("leg", "top") + "f 1 2 5\n")
    assert bridge.faces == 9 and bridge.mesh().parts == () and bridge.problems == {"parts": 1}


def test_only_the_first_notes_are_kept_and_all_are_counted():
    reader = fed(TETRA + "f 1 1 1\n" * 1_000)
    assert len(reader.notes) == MAX_NOTES and reader.problems == {"corner": 1_000}


# ----------------------------------------------------------------------------- a second mesh

SECOND = "v 5 5 5\nv 6 5 5\nv 5 6 5\nf 1 2 3\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"```obj\n{TETRA}```\nAnd another:\n```obj\n{SECOND}```\n", 13),
        (f"{TETRA}Here is another one:\n{SECOND}", 10),
        (f"{TETRA}\n{SECOND}", 10),  # nothing between them: it counts from 1 again
        (f"{TETRA}Another:\ng x\nusemtl y\n{SECOND}f 1 2 3 4\n", 10),
        (f"{TETRA}```\n{SECOND.replace('1 2 3', '2 3 4')}", 10),  # no corner among its own vertices
        (f"{TETRA}# plan chair\ng leg\n{SECOND.replace('1 2 3', '-3 -2 -1')}", 10),
        (f"{TETRA}And more:\nv 1 2 3\nv 1 2", 10),  # cut before its first face
    ],
)
def test_a_second_mesh_is_left_out(text, line):
    reader = fed(text)
    assert is_tetra(reader) and reader.parts == 0 and reader.ended
    assert kinds(reader)[-1] == (line, "second") and reader.problems["second"] == 1
    assert reader.ignored == sum(row[:2] in ("v ", "f ") for row in text.split("\n")) - 8


def test_a_second_mesh_ends_the_first_while_it_streams():
    reader = StreamReader()
    reader.feed(TETRA + "```\n" + SECOND[:24])
    assert not reader.ended and reader.vertices == 7
    reader.feed("f 1 2 3\n")
    assert reader.ended and reader.vertices == 4 and is_tetra(reader)


@pytest.mark.parametrize(
    "text",
    [
        f"{TETRA}{SECOND.replace('1 2 3', '5 6 7')}",
        f"{TETRA}# more\n{SECOND.replace('1 2 3', '5 6 7')}",
        f"{TETRA}Now the lid:\n```obj\n{SECOND.replace('1 2 3', '5 6 7')}```\n",
        f"{TETRA}{SECOND.replace('1 2 3', '-3 -2 -1')}",
        f"{TETRA}{SECOND.replace('1 2 3', '3 6 7')}",
        f"{TETRA}{SECOND.replace('1 2 3', '2 5 6')}",
    ],
)
def test_vertices_between_faces_are_no_second_mesh(text):
    reader = fed(text)
    assert (reader.vertices, reader.faces, reader.notes) == (7, 5, [])


def test_a_face_left_over_is_no_second_mesh():
    reader = fed("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3\n" + CORNERS + "f 1 3 4\nf 5 6 7\n")
    assert (reader.vertices, reader.faces, reader.notes) == (8, 3, [])


def test_vertices_that_waiting_faces_need_are_no_second_mesh():
    reader = fed("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 4\nv 0 0 1\nv 1 1 1\nf 1 4 5\n")
    assert (reader.vertices, reader.faces, reader.notes) == (5, 3, [])
    broken = fed("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 5\nMore:\n" + SECOND)
    assert (broken.vertices, broken.faces) == (3, 1)
    assert kinds(broken) == [(7, "second"), (5, "missing")]  # not completed with a vertex of the second mesh


def test_answers_shaped_like_those_of_llama_mesh():
    """Prose, a fence, integers, faces sorted; a second block whose faces run past its vertices (facts 1.7)."""
    first = write(prism(CUBE), LLAMA_MESH).text
    second = "v 3 4 5\nv 3 4 9\nv 8 8 8\n" + "f 1 2 3\n" + "".join(f"f 1 2 {i}\n" for i in range(4, 12))
    answer = f"Here is a 3D model of a PC part in OBJ format:\n\n```obj\n{first}```\n\nAnd a cover for it:\n\n"
    reader = fed(f"{answer}```obj\n{second}```")
    strict = read(first, LLAMA_MESH).mesh
    assert (reader.mesh().vertices == strict.vertices).all() and reader.mesh().faces() == strict.faces()
    assert reader.problems == {"second": 1} and reader.ignored == 12
    bare = fed(first.rstrip("\n") + "\n\n" + second)
    assert bare.mesh().faces() == strict.faces() and bare.problems == {"second": 1}


# ------------------------------------------------------------------------- bounds and limits


def test_a_line_of_any_length_is_skipped_in_bounded_memory():
    reader = StreamReader()
    reader.feed(TETRA)
    for _ in range(12_000):
        reader.feed("1 v f " * 700)  # 50 MB
        assert reader._length > MAX_LINE or sum(map(len, reader._pieces)) <= MAX_LINE
    assert not reader._pieces
    reader.feed("\nv 1 1 1\n")
    reader.close()
    assert reader.vertices == 5 and kinds(reader) == [(9, "long")]


def test_a_line_just_at_the_limit_is_read():
    line = "f 1 2 3"
    assert fed(CORNERS + line + " " * (MAX_LINE - len(line)) + "\n").faces == 1
    assert kinds(fed(CORNERS + line + " " * (MAX_LINE + 1 - len(line)) + "\n")) == [(5, "long")]


@pytest.mark.parametrize(
    ("junk", "megabytes"),
    [
        ("lorem ipsum dolor sit amet " * 4 + "\n", 20),
        ("v " + "1" * 9_000 + "x 1 1\n", 8),
        ("f 1 2 999\nv 1 2 3 4 5\n???\n" * 4, 2),
        ("```\n" * 9 + "g a\n", 2),
    ],
)
def test_megabytes_of_junk_pass(junk, megabytes):  # what is not linear would run into the time limit of a test
    reader = StreamReader()
    reader.feed(TETRA)
    for _ in range(megabytes * 50):
        reader.feed(junk * (20_000 // len(junk)))
    reader.feed("\n")
    assert reader.faces == 4 and len(reader.notes) <= MAX_NOTES
    assert len(reader._index) <= stream.MAX_VERTICES and len(reader._parts) <= stream.MAX_PARTS


@pytest.mark.parametrize(
    ("name", "limit", "text", "counts"),
    [
        ("MAX_VERTICES", 5, TETRA + "v 1 1 1\nv 2 2 2\nf 1 2 5\n", (5, 4)),
        ("MAX_FACES", 4, TETRA + "f 1 2 3 4\nv 1 1 1\n", (4, 4)),
        ("MAX_CORNERS", 13, TETRA + "f 1 2 3 4\nv 1 1 1\n", (4, 4)),
        ("MAX_PARTS", 2, TETRA + "g a\nv 1 1 1\nv 2 2 2\nv 4 4 4\nf 5 6 7\ng b\nv 3 3 3\nf 5 6 7\n", (7, 5)),
    ],
)
def test_a_mesh_ends_at_a_limit(monkeypatch, name, limit, text, counts):
    monkeypatch.setattr(stream, name, limit)
    reader = fed(text)
    reader.mesh().check()
    assert (reader.vertices, reader.faces) == counts
    assert reader.ended and reader.problems == {"limit": 1} and reader.ignored > 0


def test_names_are_bounded():
    assert len(fed("g " + "a" * 5_000 + "\n" + TETRA).mesh().parts[0].name) == stream.MAX_NAME


def test_the_mesh_of_a_long_stream_is_a_copy_of_arrays():
    """Thirty times a second for 20,000 faces: no work a face, or this runs into the time limit of a test."""
    side = 100
    a = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).reshape(-1) + 1
    quads = np.stack([a, a + 1, a + side + 2, a + side + 1], 1)
    text = "v 1 2 3\n" * (side + 1) ** 2 + "".join("f {} {} {} {}\n".format(*quad) for quad in quads.tolist())
    reader = fed(text)
    for _ in range(1_000):
        mesh = reader.mesh()
    assert isinstance(mesh, Mesh) and len(mesh.sizes) == side**2


def test_the_outline_tells_how_many_parts_to_expect() -> None:
    reader = StreamReader()
    reader.feed("# plan table\n# part top 1 wood 0 0 0 4 3 2 8\n# part leg 1 wood 0 0 0 1 3 1 8\ng top\n# part")
    assert (reader.expected, reader.plan) == (2, "table")
    reader.feed("y of it\nv 0 0 0\n# part no outline any more\n")
    assert reader.expected == 2 and not reader.prose
