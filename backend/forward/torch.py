"""The forward pass on transformers: any Llama-architecture checkpoint in bf16, or quantized by bitsandbytes to int8 or
nf4, on CUDA or on the CPU. Imports torch: only workers load this module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig, DynamicCache, PreTrainedModel
from transformers.utils import logging

from .base import Scores

PRECISIONS = ("fp32", "bf16", "int8", "nf4")

# bitsandbytes' int8 layers work in fp16, and warn of the cast from bf16 for each layer of each pass. Loading in fp16
# instead would make a second copy of a bf16 checkpoint on the way.
getLogger("bitsandbytes.autograd._functions").setLevel(ERROR)


class TorchForward:
    """One sequence over a shared model; the cache is a DynamicCache on the model's device."""

    def __init__(self, model: PreTrainedModel):
        self.model = model
        self.context = int(model.config.max_position_embeddings)
        self._cache = DynamicCache()

    @classmethod
    def open(cls, folder: Path, precision: str, progress: Callable[[int, int], None] | None = None) -> TorchForward:
        """Load a checkpoint folder (safetensors). `precision` is one of PRECISIONS. `progress(done, total)` is called
        with bytes. ValueError for a checkpoint that is not of the Llama architecture, or that lacks weights (the
        library would make them up at random)."""
        total = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        if progress:
            progress(0, total)
        logging.disable_progress_bar()
        kind = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False).model_type
        if kind != "llama":
            raise ValueError(f"The model in {folder} is of type {kind}, not llama.")
        model, read = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **loading(precision))
        if missing := sorted(read["missing_keys"]):
            raise ValueError(f"The checkpoint in {folder} lacks {len(missing)} weights, such as {missing[0]}.")
        model.eval()
        if progress:
            progress(total, total)
        return cls(model)

    @property
    def length(self) -> int:
        return int(self._cache.get_seq_length())

    @torch.inference_mode()
    def extend(self, tokens: Sequence[int], ids: np.ndarray | None = None, keep: int = 1) -> Scores:
        if not tokens or self.length + len(tokens) > self.context:
            raise ValueError(f"{len(tokens)} tokens do not fit behind {self.length} of {self.context}.")
        chunk = torch.tensor([tokens], device=self.model.device)  # [1, T]
        out = self.model(input_ids=chunk, past_key_values=self._cache, use_cache=True, logits_to_keep=keep)
        logits = out.logits[0].float()  # [keep, V]
        totals = torch.logsumexp(logits, 1, keepdim=True)
        wanted = logits if ids is None else logits[:, torch.from_numpy(ids).to(logits.device)]
        few = torch.cat([wanted, totals], 1).cpu().numpy()  # one copy off the device
        return Scores(few[:, :-1], few[:, -1].astype(np.float64))

    def truncate(self, length: int) -> None:
        if length <= 0:
            self._cache = DynamicCache()
        elif length < self.length:
            self._cache.crop(length - self.length)  # negative: how many to forget; positive lengths are gone since 5.23

    def fork(self) -> TorchForward:
        other = TorchForward(self.model)
        other._cache = copy.deepcopy(self._cache)
        return other


def loading(precision: str) -> dict[str, Any]:
    """The arguments of from_pretrained for a precision. bitsandbytes' own defaults (fp4, float32 compute) are slow and
    less exact: nf4 with bf16 compute is said explicitly, fp16 where the card has no bf16."""
    cuda = torch.cuda.is_available()
    half = torch.bfloat16 if not cuda or torch.cuda.is_bf16_supported() else torch.float16
    common: dict[str, Any] = {
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": False,
        "attn_implementation": "sdpa",
        "dtype": torch.float32 if precision == "fp32" else half,
    }
    if cuda:
        common["device_map"] = {"": 0}
    if precision == "nf4":
        common["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=half
        )
    elif precision == "int8":
        common["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    elif precision not in PRECISIONS:
        raise ValueError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
    return common


def device_name(model: PreTrainedModel) -> str:
    """For people: "cuda:0 NVIDIA H200" or "cpu"."""
    device = model.device
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)
