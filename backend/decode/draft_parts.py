"""Guesses for the `parts` dialect, from what meshes are made of: pieces that are copies of the piece before, rings of
vertices that repeat at another height, mirror symmetry about the middle of the grid, and face blocks that equal pieces
share (remembered over runs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tokenizers import Tokenizer

Point = tuple[int, int, int]
MEMORY = 160_000  # beginnings of face blocks that are remembered
REACH = 5  # corners of a beginning


class FaceMemory:
    """Face blocks seen before, by vertex count: which index follows which beginning, the most frequent first."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, tuple[int, ...]], dict[int, int]] = defaultdict(dict)

    def learn(self, count: int, block: Sequence[int]) -> None:
        """`block` holds the corners as told (vertex numbers), -1 between faces and at the end."""
        if len(self._after) > MEMORY:
            self._after.clear()
        for i, corner in enumerate(block):
            seen = self._after[(count, tuple(block[max(0, i - REACH) : i]))]
            seen[corner] = seen.get(corner, 0) + 1

    def guess(self, count: int, block: Sequence[int], most: int) -> list[int]:
        """What follows, up to `most` corners; stops where nothing like it was seen."""
        told = list(block)
        while len(told) < len(block) + most:
            seen = self._after.get((count, tuple(told[max(0, len(told) - REACH) :])))
            if not seen:
                break
            told.append(max(seen, key=lambda corner: seen[corner]))
        return told[len(block) :]


