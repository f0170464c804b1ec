"""Which corner may come next in a face, so that every face can be closed. Knows vertex numbers, no tokens, no text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class EdgeFaces:
    """Faces of one part with `count` vertices, in text order: lowest corner first, (first, second) ascending, each
    directed edge at most once, no set of corners twice. A corner is legal where the face can be closed with it, or with
    it and one more; a face is begun only where a triangle is left.
    """

    def __init__(self, count: int, max_corners: int = 16):
        self.count, self.max_corners = count, max_corners
        self.corners: list[int] = []  # of the face that is being told
        self.faces = 0
        self._used = np.eye(count, dtype=bool)  # directed edges; the diagonal so that no corner follows itself
        self._seen: dict[int, list[frozenset[int]]] = {}  # first corner -> the faces told, as sets
        self._last = (0, -1)  # first and second corner of the face before
        # A triangle (a, b, c) that can still be told, for each first corner a. Edges are only ever used up, so a
        # witness is looked for again only when its own edges are gone.
        self._witness = np.zeros((2, count), np.int64)
        for a in range(count - 2):
            self._witness[:, a] = a + 1, a + 2

    def next(self, left: int = 1_000) -> np.ndarray:
        """int64 [K], ascending: the corners that may come next, where `left` more tokens may be told after it, one of
        them needed to end the face."""
        if not self.corners:
            return self._firsts()
        a, p, size = self.corners[0], self.corners[-1], len(self.corners)
        inside = np.arange(self.count) > a
        inside[self.corners] = False
        open_, close = inside & ~self._used[p], inside & ~self._used[:, a]
        if size == 1 and a == self._last[0]:
            open_[: self._last[1] + 1] = False
        pairs = open_[:, None] & ~self._used & close[None, :]  # (n, m): n, then m, then closed
        direct = open_ & close
        told = frozenset(self.corners)
        for face in self._seen.get(a, ()):
            if told < face:
                others = list(face - told)
                if len(others) == 1:
                    direct[others[0]] = False
                elif len(others) == 2:
                    pairs[others[0], others[1]] = pairs[others[1], others[0]] = False
        if size < 2:
            direct[:] = False
        if size + 2 > self.max_corners or left < 2:
            pairs[:] = False
        if size + 1 > self.max_corners or left < 1:
            direct[:] = False
        return np.flatnonzero(direct | pairs.any(1))

    @property
    def closable(self) -> bool:
        """Whether the face that is being told can end with the corners it has."""
        if len(self.corners) < 3 or self._used[self.corners[-1], self.corners[0]]:
            return False
        return frozenset(self.corners) not in self._seen.get(self.corners[0], ())

    def another(self) -> bool:
        """Whether a further face could follow the one that is being told, if that ended here."""
        with self._told():
            return len(self._firsts()) > 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        """As if the face that is being told were whole."""
        before = self.corners, self._last
        edges, first = self._edges(), self.corners[0]
        self._used[edges[0], edges[1]] = True
        self._seen.setdefault(first, []).append(frozenset(self.corners))
        self._last, self.corners = (first, self.corners[1]), []
        yield
        self.corners, self._last = before
        self._seen[first].pop()
        self._used[edges[0], edges[1]] = False

    def add(self, corner: int) -> None:
        self.corners.append(corner)

    def end(self) -> None:
        """The face is whole."""
        edges = self._edges()
        self._used[edges[0], edges[1]] = True
        self._seen.setdefault(self.corners[0], []).append(frozenset(self.corners))
        self._last = self.corners[0], self.corners[1]
        self.corners = []
        self.faces += 1

    def _edges(self) -> tuple[list[int], list[int]]:
        return self.corners, [*self.corners[1:], self.corners[0]]

    def _firsts(self) -> np.ndarray:
        a = np.arange(self._last[0], max(self._last[0], self.count - 2))
        b, c = self._witness[:, a]
        good = ~(self._used[a, b] | self._used[b, c] | self._used[c, a])
        if len(a):
            good[0] = False  # the first corner of the face before: its second corner must be higher
        for i in np.flatnonzero(~good):
            good[i] = self._search(int(a[i]))
        return a[good]

    def _search(self, a: int) -> bool:
        """Look for a triangle with lowest corner a, and keep it as the witness."""
        inside = np.arange(self.count) > a
        open_ = inside & ~self._used[a]
        if a == self._last[0]:
            open_[: self._last[1] + 1] = False
        pairs = open_[:, None] & ~self._used & (inside & ~self._used[:, a])[None, :]
        for face in self._seen.get(a, ()):
            if len(face) == 3:
                p, q = face - {a}
                pairs[p, q] = pairs[q, p] = False
        at = int(pairs.argmax())
        b, c = divmod(at, self.count)
        if not pairs[b, c]:
            return False
        if a != self._last[0]:
            self._witness[:, a] = b, c
        return True


class TripleFaces:
    """Triangles over `count` vertices in any order: three different corners, no set of corners twice."""

    def __init__(self, count: int):
        self.count = count
        self.corners: list[int] = []
        self.faces = 0
        self._at = np.zeros(count, np.int64)  # faces at each vertex
        self._thirds: dict[tuple[int, int], set[int]] = {}  # third corners of the faces over a pair

    def next(self) -> np.ndarray:
        """int64 [K], ascending: the corners that may come next; empty where no further face exists."""
        legal = np.ones(self.count, bool)
        match self.corners:
            case []:
                legal = self._at < (self.count - 1) * (self.count - 2) // 2
            case [a]:
                legal[a] = False
                for b in range(self.count):
                    if len(self._thirds.get((a, b), ())) >= self.count - 2:
                        legal[b] = False
            case [a, b]:
                legal[[a, b, *self._thirds.get((a, b), ())]] = False
        return np.flatnonzero(legal)

    def another(self) -> bool:
        """Whether there is a face that has not been told."""
        return 6 * self.faces < self.count * (self.count - 1) * (self.count - 2)

    def add(self, corner: int) -> None:
        self.corners.append(corner)
        if len(self.corners) == 3:
            a, b, c = self.corners
            self._at[self.corners] += 1
            for p, q, third in ((a, b, c), (b, a, c), (a, c, b), (c, a, b), (b, c, a), (c, b, a)):
                self._thirds.setdefault((p, q), set()).add(third)
            self.corners = []
            self.faces += 1
