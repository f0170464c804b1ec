"""Which tokens may come next, for each dialect: every text that ends is a valid mesh, by construction.

A grammar is told every token and answers with ids; it knows nothing of models. Two kinds of rules are not syntax:
- context: indices that exist, no repeated corner or face; for the starter also the sort order and one use of each
  directed edge (faces.py).
- budget: `legal(left)` leaves out what could not be finished within `left` tokens, so that a mesh is never cut in half.
  Where that took a choice away, `starved` is set and the run counts as truncated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from meshscribe.shared.obj import DECLINED

from .closing import ClosedFaces
from .faces import TripleFaces


class Grammar(Protocol):
    LEAST: int  # tokens that the least text may take
    starved: bool  # whether the budget has taken a choice away
    tokens: np.ndarray  # int64 [U], ascending: all that can ever be legal

    def legal(self, left: int) -> np.ndarray:
        """int64 [K], ascending: the tokens that may come next when `left` more may be made, the stop included. Never
        empty as long as the first call had room for LEAST."""
        ...

    def accept(self, token: int) -> None:
        """The token that came: one of the legal ones."""
        ...


def _ids(values: Iterable[int]) -> np.ndarray:
    return np.array(sorted(values), np.int64)


class PartsGrammar:
    """The `parts` dialect over the starter's tokens (training/tokenizer.py): the plan, the outline, then the outline's
    parts one after another, each with as many vertices as the outline says, inside its box, sorted by (y, x, z), and
    its faces in text order. A part has at least four vertices, as a closed piece must."""

    LEAST = 96
    LONGEST_PLAN = 48  # tokens
    ENTRY = 11  # tokens of a part's line in the outline
    HEAD, VERTEX = 13, 9  # room for a part: its head and one token more; a vertex, and a face of four corners for each
    FEWEST = 4  # vertices of a part

    def __init__(self, tokenizer: Tokenizer, bins: int, plan_only: bool = False):
        vocabulary = tokenizer.get_vocab()
        self.starved = False
        self.stop = vocabulary["</s>"]
        self.plan, self.part, self.box, self.g, self.usemtl, self.v, self.f = heads = [
            vocabulary["\n" + head] for head in ("# plan", "# part", "# box", "g", "usemtl", "v", "f")
        ]
        self.steps = np.array([vocabulary[f" {i}"] for i in range(bins)], np.int64)
        largest = next(i for i in range(1, len(vocabulary)) if f" -{i + 1}" not in vocabulary)
        self.back = np.array([vocabulary[f" -{i + 1}"] for i in range(largest)], np.int64)
        self.step_of = {int(token): i for i, token in enumerate(self.steps)}
        self.back_of = {int(token): i + 1 for i, token in enumerate(self.back)}
        self.words = _ids(i for t, i in vocabulary.items() if t[0] == " " and len(t) > 2 and t[1:].isalpha())
        self.declined = vocabulary[f" {DECLINED}"]
        self.after_plan = self.stop if plan_only else self.part
        self.planned = _ids({*self.words.tolist(), *self.steps[:21].tolist(), self.after_plan})
        self.tokens = _ids({self.stop, *heads, *self.words.tolist(), *self.steps.tolist(), *self.back.tolist()})
        self.state = "start"
        self.told: list[int] = []  # tokens of the plan, or of the line of the outline
        self.outline: list[list[int]] = []  # of each part, as tokens: name, left, material, box, vertices
        self.left: dict[int, int] = {}  # name -> how many parts of that name are still to be told
        self.number = -1  # of the part that is being told
        self.head: list[int] = []  # what is left of its head: the outline has told it
        self.low, self.size = np.zeros(3, int), np.ones(3, int)  # of its box, in steps
        self.vertices = 0  # that it will have
        self.last = -1  # sort key of its newest vertex: (y * width + x) * depth + z, in steps from the low corner
        self.count = 0  # of its vertices so far
        self.point: list[int] = []  # x, y of the vertex that is being told, from the low corner
        self.faces = ClosedFaces(0)

    def legal(self, left: int) -> np.ndarray:
        match self.state:
            case "start":
                return _ids([self.plan])
            case "plan":
                return self._in_plan(left)
            case "outline":
                return self._in_outline(left)
            case "head":
                return _ids([self.head[0]])
            case "point":
                return self.steps[self.low[len(self.point)] + np.flatnonzero(self._coordinates())]
            case "vertices":
                return _ids([self.v if self.count < self.vertices else self.f])
            case "face":
                return self._in_face(left - self._reserved())
        raise ValueError(f"No token is legal after the end ({self.state}).")

    def accept(self, token: int) -> None:
        if token == self.stop:
            self.state = "end"
        elif token == self.plan:
            self.state = "plan"
        elif token == self.part:
            self.state, self.told = "outline", []
        elif token == self.g and self.state != "head":
            self._begin()
        elif token == self.f:
            if self.state == "face":
                self.faces.end()
            else:
                self.faces = ClosedFaces(self.count)
            self.state = "face"
        else:
            self._word(token)

    def _word(self, token: int) -> None:
        """A token that is not a line's head, or that belongs to the head of a part."""
        match self.state:
            case "plan":
                self.told.append(token)
            case "outline":
                self.told.append(token)
                if len(self.told) == 2:
                    self.left[self.told[0]] = self.step_of[token] - 1
                elif len(self.told) == self.ENTRY - 1:
                    self.outline.append(self.told)
            case "head":
                self.head.pop(0)
                self.state = "head" if self.head else "point"
            case "vertices":
                self.state = "point"
            case "point":
                self._coordinate(self.step_of[token])
            case "face":
                self.faces.add(self.count - self.back_of[token])

    def _begin(self) -> None:
        """The next part of the outline."""
        self.number, self.count, self.last, self.point = self.number + 1, 0, -1, []
        name, _, material, *box, vertices = self.outline[self.number]
        self.head = [name, self.usemtl, material, self.box, *box, vertices, self.v]
        self.vertices = self.step_of[vertices]
        corners = np.array([self.step_of[token] for token in box]).reshape(2, 3)
        self.low, self.size = corners[0], corners[1] - corners[0] + 1
        self.state = "head"

    def _room(self, vertices: int) -> int:
        """Tokens that are kept for a part."""
        return self.HEAD + self.VERTEX * vertices

    def _reserved(self) -> int:
        """Tokens that are kept for the parts to come."""
        return sum(self._room(self.step_of[entry[-1]]) for entry in self.outline[self.number + 1 :])

    def _coordinate(self, step: int) -> None:
        self.point.append(step - int(self.low[len(self.point)]))
        if len(self.point) == 3:
            x, y, z = self.point
            self.last = (y * int(self.size[0]) + x) * int(self.size[2]) + z
            self.count, self.point = self.count + 1, []
            self.state = "vertices"

    def _in_plan(self, left: int) -> np.ndarray:
        if not self.told:
            return self.words[self.words != self.declined]
        reserve = 1 if self.after_plan == self.stop else 1 + self._least()
        if len(self.told) >= self.LONGEST_PLAN or left <= reserve:
            self.starved = self.starved or left <= reserve
            return _ids([self.after_plan])
        return self.planned

    def _in_outline(self, left: int) -> np.ndarray:
        """A part's name; how many of that name are left, counting down; its material; its box, at least two steps an
        axis, no lower than the part before; its vertices."""
        place, bins = len(self.told), len(self.steps)
        if place == self.ENTRY - 1:
            return self._after_entry(left)
        spare = left - self._kept(place)
        known = self.left.get(self.told[0]) if place else None
        match place:
            case 0:
                open_ = [name for name, count in self.left.items() if count]
                fresh = spare >= (self._least() if open_ else 0)
                self.starved = self.starved or not fresh
                return (
                    self.words[~np.isin(self.words, [n for n in self.left if n not in open_])] if fresh else _ids(open_)
                )
            case 1 if known:
                return self.steps[known : known + 1]
            case 1:
                most = min(bins - 1, 1 + max(0, spare // self._least()))
                return self.steps[1 : most + 1]
            case 2:
                return self.words
            case 3 | 4 | 5:
                least = self.step_of[self.outline[-1][4]] if place == 4 and self.outline else 0
                return self.steps[least : bins - 1]
            case 6 | 7 | 8:
                return self.steps[self.step_of[self.told[place - 3]] + 1 :]
        corners = np.array([self.step_of[token] for token in self.told[3:9]]).reshape(2, 3)
        width, height, depth = (corners[1] - corners[0] + 1).tolist()
        most = min(bins - 1, len(self.back), width * height * depth, self.FEWEST + max(0, spare // self.VERTEX))
        return self.steps[self.FEWEST : most + 1]

    def _least(self) -> int:
        """Tokens of the least part, its line in the outline included."""
        return self.ENTRY + self._room(self.FEWEST)

    def _kept(self, place: int) -> int:
        """Tokens that have to be left from the given place of an outline's line on: for the rest of the line, this
        part, the parts that are told already and those that the countdowns promise."""
        promised = sum(self.left.values()) - (place == 1 and self.left.get(self.told[0], 0) > 0)
        told = sum(self._room(self.step_of[entry[-1]]) for entry in self.outline)
        return self.ENTRY - place + self._room(self.FEWEST) + told + promised * self._least()

    def _after_entry(self, left: int) -> np.ndarray:
        """Another part, or the end of the outline, which has to keep what its countdowns promise."""
        if any(self.left.values()):
            return _ids([self.part])
        room = left > self.ENTRY + self._kept(0)
        self.starved = self.starved or not room
        return _ids([self.part, self.g]) if room else _ids([self.g])

    def _coordinates(self) -> np.ndarray:
        """bool [steps of the box]: those that keep the sort key inside the range that the order leaves. The key's
        digits are y, x, z; the text tells x, then y, then z."""
        width, height, depth = self.size.tolist()
        low = self.last + 1
        high = width * height * depth - (self.vertices - self.count)  # the others must be able to follow
        if not self.count:
            high = min(high, width * depth - 1)  # the box stands on its first vertex
        (y0, x0, z0), (y1, x1, z1) = ((k // (width * depth), (k // depth) % width, k % depth) for k in (low, high))
        order = np.arange(self.size[len(self.point)])
        if not self.point:
            if y1 - y0 >= 2:
                return order >= 0
            return (order >= x0) | (order <= x1) if y1 > y0 else (order >= x0) & (order <= x1)
        x = self.point[0]
        if len(self.point) == 1:
            return (order >= (y0 if x >= x0 else y0 + 1)) & (order <= (y1 if x <= x1 else y1 - 1))
        y = self.point[1]
        return (order >= (z0 if (y, x) == (y0, x0) else 0)) & (order <= (z1 if (y, x) == (y1, x1) else depth - 1))

    def _in_face(self, left: int) -> np.ndarray:
        """A further corner; where the face can end here, also what may follow it."""
        corners = self.back[self.count - 1 - self.faces.next(left - 2)]
        if not self.faces.closable:
            return np.sort(corners)
        room = left >= 7  # head, up to four corners, stop; and one to spare
        more = self.faces.faces + 1 < 2 * self.count  # as many as a closed surface with one hole through it has
        follow = [self.f] if room and more and self.faces.another() else []
        if not follow or self.faces.whole():
            follow.append(self.stop if self.number == len(self.outline) - 1 else self.g)
        self.starved = self.starved or not room
        return _ids([*corners.tolist(), *follow])


class LlamaMeshGrammar:
    """The `llama-mesh` dialect over a Llama-3 tokenization: 8 tokens a line, every number one token. The order of lines
    is left to the model: the released weights break it now and then."""

    LEAST = 48

    def __init__(self, tokenizer: Tokenizer, bins: int, stops: Iterable[int]):
        self.starved = False
        self.stops = _ids(stops)
        if not len(self.stops):
            raise ValueError("The tokenizer has no token that ends an answer, so a mesh could not be ended.")
        self.v, self.f, self.space, self.line = (_single(tokenizer, text) for text in ("v", "f", " ", "\n"))
        self.numbers = np.array([_single(tokenizer, str(i)) for i in range(1000)], np.int64)
        self.number_of = {int(token): i for i, token in enumerate(self.numbers)}
        self.tokens = _ids({self.v, self.f, self.space, self.line, *self.stops.tolist(), *self.numbers.tolist()})
        self.bins = bins
        self.state = "line"  # "line", "vertex", "face", "end"
        self.place = 0  # tokens of the line so far
        self.count = 0
        self.faces = TripleFaces(0)

    def legal(self, left: int) -> np.ndarray:
        if self.state == "line":
            return self._heads(left)
        if self.place == 7:  # the line's end; the last line may end with the stop alone
            if self.state == "vertex":
                return _ids([self.line])
            return self.stops if left < 2 else _ids([self.line, *self.stops.tolist()])
        if self.place % 2:
            return _ids([self.space])
        if self.state == "vertex":
            return np.sort(self.numbers[: self.bins])
        return np.sort(self.numbers[self.faces.next() + 1])

    def accept(self, token: int) -> None:
        if token in self.stops:
            self.state = "end"
        elif self.state == "line":
            self.state, self.place = ("vertex" if token == self.v else "face"), 1
            if self.state == "face" and not self.faces.count:
                self.faces = TripleFaces(self.count)
        elif self.place == 7:
            self.count += self.state == "vertex"
            self.state, self.place = "line", 0
        else:
            if self.state == "face" and self.place % 2 == 0:
                self.faces.add(self.number_of[token] - 1)
            self.place += 1

    def _heads(self, left: int) -> np.ndarray:
        """A vertex, a face or the stop. Room for about two triangles a vertex is kept."""
        heads = []
        if not self.faces.count:
            more = self.count < len(self.numbers) - 1
            room = self.count < 3 or left >= 8 + 16 * (self.count + 1) + 1
            self.starved = self.starved or (more and not room)
            if more and room:
                heads.append(self.v)
            if self.count >= 3:
                heads.append(self.f)
        else:
            heads += self.stops.tolist()
            if self.faces.another():
                self.starved = self.starved or left < 9
                heads += [self.f] if left >= 9 else []
        return _ids(heads)


def _single(tokenizer: Tokenizer, text: str) -> int:
    """The one token of a text. ValueError where the tokenizer splits it, or does not know it."""
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    if len(ids) != 1 or tokenizer.decode(ids) != text:
        raise ValueError(
            f"The tokenizer has no token for {text!r} alone, so this model cannot be held to the llama-mesh dialect."
        )
    return ids[0]
