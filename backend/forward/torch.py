"""The forward pass on transformers: any Llama-architecture checkpoint in bf16, or quantized by bitsandbytes to int8 or
nf4, on CUDA or on the CPU. Imports torch: only workers load this module."""

from __future__ import annotations

from collections.abc import Mapping
from logging import ERROR, getLogger
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from meshscribe.backend.models.loading import Told, load

from .base import Chunk, check

CAPTURED = 32  # tokens of a row in a pass that is captured as a CUDA graph at the most: longer ones are prefill
KEPT_IDS = 8  # sets of ids whose copies on the device are kept

# bitsandbytes' int8 layers work in fp16, and warn of the cast from bf16 for each layer of each pass. Loading in fp16
# instead would make a second copy of a bf16 checkpoint on the way.
getLogger("bitsandbytes.autograd._functions").setLevel(ERROR)


class TorchForward:
    """Up to `rows` sequences over one model, all in one pass. Rows of a pass are padded to the longest chunk: what is
    written past the end of a row is not read, and written over."""

    lanes = 1

    def __init__(self, model: PreTrainedModel, rows: int = 8):
        self.model, self.rows, self.width = model, rows, rows
        self.context = int(model.config.max_position_embeddings)
        self.captures = model.device.type == "cuda"
        model.set_attn_implementation("meshscribe")
        self._cache = Cache(model)
        self._lengths = [0] * rows
        self._ids: dict[bytes, Tensor] = {}
        self._graphs: dict[tuple[int, int, int], Captured] = {}  # first row, end of the rows, tokens of each

    @classmethod
    def open(cls, folder: Path, precision: str, progress: Told | None = None, rows: int = 8) -> TorchForward:
        """Load a checkpoint folder; models/loading.py says how."""
        return cls(load(folder, precision, progress), rows)

    def length(self, row: int) -> int:
        return self._lengths[row]

    @torch.inference_mode()
    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        check(self, chunks)
        first, end = min(chunks), max(chunks) + 1
        longest = max(len(chunk.tokens) for chunk in chunks.values())
        capture = self.captures and longest <= CAPTURED
        if capture:  # few shapes: one row or all, and powers of two
            first, end = (first, end) if end - first == 1 else (0, self.rows)
            longest = 1 << (longest - 1).bit_length()
        if self._cache.reserve(end, max(self._lengths[first:end]) + longest):
            self._graphs.clear()  # the cache has moved
        told = torch.zeros(end - first, longest + 1, dtype=torch.int64, pin_memory=self.model.device.type == "cuda")
        for row in range(first, end):
            tokens = chunks[row].tokens if row in chunks else ()
            told[row - first, : len(tokens)] = torch.tensor(tokens, dtype=torch.int64)
            told[row - first, -1] = self._lengths[row]
        kept = [
            (row - first) * longest + place
            for row, chunk in chunks.items()
            for place in range(len(chunk.tokens) - chunk.keep, len(chunk.tokens))
        ]
        if capture:
            logits = self._replay(first, end, told)[kept]
        else:
            logits = self._compute(first, end, told.to(self.model.device), torch.tensor(kept))
        logs = self._wanted(logits, list(chunks.values()))
        for row, chunk in chunks.items():
            self._lengths[row] += len(chunk.tokens)
        return dict(zip(chunks, logs, strict=True))

    def truncate(self, row: int, length: int) -> None:
        self._lengths[row] = min(self._lengths[row], length)

    @torch.inference_mode()
    def fork(self, row: int, into: int, length: int) -> None:
        if self._cache.reserve(max(row, into) + 1, length):
            self._graphs.clear()
        for states in self._cache.states:
            states[into, :, :length] = states[row, :, :length]
        self._lengths[into] = length

    def close(self) -> None:
        self._graphs.clear()
        del self.model, self._cache
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _compute(self, first: int, end: int, told: Tensor, kept: Tensor | None = None) -> Tensor:
        """Logits float32 [kept, V] of a pass over the rows `first` to `end`, at places of the flattened tokens (all
        where None). `told` int64 [rows, T + 1]: each row's tokens, and its length before them."""
        tokens, lengths = told[:, :-1], told[:, -1:]
        places = lengths + torch.arange(tokens.shape[1], device=told.device)  # [B, T]
        size = self._cache.view(first, end, places, None if told.is_cuda else int(places.max()) + 1)
        groups = self.model.config.num_attention_heads // self.model.config.num_key_value_heads
        mask = torch.arange(size, device=told.device) <= places[:, None, :, None]  # [B, 1, T, S]
        out = self.model.model(
            input_ids=tokens,
            position_ids=places,
            attention_mask=mask.repeat(1, 1, groups, 1),
            past_key_values=self._cache,
            use_cache=True,
        )
        hidden = out.last_hidden_state.flatten(0, 1)  # [B * T, width]
        return self.model.lm_head(hidden if kept is None else hidden[kept.to(hidden.device)]).float()

    def _replay(self, first: int, end: int, told: Tensor) -> Tensor:
        """The same for all places, as one launch: the pass is recorded when its shape comes first."""
        key = (first, end, told.shape[1] - 1)
        if key not in self._graphs:
            self._graphs[key] = Captured(lambda told: self._compute(first, end, told), told.to(self.model.device))
        return self._graphs[key].replay(told)

    def _wanted(self, logits: Tensor, chunks: list[Chunk]) -> list[np.ndarray]:
        """Logarithms of shares at each chunk's ids; one copy off the device."""
        logs = logits - torch.logsumexp(logits, 1, keepdim=True)
        parts = logs.split([chunk.keep for chunk in chunks])
        few = [
            part if chunk.ids is None else part[:, self._on_device(chunk.ids)]
            for part, chunk in zip(parts, chunks, strict=True)
        ]
        flat = torch.cat([part.flatten() for part in few]).cpu().numpy()
        sizes = np.cumsum([part.numel() for part in few])[:-1]
        return [array.reshape(part.shape) for array, part in zip(np.split(flat, sizes), few, strict=True)]

    def _on_device(self, ids: np.ndarray) -> Tensor:
        key = ids.tobytes()
        if key not in self._ids:
            if len(self._ids) >= KEPT_IDS:
                self._ids.clear()
            self._ids[key] = torch.from_numpy(ids.copy()).to(self.model.device)
        return self._ids[key]


