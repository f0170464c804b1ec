"""Makes a model's layers fit for int8: measures the activations on real documents and evens them out.

Activations get a fixed step at each place, those inside the feed-forward one by each token's own peak; either way what
a token gives does not depend on which others are in the pass. That is only exact enough where no channel is much larger
than the others. So each channel is divided by a share of its peak, and the weight that reads it multiplied by the same,
which changes nothing in exact arithmetic (SmoothQuant, arXiv 2211.10438; the division goes into the norm, the value
projection or the up projection before it).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from transformers import PreTrainedModel

from .graph import ZERO, Steps

SHARE = {"attention": 0.8, "mixed": 0.8, "feed": 0.8, "inner": 0.5}  # of the peaks' range that goes into the weights
Peaks = dict[tuple[int, str], torch.Tensor]  # (layer, place) -> float32 [channels], the largest absolute value


def measure(model: PreTrainedModel, documents: Iterable[Sequence[int]]) -> Peaks:
    """The peaks of the inputs of every layer's projections over documents of token ids."""
    peaks: Peaks = {}
    readers = {(len(model.model.layers), "head"): model.lm_head}
    for layer, block in enumerate(model.model.layers):
        readers |= {
            (layer, "attention"): block.self_attn.q_proj,
            (layer, "mixed"): block.self_attn.o_proj,
            (layer, "feed"): block.mlp.gate_proj,
            (layer, "inner"): block.mlp.down_proj,
        }
    hooks = []
    for where, module in readers.items():
        peaks[where] = torch.full((module.in_features,), 1e-5)

        def look(_: torch.nn.Module, inputs: tuple[torch.Tensor], peak: torch.Tensor = peaks[where]) -> None:
            torch.maximum(peak, inputs[0].abs().reshape(-1, peak.numel()).amax(0), out=peak)

        hooks.append(module.register_forward_pre_hook(look))
    with torch.inference_mode():
        for document in documents:
            model(torch.tensor([list(document)]))
    for hook in hooks:
        hook.remove()
    return peaks


def smooth(model: PreTrainedModel, peaks: Peaks) -> Steps:
    """Even the activations of a float32 model out, in place; the step of every place."""
    head = (len(model.model.layers), "head")  # left as it is: its weight is the embedding's as well
    steps = {head: float(peaks[head].max()) / (ZERO - 1)}
    groups = model.config.num_attention_heads // model.config.num_key_value_heads

    def even(layer: int, place: str, readers: list[torch.nn.Linear], grouped: bool = False) -> torch.Tensor:
        """What to divide each channel by; the readers are multiplied already."""
        reader = torch.stack([linear.weight.abs().amax(0) for linear in readers]).amax(0).clamp(min=1e-5)
        factor = peaks[layer, place] ** SHARE[place] / reader ** (1 - SHARE[place])
        factor /= factor.log().mean().exp()
        if grouped:  # heads that share a value head share its channels
            by_head = factor.view(-1, groups, readers[0].in_features // model.config.num_attention_heads)
            factor = by_head.mean(1, keepdim=True).expand_as(by_head).reshape(-1)
        for linear in readers:
            linear.weight *= factor
        peak = 1.0 if place == "inner" else float((peaks[layer, place] / factor).max())
        steps[layer, place] = peak / (ZERO - 1)
        return factor

    with torch.no_grad():
        for layer, block in enumerate(model.model.layers):
            attention, feed = block.self_attn, block.mlp
            readers = [attention.q_proj, attention.k_proj, attention.v_proj]
            block.input_layernorm.weight /= even(layer, "attention", readers)
            factor = even(layer, "mixed", [attention.o_proj], grouped=True)
            width = attention.v_proj.out_features // model.config.num_key_value_heads
            attention.v_proj.weight /= factor.view(-1, groups, width)[:, 0].reshape(-1, 1)
            block.post_attention_layernorm.weight /= even(layer, "feed", [feed.gate_proj, feed.up_proj])
            feed.up_proj.weight /= even(layer, "inner", [feed.down_proj])[:, None]
    return steps


def compare(expected: torch.Tensor, found: torch.Tensor) -> tuple[float, float]:
    """Of two sets of logits [T, V] over the same places: the mean Kullback-Leibler divergence in nats, and the share
    of places where both like the same token best."""
    right, other = expected.double().log_softmax(1), found.double().log_softmax(1)
    divergence = (right.exp() * (right - other)).sum(1).mean()
    return float(divergence), float((right.argmax(1) == other.argmax(1)).double().mean())
