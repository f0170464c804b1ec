"""Phrases that people write, and the objects that they mean; and that no answer names an object that is not there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms import ROOM, STREET, box

from meshscribe.backend.understand import tasks
from meshscribe.backend.understand.scene import Scene, thing
from meshscribe.shared.tasks import Ground, SceneObject


def meant(scene: list[SceneObject], phrase: str) -> set[str]:
    answer = tasks.grounded(Ground(objects=scene, phrase=phrase))
    assert answer.ids is not None and answer.text.endswith(".")
    return set(answer.ids)


@pytest.mark.parametrize(
    ("phrase", "ids"),
    [
        ("the chair next to the window", "chair3"),
        ("the chair that is not next to the table", "chair3"),
        ("the chair to the left of the table", "chair1"),
        ("the chair behind the table", "chair3"),
        ("the chairs near the table", "chair1 chair2"),
        ("both chairs next to the table", "chair1 chair2"),
        ("the red chair", "chair3"),
        ("all chairs except the red one", "chair1 chair2"),
        ("the chair on the right", "chair3"),
        ("the leftmost mug on the table", "mug1"),
        ("the two leftmost mugs", "mug1 mug2"),
        ("the middle mug", "mug2"),
        ("third mug from the left", "mug3"),
        ("the coffee mug", "mug3"),
        ("the mug between the two other mugs", "mug2"),
        ("the mug closest to the lamp", "mug3"),
        ("the mug that is on the table and next to the lamp", "mug3"),
        ("the smallest mug", "mug1 mug2"),  # equally small
        ("the cups", "mug1 mug2 mug3"),
        ("everything on the table", "mug1 mug2 mug3 lamp"),
        ("the largest object on the table", "lamp"),
        ("everything on the shelf", "book1 book2 book3"),
        ("the second book from the left", "book2"),
        ("first book from the right", "book3"),
        ("the book furthest to the right", "book3"),
        ("the tallest book", "book3"),
        ("the lamp standing on the table", "lamp"),
        ("the table with a lamp on it", "table"),
        ("the cat under the table", "cat"),
        ("the animal", "cat"),
        ("the ball in the box", "ball"),
        ("the container with the ball", "box"),
        ("the furniture", "table chair1 chair2 chair3 shelf"),
        ("the shelf in the corner", "shelf"),
        ("what is on the wall", "window"),
        ("Cube.006", "book2"),
        ("please select 'Ball'", "ball"),
        ("select the box please", "box"),
        ("the thing under the table", "cat"),
        ("the piano", ""),
        ("the picture on the wall", ""),
        ("the green chair", ""),
        ("", ""),
        ("sing me a song", ""),
    ],
)
def test_a_room(phrase: str, ids: str) -> None:
    assert meant(ROOM, phrase) == set(ids.split())


@pytest.mark.parametrize(
    ("phrase", "ids"),
    [
        ("the house in the middle", "house2"),
        ("the tallest house", "house2"),
        ("the third house from the left", "house3"),
        ("the last house on the right", "house3"),
        ("the red house", "house3"),
        ("both red cars", "car2 car3"),
        ("red things", "house3 car2 car3"),
        ("the blue one", "car1"),
        ("the car parked on the far left", "car1"),
        ("the second car from the right", "car2"),
        ("the closest car to the truck", "car3"),
        ("the cars and the truck", "car1 car2 car3 truck"),
        ("all vehicles", "car1 car2 car3 truck"),
        ("every red vehicle", "car2 car3"),
        ("the largest vehicle", "truck"),
        ("the vehicle furthest to the right", "truck"),
        ("the buildings", "house1 house2 house3"),
        ("the tree between the first two houses", "oak"),
        ("the oak", "oak"),
        ("the biggest of the trees", "tree3"),
        ("trees smaller than the oak tree", "tree2"),
        ("all trees except the tallest one", "oak tree2"),
        ("the tree to the right of the red house", "tree3"),
        ("the animal sitting on the bench", "cat"),
        ("whatever is on the bench", "cat"),
        ("the pets", "cat dog"),
        ("the dog behind the blue car", "dog"),
        ("the bin beside the bench", "bin"),
        ("the garbage can to the right of the bench", "bin"),
        ("the bench in front of the tallest house", "bench"),
        ("the street light on the left", "lamp1"),
        ("the right lamp post", "lamp2"),
        ("the lamp next to the oak tree", "lamp1"),
        ("the streetlamp closest to the bench", "lamp1 lamp2"),  # as far
        ("the crate on top of another crate", "crate2"),
        ("the crate that has a crate on it", "crate1"),
        ("the bottom crate", "crate1"),
        ("the crate next to the barrel", "crate3"),
        ("the two crates on the ground", "crate1 crate3"),
        ("the bucket in the well", "bucket"),
        ("the mailbox in front of the leftmost house", "mailbox"),
        ("the house nearest to the mailbox", "house1"),
        ("the unicorn", ""),
    ],
)
def test_a_street(phrase: str, ids: str) -> None:
    assert meant(STREET, phrase) == set(ids.split())


def test_what_is_not_there_is_said_and_what_the_rules_cannot_read() -> None:
    nothing = tasks.grounded(Ground(objects=ROOM, phrase="the piano"))
    assert "There is no piano here" in nothing.text and not nothing.known
    strange = tasks.grounded(Ground(objects=ROOM, phrase="the chair where I left my keys yesterday"))
    assert strange.ids == [] and ("LLaMA-Mesh" in strange.text or "no" in strange.text)
    assert "3 chairs" in nothing.text


def test_an_empty_scene_has_nothing() -> None:
    assert meant([], "the chair") == set()


SOME = (
    "the a chair chairs table window mug red tallest second two leftmost on under next to left of between and from than "  # noqa: E501
    "not with it everything all except closest in front behind thing that is cube one other , ? @3 007 'Ball' of"
)
WORDS = st.sampled_from(SOME.split())


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
def test_no_object_is_invented(phrase: str) -> None:
    ids = tasks.grounded(Ground(objects=ROOM, phrase=phrase)).ids
    assert ids is not None and set(ids) <= {each.id for each in ROOM} and len(set(ids)) == len(ids)


@given(st.integers(0, 40))
def test_a_thousand_things_are_looked_through(seed: int) -> None:
    """Ids are the client's own, and mean nothing."""
    objects = [
        box(f"{i:x}-{seed}", f"Crate.{i:03}", "", 3.0 * (i % 30), 3.0 * (i // 30), 0, 1, 1, 1 + i / 1000)
        for i in range(900)
    ]
    assert meant(objects, "the tallest crate") == {f"{899:x}-{seed}"}


@pytest.mark.parametrize(
    ("name", "kind", "noun"),
    [
        ("Chair.003", "", "chair"),
        ("Table_Lamp", "", "lamp"),
        ("tableLamp.L", "", "lamp"),
        ("Cube.001", "shelf", "shelf"),
        ("Cube.001", "", "box"),
        ("Couch_Red", "", "sofa"),
        ("Bench", "sofa", "bench"),  # an artist who says bench means a bench
        ("SM_Prop_47", "round wooden table", "table"),
        ("KitchenTable", "", "table"),
        ("Benches", "", "bench"),
        ("Street Lamp 2", "", "streetlamp"),
        ("", "red object", ""),
        ("椅子", "chair", "chair"),
    ],
)
def test_what_a_thing_is_called(name: str, kind: str, noun: str) -> None:
    assert thing(SceneObject(id="1", name=name, kind=kind, low=(0, 0, 0), high=(1, 1, 1))).noun == noun


def test_a_scene_of_boxes_turned_inside_out_still_has_boxes() -> None:
    flipped = SceneObject(id="1", name="Box", low=(1, 1, 1), high=(0, 0, 0))
    assert (Scene([flipped]).size == 1).all()
