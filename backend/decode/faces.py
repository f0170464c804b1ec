"""Which corner may come next in a face, so that every face can be closed. Knows vertex numbers, no tokens, no text.

Sets of vertices are whole numbers, a bit for each: what a corner costs is then a few operations on one or two words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np


def bits(vertices: int) -> Iterator[int]:
    """The vertices of a set, ascending."""
    while vertices:
        low = vertices & -vertices
        yield low.bit_length() - 1
        vertices ^= low


def members(vertices: int) -> np.ndarray:
    """The same as int64 [K]."""
    data = np.frombuffer(vertices.to_bytes((vertices.bit_length() + 7) // 8 or 1, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(data, bitorder="little"))


class EdgeFaces:
    """Faces of one part with `count` vertices, in text order: lowest corner first, (first, second) ascending, each
    directed edge at most once, no set of corners twice. A corner is legal where the face can be closed with it, or with
    it and one more; a face is begun only where a triangle is left.
    """

    def __init__(self, count: int, max_corners: int = 16):
        self.count, self.max_corners = count, max_corners
        self.corners: list[int] = []  # of the face that is being told
        self.faces = 0
        self._told = 0  # the corners, as a set
        # Where directed edges go from and come from; a vertex is in its own sets, so that no corner follows itself.
        self._out = [1 << v for v in range(count)]
        self._into = list(self._out)
        self._seen: dict[int, list[int]] = {}  # first corner -> the faces told, as sets
        self._last = (0, -1)  # first and second corner of the face before
        # A triangle (a, b, c) that can still be told, for each first corner a. Edges are only ever used up, so a
        # witness is looked for again only when its own edges are gone.
        self._witness = [(a + 1, a + 2) for a in range(count - 2)]

    def next(self, left: int = 1_000) -> np.ndarray:
        """int64 [K], ascending: the corners that may come next, where `left` more tokens may be told after it, one of
        them needed to end the face."""
        return members(self.legal(left))

    def legal(self, left: int = 1_000) -> int:
        """The same, as a set."""
        if not self.corners:
            return self._firsts()
        a, size = self.corners[0], len(self.corners)
        inside = self._above(a) & ~self._told
        open_, close = inside & ~self._out[self.corners[-1]], inside & ~self._into[a]
        if size == 1 and a == self._last[0]:
            open_ &= self._above(self._last[1])
        found = open_ & close if size > 1 and size < self.max_corners and left > 0 else 0
        pairs = size + 2 <= self.max_corners and left > 1
        known: dict[int, int] = {}  # vertex -> those that may not be the last corner after it
        for face in self._seen.get(a, ()):
            if not self._told & ~face and (others := face & ~self._told):
                one = others & -others
                if one == others:
                    found &= ~one
                elif not (two := others ^ one) & (two - 1):
                    known[one] = known.get(one, 0) | two
                    known[two] = known.get(two, 0) | one
        return found | self._with_one_more(open_ & ~found, close, known) if pairs else found

    @property
    def closable(self) -> bool:
        """Whether the face that is being told can end with the corners it has."""
        return self.can_end()

    def can_end(self, left: int = 1_000) -> bool:
        """The same, where `left` more tokens may be told after another corner."""
        if len(self.corners) < 3 or self._out[self.corners[-1]] >> self.corners[0] & 1:
            return False
        return self._told not in self._seen.get(self.corners[0], ())

    def another(self) -> bool:
        """Whether a further face could follow the one that is being told, if that ended here."""
        before = self._as_if_ended()
        found = self._any_first()
        self._go_on(*before)
        return found

    def add(self, corner: int) -> None:
        self.corners.append(corner)
        self._told |= 1 << corner

    def end(self) -> None:
        """The face is whole."""
        self._use()
        self._seen.setdefault(self.corners[0], []).append(self._told)
        self._last, self.corners, self._told = (self.corners[0], self.corners[1]), [], 0
        self.faces += 1

    def _as_if_ended(self) -> tuple[list[int], int, tuple[int, int]]:
        """Pretend that the face that is being told is whole; what `_go_on` needs to go back."""
        before = self.corners, self._told, self._last
        self._use()
        self._seen.setdefault(self.corners[0], []).append(self._told)
        self._last, self.corners, self._told = (self.corners[0], self.corners[1]), [], 0
        return before

    def _go_on(self, corners: list[int], told: int, last: tuple[int, int]) -> None:
        self.corners, self._told, self._last = corners, told, last
        self._seen[corners[0]].pop()
        for p, q in self._edges():
            self._out[p] ^= 1 << q
            self._into[q] ^= 1 << p

    def _edges(self) -> Iterator[tuple[int, int]]:
        return zip(self.corners, [*self.corners[1:], self.corners[0]], strict=True)

    def _use(self) -> None:
        for p, q in self._edges():
            self._out[p] |= 1 << q
            self._into[q] |= 1 << p

    def _above(self, vertex: int) -> int:
        """All vertices after one."""
        return (1 << self.count) - (2 << vertex) if vertex >= 0 else (1 << self.count) - 1

    def _with_one_more(self, open_: int, close: int, known: dict[int, int]) -> int:
        """Those of `open_` from which an unused edge leads to one of `close`, but to those that are `known`."""
        found = 0
        for one, forbidden in known.items():
            if open_ & one:
                open_ ^= one
                if close & ~self._out[one.bit_length() - 1] & ~forbidden:
                    found |= one
        while open_ and close:
            last = close & -close
            reach = open_ & ~self._into[last.bit_length() - 1]
            found, open_, close = found | reach, open_ ^ reach, close ^ last
        return found

    def _firsts(self) -> int:
        """All that a face can begin with."""
        return sum(1 << a for a in range(self._last[0], self.count - 2) if self._can_begin(a))

    def _any_first(self) -> bool:
        first = self._last[0]  # the last that is asked: it has to be searched
        return any(map(self._can_begin, range(first + 1, self.count - 2))) or (
            first < self.count - 2 and self._can_begin(first)
        )

    def _can_begin(self, a: int) -> bool:
        """Whether there is a triangle with lowest corner a; it is kept as the witness."""
        if a != self._last[0]:
            b, c = self._witness[a]
            if not (self._out[a] >> b | self._out[b] >> c | self._out[c] >> a) & 1:
                return True
        inside = self._above(a)
        open_, close = inside & ~self._out[a], inside & ~self._into[a]
        if a == self._last[0]:  # the first corner of the face before: its second corner must be higher
            open_ &= self._above(self._last[1])
        triangles = [face & ~(1 << a) for face in self._seen.get(a, ()) if face.bit_count() == 3]
        for b in bits(open_):
            thirds = close & ~self._out[b]
            for pair in triangles:
                if pair >> b & 1:
                    thirds &= ~pair
            if thirds:
                if a != self._last[0]:
                    self._witness[a] = b, (thirds & -thirds).bit_length() - 1
                return True
        return False


class TripleFaces:
    """Triangles over `count` vertices in any order: three different corners, no set of corners twice."""

    def __init__(self, count: int):
        self.count = count
        self.corners: list[int] = []
        self.faces = 0
        self._at = [0] * count  # faces at each vertex
        self._thirds: dict[tuple[int, int], set[int]] = {}  # third corners of the faces over a pair
        self._spent: set[int] = set()  # vertices that have all their faces
        self._spent_with: dict[int, set[int]] = {}  # vertex -> those with which it has all its faces

    def next(self) -> np.ndarray:
        """int64 [K], ascending: the corners that may come next; empty where no further face exists."""
        legal = np.ones(self.count, bool)
        legal[list(self.barred())] = False
        return np.flatnonzero(legal)

    def barred(self) -> Collection[int]:
        """The corners that may not come next: few, as a rule."""
        if self.count < 3:
            return range(self.count)
        match self.corners:
            case []:
                return self._spent
            case [a]:
                return {a, *self._spent_with.get(a, ())}
            case [a, b]:
                return {a, b, *self._thirds.get((a, b), ())}
        raise AssertionError("a triangle has three corners")

    def another(self) -> bool:
        """Whether there is a face that has not been told."""
        return 6 * self.faces < self.count * (self.count - 1) * (self.count - 2)

    def add(self, corner: int) -> None:
        self.corners.append(corner)
        if len(self.corners) == 3:
            a, b, c = self.corners
            for p, q, third in ((a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)):
                thirds = self._thirds.setdefault((p, q), set())
                thirds.add(third)
                if len(thirds) == self.count - 2:
                    self._spent_with.setdefault(p, set()).add(q)
            for corner in self.corners:
                self._at[corner] += 1
                if 2 * self._at[corner] == (self.count - 1) * (self.count - 2):
                    self._spent.add(corner)
            self.corners = []
            self.faces += 1
