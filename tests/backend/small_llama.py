"""Checkpoint folders of small Llamas with random weights, as tests need them."""

from __future__ import annotations

from pathlib import Path

import torch
from llama3 import llama3_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM


def checkpoint(folder: Path, **options: int) -> Path:
    """Two layers of random weights in bf16, and a tokenizer that splits as Llama 3's does."""
    tokenizer = llama3_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    chosen = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 16_384,
        **options,
    }
    LlamaForCausalLM(LlamaConfig(**chosen)).to(torch.bfloat16).save_pretrained(folder)
    return folder
