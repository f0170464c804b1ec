"""Guesses for the `parts` dialect, from what meshes are made of: boxes that stand in pairs and mirror each other,
pieces that fill their box as an earlier piece of their name did, and face blocks that equal pieces share. Pieces and
blocks are remembered over runs."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from .rings import following
from .vocabulary import parts_tokens

MEMORY = 160_000  # beginnings of face blocks that are remembered
REACH = 5  # corners of a beginning
PIECES = 12  # pieces that are remembered of a name


class PartsMemory:
    """What runs before have told: which corner follows which beginning of a face block, and how pieces fill their
    boxes."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, tuple[int, ...]], dict[int, int]] = defaultdict(dict)
        self.pieces: dict[int, deque[np.ndarray]] = defaultdict(lambda: deque(maxlen=PIECES))

    def learn(self, name: int, filled: np.ndarray, block: Sequence[int]) -> None:
        """`filled` float [V, 3] in 0..1 of the piece's box; `block` holds the corners as told (vertex numbers), -1
        between faces, -2 at the end."""
        known = self.pieces[name]
        if not any(piece.shape == filled.shape and np.abs(piece - filled).max() < 0.02 for piece in known):
            known.appendleft(filled)
        if len(self._after) > MEMORY:
            self._after.clear()
        for i, corner in enumerate(block):
            seen = self._after[(len(filled), tuple(block[max(0, i - REACH) : i]))]
            seen[corner] = seen.get(corner, 0) + 1

    def faces(self, count: int, block: Sequence[int], most: int) -> list[int]:
        """What follows a block of a piece with `count` vertices, up to `most` corners; stops where nothing like it was
        seen."""
        told = list(block)
        while len(told) < len(block) + most:
            seen = self._after.get((count, tuple(told[max(0, len(told) - REACH) :])))
            if not seen:
                break
            told.append(max(seen, key=lambda corner: seen[corner]))
        return told[len(block) :]


CUBE = np.array([(x, y, z) for y in (0.0, 1.0) for x in (0.0, 1.0) for z in (0.0, 1.0)])


