"""What another program's model wrote, made into text of a dialect: prose and fences taken off, lines that cannot be
used left out and counted. Streaming: text in as it comes, dialect text out as soon as it is certain.

Nothing comes out before the first whole face, so an answer without a mesh can be thrown away and asked for again.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Protocol

import numpy as np

from meshscribe.shared.mesh import INDEX, Mesh
from meshscribe.shared.obj import LLAMA_MESH, PARTS, Dialect, ObjError, read, write
from meshscribe.shared.stream import StreamReader
from meshscribe.shared.tasks import MAX_TEXT

SAID = 200  # characters of an answer without a mesh that are shown
THOUGHTS = "<think>", "</think>"  # what a reasoning model says to itself, where its server passes it on


class Mender(Protocol):
    """`faces` that came out, `repairs`: lines and faces that were mended or left out, `over`: no more text is
    needed, `said`: the beginning of the answer, for a sentence about one without a mesh."""

    faces: int
    repairs: int
    over: bool

    def feed(self, text: str) -> str: ...
    def close(self, whole: bool) -> str: ...
    @property
    def said(self) -> str: ...


def mender(dialect: Dialect, trained: bool) -> Mender:
    """For a model that was `trained` on a dialect, or one that was only told of it."""
    return Lines() if trained and not dialect.parts else Whole(dialect)


class Lines:
    """For models that write the llama-mesh dialect by heart: lines pass as they come, from the first face on. Where
    the model turns out to write another OBJ (decimals, quads), Whole takes over."""

    def __init__(self) -> None:
        self.faces = self.repairs = 0
        self.over = False
        self._reader = StreamReader()
        self._held: list[str] = []  # vertex lines that wait for the first face
        self._vertices = 0  # that went out
        self._late = False  # whether vertices came after faces
        self._line = ""  # that is not whole yet
        self._whole: Whole | None = None
        self._raw: list[str] = []

    @property
    def said(self) -> str:
        return said("".join(self._raw))

    def feed(self, text: str) -> str:
        if self._whole:
            return self._whole.feed(text)
        if not self.faces:
            self._raw.append(text)
        *lines, self._line = (self._line + text).split("\n")
        return self._taken(lines)

    def close(self, whole: bool) -> str:
        """`whole`: the model ended by itself, so its last line is no stump."""
        out = self._taken([self._line]) if whole and self._line and not self._whole else ""
        if not self.faces and not self._whole:
            self._take_whole()
        if self._whole:
            out = self._whole.close(whole)
            self.faces, self.repairs = self._whole.faces, self._whole.repairs
        return out

    def _taken(self, lines: list[str]) -> str:
        """What may go out now."""
        out: list[str] = []
        for line in map(str.strip, lines):
            vertices, faces = self._reader.vertices, self._reader.faces
            self._reader.feed(line + "\n")
            if self._reader.ended:  # a second mesh has begun: the first one is whole
                self.over = True
            elif not _DATA.match(line):  # prose, fences and comments are no loss
                continue
            elif (
                _FACE.fullmatch(line) and self._reader.faces == faces
            ):  # no such vertex, or a face that is there already
                self.repairs += 1
            elif _FACE.fullmatch(line) and max(map(int, line.split()[1:])) <= self._vertices + len(self._held):
                out += [*self._held, line]
                self._vertices += len(self._held)
                self._held.clear()
                self.faces += 1
            elif self.faces:
                self.repairs += (
                    not line.startswith("v") or not self._late
                )  # vertices after faces: a second mesh, mostly
                self._late |= line.startswith("v")
            elif _VERTEX.fullmatch(line) and self._reader.vertices > vertices:
                self._held.append(line)
            else:
                self._take_whole()
                return ""
        return "".join(f"{line}\n" for line in out)

    def _take_whole(self) -> None:
        self._whole = Whole(LLAMA_MESH)
        self._whole.feed("".join(self._raw))


_STEP = r"(?:[1-5]?[0-9]|6[0-3])"  # of LLAMA_MESH
_VERTEX = re.compile(rf"v {_STEP} {_STEP} {_STEP}", re.ASCII)
_FACE = re.compile(r"f [1-9]\d* [1-9]\d* [1-9]\d*", re.ASCII)
_DATA = re.compile(r"[vf]\s+[-+.\d]")


class Whole:
    """For all others: the answer is read when it is whole, with the tolerant reader, and written anew where it is not
    strict text of the dialect already."""

    def __init__(self, dialect: Dialect = PARTS) -> None:
        self.faces = self.repairs = 0
        self.over = False
        self._dialect = dialect
        self._raw: list[str] = []
        self._length = 0

    @property
    def said(self) -> str:
        return said(outspoken("".join(self._raw)))

    def feed(self, text: str) -> str:
        self._raw.append(text[: MAX_TEXT - self._length])
        self._length += len(text)
        self.over = self._length >= MAX_TEXT
        return ""

    def close(self, whole: bool) -> str:
        text = outspoken("".join(self._raw)).lstrip("\n")
        if whole and not text.endswith("\n"):
            text += "\n"
        try:
            self.faces = len(read(text, self._dialect).mesh.sizes)
            return text
        except ObjError:
            pass
        text, mended = _rewritten(text)
        reader = StreamReader()
        reader.feed(text)
        reader.close()
        written = write(_welded(reader.mesh()), self._dialect, reader.plan)
        self.faces = written.faces
        self.repairs = mended + Counter.total(reader.problems) + written.dropped
        return written.text if written.faces else ""


class Words:
    """For answers in words: what the model says to itself is taken out, the rest passes as it comes."""

    def __init__(self) -> None:
        self._inside = False
        self._held = ""  # what may be the beginning of a mark

    def feed(self, text: str) -> str:
        text, out = self._held + text, ""
        while (found := text.find(mark := THOUGHTS[self._inside])) >= 0:
            out += "" if self._inside else text[:found]
            text, self._inside = text[found + len(mark) :], not self._inside
        keep = next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
        self._held = text[len(text) - keep :]
        return out if self._inside else out + text[: len(text) - keep]

    def close(self) -> str:
        return "" if self._inside else self._held


def outspoken(text: str) -> str:
    """An answer without what the model said to itself. Some templates put the first mark into the prompt."""
    open_, close = THOUGHTS
    text = re.sub(rf"{open_}.*?(?:{close}|\Z)", "", text, flags=re.DOTALL)
    return text.rpartition(close)[2]


def said(text: str) -> str:
    """The first words of an answer, on one line."""
    words = " ".join(re.sub(r"```\w*", " ", text).split())
    return words if len(words) <= SAID else words[:SAID].rsplit(" ", 1)[0] + " ..."


_LISTED = re.compile(r"^[ \t]*(?:[-*•]|\d+[.):])[ \t]+(?=[vf][ \t]+[-+.\d])", re.MULTILINE)
_ROW = re.compile(r"^[ \t]*[vf][ \t]+[-+.\d(][^\n]*", re.MULTILINE)
_CORNERS = re.compile(r"^([ \t]*f[ \t])([^#\n]*)", re.MULTILINE)
_ZERO = re.compile(r"^[ \t]*f[ \t](?:[^#\n]*[ \t])?0(?:[ \t/]|$)", re.MULTILINE)
_FIRST = re.compile(r"(?<![\d/])\d+")  # of a corner's indices


def _rewritten(text: str) -> tuple[str, int]:
    """OBJ from what only looks like it: lists, commas and brackets, indices that count from 0. And how many lines were
    not as they should be."""
    text, listed = _LISTED.subn("", text)
    parted = sum(1 for row in _ROW.finditer(text) if re.search("[,;()]", row[0].partition("#")[0]))
    text = _ROW.sub(lambda row: re.sub(r"[,;()]+", " ", row[0]), text) if parted else text
    if not _ZERO.search(text) or re.search(r"^[ \t]*f[^#\n]*[ \t]-\d", text, re.MULTILINE):
        return text, listed + parted
    text, counted = _CORNERS.subn(lambda face: face[1] + _FIRST.sub(lambda n: str(int(n[0]) + 1), face[2]), text)
    return text, listed + parted + counted


def _welded(mesh: Mesh) -> Mesh:
    """A mesh without parts with one vertex a place: many programs write each face with corners of its own."""
    if mesh.parts or not len(mesh.vertices):
        return mesh
    points, place = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return Mesh(points, place.reshape(-1)[mesh.loops].astype(INDEX), mesh.sizes)
