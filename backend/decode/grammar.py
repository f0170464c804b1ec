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

from .faces import EdgeFaces, TripleFaces


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
    parts one after another, each with its vertices inside its box sorted by (y, x, z), and its faces in text order. A
    part has at least four vertices, as a closed piece must."""

    LEAST = 96
    LONGEST_PLAN = 48  # tokens
    ENTRY = 9  # tokens of a part's line in the outline
    PART = 60  # room that a part is worth telling in; its head, 4 vertices and 4 faces take 43

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
        self.outline: list[list[int]] = []  # name, material, low corner, high corner of each part, as tokens
        self.number = -1  # of the part that is being told
        self.head: list[int] = []  # what is left of its head: the outline has told it
        self.low, self.size = np.zeros(3, int), np.ones(3, int)  # of its box, in steps
        self.last = -1  # sort key of its newest vertex: (y * width + x) * depth + z, in steps from the low corner
        self.count = 0  # of its vertices
        self.point: list[int] = []  # x, y of the vertex that is being told, from the low corner
        self.faces = EdgeFaces(0)

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
                return self._after_vertex(left - self._reserved())
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
                self.faces = EdgeFaces(self.count)
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
                if len(self.told) == self.ENTRY - 1:
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
        name, material, *box = self.outline[self.number]
        self.head = [name, self.usemtl, material, self.box, *box, self.v]
        corners = np.array([self.step_of[token] for token in box]).reshape(2, 3)
        self.low, self.size = corners[0], corners[1] - corners[0] + 1
        self.state = "head"

    def _reserved(self) -> int:
        """Tokens that are kept for the parts to come."""
        return self.PART * (len(self.outline) - self.number - 1)

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
        reserve = 1 if self.after_plan == self.stop else self.ENTRY + self.PART
        if len(self.told) >= self.LONGEST_PLAN or left <= reserve:
            self.starved = self.starved or left <= reserve
            return _ids([self.after_plan])
        return self.planned

    def _in_outline(self, left: int) -> np.ndarray:
        """A part's name, material and box: at least two steps an axis, no lower than the part before."""
        place, bins = len(self.told), len(self.steps)
        if place < 2:
            return self.words
        if place < 5:
            least = self.step_of[self.outline[-1][3]] if place == 3 and self.outline else 0
            return self.steps[least : bins - 1]
        if place < 8:
            return self.steps[self.step_of[self.told[place - 3]] + 1 :]
        room = left > self.ENTRY + self.PART * (len(self.outline) + 1)
        self.starved = self.starved or not room
        return _ids([self.part, self.g]) if room else _ids([self.g])

    def _coordinates(self) -> np.ndarray:
        """bool [steps of the box]: those that keep the sort key inside the range that the order leaves. The key's
        digits are y, x, z; the text tells x, then y, then z."""
        width, height, depth = self.size.tolist()
        low = self.last + 1
        high = width * height * depth - 1 - max(0, 3 - self.count)  # three more must be able to follow the first
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

    def _after_vertex(self, left: int) -> np.ndarray:
        """Another vertex or the faces; room for about a quad a vertex is kept."""
        if self.count < 4:
            return _ids([self.v])
        more = self.count < len(self.back) and self.last < int(self.size.prod()) - 1
        room = left >= 4 + 5 * (self.count + 1) + 1
        self.starved = self.starved or (more and not room)
        return _ids([self.v, self.f]) if more and room else _ids([self.f])

    def _in_face(self, left: int) -> np.ndarray:
        """A further corner; where the face can end here, also what may follow it."""
        corners = self.back[self.count - 1 - self.faces.next(left - 2)]
        if not self.faces.closable:
            return np.sort(corners)
        follow = [self.stop if self.number == len(self.outline) - 1 else self.g]
        if left >= 7 and self.faces.another():  # head, up to four corners, stop; and one to spare
            follow.append(self.f)
        self.starved = self.starved or left < 7
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