class PartsDraft:
    """Follows one text over the starter's tokens."""

    def __init__(self, tokenizer: Tokenizer, bins: int, memory: PartsMemory):
        known = parts_tokens(tokenizer, bins)
        self.part, self.box, self.g, self.v, self.f = known.part, known.box, known.g, known.v, known.f
        self.heads = {known.plan, known.part, known.g, known.usemtl, known.box, known.v, known.f}
        self.step, self.step_of = known.steps.tolist(), known.step_of
        self.back, self.back_of = [0, *known.back.tolist()], known.back_of
        self.top = bins - 1
        self.memory = memory
        self.told: list[list[int]] = []  # the outline's lines without their heads
        self.outline: list[tuple[int, list[int]]] = []  # name, box of each part
        self.line: list[int] = []  # tokens of the line so far, its head first
        self.number = -1  # of the part that is being told
        self.points: list[tuple[int, ...]] = []
        self.block: list[int] = []  # corners of the piece's faces, -1 between
        self.likely: list[np.ndarray] = []  # vertices [V, 3] in steps that the piece may have, as far as it is told

    def accept(self, token: int) -> None:
        if token in self.heads:
            self._end_line()
            if token == self.g:
                self._end_part()
                self._begin_part()
            self.line = [token]
        else:
            self.line.append(token)

    def _end_line(self) -> None:
        match self.line:
            case [self.part, name, _, _, *box, _]:
                self.outline.append((name, [self.step_of[token] for token in box]))
                self.told.append(self.line[1:])
            case [self.v, *coordinates]:
                k, point = len(self.points), tuple(self.step_of[token] for token in coordinates)
                self.points.append(point)
                self.likely = [p for p in self.likely if len(p) > k and np.abs(p[k] - point).max() <= 1]
            case [self.f, *corners]:
                self.block += [len(self.points) - self.back_of[c] for c in corners] + [-1]
        self.line = []

    def _begin_part(self) -> None:
        self.number += 1
        self.points, self.block = [], []
        name, box = self.outline[self.number]
        low, high = np.array(box).reshape(2, 3)
        filled = [*self.memory.pieces[name], CUBE]
        self.likely = [np.floor(low + piece * (high - low) + 0.5).astype(int) for piece in filled]

    def _end_part(self) -> None:
        if self.points and self.block:
            name, box = self.outline[self.number]
            low, high = np.array(box).reshape(2, 3)
            self.memory.learn(name, (np.array(self.points) - low) / (high - low), [*self.block[:-1], -2])

    def end(self) -> None:
        """The text is over: its last piece is remembered too."""
        self._end_line()
        self._end_part()

    # --------------------------------------------------------------------------------------------------- guessing

    def guess(self, most: int) -> list[int]:
        head = self.line[0] if self.line else 0
        if head == self.f:
            return self._faces(most)
        if head == self.v or head == self.box:
            return self._vertices(most)
        return self._entry()[:most] if head == self.part else []

    def _faces(self, most: int) -> list[int]:
        told = [len(self.points) - self.back_of[c] for c in self.line[1:]]
        return self._told(self.memory.faces(len(self.points), [*self.block, *told], most), len(self.points))

    def _told(self, corners: list[int], count: int) -> list[int]:
        """A face block's corners as tokens, up to its end."""
        out: list[int] = []
        for corner in corners:
            if corner == -2:
                return [*out, self.g]
            out.append(self.f if corner == -1 else self.back[count - corner])
        return out

    def _vertices(self, most: int) -> list[int]:
        """The rest of the piece that is likeliest, and its faces."""
        told = self.line[1:] if self.line[0] == self.v else []
        fitting = [
            p
            for p in self.likely
            if len(p) > len(self.points)
            and all(abs(a - self.step_of[t]) <= 1 for a, t in zip(p[len(self.points)], told, strict=False))
        ]
        if not fitting:
            return self._ring(told, most)
        out: list[int] = [] if self.line[0] == self.v else [self.v]
        for point in fitting[0][len(self.points) : len(self.points) + most // 4 + 2].tolist():
            out += [self.v] if out and out[-1] != self.v else []
            out += [self.step[min(max(step, 0), self.top)] for step in point[len(told) :]]
            told = []
        count = len(fitting[0])
        if len(out) < most:
            out += self._told([-1, *self.memory.faces(count, [], most - len(out))], count)
        return out[:most]

    def _ring(self, tokens: list[int], most: int) -> list[int]:
        """The rest of a ring of vertices that no piece before has."""
        _, (*low, right, above, front) = self.outline[self.number]
        points, told = list(self.points), [self.step_of[token] for token in tokens]
        out: list[int] = [] if self.line[0] == self.v else [self.v]
        while len(out) < most:
            if len(told) == 3:
                points.append(tuple(told))
                out.append(self.v)
                told = []
                continue
            step = following(points, told, tuple(low), (right, above, front))
            if step is None or not 0 <= step <= self.top:
                break
            told.append(step)
            out.append(self.step[step])
        return out

    def _entry(self) -> list[int]:
        """The rest of the outline's line: like the entry of that name before, or in the middle."""
        told = [self.step_of.get(token, 0) for token in self.line[4:]]
        before = self.told[-1] if self.told else []
        name = self.line[1] if len(self.line) > 1 else before[0] if before else 0
        same = [entry for entry in self.told if entry[0] == name]
        if not same:
            if len(told) < 3:
                return []
            return [self.step[step] for step in [self.top - told[0]][len(told) - 3 : 1] if step > told[0]]
        _, left, material, *_, vertices = same[-1]
        boxes = [[self.step_of[token] for token in entry[3:9]] for entry in same]
        x, y, z, right, above, front = boxes[-1]
        if left == self.step[1]:
            return []
        beside = sum(box[0] == x and box[1] == y for box in boxes)
        # The second of a pair with the same x is mirrored in z; the next pair in x.
        low = (x, y, self.top - front) if beside % 2 else (self.top - right, y, boxes[-beside][2])
        start = [*told[:3], *low[len(told) :]]
        box = [*start, start[0] + right - x, above, start[2] + front - z]
        steps = box[: next((i for i, step in enumerate(box) if not 0 <= step <= self.top), 6)]
        fewer = self.step[self.step_of[left] - 1]
        known = [name, fewer, material, *(self.step[step] for step in steps)]
        if len(steps) == 6:
            known += [vertices, self.part]
        return known[len(self.line) - 1 :]
