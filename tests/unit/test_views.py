"""Pictures of a mesh: what stands where, and which part has which colour, read back from the PNG files."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from meshscribe.backend.views import CAMERAS, COLOURS, SIZE, picture, plain_picture, views
from meshscribe.shared.mesh import Mesh

SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def box(low: tuple, high: tuple) -> np.ndarray:
    return np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


TWO = Mesh.join(
    [("left_arm", "", box((0, 0, 0), (1, 1, 1)), SIDES), ("right_arm", "", box((2, 0, 0), (3, 1, 1)), SIDES)]
)


def pixels(png: bytes) -> np.ndarray:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    length = struct.unpack(">I", png[33:37])[0]
    rows = np.frombuffer(zlib.decompress(png[41 : 41 + length]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def drawn(image: np.ndarray) -> np.ndarray:
    return (image != 255).any(-1)


@pytest.mark.parametrize("count", range(1, 9))
def test_as_many_pictures_as_were_asked_for(count):
    shown = views(TWO, count)
    assert len(shown) == count
    assert sum("by part" in view.words for view in shown) == (0 if count < 3 else count // 4 or 1)
    assert all(pixels(view.png).shape == (SIZE, SIZE, 3) and drawn(pixels(view.png)).any() for view in shown)


def test_a_mesh_without_names_is_shown_from_all_sides():
    shown = views(Mesh(TWO.vertices, TWO.loops, TWO.sizes), 8)
    assert [view.words.rstrip(".").lower() for view in shown] == list(CAMERAS)


def test_the_parts_have_the_colours_of_the_legend_on_their_sides():
    image = pixels(picture(TWO, "from the front", {"left_arm": "red", "right_arm": "blue"})).astype(int)
    left, right = (
        image[:, : SIZE // 2][drawn(image[:, : SIZE // 2])],
        image[:, SIZE // 2 :][drawn(image[:, SIZE // 2 :])],
    )
    assert (left[:, 0] > left[:, 2]).mean() > 0.9 and (right[:, 2] > right[:, 0]).mean() > 0.9
    words = views(TWO, 4)[-1].words
    assert "red is left arm, blue is right arm" in words and list(COLOURS)[:2] == ["red", "blue"]


def test_what_is_in_front_hides_what_is_behind():
    mesh = Mesh.join([("near", "", box((0, 0, 2), (1, 1, 3)), SIDES), ("far", "", box((0, 0, 0), (1, 1, 1)), SIDES)])
    image = pixels(picture(mesh, "from the front", {"near": "red", "far": "blue"})).astype(int)
    assert (image[drawn(image)][:, 0] >= image[drawn(image)][:, 2]).all()
    image = pixels(picture(mesh, "from the back", {"near": "red", "far": "blue"})).astype(int)
    assert (image[drawn(image)][:, 2] >= image[drawn(image)][:, 0]).all()


def test_up_is_up_and_the_front_looks_at_us():
    tall = Mesh.build(box((0, 0, 0), (1, 4, 2)), SIDES)
    for camera, wide in (("from the front", 1), ("from the right", 2)):
        rows, columns = np.nonzero(drawn(pixels(picture(tall, camera))))
        assert np.ptp(rows) / np.ptp(columns) == pytest.approx(4 / wide, rel=0.05)


def test_flat_and_empty_of_area():
    for corners in ([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [(1, 1, 1)] * 3):
        assert not drawn(pixels(picture(Mesh.build(corners, [(0, 1, 2)]), "from above"))).any()


def test_a_plain_picture_is_of_its_colour():
    assert (pixels(plain_picture((220, 20, 20))) == (220, 20, 20)).all()
