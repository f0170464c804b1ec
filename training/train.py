"""Trains the starter: a small Llama on fresh procedural samples. One file, top to bottom.

    python -m meshscribe.training.train --out runs/starter --tokens 20e6

    torchrun --nproc-per-node 2 -m meshscribe.training.train ...     one process a core (or a GPU), gradients averaged

Stops and goes on: the newest checkpoint in --out is continued (weights, optimizer, token count; samples are never
repeated because the seed of a step is its number). It knows nothing of shapes or captions: data.py does.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from . import tokenizer as starter_tokenizer
from .data import MIX, Documents
from .shapes import FAMILIES


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the starter model.")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints; an earlier run there goes on")
    parser.add_argument("--tokens", type=float, default=20e6, help="train on this many tokens in all")
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--step", type=int, default=12_000, help="tokens a step, of all processes together")
    parser.add_argument("--mix", type=shares, default=MIX, help="of documents, such as plan=0.2,make=0.6,read=0.2")
    parser.add_argument(
        "--families",
        type=lambda text: text.split(","),
        default=[],
        help="names of families, the hard ones twice; default all",
    )
    parser.add_argument("--weights", type=Path, help="begin with the weights of this folder")
    parser.add_argument("--every", type=float, default=300, help="seconds between checkpoints")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = f"cuda:{rank}" if torch.cuda.is_available() else "cpu"
    if world > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    torch.manual_seed(0)  # the same first weights in every process

    if not (options.out / "tokenizer.json").exists():  # a run keeps its token numbers, whatever the words are by now
        starter_tokenizer.save(starter_tokenizer.build(FAMILIES), options.out)
    tokenizer = Tokenizer.from_file(str(options.out / "tokenizer.json"))
    (options.out / "families.json").write_text(json.dumps([*dict.fromkeys(options.families or FAMILIES)]))
    model = LlamaForCausalLM(shape(options, tokenizer.get_vocab_size())).to(device)
    model.config.save_pretrained(options.out)
    if options.weights:
        adopt(model, options.weights, tokenizer)
    hidden_weights = [p for n, p in model.named_parameters() if p.ndim > 1 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim == 1 or "embed" in n]
    optimizers = [  # Muon for the matrices; LOG.md has what was seen of it
        torch.optim.Muon(hidden_weights, lr=options.rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=options.rate, betas=(0.9, 0.97), weight_decay=0.0, fused=True),
    ]
    seen, step = resume(options.out, model, optimizers)
    forward = torch.compile(model) if device != "cpu" else model

    parameters = list(model.parameters())
    batches = loader(options, options.step // world, step, rank)
    saved = said = began = time.monotonic()
    losses: list[float] = []
    fed = 0  # tokens since the last line
    while seen < options.tokens:
        for group in (g for optimizer in optimizers for g in optimizer.param_groups):
            group["lr"] = options.rate * schedule(seen / options.tokens, step)
        strata = next(batches)
        whole = sum(float(weights.sum()) for _, weights in strata)
        loss = 0.0
        for ids, weights in ((i.to(device), w.to(device)) for i, w in strata):  # [B, T]
            with torch.autocast(device.partition(":")[0], torch.bfloat16):
                hidden = forward.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # [B, T - 1, D]
                counted = weights[:, 1:] > 0  # the prompt's tokens need no logits
                logits = forward.lm_head(hidden[counted])  # [N, V]
            each = torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][counted], reduction="none")
            part = (each * weights[:, 1:][counted]).sum() / whole
            part.backward()
            loss += float(part.detach())
        if world > 1:
            flat = torch.cat([p.grad.flatten() for p in parameters])
            dist.all_reduce(flat)
            for p, mean in zip(parameters, (flat / world).split([p.numel() for p in parameters]), strict=True):
                p.grad.copy_(mean.view_as(p))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        size = world * sum(ids.numel() for ids, _ in strata)
        seen, fed, step = seen + size, fed + size, step + 1
        losses.append(loss)
        now = time.monotonic()
        if now - said > 20 and rank == 0:
            mean = sum(losses) / len(losses)
            rate = f"{fed / (now - said):,.0f} tok/s {now - began:.0f} s"
            print(f"step {step} tokens {seen / 1e6:.2f}M loss {mean:.4f} {rate}", flush=True)
            said, losses, fed = now, [], 0
        if rank == 0 and (now - saved > options.every or seen >= options.tokens):
            save(options.out, model, optimizers, seen, step)
            saved = now


def shape(options: argparse.Namespace, vocabulary: int) -> LlamaConfig:
    """The Llama shape of the options; feed-forward about 8/3 of the width."""
    return LlamaConfig(
        vocab_size=math.ceil(vocabulary / 64) * 64,
        hidden_size=options.width,
        intermediate_size=math.ceil(options.width * 8 / 3 / 64) * 64,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        num_key_value_heads=options.heads,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )


def schedule(progress: float, step: int) -> float:
    """Part of the peak rate: a warm-up of 100 steps, level, then down to 3 % over the last 60 % of the tokens."""
    return min(1.0, (step + 1) / 100) * max(0.03, min(1.0, (1.0 - progress) / 0.6))


def shares(text: str) -> dict[str, float]:
    """ "plan=0.2,make=0.8" as {"plan": 0.2, "make": 0.8}."""
    return {kind: float(share) for kind, _, share in (entry.partition("=") for entry in text.split(","))}


def loader(options: argparse.Namespace, tokens: int, first: int, rank: int) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Steps of batches (ids int64 [B, T], weights float32 [B, T]) from step `first` on, made in a process of their
    own."""

    class Steps(torch.utils.data.IterableDataset):
        def __iter__(self):
            tokenizer = Tokenizer.from_file(str(options.out / "tokenizer.json"))
            documents = Documents(FAMILIES, tokenizer, options.mix, options.families)
            for batches in documents.steps(Random(f"{first}/{rank}"), tokens):
                yield [(torch.from_numpy(ids), torch.from_numpy(weights)) for ids, weights in batches]

    return iter(torch.utils.data.DataLoader(Steps(), batch_size=None, num_workers=1, prefetch_factor=8))


