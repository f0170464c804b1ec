"""The forward pass on ONNX Runtime: the starter, without torch. Runs the graphs that training/graph.py makes, one for a
single row and one for several, over the same weights.

A pass has the chunks of all its rows behind one another: they share every matrix product, and each row has its own
attention over its own cache, which the graph extends in place. So rows need no padding, and truncating is free.

What a token gives does not depend, to the bit, on the pass that it comes in. For that no row has a chunk of one token:
there the kernels add up in another order. A second token goes behind it, and is not read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession, IOBinding, OrtValue, SessionOptions, __version__

from .base import Chunk, check

GRAPHS = {1: "model.onnx", 4: "rows.onnx"}  # rows -> file
LEAST = 2  # tokens of a chunk
OLDEST = (1, 20)  # ONNX Runtime that has the graphs' operators; 1.20, 1.22 and 1.31 give the same to the bit


class OnnxForward:
    """Up to `rows` sequences. The cache of a row is float32 [1, heads, context, head width] a layer, for keys and for
    values; its memory is taken as tokens come."""

    rows = 8

    def __init__(self, sessions: Mapping[int, InferenceSession], config: dict):
        self.sessions = sessions
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_key_value_heads"]
        self.head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        self.context, self.vocabulary = config["max_position_embeddings"], config["vocab_size"]
        self.width = max(sessions)
        self.lanes = min(4, _cores())
        self._lengths = [0] * self.rows
        self._caches: dict[int, _Cache] = {}
        self._passes: dict[tuple[int, ...], _Pass] = {}  # by the rows that they are over

    @classmethod
    def open(cls, folder: Path) -> OnnxForward:
        """Load the graphs of a folder, with its `config.json`. ValueError where ONNX Runtime is too old for them.

        A pass runs on one thread: a second one makes it hardly shorter, and much longer as soon as something else
        wants the core (Blender draws on it). Several rows use several cores by several passes at a time.
        """
        if tuple(map(int, __version__.split(".")[:2])) < OLDEST:
            raise ValueError(f"ONNX Runtime {__version__} is too old: pip install 'onnxruntime>=1.20'.")
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        config = json.loads((folder / "config.json").read_text())
        return cls(
            {
                rows: InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
                for rows, name in GRAPHS.items()
            },
            config,
        )

    def length(self, row: int) -> int:
        return self._lengths[row]

    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        check(self, chunks)
        rows = tuple(chunks)
        if rows not in self._passes:
            slots = next(slots for slots in sorted(self.sessions) if slots >= len(rows))
            caches = [self._cache(row) for row in rows] + [self._new_cache(LEAST)] * (slots - len(rows))
            self._passes[rows] = _Pass(self.sessions[slots], caches, self.vocabulary)
        logs = self._passes[rows].run([chunks[row] for row in rows], [self._lengths[row] for row in rows])
        for row, chunk in chunks.items():
            self._lengths[row] += len(chunk.tokens)
        return dict(zip(rows, logs, strict=True))

    def truncate(self, row: int, length: int) -> None:
        self._lengths[row] = min(self._lengths[row], length)

    def fork(self, row: int, into: int, length: int) -> None:
        for (_, source), (_, copy) in zip(self._cache(row), self._cache(into), strict=True):
            copy[:, :, :length] = source[:, :, :length]
        self._lengths[into] = length

    def close(self) -> None:
        self._passes.clear()
        self._caches.clear()
        self.sessions = {}

    def _cache(self, row: int) -> _Cache:
        if row not in self._caches:
            self._caches[row] = self._new_cache(self.context + 1)
        return self._caches[row]

    def _new_cache(self, context: int) -> _Cache:
        shape = (1, self.heads, context, self.head)
        arrays = (np.zeros(shape, np.float32) for _ in range(2 * self.layers))
        return [(OrtValue.ortvalue_from_numpy(array), array) for array in arrays]


_Cache = list[tuple[OrtValue, np.ndarray]]  # of a row: keys and values of each layer, and the same memory for numpy


class _Pass:
    """A graph bound to the caches of some rows. Slots that are left over get tokens too, over a cache that nobody
    reads."""

    def __init__(self, session: InferenceSession, caches: list[_Cache], vocabulary: int):
        self.session, self.slots, self.vocabulary = session, len(caches), vocabulary
        self._caches = caches
        self._binding: IOBinding = session.io_binding()
        for slot, cache in enumerate(caches):
            for place, (value, _) in enumerate(cache):
                name = f"{'value' if place % 2 else 'key'}.{place // 2}.{slot}"
                self._binding.bind_ortvalue_input(name, value)
                self._binding.bind_ortvalue_output(f"new_{name}", value)
        self._results: dict[int, tuple[OrtValue, np.ndarray]] = {}

    def run(self, chunks: list[Chunk], lengths: list[int]) -> list[np.ndarray]:
        fed = [[*chunk.tokens, *[0] * (LEAST - len(chunk.tokens))] for chunk in chunks]
        fed += [[0] * LEAST] * (self.slots - len(chunks))
        counts = [len(tokens) for tokens in fed]
        starts = [sum(counts[:slot]) for slot in range(self.slots)]
        totals = [length + count for length, count in zip([*lengths, *[0] * self.slots], counts, strict=False)]
        ends = [start + len(chunk.tokens) for start, chunk in zip(starts, chunks, strict=False)]
        kept = [place for end, chunk in zip(ends, chunks, strict=True) for place in range(end - chunk.keep, end)]
        tokens = [token for row in fed for token in row]
        bind = self._binding
        bind.bind_cpu_input("tokens", np.array(tokens, np.int64))
        bind.bind_cpu_input("kept", np.array(kept, np.int64))
        bind.bind_cpu_input("totals", np.array(totals, np.int32))
        if self.slots > 1:
            bind.bind_cpu_input("counts", np.array(counts, np.int64))
        logs = self._result(len(kept))
        self.session.run_with_iobinding(bind)
        out, start = [], 0
        for chunk in chunks:
            few = logs[start : start + chunk.keep]
            out.append(few.copy() if chunk.ids is None else few.take(chunk.ids, 1))
            start += chunk.keep
        return out

    def _result(self, kept: int) -> np.ndarray:
        """Memory that the graph writes into: float32 [kept, vocabulary]."""
        if kept not in self._results:
            logs = np.empty((kept, self.vocabulary), np.float32)
            self._results[kept] = OrtValue.ortvalue_from_numpy(logs), logs
        value, logs = self._results[kept]
        self._binding.bind_ortvalue_output("logs", value)
        return logs


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
