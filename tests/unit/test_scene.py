"""Relations between boxes, questions about them, and advice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import ROOM, STREET, box

from meshscribe.backend.understand import advice, questions, tasks
from meshscribe.backend.understand.scene import Scene
from meshscribe.shared.tasks import Scene as Asked
from meshscribe.shared.tasks import SceneObject


def told(scene: list[SceneObject], question: str) -> str:
    return questions.answer(Scene(scene), question).text


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("what is on the table?", "Mug, Mug.001, CoffeeMug and Table_Lamp."),
        ("what stands on the table?", "Mug, Mug.001, CoffeeMug and Table_Lamp."),
        ("what's under the table?", "Cat."),
        ("where is the cat?", "Cat is under Table"),
        ("Where are the books?", "on Cube.004 (a shelf)"),
        ("how many chairs are there?", "3: "),
        ("how many mugs are on the table?", "3: "),
        ("how many red chairs are there?", "1: Chair.003."),
        ("how many pianos are there?", "None."),
        ("how far is the box from the table?", "3.91 between Box and Table"),
        ("what is the distance between the cat and the ball?", "5.23 between Cat and Ball"),
        ("how tall is the table?", "0.8"),
        ("how big is the box?", "1 wide, 1 deep and 1 high"),
        ("is the chair left of the table?", "Yes, Chair.001."),
        ("is the cat under the table?", "Yes."),
        ("isn't the cat on the table?", "No."),
        ("is there a piano?", "No. There is no piano here."),
        ("is there a lamp on the table?", "Yes: Table_Lamp."),
        ("are the mugs on the table?", "Yes."),
        ("is anything on the shelf?", "Yes: "),
        ("which chair is closest to the window?", "Chair.003."),
        ("which book is the tallest?", "Cube.007 (a book)."),
        ("which is taller, the lamp or the cat?", "Table_Lamp"),
        ("is the table taller than the shelf?", "No."),
        ("is the shelf the tallest object?", "Yes."),
        ("what is Cube.006?", "Cube.006 is a book."),
        ("is Cube.006 a book?", "Yes."),
        ("is the box empty?", "No."),
        ("is the lamp closer to the box than to the window?", "Yes: "),
        ("does the table have a lamp on it?", "Yes."),
        ("are Mug and CoffeeMug next to each other?", "No."),
        ("are Mug and Mug.001 next to each other?", "Yes."),  # neighbours on one table
        ("what is next to the window?", "Chair.003."),
        ("what do you see?", "3 chairs"),
        ("where is Chair.003 relative to the table?", "right of and behind Table"),
        ("what colour is Chair.003?", "Red."),
        ("is Chair.003 red?", "Yes."),
        ("what colour is the table?", "Nothing tells the colour"),
        ("is the table between Chair.001 and Chair.002?", "Yes."),
        ("is the ball inside the box?", "Yes."),
        ("can you see a cat?", "Yes: Cat."),
        ("which mug is in the middle?", "Mug.001."),
        ("why is the sky blue?", "LLaMA-Mesh"),
        ("who lives here?", "LLaMA-Mesh"),
        ("which chair would you buy?", "LLaMA-Mesh"),
        ("do you like it?", "LLaMA-Mesh"),
        ("what is on the piano?", "There is no piano here."),
        ("write a poem about the chairs", "LLaMA-Mesh"),
        ("", "LLaMA-Mesh"),
    ],
)
def test_questions_about_a_room(question: str, part: str) -> None:
    assert part in told(ROOM, question)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("How many vehicles can you see?", "4: "),
        ("How many crates are on the ground?", "2: "),
        ("What's in the well?", "Bucket."),
        ("Which is taller: the oak tree or the first house?", "Oak_Tree: 7 against 6."),
        ("Is the truck longer than the blue car?", "Yes."),
        ("Is the red house bigger than the other houses?", "No."),
        ("Is the mailbox close to the bench?", "No."),
        ("Is the blue car to the left of the truck?", "Yes."),
        ("Is the truck to the left of the blue car?", "No."),
        ("Are the cars in front of the houses?", "Yes."),
        ("What animals are there?", "Cat and Dog."),
        ("Which objects are red?", "House.002, Mesh.002 (a car) and Mesh.003 (a car)."),
        ("What is between the two lamps?", "Bench"),
        ("Does the crate carry another crate?", "Yes"),
        ("Is the barrel touching the crate?", "No."),
        ("Can you tell me what is next to the barrel?", "Crate.002."),
        ("Is Crate.001 above Crate?", "Yes."),
        ("Is it sunny?", "LLaMA-Mesh"),
        ("Count the trees", "3: "),
        ("Is the dog bigger than the cat?", "Yes."),
        ("What is nearest to the cat?", "Bench."),
    ],
)
def test_questions_about_a_street(question: str, part: str) -> None:
    assert part in told(STREET, question)


def test_it_is_what_was_spoken_of_last() -> None:
    dialogue = [("user", "where is the cat?"), ("assistant", "under the table")]
    for question, part in (("is it under the table?", "Yes."), ("how tall is it?", "0.3"), ("where is it?", "Cat is")):
        answer = tasks.about_scene(Asked(objects=ROOM, question=question, dialogue=dialogue))
        assert part in answer.text
    assert "LLaMA-Mesh" in tasks.about_scene(Asked(objects=ROOM, question="is it under the table?")).text


WORDS = ("what", "is", "where", "how many", "the table", "chairs", "on", "it", "than", "or", ",", "?")


@settings(max_examples=100)
@given(st.text(max_size=80) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_question_has_an_answer(question: str) -> None:
    assert told(ROOM, question)


# ------------------------------------------------------------------------------------------------- relations alone

SIDE = st.floats(0.2, 3.0)
PLACE = st.floats(-5.0, 5.0)


@given(
    SIDE,
    SIDE,
    SIDE,
    PLACE,
    PLACE,
    st.sampled_from([(0, False, "left"), (0, True, "right"), (1, False, "front"), (1, True, "behind")]),
)
def test_what_was_put_to_a_side_is_there_and_not_opposite(a, b, high, x, y, side) -> None:
    axis, higher, _ = side
    gap = (a + b) / 2 + 0.3
    there = [x, y]
    there[axis] += gap if higher else -gap
    scene = Scene([box("r", "R", "", x, y, 0, a, a, high), box("s", "S", "", *there, 0, b, b, high)])
    assert scene.side(0, axis, higher)[0][1] and not scene.side(0, axis, not higher)[0][1]
    assert scene.side(1, axis, not higher)[0][0]


@given(SIDE, st.floats(0.05, 0.9), PLACE, PLACE)
def test_what_was_set_on_a_thing_is_on_it(size, part, x, y) -> None:
    small = size * part
    scene = Scene(
        [box("r", "Crate", "", x, y, 0, size, size, size), box("s", "S", "", x, y, size, small, small, small)]
    )
    assert scene.on(0)[1] and not scene.on(1)[0] and scene.under(1)[0] and scene.above(0)[1]
    assert scene.carried().tolist() == [-1, 0] and not scene.beside(0)[0][1]
    lifted = Scene(
        [box("r", "Crate", "", x, y, 0, size, size, size), box("s", "S", "", x, y, 1.5 * size, small, small, small)]
    )
    assert not lifted.on(0)[1] and lifted.above(0)[1]


@given(SIDE, st.floats(0.1, 0.6))
def test_between_legs_is_under_and_in_a_box_is_in(size, part) -> None:
    inner = size * part
    for name, under, inside in (("Table", True, False), ("Crate", False, True)):
        scene = Scene([box("r", name, "", 0, 0, 0, size, size, size), box("s", "S", "", 0, 0, 0, inner, inner, inner)])
        assert (bool(scene.under(0)[1]), bool(scene.inside(0)[1])) == (under, inside)


def test_boxes_without_any_size_are_no_trouble() -> None:
    flat = Scene(
        [box("a", "A", "", 0, 0, 0, 0, 0, 0), box("b", "B", "", 0, 0, 0, 0, 0, 0), box("c", "C", "", 1, 0, 0, 1, 1, 0)]
    )
    for r in range(3):
        for relation in (flat.on, flat.inside, flat.under, flat.above):
            assert relation(r).shape == (3,)
        assert np.isfinite(flat.beside(r)[1]).all()
    assert questions.answer(flat, "what is next to A?").text


# ----------------------------------------------------------------------------------------------------------- advice


def test_a_scene_is_told() -> None:
    said = advice.overview(Scene(ROOM))
    assert "3 chairs" in said and "On Table are Mug, Mug.001, CoffeeMug and Table_Lamp." in said
    assert "village" in advice.overview(Scene(STREET)) or "street" in advice.overview(Scene(STREET))


def test_what_is_missing_follows_from_what_is_there() -> None:
    kitchen = [box("1", "Table", "", 0, 0, 0, 1, 1, 1), box("2", "Plate", "", 0, 0, 1, 0.2, 0.2, 0.02)]
    said = advice.missing(Scene(kitchen))
    assert "a chair" in said and "no floor" in said
    assert "table" not in said.split("lacks")[1]


def test_tasks_name_what_floats_collides_and_has_no_name() -> None:
    scene = [
        box("1", "Vase", "", 0, 0, 2, 0.2, 0.2, 0.4),
        box("2", "Rock", "", 3, 0, 0, 1, 1, 1),
        box("3", "Rock.001", "", 3, 0, 0, 1, 1, 1),
        box("4", "Statue", "", 6, 0, 0, 1, 1, 1),
        box("5", "Statue.001", "", 6.3, 0, 0, 1, 1, 1),
        box("6", "Cube", "", 9, 0, 0, 1, 1, 1),
    ]
    said = advice.tasks(Scene(scene))
    assert "Set Vase down: it hangs 2 over the ground." in said
    assert "Delete one of Rock and Rock.001" in said
    assert "Move Statue and Statue.001 apart: 70 % of one is in the other." in said
    assert "Name the object without a name" in said
    assert "floats" not in advice.tasks(Scene(ROOM)) and "hangs" not in advice.tasks(Scene(ROOM))


def test_two_thousand_objects_are_told_of() -> None:
    many = [box(str(i), f"Crate.{i}", "", 2.0 * (i % 50), 2.0 * (i // 50), 0, 1, 1, 1) for i in range(2000)]
    assert "2000 crates" in advice.overview(Scene(many))
    assert advice.tasks(Scene(many)) and advice.missing(Scene(many))


def test_an_empty_scene_is_said_to_be_empty() -> None:
    for about in ("question", "describe", "missing", "tasks"):
        assert "empty" in tasks.about_scene(Asked(objects=[], about=about, question="what is here?")).text
