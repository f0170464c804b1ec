"""Loading a checkpoint folder into transformers, quantized by bitsandbytes where that is asked for. Imports torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging

from .fit import tensors

PRECISIONS = ("fp32", "bf16", "int8", "nf4")
Told = Callable[[int, int], None]  # told(done, total), in bytes


def load(folder: Path, precision: str, progress: Told | None = None) -> PreTrainedModel:
    """The model of a folder (safetensors), on the first CUDA device where there is one. `precision` is one of
    PRECISIONS. ValueError for a checkpoint that is not of the Llama architecture, or that lacks weights (the library
    would make them up at random)."""
    kind = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type
    if kind != "llama":
        raise ValueError(f"The model in {folder} is of type {kind}, not llama.")
    before = logging.set_tqdm_hook(_bar(folder, progress or (lambda done, total: None)))
    try:
        model, read = AutoModelForCausalLM.from_pretrained(
            folder, output_loading_info=True, **options(folder, precision)
        )
    finally:
        logging.set_tqdm_hook(before)
    if missing := sorted(read["missing_keys"]):
        raise ValueError(f"The checkpoint in {folder} lacks {len(missing)} weights, such as {missing[0]}.")
    return model.eval()


def free() -> int:
    """Bytes of memory that a model may take: of the first CUDA device where there is one, else of this machine."""
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else psutil.virtual_memory().available


def options(folder: Path, precision: str) -> dict[str, Any]:
    """The arguments of from_pretrained for a precision. bitsandbytes' own defaults (fp4, float32 compute) are slow and
    less exact: nf4 with bf16 compute is said explicitly, fp16 where the card has no bf16."""
    if precision not in PRECISIONS:
        raise ValueError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
    cuda = torch.cuda.is_available()
    half = torch.bfloat16 if not cuda or torch.cuda.is_bf16_supported() else torch.float16
    chosen: dict[str, Any] = {
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": False,
        "attn_implementation": "sdpa",
        "dtype": torch.float32 if precision == "fp32" else half,
    }
    if cuda:
        chosen["device_map"] = {"": 0}
    if "quantization_config" in json.loads((folder / "config.json").read_text()):
        return chosen  # it was saved quantized, and says how
    if precision == "nf4":
        chosen["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=half
        )
    elif precision == "int8":
        chosen["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    return chosen


def _bar(folder: Path, progress: Told) -> Callable[..., Any]:
    """In place of the library's progress bar, which counts weights: bytes."""
    sizes: dict[str, int] = {}
    for name, (_, _, size) in tensors(folder).items():
        weight = name.partition(".weight.")[0] + ".weight" if ".weight." in name else name  # with its scales
        sizes[weight] = sizes.get(weight, 0) + size
    total = sum(sizes.values())
    progress(0, total)

    def told(weights: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        done = 0
        for name, weight in weights:
            yield name, weight
            done += sizes.get(name, 0)
            progress(min(done, total - 1), total)
        progress(total, total)

    def bar(factory: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if named.get("desc") == "Loading weights":
            return told(arguments[0])
        return factory(*arguments, **{**named, "disable": True})

    return bar