def adopt(model: LlamaForCausalLM, folder: Path, tokenizer) -> None:
    """Take another model's weights; rows of the embedding go by the text of the token, new tokens keep fresh rows."""
    weights = load_file(folder / "model.safetensors")
    old = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    name = "model.embed_tokens.weight"
    rows = model.state_dict()[name].clone()
    for text, i in tokenizer.get_vocab().items():
        if text in old:
            rows[i] = weights[name][old[text]]
    model.load_state_dict({**weights, name: rows, "lm_head.weight": rows}, strict=False)


def save(folder: Path, model: LlamaForCausalLM, optimizers: list, seen: int, step: int) -> None:
    """One checkpoint, each file replaced whole, progress.json last."""
    files = {"model": {k: v for k, v in model.state_dict().items() if k != "lm_head.weight"}}
    for number, optimizer in enumerate(optimizers):
        state = optimizer.state_dict()["state"]
        files[f"optimizer{number}"] = {f"{i}.{k}": v for i, s in state.items() for k, v in s.items()}
    for name, tensors in files.items():
        save_file(tensors, folder / f"{name}.new", metadata={"format": "pt"})
        (folder / f"{name}.new").replace(folder / f"{name}.safetensors")
    (folder / "progress.json").write_text(json.dumps({"tokens": seen, "step": step}))


def resume(folder: Path, model: LlamaForCausalLM, optimizers: list) -> tuple[int, int]:
    """(tokens, steps) of the checkpoint in the folder, put into model and optimizers; (0, 0) without one."""
    if not (folder / "progress.json").exists():
        return 0, 0
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    for number, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in load_file(folder / f"optimizer{number}.safetensors").items():
            i, key = name.split(".", 1)
            state.setdefault(int(i), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    progress = json.loads((folder / "progress.json").read_text())
    return progress["tokens"], progress["step"]


if __name__ == "__main__":
    main()
