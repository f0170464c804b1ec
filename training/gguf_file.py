"""A model of the parts dialect as a GGUF file, for llama.cpp and what is built on it.

    python -m meshscribe.training.gguf_file --model backend/starter --out starter.gguf

Weights are written in float32 where nothing else is said: such a model is small. The tokenizer becomes llama.cpp's
greedy one ("rwkv"), which is exact: a WordPiece vocabulary takes the longest token from the left too, and no token of
ours crosses what the pre-tokenizer separates, as each begins with the space or newline that it cuts at, or has none
inside.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

# Such a model is asked in its own words, with its own marks: nothing is put around them.
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
# Characters that no token has, on numbers that no token has: llama.cpp's tokenizer needs each to begin somewhere.
PRINTABLE = "".join(map(chr, range(33, 127))) + " \n"
BLOCK = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


KINDS = {  # precisions of the weights
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


def write(model: Path, out: Path, kind: str = "f32") -> None:
    """The folder of a Llama checkpoint with a tokenizer of tokenizer.py, as one file; `kind` is one of KINDS."""
    precision, file_type = KINDS[kind]
    config = json.loads((model / "config.json").read_text())
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    file = gguf.GGUFWriter(out, "llama")
    file.add_name(f"MeshScribe {model.name}")
    file.add_context_length(config["max_position_embeddings"])
    file.add_embedding_length(config["hidden_size"])
    file.add_block_count(config["num_hidden_layers"])
    file.add_feed_forward_length(config["intermediate_size"])
    file.add_head_count(heads)
    file.add_head_count_kv(kv_heads)
    file.add_key_length(config["head_dim"])
    file.add_value_length(config["head_dim"])
    file.add_rope_dimension_count(config["head_dim"])
    file.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    file.add_layer_norm_rms_eps(config["rms_norm_eps"])
    file.add_vocab_size(config["vocab_size"])
    file.add_file_type(file_type)
    _tokenizer(file, Tokenizer.from_file(str(model / "tokenizer.json")), config)
    weights = {name: tensor.float() for name, tensor in load_file(model / "model.safetensors").items()}

    def add(name: str, tensor: torch.Tensor) -> None:
        held = precision if tensor.dim() > 1 else gguf.GGMLQuantizationType.F32  # norms stay whole
        file.add_tensor(name, gguf.quantize(tensor.contiguous().numpy(), held), raw_dtype=held)

    add("token_embd.weight", weights["model.embed_tokens.weight"])
    add("output_norm.weight", weights["model.norm.weight"])
    if not config["tie_word_embeddings"]:
        add("output.weight", weights["lm_head.weight"])
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in BLOCK.items():
            tensor = weights[f"model.layers.{layer}.{theirs}.weight"]
            if ours in ("attn_q", "attn_k"):
                tensor = _turned(tensor, heads if ours == "attn_q" else kv_heads)
            add(f"blk.{layer}.{ours}.weight", tensor)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def _turned(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows in the order of llama.cpp's rotary embedding: pairs side by side, where transformers has halves."""
    rows, columns = tensor.shape
    return tensor.reshape(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def _tokenizer(file: gguf.GGUFWriter, tokenizer: Tokenizer, config: dict) -> None:
    special = {int(i) for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    texts: list[str | None] = [None] * config["vocab_size"]
    for text, number in tokenizer.get_vocab().items():
        texts[number] = text.removeprefix("##")
    spare = iter(sorted(set(PRINTABLE) - {text for text in texts if text}))
    kinds = []
    for number, text in enumerate(texts):
        kinds.append(gguf.TokenType.CONTROL if number in special else gguf.TokenType.NORMAL)
        if text is None:
            texts[number] = next(spare, f"<unused {number}>")
    file.add_tokenizer_model("rwkv")
    file.add_token_list([repr((text or "").encode())[2:-1] for text in texts])
    file.add_token_types(kinds)
    file.add_bos_token_id(config["bos_token_id"])
    file.add_eos_token_id(config["eos_token_id"])
    file.add_pad_token_id(config["pad_token_id"])
    file.add_unk_token_id(tokenizer.token_to_id("<unk>"))
    file.add_add_bos_token(False)  # the question has it
    file.add_chat_template(TEMPLATE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a model of the parts dialect as a GGUF file.")
    parser.add_argument("--model", type=Path, default=Path(__file__).parent.parent / "backend" / "starter")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", choices=KINDS, default="f32")
    options = parser.parse_args()
    write(options.model, options.out, options.kind)
    print(f"{options.out.stat().st_size:>12,}  {options.out}")


if __name__ == "__main__":
    main()
