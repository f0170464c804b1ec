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

import onnx
import torch
from transformers import AutoModelForCausalLM

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
