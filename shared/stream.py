"""The tolerant, incremental reader of OBJ text: text deltas in, vertices and faces out once they are whole.

Reads both dialects of obj.py and what other models and tools write: fences, prose, normals, floats, relative
indices, polygons. Nothing is dropped silently: what cannot be taken becomes a Note. Time is linear in the
text, memory is bounded by the limits below, no text raises, and the result does not depend on the cuts.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal, NamedTuple

import numpy as np

from .mesh import INDEX, Mesh, Part

MAX_LINE = 16_384  # characters; a longer line is skipped
MAX_VERTICES = MAX_FACES = 250_000
MAX_CORNERS = 1_000_000  # of all faces
MAX_PARTS = 20_000
MAX_NAME = 100  # characters of a part's or a material's name
MAX_COORDINATE = 1e12
MAX_NOTES = 100  # notes that are kept; more are only counted

# What was left out of the mesh; and what else there is to say.
Lost = Literal["vertex", "face", "index", "missing", "corner", "duplicate", "junk", "long", "cut", "second"]
Kind = Lost | Literal["material", "parts", "limit"]


@dataclass(frozen=True, slots=True)
class Note:
    """A problem in the text: its line (from 1), its kind, and a sentence for people."""

    line: int
    kind: Kind
    sentence: str


class _Part(NamedTuple):
    name: str
    material: str
    vertex: int  # its first
    face: int  # its first


class _Mark(NamedTuple):
    """What to go back to where the vertices after it turn out to begin a second mesh."""

    line: int
    known: int  # vertex lines before it
    vertices: int
    parts: int
    part: _Part  # the last of them


_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?")
_CORNER = re.compile(r"([-+]?[0-9]{1,9})(?:/[-+0-9]*){0,2}")
_DATA = re.compile(r"[-+]?(?:\.?[0-9]|nan\b|inf)", re.IGNORECASE)  # how the words after v or f begin
_PROSE = re.compile(r"[^\W\d_]{2}")
_SKIPPED = frozenset(("vt", "vn", "vp", "s", "l", "p", "mtllib"))  # OBJ that a Mesh has no place for


class StreamReader:
    """Feed it text cut anywhere, ask for `mesh()` at any time, close it at the end of the text.

    `plan`: the plan's words. `expected`: parts that the outline tells of (0: none did). `ended`: the mesh
    is over; `ignored` counts vertex and face lines left out then. `notes`: the first problems; `problems`
    counts all, by kind. `prose` counts the lines that are not OBJ.

    A fence or prose after faces does not end a mesh: what comes next tells. Vertices after faces begin a
    second one if the first face after them counts from 1 again inside them; or if, after such a break, it is
    relative or has no corner among them. Parts, and plain OBJ with vertices between its faces, pass.
    """

    def __init__(self) -> None:
        self.plan = ""
        self.expected = 0
        self.ended = False
        self.ignored = self.prose = 0
        self.notes: list[Note] = []
        self.problems: Counter[Kind] = Counter()
        self._line, self._length = 1, 0  # the number and the characters of the line that is not whole yet
        self._pieces: list[str] = []  # of that line
        self._closing = False
        self._vertices = array("f")  # [V * 3]
        self._index = array("i")  # vertex line -> vertex; -1 for a line that could not be used
        self._loops = array("i")  # [L]
        self._sizes = array("i")  # [F]
        self._seen: set[tuple[int, ...]] = set()  # the sorted corners of every face taken, placed or not
        self._corners = 0  # of those
        self._waiting: list[tuple[int, int, list[int]]] = []  # heap: vertex lines needed, line, corners
        self._parts = [_Part("", "", 0, 0)]
        self._last = -1  # the highest vertex line that a face uses
        self._across = False  # whether a face uses the vertices of an earlier part
        self._broken = False  # whether a fence or prose stood after the last face
        self._mark: _Mark | None = None

    @property
    def vertices(self) -> int:
        """Vertices so far."""
        return len(self._vertices) // 3

    @property
    def faces(self) -> int:
        """Faces so far, without those that wait for a vertex."""
        return len(self._sizes)

    @property
    def parts(self) -> int:
        """Parts begun so far; all but the last are whole. 0 where the mesh has none."""
        return len(self._begun())

    def feed(self, text: str) -> None:
        """The next piece of text. ValueError after `close`."""
        if self._closing:
            raise ValueError("The reader is closed.")
        for count, piece in enumerate(text.split("\n")):
            if count:
                self._finish()
            self._length += len(piece)
            if self._length > MAX_LINE:
                self._pieces.clear()
            elif piece:
                self._pieces.append(piece)

    def close(self) -> None:
        """The text is over: its last line counts as whole, faces that wait are reported. Again: nothing."""
        if self._closing:
            return
        self._closing = True
        self._finish()
        if self._mark and self._broken:
            self._end_at(self._mark)
        for _, line, _ in sorted(self._release()):
            self._note("missing", "A face names a vertex that never came.", line)
        self.ended = True

    def mesh(self) -> Mesh:
        """What is whole so far: vertices float32 [V, 3] as written; faces in the order they came whole in;
        parts, where every face uses the vertices of its own part only. Costs a copy of the arrays."""
        begun = self._begun()
        ends = [(part.vertex, part.face) for part in begun[1:]] + [(self.vertices, self.faces)]
        parts = tuple(
            Part(part.name or "part", part.material, vertex - part.vertex, face - part.face)
            for part, (vertex, face) in zip(begun, ends, strict=False)
        )
        vertices = np.array(self._vertices, np.float32).reshape(-1, 3)
        return Mesh(vertices, np.array(self._loops, INDEX), np.array(self._sizes, INDEX), parts)

    def _finish(self) -> None:
        if self._length > MAX_LINE:
            self._note("long", f"A line of more than {MAX_LINE} characters was skipped.")
        elif self._length:
            head, fence, tail = "".join(self._pieces).partition("```")
            self._read(head)
            if fence:
                self._broken |= self.faces > 0
                self._read(tail)
        self._pieces.clear()
        self._length = 0
        self._line += 1

    def _read(self, line: str) -> None:
        """One line, or what stands beside a fence on it."""
        words = line.removeprefix("\ufeff").split()
        match words:
            case ["v" | "f" as keyword, first, *_] if _DATA.match(first):
                data = line.partition("#")[0].split()[1:]
                if self.ended:
                    self.ignored += 1
                elif keyword == "v":
                    self._vertex(data)
                else:
                    self._face(data)
            case ["#", "plan", *plan]:
                self._broken |= self.faces > 0
                if not self.plan and not self._index:
                    self.plan = " ".join(plan)
            case ["#", "part", *_]:
                self.expected += not self.ended and not self._index
            case ["g" | "o" | "usemtl" as keyword, *name]:
                if not self.ended:
                    self._name(keyword, " ".join(name)[:MAX_NAME])
            case _ if not words or words[0][0] == "#" or words[0] in _SKIPPED:
                pass
            case _:
                self.prose += 1
                if _PROSE.search(line):
                    self._broken |= self.faces > 0
                elif self._index and not self.ended:
                    self._note("junk", "A line inside the mesh is not OBJ.")

    def _note(self, kind: Kind, sentence: str, line: int = 0) -> None:
        if self._closing and kind in ("vertex", "face", "junk"):
            kind, sentence = "cut", "The last line broke off."
        self.ended |= kind in ("second", "limit")
        self.problems[kind] += 1
        if len(self.notes) < MAX_NOTES:
            self.notes.append(Note(line or self._line, kind, sentence))

    def _vertex(self, words: list[str]) -> None:
        if len(self._index) == MAX_VERTICES:
            return self._note("limit", f"The mesh has over {MAX_VERTICES} vertices: it ends.")
        self._begin_run()
        numbers = [float(word) for word in words if _NUMBER.fullmatch(word)]
        usable = len(numbers) == len(words) in (3, 4, 6, 7)  # with w, with a colour, with both
        if usable and max(map(abs, numbers[:3])) <= MAX_COORDINATE:
            self._index.append(self.vertices)
            self._vertices.extend(numbers[:3])
        else:
            self._index.append(-1)  # or every later index would name another vertex
            self._note("vertex", "A vertex is not three numbers within reach.")
        if not self._mark:
            self._release()

    def _face(self, words: list[str]) -> None:
        matches = [match for match in map(_CORNER.fullmatch, words) if match]
        if len(matches) < len(words) or len(words) < 3:
            return self._note("face", "A face is not three or more indices.")
        named, known = [int(match[1]) for match in matches], len(self._index)
        if self._mark and self._restarts(min(named), max(named), self._mark):
            self.ignored += 1
            return self._end_at(self._mark)
        self._mark, self._broken = None, False
        corners = [c - 1 if c > 0 else known + c for c in named]
        key = tuple(sorted(set(corners)))
        if 0 in named or key[0] < 0 or key[-1] >= MAX_VERTICES:
            self._note("index", "A face has a corner that no vertex can be.")
        elif len(key) < len(corners):
            self._note("corner", "A face has a corner twice.")
        elif key in self._seen:
            self._note("duplicate", "A face has the corners of an earlier one.")
        elif len(self._seen) == MAX_FACES or self._corners + len(key) > MAX_CORNERS:
            self._note("limit", f"The mesh has over {MAX_FACES} faces or {MAX_CORNERS} corners: it ends.")
        else:
            self._seen.add(key)
            self._corners += len(key)
            self._last = max(self._last, key[-1])
            heappush(self._waiting, (key[-1] + 1, self._line, corners))
        self._release()

    def _release(self) -> list[tuple[int, int, list[int]]]:
        """Places the faces whose vertices are all there. Returns the others, still waiting."""
        while self._waiting and self._waiting[0][0] <= len(self._index):
            _, line, named = heappop(self._waiting)
            corners = [self._index[corner] for corner in named]
            if min(corners) < 0:
                self._note("missing", "A face uses a vertex that could not be read.", line)
                continue
            if min(corners) < self._parts[-1].vertex and not self._across:
                self._across = True
                self._note("parts", "A face uses the vertices of another part: the mesh has no parts.", line)
            self._loops.extend(corners)
            self._sizes.append(len(corners))
        return self._waiting

    def _name(self, keyword: str, name: str) -> None:
        """Name or material of the next part, or of the last while it has no face (`o`, then `g`)."""
        part, faceless = self._parts[-1], self._parts[-1].face == self.faces
        if keyword == "usemtl":
            if faceless:
                self._parts[-1] = part._replace(material=name)
            elif part.material != name:
                self._note("material", "A part has one material: the first one is kept.")
            return
        self._begin_run()
        if faceless:
            self._parts[-1] = part._replace(name=name or "part")
        elif len(self._parts) < MAX_PARTS:
            self._parts.append(_Part(name or "part", "", self.vertices, self.faces))
        else:
            self._note("limit", f"The mesh has over {MAX_PARTS} parts: it ends.")

    def _begun(self) -> list[_Part]:
        """The parts, less a last one that is only a name; none where none is named or a face goes across."""
        last = self._parts[-1]
        if self._across or not (last.name or last.material):
            return []
        return self._parts[:-1] if last[2:] == (self.vertices, self.faces) else self._parts

    def _begin_run(self) -> None:
        """Marks where vertices or a name follow faces; without a break not while faces wait for vertices."""
        if not self._mark and self.faces and (self._broken or not self._waiting):
            last = self._parts[-1]
            self._mark = _Mark(self._line, len(self._index), self.vertices, len(self._parts), last)

    def _restarts(self, low: int, high: int, mark: _Mark) -> bool:
        """Whether a second mesh begins at the mark: its first face has these lowest and highest indices."""
        fresh = len(self._index) - mark.known
        again = low == 1 and high <= fresh
        if self._broken:
            return fresh > 0 and (again or low < 0 or high <= mark.known)
        return again and self._last + 1 == mark.known  # all that came before is in use

    def _end_at(self, mark: _Mark) -> None:
        self.ignored += len(self._index) - mark.known
        del self._index[mark.known :], self._vertices[mark.vertices * 3 :], self._parts[mark.parts :]
        self._parts[-1], self._mark = mark.part, None
        self._note("second", "A second mesh begins here: it is left out.", mark.line)
