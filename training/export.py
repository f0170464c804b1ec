"""Turns a training checkpoint into the folder that the backend embeds: bf16 safetensors, the ONNX graph, tokenizer.

    python -m meshscribe.training.export --run runs/starter --out backend/starter

The graph is made by onnxruntime-genai's model builder from the very weights that are shipped, in float32 arithmetic.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from meshscribe.backend.forward.onnx import OnnxForward

from .shapes import FAMILIES

TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "clean_up_tokenization_spaces": False,
    "model_max_length": 2048,
}


def export(run: Path, out: Path) -> None:
    """Write the embedded model from a run's newest checkpoint; files that are there are replaced."""
    out.mkdir(parents=True, exist_ok=True)
    model = AutoModelForCausalLM.from_pretrained(run, dtype=torch.bfloat16, local_files_only=True)
    if model.config.vocab_size == model.config.intermediate_size:
        widen(model)
    model.save_pretrained(out)
    shutil.copy(run / "tokenizer.json", out / "tokenizer.json")
    (out / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_CONFIG, indent=2) + "\n")
    known = {
        name: {a.name: {"kind": a.kind, "values": list(a.values)} for a in family.attributes}
        for name, family in FAMILIES.items()
    }
    (out / "families.json").write_text(json.dumps(known, indent=1) + "\n")
    with tempfile.TemporaryDirectory() as folder:
        builder = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
        arguments = [
            "-i",
            str(out),
            "-o",
            folder,
            "-p",
            "fp32",
            "-e",
            "cpu",
            "--extra_options",
            "hf_token=false",
        ]
        subprocess.run([*builder, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        onnx.save(onnx.load(Path(folder) / "model.onnx"), out / "model.onnx")
    compare(model.float(), out)


def widen(model: PreTrainedModel) -> None:
    """Pad the vocabulary by 64 more tokens that never come, each like the last one, which never comes either. The model
    builder (0.18) takes a logits matrix of the feed-forward's size for the feed-forward's own."""
    size = model.config.vocab_size
    model.resize_token_embeddings(size + 64, mean_resizing=False)
    with torch.no_grad():
        rows = model.get_input_embeddings().weight
        rows[size:] = rows[size - 1]


def compare(model: PreTrainedModel, out: Path) -> None:
    """RuntimeError where the graph's logits are not the model's, over chunks as the decode loop makes them."""
    ids = np.random.default_rng(0).integers(0, model.config.vocab_size, 64).tolist()
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits[0].numpy()  # [T, V]
    graph = OnnxForward.open(out)
    for start, end in ((0, 40), (40, 41), (41, 64)):
        found = graph.extend(ids[start:end]).logits
        if np.abs(found - expected[end - 1]).max() > 1e-3:
            raise RuntimeError("The ONNX graph does not compute what the model computes.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a training run as the embedded starter.")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "backend" / "starter")
    options = parser.parse_args()
    export(options.run, options.out)
    for file in sorted(options.out.iterdir()):
        print(f"{file.stat().st_size:>12,}  {file.name}")


if __name__ == "__main__":
    main()