class PartsDraft:
    """The `parts` dialect over the starter's tokens."""

    def __init__(self, tokenizer: Tokenizer, bins: int, memory: FaceMemory):
        vocabulary = tokenizer.get_vocab()
        self.g, self.usemtl, self.v, self.f = (vocabulary["\n" + head] for head in ("g", "usemtl", "v", "f"))
        self.step = [vocabulary[f" {i}"] for i in range(bins)]
        self.step_of = {token: i for i, token in enumerate(self.step)}
        self.back = [0] + [vocabulary[f" -{i}"] for i in range(1, 129) if f" -{i}" in vocabulary]
        self.back_of = {token: i for i, token in enumerate(self.back)}
        self.top = bins - 1
        self.memory = memory
        self.parts: list[tuple[int, int, list[Point]]] = []  # name, material, vertices of the pieces before
        self.name = self.material = 0
        self.points: list[Point] = []
        self.line: list[int] = []  # tokens of the line so far, its head first
        self.block: list[int] = []  # corners of the piece's faces, -1 between

    def accept(self, token: int) -> None:
        if token in (self.g, self.usemtl, self.v, self.f):
            self._end_line()
            if token == self.g:
                self._end_part()
            self.line = [token]
        else:
            self.line.append(token)

    def _end_line(self) -> None:
        match self.line:
            case [self.v, x, y, z]:
                self.points.append((self.step_of[x], self.step_of[y], self.step_of[z]))
            case [self.f, *corners]:
                self.block += [len(self.points) - self.back_of[c] for c in corners] + [-1]
            case [self.g, name]:
                self.name = name
            case [self.usemtl, material]:
                self.material = material
        self.line = []

    def _end_part(self) -> None:
        if self.points:
            self.memory.learn(len(self.points), [*self.block[:-1], -2])
            self.parts.append((self.name, self.material, self.points))
        self.points, self.block, self.material = [], [], 0

    def end(self) -> None:
        """The last piece is remembered too."""
        self._end_line()
        self._end_part()

    # --------------------------------------------------------------------------------------------------- guessing

    def guess(self, most: int) -> list[int]:
        head = self.line[0] if self.line else 0
        if head == self.f:
            return self._faces(most)
        if head == self.v:
            return self._vertices(most)
        out: list[int] = []
        if self.parts and head == self.g:
            name, material, _ = self.parts[-1]
            if len(self.line) == 1:
                out.append(name)
            out += [self.usemtl, material, self.v] if material else [self.v]
        elif self.parts and head == self.usemtl:
            same = [m for n, m, _ in reversed(self.parts) if n == self.name]
            out += ([same[0] if same else self.parts[-1][1]] if len(self.line) == 1 else []) + [self.v]
        elif head == self.g and len(self.line) == 2:
            out.append(self.usemtl)
        elif head == self.usemtl and len(self.line) == 2:
            out.append(self.v)
        return out[:most]

    def _faces(self, most: int) -> list[int]:
        told = [len(self.points) - self.back_of[c] for c in self.line[1:]]
        out: list[int] = []
        for corner in self.memory.guess(len(self.points), [*self.block, *told], most):
            if corner == -2:
                out.append(self.g)
                break
            out.append(self.f if corner == -1 else self.back[len(self.points) - corner])
        return out

    def _vertices(self, most: int) -> list[int]:
        points = list(self.points)
        out: list[int] = []
        told = [self.step_of[token] for token in self.line[1:]]
        copied = self._copied()
        while len(out) < most:
            if len(told) == 3:
                points.append((told[0], told[1], told[2]))
                if copied and len(points) == len(copied) or not copied and self._whole(points):
                    return [*out, self.f, *self._first_faces(len(points), most - len(out) - 1)][:most]
                out.append(self.v)
                told = []
                continue
            step = self._coordinate(points, told, copied)
            if step is None or not 0 <= step <= self.top:
                break
            told.append(step)
            out.append(self.step[step])
        return out[:most]

    def _first_faces(self, count: int, most: int) -> list[int]:
        guessed = self.memory.guess(count, [], max(0, most))
        return [self.f if c == -1 else self.g if c == -2 else self.back[count - c] for c in guessed]

    def _copied(self) -> list[Point]:
        """The newest piece before that this one may be a copy of: same name, and what is told so far is it, moved."""
        for name, _, points in reversed(self.parts):
            if name != self.name or len(points) < len(self.points):
                continue
            moves = {tuple(a - b for a, b in zip(p, q, strict=True)) for p, q in zip(self.points, points, strict=False)}
            if all(max(axis) - min(axis) <= 1 for axis in zip(*moves, strict=True)):
                return points
        return []

    def _coordinate(self, points: list[Point], told: list[int], copied: list[Point]) -> int | None:
        """The next coordinate (x, y or z by how many are told)."""
        axis, k = len(told), len(points)
        if copied and k < len(copied):
            if k:
                return copied[k][axis] + points[-1][axis] - copied[k - 1][axis]
            if axis == 1:
                return copied[0][1]
            values = [p[axis] for p in copied]
            if axis == 0:
                return copied[0][0] if self._again() else self.top - max(values)
            return self.top - max(values) if told[0] == copied[0][0] else copied[0][2]
        if not k:
            return None
        level = points[-1][1]
        ring = [p for p in points if p[1] == level]
        below = [p for p in points[: k - len(ring)] if p[1] == points[k - len(ring) - 1][1]] if len(ring) < k else []
        if axis == 1:
            if below and len(ring) >= len(below):
                return None
            return level
        if below and len(ring) < len(below):  # the ring below again, moved or scaled about its middle
            return self._scaled(below, ring, axis)
        if below:  # a new ring begins
            return ring[0][axis] if axis == 0 else (ring[0][2] if told[0] == ring[0][0] else None)
        if not below and axis == 0 and len(ring) % 2:
            return ring[-1][0]
        if axis == 0:
            return self._mirrored_x(ring)
        twin = [p for p in ring if p[0] == told[0]]
        if twin:  # the second vertex of a column mirrors the first
            return self._mirror(ring, 2, twin[-1][2])
        mirrored = [p for p in ring if p[0] == self._mirror(ring, 0, told[0])]
        return mirrored[0][2] if mirrored else (ring[0][2] if len(ring) == 2 else None)

    def _again(self) -> bool:
        """Whether copies come in pairs of one x: the second of a pair is expected."""
        same = [points[0] for name, _, points in self.parts if name == self.name]
        return sum(p[0] == same[-1][0] for p in same) % 2 == 1

    def _mirror(self, ring: list[Point], axis: int, step: int) -> int:
        """The mirror of a step about the middle of what is known: the ring's own where two of its sides are told, else
        the grid's."""
        columns = [p[axis] for p in ring]
        if axis == 2:
            pairs = [(a[2], b[2]) for a, b in zip(ring[::2], ring[1::2], strict=False) if a[0] == b[0]]
            return (sum(pairs[0]) if pairs else self.top) - step
        return self.top - step if len(set(columns)) < 2 else min(columns) + max(columns) - step

    def _mirrored_x(self, ring: list[Point]) -> int | None:
        columns = sorted({p[0] for p in ring})
        if len(columns) < 2:
            return self.top - columns[0]
        return self.top - columns[-2] if self.top - columns[-2] > columns[-1] else self.top - columns[0]

    def _scaled(self, below: list[Point], ring: list[Point], axis: int) -> int | None:
        j = len(ring)
        if not j:
            return below[0][axis]
        middle = (min(p[axis] for p in below) + max(p[axis] for p in below)) / 2
        moves = [r[axis] - b[axis] for r, b in zip(ring, below, strict=False)]
        if not any(moves):
            return below[j][axis]
        reach = [abs(b[axis] - middle) for b in below[: len(ring)]]
        widest = reach.index(max(reach))
        if reach[widest] == 0:
            return below[j][axis]
        scale = (ring[widest][axis] - middle) / (below[widest][axis] - middle)
        return round(middle + (below[j][axis] - middle) * scale)

    def _whole(self, points: list[Point]) -> bool:
        """Whether the vertices look complete: two equal rings or more, and a boxlike count."""
        levels: dict[int, int] = {}
        for p in points:
            levels[p[1]] = levels.get(p[1], 0) + 1
        counts = list(levels.values())
        return len(counts) >= 2 and len(set(counts)) == 1 and counts[0] >= 3