class Cache:
    """Keys and values of all rows, where transformers' Llama asks for them: [rows, heads, places, head width] for each
    layer. It grows as rows and places are needed, to the double each time."""

    def __init__(self, model: PreTrainedModel):
        config = model.config
        self.layers, self.heads = config.num_hidden_layers, config.num_key_value_heads
        self.head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.kind = {"dtype": model.model.norm.weight.dtype, "device": model.device}
        self.states = self._empty(0, 0)  # keys of every layer, then values
        self._part: tuple[slice, Tensor, int]

    def reserve(self, rows: int, places: int) -> bool:
        """Make room; whether the cache had to move for it."""
        has_rows, _, has_places, _ = self.states[0].shape
        if rows <= has_rows and places <= has_places:
            return False
        rows = max(has_rows, rows if rows <= has_rows else 1 << (rows - 1).bit_length())
        places = max(has_places, places if places <= has_places else max(256, 1 << (places - 1).bit_length()))
        old, self.states = self.states, self._empty(rows, places)
        for before, after in zip(old, self.states, strict=True):
            after[:has_rows, :, :has_places] = before
        return True

    def view(self, first: int, end: int, places: Tensor, size: int | None) -> int:
        """The part that a pass is over: rows, where in them it writes [B, T], and how many places of them it reads
        (None: all there are), which is returned."""
        size = size or self.states[0].shape[2]
        index = places[:, None, :, None].expand(-1, self.heads, -1, self.head)
        self._part = slice(first, end), index, size
        return size

    def update(self, key: Tensor, value: Tensor, layer: int, *_: object) -> tuple[Tensor, Tensor]:
        """Called by the model: write the new keys and values of a layer [B, heads, T, width], and give all."""
        rows, index, size = self._part
        keys, values = (self.states[layer + part][rows, :, :size] for part in (0, self.layers))
        keys.scatter_(2, index, key)
        values.scatter_(2, index, value)
        return keys, values

    def _empty(self, rows: int, places: int) -> list[Tensor]:
        shape = (rows, self.heads, places, self.head)
        return [torch.zeros(shape, **self.kind) for _ in range(2 * self.layers)]


class Captured:
    """A computation on the device, recorded once and replayed with other inputs: one launch instead of thousands."""

    def __init__(self, compute, example: Tensor):
        self.told = example
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            compute(self.told)  # libraries set themselves up in their first run
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.out = compute(self.told)

    def replay(self, told: Tensor) -> Tensor:
        self.told.copy_(told, non_blocking=True)
        self.graph.replay()
        return self.out


def grouped(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attention where several query heads share a key head: their queries [B, H, T, D] become more queries of that
    head, so that keys and values are read once and not copied for each. The mask is [B, 1, H / heads * T, S]."""
    batch, heads, count, width = query.shape
    shared = query.reshape(batch, key.shape[1], -1, width)
    out = scaled_dot_product_attention(shared, key, value, attn_mask=attention_mask, scale=scaling)
    return out.view(batch, heads, count, width).transpose(1, 2), None


AttentionInterface.register("meshscribe", grouped)


def device_name(model: PreTrainedModel) -> str:
    """For people: "cuda:0 NVIDIA H200" or "cpu"."""
    device = model.device
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)
