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

from .closing import ClosedFaces
from .faces import TripleFaces
from .vocabulary import Plans, ids, llama_mesh_tokens, parts_tokens


class Grammar(Protocol):
    LEAST: int  # tokens that the least text may take
    starved: bool  # whether the budget has taken a choice away
    tokens: np.ndarray  # int64 [U], ascending: all that can ever be legal

    @property
    def settled(self) -> bool:
        """Whether the next token follows from those before: the likeliest is taken, at any temperature."""
        ...

    def legal(self, left: int) -> np.ndarray:
        """int64 [K], ascending: the tokens that may come next when `left` more may be made, the stop included. Never
        empty as long as the first call had room for LEAST. The caller does not change it: it may be shared."""
        ...

    def accept(self, token: int) -> None:
        """The token that came: one of the legal ones."""
        ...


class PartsGrammar:
    """The `parts` dialect over the starter's tokens (training/tokenizer.py): the plan, the outline, then the outline's
    parts one after another, each with as many vertices as the outline says, inside its box, sorted by (y, x, z), and
    its faces in text order. A part has at least four vertices, as a closed piece must. Where `plans` are given, a plan
    has a value for each attribute of its family, in their order; else it is any words."""

    LEAST = 96
    LONGEST_PLAN = 48  # tokens
    ENTRY = 11  # tokens of a part's line in the outline
    HEAD, VERTEX = 13, 9  # room for a part: its head and one token more; a vertex, and a face of four corners for each
    FEWEST = 4  # vertices of a part

    def __init__(self, tokenizer: Tokenizer, bins: int, plan_only: bool = False, plans: Plans | None = None):
        known = self.known = parts_tokens(tokenizer, bins)
        self.starved, self.tokens = False, known.all
        self.stop, self.plan, self.part, self.g = known.stop, known.plan, known.part, known.g
        self.v, self.f = known.v, known.f
        self.after_plan = self.stop if plan_only else self.part
        self.plans = plans
        self.state = "start"
        self.told: list[int] = []  # tokens of the plan, or of the line of the outline
        self.outline: list[list[int]] = []  # of each part, as tokens: name, left, material, box, vertices
        self.left: dict[int, int] = {}  # name -> how many parts of that name are still to be told
        self.number = -1  # of the part that is being told
        self.head: list[int] = []  # what is left of its head: the outline has told it
        self.reserved = 0  # tokens that are kept for the parts after it
        self.low, self.size = [0, 0, 0], [1, 1, 1]  # of its box, in steps
        self.vertices = 0  # that it will have
        self.last = -1  # sort key of its newest vertex: (y * width + x) * depth + z, in steps from the low corner
        self.count = 0  # of its vertices so far
        self.point: list[int] = []  # x, y of the vertex that is being told, from the low corner
        self.faces = ClosedFaces(0)

    @property
    def settled(self) -> bool:
        """Faces follow from the vertices, and how many parts there are from the plan."""
        return self.state == "face" or (self.state == "outline" and len(self.told) in (1, self.ENTRY - 1))

    def legal(self, left: int) -> np.ndarray:
        match self.state:
            case "start":
                return self.known.only[self.plan]
            case "plan":
                return self._in_plan(left)
            case "outline":
                return self._in_outline(left)
            case "head":
                return self.known.only[self.head[0]]
            case "point":
                return self._coordinates()
            case "vertices":
                return self.known.only[self.v if self.count < self.vertices else self.f]
            case "face":
                return self._in_face(left - self.reserved)
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
                    self.left[self.told[0]] = self.known.step_of[token] - 1
                elif len(self.told) == self.ENTRY - 1:
                    self.outline.append(self.told)
            case "head":
                self.head.pop(0)
                self.state = "head" if self.head else "point"
            case "vertices":
                self.state = "point"
            case "point":
                self._coordinate(self.known.step_of[token])
            case "face":
                self.faces.add(self.count - self.known.back_of[token])

    def _begin(self) -> None:
        """The next part of the outline."""
        self.number, self.count, self.last, self.point = self.number + 1, 0, -1, []
        name, _, material, *box, vertices = self.outline[self.number]
        known = self.known
        self.head = [name, known.usemtl, material, known.box, *box, vertices, known.v]
        self.vertices = known.step_of[vertices]
        self.low, high = ([known.step_of[token] for token in corner] for corner in (box[:3], box[3:]))
        self.size = [top - low + 1 for low, top in zip(self.low, high, strict=True)]
        self.reserved = sum(self._room(known.step_of[entry[-1]]) for entry in self.outline[self.number + 1 :])
        self.state = "head"

    def _room(self, vertices: int) -> int:
        """Tokens that are kept for a part."""
        return self.HEAD + self.VERTEX * vertices

    def _coordinate(self, step: int) -> None:
        self.point.append(step - self.low[len(self.point)])
        if len(self.point) == 3:
            x, y, z = self.point
            self.last = (y * self.size[0] + x) * self.size[2] + z
            self.count, self.point = self.count + 1, []
            self.state = "vertices"

    def _in_plan(self, left: int) -> np.ndarray:
        if not self.told:
            return ids(self.plans) if self.plans else self.known.families
        reserve = 1 if self.after_plan == self.stop else 1 + self._least()
        if len(self.told) >= self.LONGEST_PLAN or left <= reserve:
            self.starved = self.starved or left <= reserve
            return self.known.only[self.after_plan]
        if self.plans is None:
            return self.known.planned[self.after_plan]
        follow = self.plans[self.told[0]]
        place = len(self.told) - 1
        return follow[place] if place < len(follow) else self.known.only[self.after_plan]

    def _in_outline(self, left: int) -> np.ndarray:
        """A part's name; how many of that name are left, counting down; its material; its box, at least two steps an
        axis, no lower than the part before; its vertices."""
        place, bins = len(self.told), len(self.known.steps)
        if place == self.ENTRY - 1:
            return self._after_entry(left)
        spare = left - self._kept(place)
        known = self.left.get(self.told[0]) if place else None
        match place:
            case 0:
                open_ = [name for name, count in self.left.items() if count]
                fresh = spare >= (self._least() if open_ else 0)
                self.starved = self.starved or not fresh
                if not fresh:
                    return ids(open_)
                done = [name for name, count in self.left.items() if not count]
                return self.known.without(done) if done else self.known.words
            case 1 if known:
                return self.known.steps[known : known + 1]
            case 1:
                most = min(bins - 1, 1 + max(0, spare // self._least()))
                return self.known.steps[1 : most + 1]
            case 2:
                return self.known.words
            case 3 | 4 | 5:
                least = self.known.step_of[self.outline[-1][4]] if place == 4 and self.outline else 0
                return self.known.steps[least : bins - 1]
            case 6 | 7 | 8:
                return self.known.steps[self.known.step_of[self.told[place - 3]] + 1 :]
        corners = np.array([self.known.step_of[token] for token in self.told[3:9]]).reshape(2, 3)
        width, height, depth = (corners[1] - corners[0] + 1).tolist()
        most = min(bins - 1, len(self.known.back), width * height * depth, self.FEWEST + max(0, spare // self.VERTEX))
        return self.known.steps[self.FEWEST : most + 1]

    def _least(self) -> int:
        """Tokens of the least part, its line in the outline included."""
        return self.ENTRY + self._room(self.FEWEST)

    def _kept(self, place: int) -> int:
        """Tokens that have to be left from the given place of an outline's line on: for the rest of the line, this
        part, the parts that are told already and those that the countdowns promise."""
        promised = sum(self.left.values()) - (place == 1 and self.left.get(self.told[0], 0) > 0)
        told = sum(self._room(self.known.step_of[entry[-1]]) for entry in self.outline)
        return self.ENTRY - place + self._room(self.FEWEST) + told + promised * self._least()

    def _after_entry(self, left: int) -> np.ndarray:
        """Another part, or the end of the outline, which has to keep what its countdowns promise."""
        if any(self.left.values()):
            return self.known.only[self.part]
        room = left > self.ENTRY + self._kept(0)
        self.starved = self.starved or not room
        return ids([self.part, self.g]) if room else self.known.only[self.g]

    def _coordinates(self) -> np.ndarray:
        """The steps that keep the sort key inside the range that the order leaves. The key's digits are y, x, z; the
        text tells x, then y, then z."""
        width, height, depth = self.size
        low = self.last + 1
        high = width * height * depth - (self.vertices - self.count)  # the others must be able to follow
        if not self.count:
            high = min(high, width * depth - 1)  # the box stands on its first vertex
        (y0, x0, z0), (y1, x1, z1) = ((k // (width * depth), (k // depth) % width, k % depth) for k in (low, high))
        if not self.point:
            if y1 > y0 + 1 or (y1 > y0 and x1 >= x0 - 1):
                return self._steps(0, width - 1)
            if y1 > y0:
                return np.concatenate([self._steps(0, x1), self._steps(x0, width - 1)])
            return self._steps(x0, x1)
        x = self.point[0]
        if len(self.point) == 1:
            return self._steps(y0 if x >= x0 else y0 + 1, y1 if x <= x1 else y1 - 1)
        y = self.point[1]
        return self._steps(z0 if (y, x) == (y0, x0) else 0, z1 if (y, x) == (y1, x1) else depth - 1)

    def _steps(self, first: int, last: int) -> np.ndarray:
        """The steps `first` to `last` of the box, along the axis whose turn it is."""
        low = self.low[len(self.point)]
        return self.known.steps[low + first : low + last + 1]

    def _in_face(self, left: int) -> np.ndarray:
        """A further corner; where the face can end here, also what may follow it."""
        corners = self.faces.legal(left - 2)
        follow = self._after_face(left) if self.faces.can_end(left - 2) else ()
        return self.known.corners(self.count, corners, follow)

    def _after_face(self, left: int) -> tuple[int, ...]:
        """What may come where a face can end."""
        room = left >= 7  # head, up to four corners, stop; and one to spare
        self.starved = self.starved or not room
        another, whole = self.faces.after()
        more = self.faces.faces + 1 < 2 * self.count  # as many as a closed surface with one hole through it has
        end = self.stop if self.number == len(self.outline) - 1 else self.g
        if not (room and more and another):
            return (end,)
        return (self.f, end) if whole else (self.f,)


class LlamaMeshGrammar:
    """The `llama-mesh` dialect over a Llama-3 tokenization: 8 tokens a line, every number one token. The order of lines
    is left to the model: the released weights break it now and then."""

    LEAST = 48
    settled = False

    def __init__(self, tokenizer: Tokenizer, bins: int, stops: Iterable[int]):
        self.stops = ids(stops)
        if not len(self.stops):
            raise ValueError("The tokenizer has no token that ends an answer, so a mesh could not be ended.")
        known = self.known = llama_mesh_tokens(tokenizer, bins)
        self.v, self.f, self.space, self.line = known.v, known.f, known.space, known.line
        self.starved, self.tokens = False, ids({*known.all.tolist(), *self.stops.tolist()})
        self.after_face = ids([self.line, *self.stops.tolist()])
        self.state = "line"  # "line", "vertex", "face", "end"
        self.place = 0  # tokens of the line so far
        self.count = 0
        self.faces = TripleFaces(0)
        self.corners = np.zeros(len(known.numbers), bool)  # numbers that are vertices, by their tokens

    def legal(self, left: int) -> np.ndarray:
        if self.state == "line":
            return self._heads(left)
        if self.place == 7:  # the line's end; the last line may end with the stop alone
            if self.state == "vertex":
                return self.known.only[self.line]
            return self.stops if left < 2 else self.after_face
        if self.place % 2:
            return self.known.only[self.space]
        if self.state == "vertex":
            return self.known.steps
        legal = self.corners.copy()
        legal[self.known.place[[corner + 1 for corner in self.faces.barred()]]] = False
        return self.known.sorted[legal]

    def accept(self, token: int) -> None:
        if token in self.stops:
            self.state = "end"
        elif self.state == "line":
            self.state, self.place = ("vertex" if token == self.v else "face"), 1
            if self.state == "face" and not self.faces.count:
                self.faces = TripleFaces(self.count)
                self.corners[self.known.place[1 : self.count + 1]] = True
        elif self.place == 7:
            self.count += self.state == "vertex"
            self.state, self.place = "line", 0
        else:
            if self.state == "face" and self.place % 2 == 0:
                self.faces.add(self.known.number_of[token] - 1)
            self.place += 1

    def _heads(self, left: int) -> np.ndarray:
        """A vertex, a face or the stop. Room for about two triangles a vertex is kept."""
        heads = []
        if not self.faces.count:
            more = self.count < len(self.known.numbers) - 1
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
        return ids(heads)
