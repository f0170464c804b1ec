"""Builds the ONNX graphs that backend/forward/onnx.py runs, from the weights of a Llama: one graph for a single row,
and one for several over the same weights.

Inputs: `tokens` int64 [T], the chunks of all rows behind one another; `counts` int64 [R], their lengths (several rows
only); `totals` int32 [R], tokens in each row after the pass; `kept` int64 [K], the places in `tokens` that are scored;
`key.l.r` and `value.l.r` float32 [1, heads, context, head width], the caches, which come back as `new_key.l.r`... in
the same memory. Output: `logs` float32 [K, vocabulary], logarithms of the shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import PreTrainedModel

from meshscribe.backend.forward.onnx import GRAPHS

MICROSOFT = "com.microsoft"  # the domain of ONNX Runtime's own operators
ZERO = 128  # the code of 0.0 in quantized activations, which are uint8
TOP = 63  # largest code of a quantized weight: 7 bits, as processors without VNNI add up pairs of products in 16 bits

Steps = Mapping[tuple[int, str], float]  # (layer, place) -> what one code of the activations there stands for


def save(model: PreTrainedModel, folder: Path, steps: Steps | None = None) -> None:
    """Write the graphs and `weights.bin` into a folder. With `steps` (training/quantize.py) the layers' weights and
    activations are int8; without, all is float32."""
    blobs: dict[str, tuple[int, int]] = {}  # name -> offset, length in weights.bin
    with (folder / "weights.bin").open("wb") as out:
        for rows, name in GRAPHS.items():
            graph = _Graph(model, rows, steps).build()
            for tensor in graph.graph.initializer:
                if tensor.name not in blobs:
                    out.write(b"\0" * (-out.tell() % 64))
                    blobs[tensor.name] = out.tell(), out.write(tensor.raw_data)
                offset, length = blobs[tensor.name]
                if length >= 1024:  # shapes and the like stay in the graph
                    onnx.external_data_helper.set_external_data(tensor, "weights.bin", offset, length)
                    tensor.ClearField("raw_data")
                    tensor.data_location = TensorProto.EXTERNAL
            onnx.save(graph, str(folder / name))


class _Graph:
    def __init__(self, model: PreTrainedModel, rows: int, steps: Steps | None):
        self.config, self.rows, self.steps = model.config, rows, steps
        self.weights = {name: tensor.float().numpy() for name, tensor in model.state_dict().items()}
        self.head = getattr(self.config, "head_dim", None) or self.config.hidden_size // self.config.num_attention_heads
        places = torch.arange(self.config.max_position_embeddings + 1)[None]  # one more for the token that is not read
        cos, sin = model.model.rotary_emb(torch.zeros(1, dtype=torch.float32), places)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        for name, wave in (("cos", cos), ("sin", sin)):
            self.constant(name, wave[0, :, : self.head // 2].float().numpy())
        self.inputs = [
            value("tokens", TensorProto.INT64, ["T"]),
            value("kept", TensorProto.INT64, ["K"]),
            value("totals", TensorProto.INT32, [rows]),
        ]
        if rows > 1:
            self.inputs.append(value("counts", TensorProto.INT64, [rows]))
        self.outputs = [value("logs", TensorProto.FLOAT, ["K", self.config.vocab_size])]

    def build(self) -> onnx.ModelProto:
        first = self.constant("first", np.array([0]))
        past = self.node("Sub", "totals", self.constant("one", np.array(1, np.int32)))
        lasts, totals = self.split(past, 0), self.split("totals", 0)  # int32 [1] for each row
        hidden = self.node("Gather", self.constant("embedding", self.weights["model.embed_tokens.weight"]), "tokens")
        hidden = self.node("Unsqueeze", hidden, first)  # [1, T, width]
        update = None
        for layer in range(self.config.num_hidden_layers):
            hidden, update = self.layer(layer, hidden, update, lasts, totals)
        hidden = self.node("Gather", self.node("Add", hidden, update), "kept", axis=1)
        hidden = self.norm("model.norm.weight", self.node("Squeeze", hidden, first))[1]  # [K, width]
        head = self.weights.get("lm_head.weight", self.weights["model.embed_tokens.weight"])
        layer = self.config.num_hidden_layers
        logits = self.product(self.quantized(hidden, layer, "head"), head, layer, "head", "head")
        self.node("LogSoftmax", logits, out="logs")
        graph = helper.make_graph(self.nodes, "llama", self.inputs, self.outputs, list(self.constants.values()))
        domains = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=domains, ir_version=10, producer_name="meshscribe")

    def layer(
        self, layer: int, hidden: str, update: str | None, lasts: list[str], totals: list[str]
    ) -> tuple[str, str]:
        """One layer: the residual stream without this layer's last update, and that update."""
        name = f"model.layers.{layer}."
        hidden, normed = self.norm(name + "input_layernorm.weight", hidden, update)
        heads = np.concatenate([self.weights[f"{name}self_attn.{which}_proj.weight"] for which in "qkv"])
        normed = self.quantized(normed, layer, "attention")
        mixed = self.attention(layer, self.product(normed, heads, layer, "attention", name + "qkv"), lasts, totals)
        mixed = self.quantized(mixed, layer, "mixed")
        update = self.product(mixed, self.weights[name + "self_attn.o_proj.weight"], layer, "mixed", name + "o")
        hidden, normed = self.norm(name + "post_attention_layernorm.weight", hidden, update)
        normed = self.quantized(normed, layer, "feed")
        gate, up = (
            self.product(normed, self.weights[f"{name}mlp.{which}_proj.weight"], layer, "feed", name + which)
            for which in ("gate", "up")
        )
        gate = self.node("QuickGelu", gate, domain=MICROSOFT, alpha=1.0)  # x * sigmoid(alpha * x)
        inner, down = self.node("Mul", gate, up), self.weights[name + "mlp.down_proj.weight"]
        if self.steps is None:
            return hidden, self.product(inner, down, layer, "inner", name + "down")
        # its peaks differ tenfold from token to token: each is quantized by its own
        peak = self.node("ReduceMax", self.node("Abs", inner), self.constant("last", np.array([-1])), keepdims=1)
        peak = self.node("Max", peak, self.constant("tiny", np.array(1e-9)))
        inner = self.quantized(self.node("Div", inner, peak), layer, "inner")
        return hidden, self.node("Mul", self.product(inner, down, layer, "inner", name + "down"), peak)

    def attention(self, layer: int, heads: str, lasts: list[str], totals: list[str]) -> str:
        """Each row's attention over its own cache: the operator takes one sequence where chunks follow a past."""
        mixed = []
        shape = [1, self.config.num_key_value_heads]
        for row, chunk in enumerate(self.split(heads, 1, "counts")):
            caches = [f"{which}.{layer}.{row}" for which in ("key", "value")]
            for cache in caches:
                self.inputs.append(value(cache, TensorProto.FLOAT, [*shape, f"C{row}", self.head]))
                self.outputs.append(value(f"new_{cache}", TensorProto.FLOAT, [*shape, f"C{row}", self.head]))
            out = f"mixed.{layer}.{row}"
            self.nodes.append(
                helper.make_node(
                    "GroupQueryAttention",
                    [chunk, "", "", *caches, lasts[row], totals[row], "cos", "sin"],
                    [out, *(f"new_{cache}" for cache in caches)],
                    domain=MICROSOFT,
                    num_heads=self.config.num_attention_heads,
                    kv_num_heads=self.config.num_key_value_heads,
                    scale=self.head**-0.5,
                    do_rotary=1,
                )
            )
            mixed.append(out)
        return self.node("Concat", *mixed, axis=1) if self.rows > 1 else mixed[0]

    def norm(self, weight: str, hidden: str, update: str | None = None) -> tuple[str, str]:
        """The residual stream with the update added, and its norm."""
        scale = self.constant(weight, self.weights[weight])
        eps = self.config.rms_norm_eps
        if update is None:
            return hidden, self.node("SimplifiedLayerNormalization", hidden, scale, axis=-1, epsilon=eps)
        outs = [weight + ".norm", "", "", weight + ".sum"]
        self.nodes.append(
            helper.make_node(
                "SkipSimplifiedLayerNormalization", [hidden, update, scale], outs, domain=MICROSOFT, epsilon=eps
            )
        )
        return outs[3], outs[0]

    def quantized(self, hidden: str, layer: int, place: str) -> str:
        if self.steps is None:
            return hidden
        step = self.constant(f"{layer}.{place}.step", np.array(self.steps[layer, place], np.float32))
        return self.node("QuantizeLinear", hidden, step, self.constant("zero", np.array(ZERO, np.uint8)))

    def product(self, hidden: str, weight: np.ndarray, layer: int, place: str, name: str) -> str:
        """`hidden` times a weight [out, in]; in int8 with one scale a column where the layers are quantized."""
        if self.steps is None:
            return self.node("MatMul", hidden, self.constant(name, weight.T))
        scale = np.abs(weight).max(1) / TOP
        codes = np.rint(weight / scale[:, None]).astype(np.int8)
        constants = (self.constant(name, codes.T), f"{layer}.{place}.step", self.constant(name + ".scale", scale))
        return self.node("MatMulIntegerToFloat", hidden, *constants, "zero", domain=MICROSOFT)

    def split(self, whole: str, axis: int, counts: str = "") -> list[str]:
        """The rows' parts along an axis."""
        if self.rows == 1:
            return [whole]
        outs = [f"{whole}.{row}" for row in range(self.rows)]
        more = {} if counts else {"num_outputs": self.rows}
        self.nodes.append(helper.make_node("Split", [whole, counts] if counts else [whole], outs, axis=axis, **more))
        return outs

    def constant(self, name: str, values: np.ndarray) -> str:
        if name not in self.constants:
            values = values.astype(np.float32) if values.dtype.kind == "f" else values
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def node(self, kind: str, *inputs: str, out: str = "", domain: str = "", **options: float) -> str:
        out = out or f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], domain=domain, **options))
        return out


def value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
