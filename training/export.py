"""Turns a training checkpoint into the folder that the backend embeds: bf16 safetensors, the ONNX graphs, tokenizer.

    python -m meshscribe.training.export --run runs/starter --out backend/starter

The graphs are made from the very weights that are shipped, with int8 layers; how far they are from the weights in
float32 is measured on documents that the steps were not measured on, and printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from meshscribe.backend.forward.base import Chunk
from meshscribe.backend.forward.onnx import OnnxForward

from . import graph, quantize
from .data import Document, Documents
from .shapes import FAMILIES

MEASURED, HELD_OUT = 200, 40  # documents
FARTHEST, LEAST_ALIKE = 0.003, 0.98  # nats, and share of places, from the weights in float32

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
        if name in json.loads((run / "families.json").read_text())
    }
    (out / "families.json").write_text(json.dumps(known, indent=1) + "\n")
    embed_graphs(out)
    compare(out)


def embed_graphs(out: Path) -> None:
    """Make the ONNX graphs of a folder from its weights."""
    quantized = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, local_files_only=True)
    steps = quantize.smooth(
        quantized, quantize.measure(quantized, [d.ids for d in documents(out, "measured", MEASURED)])
    )
    graph.save(quantized, out, steps)


def documents(folder: Path, seed: str, count: int) -> list[Document]:
    """Whole meshes, made, changed and read."""
    known = json.loads((folder / "families.json").read_text())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    families = {name: family for name, family in FAMILIES.items() if name in known}
    source = Documents(families, tokenizer, {"make": 0.7, "remake": 0.15, "read": 0.15})
    return [source.sample(Random(f"{seed} {number}")) for number in range(count)]


def compare(out: Path) -> None:
    """How far the graphs' shares are from those of the weights in float32. RuntimeError where they are too far."""
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, local_files_only=True)
    forward = OnnxForward.open(out)
    expected, found = [], []
    for document in documents(out, "held out", HELD_OUT):
        ids = document.ids[: forward.context]
        answers = torch.tensor(document.weights[1 : len(ids)]) > 0  # not what the question says next
        forward.truncate(0, 0)
        found.append(torch.from_numpy(forward.extend({0: Chunk(ids, len(ids))})[0])[:-1][answers])
        with torch.inference_mode():
            expected.append(model(torch.tensor([ids])).logits[0, :-1][answers])
    distance, alike = quantize.compare(torch.cat(expected), torch.cat(found))
    print(f"int8 graph: {distance:.5f} nats from float32, the same best token in {100 * alike:.2f} % of places")
    if distance > FARTHEST or alike < LEAST_ALIKE:
        raise RuntimeError("The int8 graphs are too far from the weights that they were made of.")


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
