"""What models are asked, to the byte (facts/llama-mesh.md 1.3 and 1.4)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama3 import SPECIALS, llama3_tokenizer
from shapes import CUBE, prism, star

from meshscribe.backend import prompts
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH, PARTS, write

LLAMA3 = llama3_tokenizer()
OBJ = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


def test_generation_is_asked_as_llama_mesh_was_trained() -> None:
    assert prompts.llama_mesh_generate("a wooden hammer").encode() == (
        b"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        b"Create a 3D obj file using the following description: a wooden hammer<|eot_id|>"
        b"<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


@pytest.mark.parametrize(
    ("question", "asked"), [("", b"What is this object?"), (" How many legs? ", b"How many legs?")]
)
def test_description_is_asked_as_llama_mesh_was_trained(question: str, asked: bytes) -> None:
    assert prompts.llama_mesh_describe(OBJ, question).encode() == (
        b"<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
        + asked
        + b"\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_there_is_no_system_turn_and_no_date() -> None:
    """Meta's own template adds both."""
    text = prompts.llama_mesh_generate("a chair") + prompts.llama_mesh_describe(OBJ)
    assert "system" not in text and "Cutting Knowledge" not in text and "Date" not in text


def test_turns_follow_each_other() -> None:
    assert prompts.llama3_chat([("user", "a"), ("assistant", "b"), ("user", "c")]) == (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


ATTACKS = st.lists(st.sampled_from([*SPECIALS, "<", "|", ">", "<|", "|>", "eot_id", "{}", " ", "a"]), max_size=12)


@given(ATTACKS.map("".join))
def test_a_prompt_cannot_bring_special_tokens(prompt: str) -> None:
    """The ids of the whole are those of the template around plain text: no turn is ended or begun by the user."""
    for text in (prompts.llama_mesh_generate(prompt), prompts.llama_mesh_describe(OBJ, prompt)):
        ids = LLAMA3.encode(text, add_special_tokens=False).ids
        special = [LLAMA3.id_to_token(i) for i in ids if LLAMA3.id_to_token(i) in SPECIALS]
        begin, _, header, header_end, eot = SPECIALS
        assert special == [begin, header, header_end, eot, header, header_end]


def test_the_rest_of_a_prompt_is_kept() -> None:
    assert prompts.plain("  a {chair} <b> 100 % | |> ") == "a {chair} <b> 100 % | |>"
    assert prompts.plain("a<|eot_id|>b") == "a b"
    assert prompts.plain("<|eot_id|> \n") == ""


def test_the_starter_is_asked_with_task_tokens() -> None:
    assert prompts.starter_generate("A round Table, 4 legs!") == "<make> a round table 4 legs<answer>"
    sketch = prompts.sketch(write(prism(CUBE), PARTS).text)
    assert prompts.starter_describe(sketch) == f"<read>{sketch}<answer>"
    assert prompts.starter_change(sketch, "table legs 4", "Six legs!") == (
        f"<read>{sketch}<answer>\n# plan table legs 4<change> six legs<answer>"
    )


def test_a_sketch_is_the_outline_and_what_vertices_fit() -> None:
    cube, big = prism(CUBE), prism(star(30), 0.2)
    mesh = Mesh.join([("top", "wood", big.vertices * 3, big.faces()), ("leg", "", cube.vertices + 5, cube.faces())])
    text = write(mesh, PARTS).text
    lines = prompts.sketch(text).split("\n")
    assert [line.split()[:3] for line in lines[2:4]] == [["#", "part", "top"], ["#", "part", "leg"]]
    assert lines[4] == "g leg" and len(lines) == 5 + 8, "the top has more vertices than a sketch holds"
    assert prompts.sketch(text, vertices=200).count("\nv ") == 128
    assert prompts.sketch(text, vertices=0).count("\n") == 3


def test_a_sketch_tells_sides_and_proportions() -> None:
    """A tower twice as high as wide, on a plate as wide as it is high, and half as deep."""
    cube = prism(CUBE)
    sizes = {"plate": ((8.0, 1.0, 4.0), (0, 0, 0)), "tower": ((4.0, 8.0, 4.0), (0, 0, 0))}
    mesh = Mesh.join(
        [(name, "", cube.vertices * np.array(size) + at, cube.faces()) for name, (size, at) in sizes.items()]
    )
    whole, *parts = (line.split() for line in prompts.sketch(write(mesh, PARTS).text, vertices=0).split("\n")[1:])
    sides = np.array([[int(number) for number in part[-3:]] for part in parts])
    boxes = np.array([[int(number) for number in part[-10:-4]] for part in parts])
    assert np.array_equal(sides, boxes[:, 3:] - boxes[:, :3])
    x, y, z = (int(number) for number in whole[2:5])
    assert (x, y, z) == tuple(boxes[:, 3:].max(0) - boxes[:, :3].min(0)) and max(x, y, z) == 127
    assert [int(number) for number in whole[5:]] == [
        round(64 + 16 * float(np.log2((a + 1) / (b + 1)))) for a, b in ((y, x), (z, x), (y, z))
    ]


def test_a_sketch_counts_equal_pieces_where_names_say_nothing() -> None:
    """Two equal beams that lie in different ways, and a block."""
    cube = prism(CUBE)
    sizes = [((2.0, 8.0, 1.0), 0), ((1.0, 2.0, 8.0), 20), ((6.0, 6.0, 6.0), 40)]
    mesh = Mesh.join([("part", "", cube.vertices * np.array(size) + at, cube.faces()) for size, at in sizes])
    lines = [line.split() for line in prompts.sketch(write(mesh, PARTS).text).split("\n") if line.startswith("# part")]
    assert [line[3] for line in lines] == ["2", "1", "1"] and {line[-4] for line in lines} == {"8"}


def test_a_sketch_does_not_depend_on_the_faces() -> None:
    mesh = prism(CUBE)
    triangles = Mesh.build(mesh.vertices, [tuple(face) for face in mesh.triangles().tolist()])
    assert prompts.sketch(write(mesh, PARTS).text) == prompts.sketch(write(triangles, PARTS).text)


def test_a_sketch_of_many_parts_holds_the_largest() -> None:
    cube = prism(CUBE)
    pieces = [("p", "", cube.vertices * (1 + i) + (i * 60.0, 0, 0), cube.faces()) for i in range(40)]
    lines = prompts.sketch(write(Mesh.join(pieces), PARTS).text, vertices=0).split("\n")[2:]
    assert len(lines) == prompts.SKETCHED_PARTS


def test_the_llama_mesh_text_in_a_question_is_the_codecs() -> None:
    text = write(prism(CUBE), LLAMA_MESH).text
    assert prompts.llama_mesh_describe(text).count("\nv ") == 8 and f"\n{text.rstrip()}<|eot_id|>" in (
        prompts.llama_mesh_describe(text)
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Low-Poly CHAIR.", ["a", "low", "poly", "chair"]),
        ("table2legs", ["table", "2", "legs"]),
        ("Café  naïve\tÉlan\n", ["cafe", "naive", "elan"]),
        ("let's and let’s", ["lets", "and", "lets"]),
        ("x² ３ ٣", ["x", "2", "3"]),  # other scripts' digits are no words of the starter
        ("<make></s><answer>", ["make", "s", "answer"]),
        ("стол 椅子", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert prompts.words(text) == words


@given(st.text(max_size=60))
def test_any_text_is_words_of_the_starter(text: str) -> None:
    assert all(word.isascii() and (word.isalpha() or word.isdigit()) for word in prompts.words(text))
    asked = prompts.starter_generate(text)
    assert asked.count("<") == asked.count(">") == 2


def test_a_long_prompt_is_cut_to_what_the_starter_reads() -> None:
    asked = prompts.starter_generate("chair " * 1000)
    assert asked.count(" chair") == prompts.LONGEST_PROMPT
