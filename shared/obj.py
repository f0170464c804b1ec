"""Dialects of OBJ text, and their strict writer and reader. Knows integers and text; the frame is grid.py's.

The canonical form (sources: LLaMA-Mesh, arXiv 2411.09595, issues 18 and 22 of its repository; PolyGen,
2002.10880): vertices merged on the grid, sorted, faces rotated to their lowest index with the winding kept,
then sorted. The same mesh gives the same bytes whatever the order of its vertices, faces and corners was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .grid import Grid
from .mesh import Mesh, Part
from .triangulate import triangulate

Face = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A form of OBJ text. Vertices are sorted by `order` (axis numbers, most significant first)."""

    name: str
    bins: int
    order: tuple[int, int, int]
    parts: bool  # a plan, an outline, named parts, relative indices and n-gons; else one list of triangles
    max_corners: int


LLAMA_MESH = Dialect("llama-mesh", bins=64, order=(0, 1, 2), parts=False, max_corners=3)
PARTS = Dialect("parts", bins=128, order=(1, 0, 2), parts=True, max_corners=16)
DECLINED = "none"  # the family of a plan that is no mesh's: what was asked for cannot be made
DIALECTS = {dialect.name: dialect for dialect in (LLAMA_MESH, PARTS)}


class ObjError(ValueError):
    """Text that is not of the dialect; says which line and why."""

    def __init__(self, line: int, sentence: str):
        super().__init__(f"Line {line}: {sentence}" if line else sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class Written:
    """What the writer made. `grid` puts the integers back where the mesh was. Every vertex of the mesh was
    written, `merged` with a written one on the same step, or `unused`: no face, or only dropped ones, had it.
    `dropped` faces had, or got by merging, under three corners, a corner twice, or the corners of another
    face; of a face that was cut to the dialect's corners, each triangle counts."""

    text: str
    grid: Grid
    vertices: int
    faces: int
    merged: int
    dropped: int
    unused: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader found: the plan's words ("" without one) and the mesh, in integer steps as float32."""

    plan: str
    mesh: Mesh


def write(mesh: Mesh, dialect: Dialect, plan: str = "", grid: Grid | None = None) -> Written:
    """The canonical text of a mesh in a dialect, on the frame of its written faces or on `grid`. Names and
    the plan become words of the dialect. ValueError where the grid has other bins than the dialect."""
    if grid and grid.bins != dialect.bins:
        raise ValueError(f"The {dialect.name} dialect has {dialect.bins} bins, the grid has {grid.bins}.")
    pieces = mesh.pieces() if dialect.parts else [Mesh(mesh.vertices, mesh.loops, mesh.sizes)]
    names = [(_word(part.name) or "part", _word(part.material)) for piece in pieces for part in piece.parts]
    while True:
        corners = np.concatenate([piece.vertices[piece.loops] for piece in pieces] or [mesh.vertices[:0]])
        frame = grid or Grid.fit(corners, dialect.bins)
        blocks = [_canonical(frame.encode(piece.vertices), piece, dialect) for piece in pieces]
        points = [point for block in blocks for point in block.points]
        if grid or _span(frame.encode(corners)) == _span(points):
            break
        # A dropped face stood out: encoding what is decoded would find another frame, that of what is left.
        pieces = [_over(piece, block.used) for piece, block in zip(pieces, blocks, strict=True)]
    left = sum(len(piece.sizes) for piece in pieces)
    dropped = len(mesh.sizes) - left + sum(block.dropped for block in blocks)
    merged = sum(int(block.used.sum()) for block in blocks) - len(points)
    lines: list[str] = []
    if dialect.parts:
        lines = [" ".join(["# plan", *(_word(word) or "_" for word in plan.split())])] if plan.split() else []
        named = [pair for pair in zip(blocks, names, strict=True) if pair[0].faces]
        named.sort(key=lambda pair: (pair[0].order(dialect), pair[1]))
        lines += _outline([(name, material, block.box()) for block, (name, material) in named])
        for block, (name, material) in named:
            lines += [f"g {name}", f"usemtl {material}"] if material else [f"g {name}"]
            lines += [f"# box {block.box()}", *block.lines(-len(block.points))]
    else:
        lines = blocks[0].lines(1)
    text, faces = "".join(f"{line}\n" for line in lines), sum(len(block.faces) for block in blocks)
    unused = len(mesh.vertices) - len(points) - merged
    return Written(text, frame, len(points), faces, merged, dropped, unused)


@dataclass(frozen=True, slots=True)
class _Block:
    """The canonical integers of one piece; `used` bool [V] marks the faces' vertices that they stand for."""

    points: list[tuple[int, ...]]
    faces: list[Face]
    used: np.ndarray
    dropped: int

    def order(self, dialect: Dialect) -> tuple[list[tuple[int, ...]], list[Face]]:
        """What parts are sorted by."""
        return [tuple(point[axis] for axis in dialect.order) for point in self.points], self.faces

    def box(self) -> str:
        """The lowest and the highest corner, and how many vertices are between them: "x y z x y z 8"."""
        return " ".join(str(step) for corner in (*_span(self.points), [len(self.points)]) for step in corner)

    def lines(self, shift: int) -> list[str]:
        """The vertex and face lines, `shift` added to the corners."""
        points = ["v {} {} {}".format(*point) for point in self.points]
        return points + ["f " + " ".join([str(corner + shift) for corner in face]) for face in self.faces]


def _outline(parts: list[tuple[str, str, str]]) -> list[str]:
    """A line for each part, given as name, material and box. The number after the name counts down to the last part
    that is called so: whoever writes the first has said how many there will be."""
    left = _countdown([name for name, _, _ in parts])
    return [
        " ".join(filter(None, ["# part", name, str(count), material, box]))
        for count, (name, material, box) in zip(left, parts, strict=True)
    ]


def _countdown(names: list[str]) -> list[int]:
    """For each name how often it comes from there on."""
    seen: Counter[str] = Counter()
    counts = []
    for name in reversed(names):
        seen[name] += 1
        counts.append(seen[name])
    return counts[::-1]


def _canonical(steps: np.ndarray, piece: Mesh, dialect: Dialect) -> _Block:
    """Merged and sorted points, and faces rotated, without repeats, sorted, over them."""
    keys = steps[:, list(dialect.order)].astype(np.int64) @ [dialect.bins**2, dialect.bins, 1]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    points = steps[first]
    kept: dict[Face, Face] = {}
    dropped = 0
    renumber = inverse.tolist()
    for face in piece.faces():
        corners = [renumber[corner] for corner in face]
        corners = [c for i, c in enumerate(corners) if c != corners[i - 1]]  # merged neighbours
        if len(corners) < 3 or len(set(corners)) < len(corners):
            dropped += 1
            continue
        fits = len(corners) <= dialect.max_corners
        for polygon in [corners] if fits else triangulate(points, _rotated(corners)):
            rotated = _rotated(polygon)
            key = tuple(sorted(rotated))
            dropped += key in kept
            kept[key] = min(kept.get(key, rotated), rotated)
    used, cornered = np.zeros(len(points), bool), np.zeros(len(steps), bool)
    used[[corner for face in kept for corner in face]] = True
    cornered[piece.loops] = True
    place = (np.cumsum(used) - 1).tolist()
    # The weights of LLaMA-Mesh know faces sorted by their sorted corners; text order can be masked live.
    listed = sorted(kept.values()) if dialect.parts else [kept[key] for key in sorted(kept)]
    faces = [tuple([place[corner] for corner in face]) for face in listed]
    return _Block([tuple(point) for point in points[used].tolist()], faces, used[inverse] & cornered, dropped)


def _over(piece: Mesh, used: np.ndarray) -> Mesh:
    """The faces of a piece that have all their corners among the `used` vertices, bool [V]."""
    whole = np.ones(len(piece.sizes), bool)
    whole[np.repeat(np.arange(len(piece.sizes)), piece.sizes)[~used[piece.loops]]] = False
    return Mesh(piece.vertices, piece.loops[np.repeat(whole, piece.sizes)], piece.sizes[whole])


def _span(points: np.ndarray | list[tuple[int, ...]]) -> list[list[int]]:
    """The lowest and the highest integer on each axis; nothing for no points."""
    return [np.min(points, 0).tolist(), np.max(points, 0).tolist()] if len(points) else []


def _rotated(corners: Iterable[int]) -> Face:
    corners = tuple(corners)
    first = corners.index(min(corners))
    return corners[first:] + corners[:first]


def _word(name: str) -> str:
    """A name as one lowercase word of the dialect."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40].strip("_")


_NUMBER = r"(0|[1-9]\d{0,5})"
_VERTEX = re.compile(rf"v {_NUMBER} {_NUMBER} {_NUMBER}", re.ASCII)
_FACE = re.compile(r"f((?: -?[1-9]\d{0,5}){3,})", re.ASCII)
_NAME = re.compile(r"(g|usemtl) ([a-z0-9_]{1,40})", re.ASCII)
_PLAN = re.compile(r"# plan((?: [a-z0-9_]+)*)", re.ASCII)
_ENTRY = re.compile(
    rf"# part ([a-z0-9_]{{1,40}}) {_NUMBER}(?: ([a-z0-9_]{{1,40}}))? ({_NUMBER}(?: {_NUMBER}){{6}})", re.ASCII
)
_BOX = re.compile(rf"# box ({_NUMBER}(?: {_NUMBER}){{6}})", re.ASCII)


def read(text: str, dialect: Dialect) -> Reading:
    """The mesh of strict dialect text. ObjError where a line is not of the dialect, a coordinate is off the
    grid, or a face repeats a corner or a face, or names a vertex that is not there, or where the outline does not
    tell of the parts that come. The order of lines inside a list is not checked: text in another order is valid,
    and `write` puts it right. Outline and boxes may be left out."""
    points: list[tuple[int, int, int]] = []
    faces: list[Face] = []
    parts: list[tuple[str, str, int, int]] = []  # name, material, first vertex, first face
    seen: set[Face] = set()
    outline: list[tuple[str, str, str]] = []  # name, material and box, of the parts to come
    left: list[int] = []  # how many of the name come from there on, as the outline says
    boxes: dict[int, int] = {}  # part -> vertices, as its box says
    plan = ""
    if text and not text.endswith("\n"):
        raise ObjError(text.count("\n") + 1, "The last line is cut.")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        start, first_face = (parts[-1][2], parts[-1][3]) if parts else (0, 0)
        if match := _VERTEX.fullmatch(line):
            point = (int(match[1]), int(match[2]), int(match[3]))
            if max(point) >= dialect.bins:
                raise ObjError(number, f"A coordinate is over {dialect.bins - 1}.")
            if dialect.parts and not parts:
                raise ObjError(number, "A vertex stands before the first part.")
            if len(faces) > first_face:
                raise ObjError(number, "A vertex stands after a face.")
            points.append(point)
        elif match := _FACE.fullmatch(line):
            named = [int(corner) for corner in match[1].split()]
            corners = tuple(len(points) + c if dialect.parts else c - 1 for c in named)
            known = start <= min(corners) <= max(corners) < len(points)
            if not known or any((c < 0) != dialect.parts for c in named):
                raise ObjError(number, "A face names a vertex that is not there.")
            key = tuple(sorted(corners))
            if len(set(corners)) < len(corners) or len(corners) > dialect.max_corners or key in seen:
                raise ObjError(number, "A face repeats a corner or another face, or has too many corners.")
            seen.add(key)
            faces.append(corners)
        elif dialect.parts and (match := _NAME.fullmatch(line)):
            if match[1] == "g":
                if parts and len(faces) == first_face:
                    raise ObjError(number, "The part before has no face.")
                parts.append((match[2], "", len(points), len(faces)))
            elif parts and not parts[-1][1] and len(points) == start:
                parts[-1] = (parts[-1][0], match[2], start, first_face)
            else:
                raise ObjError(number, "A material stands only after the name of its part.")
        elif dialect.parts and number == 1 and (match := _PLAN.fullmatch(line)):
            plan = match[1].strip()
        elif dialect.parts and not parts and (match := _ENTRY.fullmatch(line)):
            outline.append((match[1], match[3] or "", match[4]))
            left.append(int(match[2]))
        elif parts and len(points) == start and (match := _BOX.fullmatch(line)):
            if outline and outline[len(parts) - 1 :][:1] != [(*parts[-1][:2], match[1])]:
                raise ObjError(number, "The outline has another part here.")
            boxes[len(parts) - 1] = int(match[1].split()[-1])
        else:
            raise ObjError(number, f"This is not a line of the {dialect.name} dialect.")
    if not faces or (parts and len(faces) == parts[-1][3]):
        raise ObjError(0, "There is no face in the mesh or in its last part.")
    if outline and [entry[:2] for entry in outline] != [part[:2] for part in parts]:
        raise ObjError(0, "The outline has other parts than the mesh.")
    if left != _countdown([name for name, _, _ in outline]):
        raise ObjError(0, "The outline counts its parts wrongly.")
    ends = [(v, f) for _, _, v, f in parts[1:]] + [(len(points), len(faces))]
    if any(ends[part][0] - parts[part][2] != count for part, count in boxes.items()):
        raise ObjError(0, "A part has another number of vertices than its box says.")
    named_parts = [
        Part(name, material, end_v - v, end_f - f)
        for (name, material, v, f), (end_v, end_f) in zip(parts, ends, strict=bool(parts))
    ]
    return Reading(plan, Mesh.build(np.array(points, np.float32), faces, named_parts))


def plan_words(plan: str) -> tuple[str, dict[str, str]]:
    """The family and the attributes of a plan's words: "table legs 4" is ("table", {"legs": "4"})."""
    family, *rest = plan.split() or [""]
    return family, dict(zip(rest[::2], rest[1::2], strict=False))
