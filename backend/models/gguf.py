"""GGUF files, which llama.cpp runs: what their head says, what they take in memory, and which of a model's files is the
one for the memory that is there. Imports no torch."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

QUANTIZATIONS = ("f16", "q8_0", "q6_k", "q4_k_m")  # the largest first
WORK = 600 << 20  # bytes that the program and its buffers for a pass take
CACHE = 2  # bytes of a number in the cache
ROWS = 4  # sequences at a time at the most
ENTRIES, LENGTH = 1_000, 1 << 20  # entries of a head that are looked at, bytes of one
FORMS = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9


class Memory(NamedTuple):
    """Free bytes: of the best graphics device that llama.cpp sees (0 without one), and of the machine."""

    device: int
    machine: int


class Shape(NamedTuple):
    """What the cache of a model is made of."""

    layers: int
    heads: int  # of keys and values
    head: int  # numbers in each

    def row(self, context: int) -> int:
        """Bytes that the cache of one sequence of `context` tokens takes."""
        return 2 * self.layers * self.heads * self.head * context * CACHE


LLAMA_8B = Shape(32, 8, 128)


def head(file: Path) -> dict[str, Any]:
    """The entries of a file's head that stand before its vocabulary: `general.name`, `llama.block_count`... ValueError
    where it is no GGUF file, or damaged."""
    try:
        with file.open("rb") as stream:
            if stream.read(4) != b"GGUF":
                raise ValueError(f"{file.name} is no GGUF file.")
            _, _, entries = struct.unpack("<IQQ", stream.read(20))  # version, tensors
            return dict(_entries(stream, min(entries, ENTRIES)))
    except (struct.error, EOFError, UnicodeDecodeError):
        raise ValueError(f"{file.name} is damaged.") from None


def shape(said: Mapping[str, Any], name: str) -> Shape:
    """From a file's head. ValueError where that does not say it."""
    kind = said.get("general.architecture", "")
    try:
        heads = int(said[f"{kind}.attention.head_count"])
        size = said.get(f"{kind}.attention.key_length") or said[f"{kind}.embedding_length"] // heads
        return Shape(int(said[f"{kind}.block_count"]), int(said.get(f"{kind}.attention.head_count_kv", heads)), size)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        raise ValueError(f"{name} does not say how large its model is.") from None


def rows(size: int, row: int, free: int) -> int:
    """How many sequences fit into so many free bytes beside weights of `size` bytes: 0 to ROWS."""
    return max(0, min(ROWS, (free - size - WORK) // row))


def chosen(sizes: Mapping[str, int], row: int, memory: Memory) -> str | None:
    """Which of a model's files to take, given by their bytes: the largest that fits into the device; without one the
    smallest, as there every byte costs time. A device that is too small for any is helped out by the machine's
    memory. None where nothing fits."""
    order = sorted(sizes, key=lambda name: -sizes[name])
    if fits := [name for name in order if rows(sizes[name], row, memory.device)]:
        return fits[0]
    return order[-1] if order and rows(sizes[order[-1]], row, sum(memory)) else None


def refusal(name: str, size: int, row: int, memory: Memory) -> str:
    """Why a model is not loaded: for people."""
    wanted, there = f"{(size + row + WORK) / 1e9:.1f}", f"{sum(memory) / 1e9:.1f}"
    return f"{name} needs {wanted} GB of memory and {there} GB are free: close other programs, or use the starter."


def _entries(stream: BinaryIO, count: int) -> Iterator[tuple[str, Any]]:
    for _ in range(count):
        name = _text(stream)
        if name.startswith("tokenizer."):  # long lists, and nothing after them that is needed
            return
        yield name, _value(stream, struct.unpack("<I", stream.read(4))[0])


def _value(stream: BinaryIO, kind: int) -> Any:
    if kind == TEXT:
        return _text(stream)
    if kind != ARRAY:
        form = FORMS.get(kind, "")
        if not form:
            raise EOFError
        return struct.unpack(form, stream.read(struct.calcsize(form)))[0]
    kind, length = struct.unpack("<IQ", stream.read(12))
    if kind == ARRAY or length > LENGTH:
        raise EOFError
    return [_value(stream, kind) for _ in range(length)]


def _text(stream: BinaryIO) -> str:
    length = struct.unpack("<Q", stream.read(8))[0]
    if length > LENGTH:
        raise EOFError
    return stream.read(length).decode()
