"""How much memory a model needs, from what its files say, before any of it is read. Imports no torch."""

from __future__ import annotations

import json
import struct
from math import prod
from pathlib import Path

BITS = {
    "fp32": 32.0,
    "bf16": 16.0,
    "int8": 8.0 + 32 / 4096,
    "nf4": 4.0 + 32 / 64,
}  # a weight of a layer, with its scales
HEADER = 100 << 20  # bytes that a safetensors header may have
PREFILL = 2048  # tokens of a pass at the most
LIBRARY = 600 << 20  # bytes that CUDA, its libraries and their work space take
ORDER = ("fp32", "bf16", "int8", "nf4")  # the largest first
ROWS = 8  # sequences at a time at the most


def tensors(folder: Path) -> dict[str, tuple[str, tuple[int, ...], int]]:
    """What the safetensors files of a folder hold: name -> type, shape, bytes. ValueError where one is damaged."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as stream:
            head = stream.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else HEADER + 1
            if length > HEADER:
                raise ValueError(f"{file.name} is damaged.")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            found[name] = entry["dtype"], tuple(entry["shape"]), end - begin
    return found


def weights(folder: Path, precision: str) -> int:
    """Bytes of the weights in memory. What is not a layer's projection is not quantized."""
    held = tensors(folder)
    if "quantization_config" in _config(folder):  # saved as it will be held
        return sum(size for _, _, size in held.values())
    whole = 32 if precision == "fp32" else 16
    bits = sum(
        prod(shape) * (BITS[precision] if name.endswith("_proj.weight") else whole)
        for name, (_, shape, _) in held.items()
    )
    return int(bits / 8)


def row(folder: Path, precision: str, context: int) -> int:
    """Bytes that the cache of one sequence of `context` tokens takes."""
    config = _config(folder)
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    heads = config.get("num_key_value_heads") or config["num_attention_heads"]
    return 2 * config["num_hidden_layers"] * heads * head * context * (4 if precision == "fp32" else 2)


def work(folder: Path, precision: str) -> int:
    """Bytes that a pass takes besides: the activations of a layer, and the logits."""
    config = _config(folder)
    a_token = 4 * config["intermediate_size"] + 8 * config["hidden_size"]
    logits = 32 * config["vocab_size"] * 4 * 2
    return PREFILL * a_token * (4 if precision == "fp32" else 2) + logits


def rows(folder: Path, precision: str, context: int, free: int) -> int:
    """How many sequences of `context` tokens fit into so many free bytes beside the weights: 0 to ROWS. A cache that
    grows is there twice for a moment, half as long as it will be."""
    left = free - weights(folder, precision) - work(folder, precision) - LIBRARY
    return max(0, min(ROWS, int(left / (1.5 * row(folder, precision, context)))))


def refusal(name: str, folder: Path, precision: str, context: int, free: int) -> str:
    """Why a model is not loaded, and what would fit: for people."""
    needed = {
        kind: weights(folder, kind) + work(folder, kind) + LIBRARY + 1.5 * row(folder, kind, context) for kind in ORDER
    }
    wanted, there = f"{needed[precision] / 1e9:.1f}", f"{free / 1e9:.1f}"
    fits = [kind for kind in ORDER if needed[kind] < min(free, needed[precision])]
    if fits:
        other, size = f"{name.removesuffix(':' + precision)}:{fits[0]}", f"{needed[fits[0]] / 1e9:.1f}"
        return f"{name} needs {wanted} GB of memory and {there} GB are free: {other} would fit ({size} GB)."
    return f"{name} needs {wanted} GB of memory and {there} GB are free: close other programs, or use the starter."


def _config(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text())
