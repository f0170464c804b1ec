"""Every closed piece shows its outside; nothing else of a mesh changes."""

from __future__ import annotations

import numpy as np
import pytest

from blender_addon.shared.mesh import Mesh
from blender_addon.winding import outward, reverse

CUBE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
OUTSIDE = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]


def cube(faces, at=(0.0, 0.0, 0.0)) -> Mesh:
    return Mesh.build(np.array(CUBE) + at, faces)


def test_a_closed_piece_inside_out_is_turned():
    wrong = cube([face[::-1] for face in OUTSIDE], (50, 0, -20))
    assert wrong.volume() < 0
    assert outward(wrong).volume() == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("which", [0b000001, 0b010110, 0b111110])
def test_single_faces_are_made_to_agree(which):
    mixed = cube([face[::-1] if which >> i & 1 else face for i, face in enumerate(OUTSIDE)])
    right = outward(mixed)
    assert right.closed()
    assert right.volume() == pytest.approx(1.0)


def test_pieces_are_judged_one_by_one():
    faces = OUTSIDE + [tuple(c + 8 for c in face[::-1]) for face in OUTSIDE]
    two = Mesh.build(np.concatenate([np.array(CUBE), np.array(CUBE) + (9, 9, 9)]), faces)
    assert [piece.volume() > 0 for piece in two.pieces()] == [True, False]
    assert [piece.volume() > 0 for piece in outward(two).pieces()] == [True, True]


def test_what_is_right_is_not_touched():
    right = cube(OUTSIDE)
    assert outward(right) is right


def test_an_open_piece_keeps_the_side_of_most_faces():
    inward = cube([face[::-1] for face in OUTSIDE[:5]])  # a box without a lid, seen from inside: consistent
    assert outward(inward) is inward
    odd = cube([OUTSIDE[0][::-1], *OUTSIDE[1:5]])
    assert outward(odd).faces() == [(0, 3, 2, 1), *OUTSIDE[1:5]]


def test_reversing_keeps_the_first_corner():
    mesh = Mesh.build(np.eye(4, 3), [(0, 1, 2), (1, 2, 3, 0)])
    assert reverse(mesh, np.array([True, False])).faces() == [(0, 2, 1), (1, 2, 3, 0)]
    assert reverse(mesh, np.array([True, True])).faces() == [(0, 2, 1), (1, 0, 3, 2)]


def test_an_empty_mesh_and_a_fin():
    empty = Mesh.build(np.zeros((0, 3)), [])
    assert outward(empty) is empty
    fin = cube([*OUTSIDE, (0, 1, 6)])  # an edge with three faces: no outside, but no error either
    assert len(outward(fin).sizes) == 7
