"""Guesses for the `llama-mesh` dialect: sorted vertices repeat coordinates, sorted triangles go around in fans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

Point = tuple[int, int, int]


class LlamaMeshDraft:
    """The `llama-mesh` dialect over a Llama-3 tokenization: guesses to the end of the line and the next line's head.

    Vertices: x as before (they ascend by x), y and z as the last vertex had them after the same beginning. Faces: the
    next triangle of the fan about the first corner, the third corner where two open edges meet.
    """

    def __init__(self, v: int, f: int, space: int, line: int, numbers: Sequence[int]):
        self.v, self.f, self.space, self.end_line = v, f, space, line
        self.numbers = list(numbers)
        self.number_of = {token: i for i, token in enumerate(self.numbers)}
        self.head = v
        self.told: list[int] = []  # numbers of the line so far
        self.place = 0  # tokens of the line so far
        self.points: list[Point] = []
        self.before: tuple[int, int, int] = (0, 0, 0)  # the last face
        self.edges: set[tuple[int, int]] = set()  # directed
        self.around: dict[int, set[int]] = defaultdict(set)  # vertices that a vertex has an edge with

    def accept(self, token: int) -> None:
        if token == self.end_line:
            self.end()
        elif self.place == 0:
            self.head, self.place = token, 1
        else:
            self.place += 1
            if token in self.number_of:
                self.told.append(self.number_of[token])

    def end(self) -> None:
        if len(self.told) == 3:
            a, b, c = self.told
            if self.head == self.v:
                self.points.append((a, b, c))
            else:
                self.before = (a, b, c)
                self.edges |= {(a, b), (b, c), (c, a)}
                for p, q in ((a, b), (b, c), (c, a)):
                    self.around[p].add(q)
                    self.around[q].add(p)
        self.told, self.place = [], 0

    def guess(self, most: int) -> list[int]:
        out = [] if self.place else [self.head]
        told, place = list(self.told), self.place or 1
        while len(told) < 3:
            if place % 2:
                out.append(self.space)
            else:
                number = self._coordinate(told) if self.head == self.v else self._corner(told)
                if number is None or not 0 <= number < len(self.numbers):
                    return out[:most]
                out.append(self.numbers[number])
                told.append(number)
            place += 1
        return [*out, self.end_line, self.head][:most]

    def _coordinate(self, told: list[int]) -> int | None:
        points = self.points
        if not points:
            return None
        if not told:
            return points[-1][0]
        if len(told) == 1:  # after a like y and a like move along x, y went...
            moved = told[0] != points[-1][0]
            for before, after in zip(points[-2:-40:-1], points[-1:-40:-1], strict=False):
                if before[1] == points[-1][1] and (before[0] != after[0]) == moved:
                    return after[1]
            return points[-1][1]
        for point in points[:-40:-1]:
            if point[1] == told[1] and point[0] != told[0]:
                return point[2]
        return points[-1][2]

    def _corner(self, told: list[int]) -> int | None:
        if not self.edges:
            return len(told) + 1
        if not told:
            a = self.before[0]
            return a if any(((a, b) in self.edges) != ((b, a) in self.edges) for b in self.around[a]) else a + 1
        a = told[0]
        if len(told) == 1:  # an edge into a that has no way back yet
            back = [b for b in self.around[a] if (b, a) in self.edges and (a, b) not in self.edges]
            return min(back, default=self.before[1] + 1)
        b = told[1]
        closes = {c for c in self.around[a] if (a, c) in self.edges and (c, a) not in self.edges and c > a and c != b}
        meets = {c for c in self.around[b] if (c, b) in self.edges and (b, c) not in self.edges and c > a}
        return min(closes & meets or closes or meets, default=self.before[2])
