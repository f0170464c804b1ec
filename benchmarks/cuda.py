"""A Llama in nf4 on a CUDA device, with random weights that are made there: what the decode loop takes for recorded
mesh text by teacher forcing, beside transformers' `generate()`. Each pass costs what it would with trained weights;
which tokens are forced and which guesses are right is counted on the text of real meshes.

    python -m benchmarks.cuda [--tiny]      a shape for a machine without a device
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from bitsandbytes.nn import Linear4bit, Params4bit
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel
from transformers.generation.streamers import BaseStreamer
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from meshscribe.backend.decode.grammar import LlamaMeshGrammar
from meshscribe.backend.forward.torch import TorchForward, device_name
from meshscribe.shared.obj import LLAMA_MESH

from .recorded import LIMIT, LLAMA3_STOP, LLAMA3_TOKENS, follow, guesses, llama_mesh_texts

LLAMA_8B = LlamaConfig(
    vocab_size=128_256, hidden_size=4_096, intermediate_size=14_336, num_hidden_layers=32, num_attention_heads=32,
    num_key_value_heads=8, max_position_embeddings=8_192, rope_theta=500_000.0, dtype="bfloat16",
)  # fmt: skip
TINY = LlamaConfig(
    vocab_size=1_500, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=8_192, rope_theta=500_000.0, dtype="bfloat16",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    config: LlamaConfig
    texts: int  # that are followed
    warm: int  # texts before these
    most: int  # tokens of a text
    made: int  # tokens of `generate()`


WHOLE = Size(LLAMA_8B, texts=5, warm=2, most=LIMIT - 300, made=200)
SMALL = Size(TINY, texts=1, warm=0, most=400, made=20)


def model(config: LlamaConfig, device: str) -> PreTrainedModel:
    """Random weights in nf4, layer by layer, so that the whole model is never there in 16 bits."""
    with torch.device("meta"):
        made = LlamaForCausalLM(config).to(torch.bfloat16)
    torch.manual_seed(0)
    for name, layer in list(made.named_modules()):
        if isinstance(layer, torch.nn.Linear) and name != "lm_head":
            weight = torch.randn(layer.out_features, layer.in_features, dtype=torch.bfloat16, device=device) * 0.02
            four = Linear4bit(
                layer.in_features, layer.out_features, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4",
                device="meta",
            )  # fmt: skip
            four.weight = Params4bit(weight, requires_grad=False, quant_type="nf4").to(device)
            made.set_submodule(name, four)
    for name, weight in list(made.named_parameters()):
        if weight.is_meta:
            parent, _, leaf = name.rpartition(".")
            fresh = torch.randn(weight.shape, dtype=torch.bfloat16, device=device) * 0.02
            fresh = torch.ones_like(fresh) if weight.dim() == 1 else fresh
            setattr(made.get_submodule(parent), leaf, torch.nn.Parameter(fresh, requires_grad=False))
    made.model.rotary_emb = LlamaRotaryEmbedding(config).to(device)
    return made.eval()


class Counted(BaseStreamer):
    """Takes tokens as a streamer does: one copy off the device for each."""

    def put(self, value: torch.Tensor) -> None:
        value.cpu()

    def end(self) -> None:
        pass


def generate(net: PreTrainedModel, tokens: int) -> float:
    """Tokens/s of `generate()`, one text."""
    ids = torch.ones(1, 64, dtype=torch.int64, device=net.device)
    speeds = []
    for _ in range(1 + 3):
        began = time.perf_counter()
        made = net.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, max_new_tokens=tokens, min_new_tokens=tokens,
            streamer=Counted(), pad_token_id=0,
        )  # fmt: skip
        speeds.append((made.shape[1] - 64) / (time.perf_counter() - began))
    return statistics.median(speeds[1:])


def ours(net: PreTrainedModel, size: Size) -> tuple[float, float, float]:
    """Tokens/s, lines/s and passes a line of the loop over recorded texts."""
    forward = TorchForward(net, rows=1)
    line = LLAMA3_TOKENS.token_to_id("Ċ")
    speeds, rates, passes = [], [], []
    for number, tokens in enumerate(llama_mesh_texts("held out", most=size.most)):
        if number == size.warm + size.texts:
            break
        forward.truncate(0, 0)
        grammar = LlamaMeshGrammar(LLAMA3_TOKENS, LLAMA_MESH.bins, [LLAMA3_STOP])
        run, lines = follow(tokens, LLAMA3_STOP, grammar, guesses(grammar), forward), tokens.count(line) + 1
        if number >= size.warm:
            speeds.append(len(tokens) / run.seconds)
            rates.append(lines / run.seconds)
            passes.append(run.passes / lines)
    return statistics.median(speeds), statistics.median(rates), statistics.median(passes)


def rows(size: Size) -> Iterator[str]:
    """The table."""
    config = size.config
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = model(config, device)
    yield f"nf4, {config.num_hidden_layers} layers of {config.hidden_size}, on {device_name(net)}"
    theirs = generate(net, size.made)
    yield f"{'generate() with a streamer':32} {theirs:8,.0f} tokens/s, {theirs / 8:,.1f} lines/s"
    speed, rate, passes = ours(net, size)
    times = f"{8 * rate / theirs:.1f} times in lines/s"
    yield f"{'ours, recorded text':32} {speed:8,.0f} tokens/s, {rate:,.1f} lines/s, {passes:.2f} passes a line: {times}"
    if device == "cuda":
        yield f"{'peak memory':32} {torch.cuda.max_memory_allocated() / 1e9:8.2f} GB"


def main() -> None:
    parser = argparse.ArgumentParser(description="The CUDA table.")
    parser.add_argument("--tiny", action="store_true", help="a small shape, on whatever there is")
    for row in rows(SMALL if parser.parse_args().tiny else WHOLE):
        print(row, flush=True)


if __name__ == "__main__":
    main()
