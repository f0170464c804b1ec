"""Face rules against the same rules said plainly: every way to close a face is tried."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend.decode.closing import ClosedFaces
from meshscribe.backend.decode.faces import EdgeFaces, TripleFaces

Face = tuple[int, ...]
CUBE: list[Face] = [(0, 1, 3, 2), (0, 2, 6, 4), (0, 4, 5, 1), (1, 5, 7, 3), (2, 3, 7, 6), (4, 6, 7, 5)]


class Plain:
    """Faces in text order over `count` vertices: each directed edge once, no set of corners twice."""

    def __init__(self, count: int, most: int):
        self.count, self.most = count, most
        self.told: list[Face] = []

    def fits(self, face: Face) -> bool:
        edges = {edge for told in self.told for edge in zip(told, told[1:] + told[:1], strict=True)}
        return (
            3 <= len(face) <= self.most
            and min(face) == face[0]
            and (not self.told or face[:2] > self.told[-1][:2])
            and not edges & set(zip(face, face[1:] + face[:1], strict=True))
            and set(face) not in map(set, self.told)
        )

    def next(self, corners: Face) -> list[int]:
        """The corners with which, or with which and one more, the face closes; for the first, a triangle must exist."""
        rest = [c for c in range(self.count) if c not in corners]
        lengths = (0, 1) if corners else (2,)
        return [
            c
            for c in rest
            if any(
                self.fits((*corners, c, *others))
                for length in lengths
                for others in permutations([r for r in rest if r != c], length)
            )
        ]


@given(st.integers(3, 6), st.sampled_from([3, 4, 16]), st.integers(0, 2**32 - 1))
def test_edge_faces_are_what_the_rules_say(count: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces, plain = EdgeFaces(count, most), Plain(count, most)
    while len(plain.told) < 8:
        corners: Face = ()
        while True:
            legal = faces.next().tolist()
            assert legal == plain.next(corners), (plain.told, corners)
            assert faces.closable == (len(corners) > 2 and plain.fits(corners))
            if faces.closable:
                plain.told.append(corners)
                another = bool(plain.next(()))
                plain.told.pop()
                assert faces.another() == another
            if faces.closable and (not legal or rng.integers(2)):
                break
            if not legal:
                assert not corners, "a face was begun that cannot be closed"
                return
            corners = (*corners, int(rng.choice(legal)))
            faces.add(corners[-1])
        faces.end()
        plain.told.append(corners)
    assert faces.faces == len(plain.told)


@given(st.integers(4, 7), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_a_face_is_closed_within_the_room_that_is_left(count: int, left: int, seed: int) -> None:
    """`left` more tokens after the next corner, one of them the end: 2 or more are needed for the third corner."""
    rng = np.random.default_rng(seed)
    faces = EdgeFaces(count)
    for _ in range(3):
        if not len(legal := faces.next()):
            return
        faces.add(int(rng.choice(legal)))
        faces.add(int(rng.choice(faces.next())))
        room = max(2, left)
        while not faces.closable or rng.integers(2):
            legal = faces.next(room)
            assert len(legal) or faces.closable
            if not len(legal):
                break
            faces.add(int(rng.choice(legal)))
            room -= 1
        assert faces.closable and room >= 0  # a token is left, for the end
        faces.end()


@given(st.integers(4, 9), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_a_part_that_should_close_is_not_left_without_a_way(count: int, left: int, seed: int) -> None:
    """Where the room ends, a face ends with an open edge rather than not at all."""
    rng = np.random.default_rng(seed)
    faces = ClosedFaces(count)
    while len(legal := faces.next()) and faces.faces < 12:
        faces.add(int(rng.choice(legal)))
        room = left
        while len(faces.corners) < 3 or not faces.can_end(room) or rng.integers(2):
            legal = faces.next(max(room, 3 - len(faces.corners)))
            if not len(legal):
                break
            faces.add(int(rng.choice(legal)))
            room -= 1
        assert faces.can_end(room)
        faces.end()


def test_an_edge_that_is_used_up_ends_the_faces() -> None:
    """Two triangles back to back use the six directed edges of three vertices; the second is the same set."""
    faces = EdgeFaces(3)
    for corner in (0, 1, 2):
        faces.add(corner)
    assert not faces.another()
    faces.end()
    assert faces.next().tolist() == []


def test_a_closed_piece_is_told_whole() -> None:
    """A cube's six quads in text order, each corner legal."""
    faces = EdgeFaces(8)
    for face in CUBE:
        for corner in face:
            assert corner in faces.next()
            faces.add(corner)
        assert faces.closable
        faces.end()
    assert faces.faces == 6 and not len(faces.next())


@given(st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_triples_are_any_that_were_not_told(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    faces = TripleFaces(count)
    told: set[frozenset[int]] = set()
    everything = {frozenset(face) for face in permutations(range(count), 3)}
    while faces.another():
        corners: list[int] = []
        for _ in range(3):
            open_ = [face - set(corners) for face in everything - told if face.issuperset(corners)]
            legal = faces.next().tolist()
            assert legal == sorted(set().union(*open_))
            corners.append(int(rng.choice(legal)))
            faces.add(corners[-1])
        told.add(frozenset(corners))
    assert told == everything and not len(faces.next()) and faces.faces == len(told)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_no_face_over_fewer_than_three_vertices(count: int) -> None:
    assert not len(EdgeFaces(count).next())
    assert not len(TripleFaces(count).next()) and not TripleFaces(count).another()


def test_a_part_ends_when_it_is_closed() -> None:
    """No hole is left in a cube: each face begins where one is missing, and the end comes after the last."""
    faces = ClosedFaces(8)
    for number, face in enumerate(CUBE):
        for place, corner in enumerate(face):
            legal = faces.next().tolist()
            assert corner in legal
            assert place or legal == [corner], "the lowest vertex with an open edge"
            faces.add(corner)
        assert faces.closable and faces.after()[1] == (number == 5)
        faces.end()


@given(st.integers(4, 8), st.integers(0, 2**32 - 1))
def test_closing_takes_no_way_out(count: int, seed: int) -> None:
    """What may come is some of what EdgeFaces allows, and something as long as that allows anything."""
    rng = np.random.default_rng(seed)
    faces, loose = ClosedFaces(count), EdgeFaces(count)
    for _ in range(20):
        while True:
            legal, wide = faces.next(), loose.next()
            assert set(legal.tolist()) <= set(wide.tolist()) and (len(legal) > 0) == (len(wide) > 0)
            assert loose.closable or not faces.closable
            if faces.closable and (not len(legal) or rng.integers(2)):
                break
            assert len(legal) or not faces.corners, "a face was begun that cannot end"
            if not len(legal):
                return
            corner = int(rng.choice(legal))
            faces.add(corner)
            loose.add(corner)
        assert any(faces.after()) and faces.after()[0] == faces.another()
        faces.end()
        loose.end()
