"""The forward pass on ONNX Runtime: the starter, without torch. Reads graphs as onnxruntime-genai's model builder makes
them for Llama folders (GroupQueryAttention over one preallocated cache, so truncating is free)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from .base import Scores


class OnnxForward:
    """One sequence over a shared session. The cache is float32 [1, heads, context, head width] a layer, for key and
    for value; the graph reads and writes it in place."""

    def __init__(self, session: onnxruntime.InferenceSession, heads: int, width: int, context: int):
        self.session = session
        self.heads, self.width, self.context = heads, width, context
        self.length = 0
        self._cache: dict[str, onnxruntime.OrtValue] = {}
        self._binding = session.io_binding()
        for entry in session.get_inputs():
            if entry.name.startswith("past_key_values."):
                zeros = np.zeros((1, heads, context, width), np.float32)
                value = self._cache[entry.name] = onnxruntime.OrtValue.ortvalue_from_numpy(zeros)
                self._binding.bind_ortvalue_input(entry.name, value)
                self._binding.bind_ortvalue_output(entry.name.replace("past_key_values", "present"), value)

    @classmethod
    def open(cls, folder: Path, threads: int = 0) -> OnnxForward:
        """Load `model.onnx` of a folder with its `config.json`. `threads` 0: one a core, at most 4 (more do not help
        a model this small)."""
        config = json.loads((folder / "config.json").read_text())
        heads = config["num_key_value_heads"]
        width = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(4, _cores())
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        return cls(session, heads, width, config["max_position_embeddings"])

    def extend(self, tokens: Sequence[int], ids: np.ndarray | None = None, keep: int = 1) -> Scores:
        end = self.length + len(tokens)
        if not tokens or end > self.context:
            raise ValueError(f"{len(tokens)} tokens do not fit behind {self.length} of {self.context}.")
        self._binding.bind_cpu_input("input_ids", np.array([tokens], np.int64))
        self._binding.bind_cpu_input("attention_mask", np.ones((1, end), np.int64))
        self._binding.bind_output("logits", "cpu")
        self.session.run_with_iobinding(self._binding)
        self.length = end
        # outputs come in the order in which they were bound, the caches first
        logits = self._binding.get_outputs()[len(self._cache)].numpy()[0, -keep:]  # [keep, V]
        top = logits.max(1, keepdims=True)
        totals = top[:, 0] + np.log(np.exp(logits - top).sum(1, dtype=np.float64))
        return Scores(logits if ids is None else logits[:, ids], totals)

    def truncate(self, length: int) -> None:
        self.length = min(self.length, length)

    def fork(self) -> OnnxForward:
        other = OnnxForward(self.session, self.heads, self.width, self.context)
        for name, value in self._cache.items():
            other._cache[name].update_inplace(value.numpy())
        other.length = self.length
        return other


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
