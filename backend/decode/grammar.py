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
    """The `parts` dialect over the starter's tokens (training/tokenizer.py): the plan, then parts of vertices sorted by
    (y, x, z) and of faces in text order. A part has at least four vertices, as a closed piece must."""

    LEAST = 64
    LONGEST_PLAN = 48  # tokens
    PART = 60  # room that a new part is worth beginning in; 4 vertices and a face take 23

    def __init__(self, tokenizer: Tokenizer, bins: int, plan_only: bool = False):
        vocabulary = tokenizer.get_vocab()
        self.starved = False
        self.stop = vocabulary["</s>"]
        self.plan, self.g, self.usemtl, self.v, self.f = (
            vocabulary["\n" + head] for head in ("# plan", "g", "usemtl", "v", "f")
        )
        self.steps = np.array([vocabulary[f" {i}"] for i in range(bins)], np.int64)
        largest = next(i for i in range(1, len(vocabulary)) if f" -{i + 1}" not in vocabulary)
        self.back = np.array([vocabulary[f" -{i + 1}"] for i in range(largest)], np.int64)
        self.step_of = {int(token): i for i, token in enumerate(self.steps)}
        self.back_of = {int(token): i + 1 for i, token in enumerate(self.back)}
        self.words = _ids(i for t, i in vocabulary.items() if t[0] == " " and len(t) > 2 and t[1:].isalpha())
        self.after_plan = self.stop if plan_only else self.g
        self.planned = _ids({*self.words.tolist(), *self.steps[:21].tolist(), self.after_plan})
        heads = {self.stop, self.plan, self.g, self.usemtl, self.v, self.f}
        self.tokens = _ids({*heads, *self.words.tolist(), *self.steps.tolist(), *self.back.tolist()})
        self.state = "start"
        self.told = 0  # tokens of the plan
        self.top = bins**3 - 1  # the highest sort key; a key is (y * bins + x) * bins + z
        self.first = 0  # key of the first vertex of the newest part: the next part's is not lower
        self.last = -1  # key of the newest vertex of the part
        self.count = 0  # vertices of the part
        self.point: list[int] = []  # x, y of the vertex that is being told
        self.faces = EdgeFaces(0)

    def legal(self, left: int) -> np.ndarray:
        match self.state:
            case "start":
                return _ids([self.plan])
            case "plan":
                return self._in_plan(left)
            case "name" | "material":
                return self.words
            case "named":
                return _ids([self.usemtl, self.v])
            case "painted":
                return _ids([self.v])
            case "point":
                return self.steps[self._coordinates()]
            case "vertices":
                return self._after_vertex(left)
            case "face":
                return self._in_face(left)
        raise ValueError(f"No token is legal after the end ({self.state}).")

    def accept(self, token: int) -> None:
        match self.state:
            case "plan":
                self.told += 1
            case "point":
                self._coordinate(self.step_of[token])
                return
            case "face" if token in self.back_of:
                self.faces.add(self.count - self.back_of[token])
                return
            case "face":
                self.faces.end()
            case "vertices" if token == self.f:
                self.faces = EdgeFaces(self.count)
            case "name" | "material":
                self.state = "named" if self.state == "name" else "painted"
                return
        if token == self.stop:
            self.state = "end"
        elif token == self.plan:
            self.state = "plan"
        elif token == self.g:
            self.state, self.count = "name", 0
        elif token == self.usemtl:
            self.state = "material"
        elif token == self.v:
            self.state, self.point = "point", []
        elif token == self.f:
            self.state = "face"

    def _coordinate(self, step: int) -> None:
        self.point.append(step)
        if len(self.point) == 3:
            x, y, z = self.point
            bins = len(self.steps)
            self.last = (y * bins + x) * bins + z
            self.count += 1
            self.state = "vertices"
            if self.count == 1:
                self.first = self.last

    def _in_plan(self, left: int) -> np.ndarray:
        if not self.told:
            return self.words
        reserve = 1 if self.after_plan == self.stop else self.PART
        if self.told >= self.LONGEST_PLAN or left <= reserve:
            self.starved = self.starved or left <= reserve
            return _ids([self.after_plan])
        return self.planned

    def _coordinates(self) -> np.ndarray:
        """bool [bins]: the steps that keep the sort key inside the range that the order leaves. The key's digits are
        y, x, z; the text tells x, then y, then z."""
        bins = len(self.steps)
        low = self.last + 1 if self.count else self.first
        high = self.top - max(0, 3 - self.count)  # three more must be able to follow the first
        (y0, x0, z0), (y1, x1, z1) = (((k // bins**2), (k // bins) % bins, k % bins) for k in (low, high))
        order = np.arange(bins)
        if not self.point:
            if y1 - y0 >= 2:
                return order >= 0
            return (order >= x0) | (order <= x1) if y1 > y0 else (order >= x0) & (order <= x1)
        x = self.point[0]
        if len(self.point) == 1:
            return (order >= (y0 if x >= x0 else y0 + 1)) & (order <= (y1 if x <= x1 else y1 - 1))
        y = self.point[1]
        return (order >= (z0 if (y, x) == (y0, x0) else 0)) & (order <= (z1 if (y, x) == (y1, x1) else bins - 1))

    def _after_vertex(self, left: int) -> np.ndarray:
        """Another vertex or the faces; room for about a quad a vertex is kept."""
        if self.count < 4:
            return _ids([self.v])
        more = self.count < len(self.back) and self.last < self.top
        room = left >= 4 + 5 * (self.count + 1) + 1
        self.starved = self.starved or (more and not room)
        return _ids([self.v, self.f]) if more and room else _ids([self.f])

    def _in_face(self, left: int) -> np.ndarray:
        """A further corner; where the face can end here, also what may follow it."""
        corners = self.back[self.count - 1 - self.faces.next(left - 2)]
        if not self.faces.closable:
            return np.sort(corners)
        follow = [self.stop]
        if left >= 7 and self.faces.another():  # head, up to four corners, stop; and one to spare
            follow.append(self.f)
        if left > self.PART and self.first <= self.top - 3:
            follow.append(self.g)
        self.starved = self.starved or left <= self.PART
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
