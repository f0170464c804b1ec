"""Whether every mesh is valid: many samples at temperature 1, of the starter and of a Llama with random weights and
Llama 3's way to split numbers, each within a limit of its own; read back by the strict reader.

    python -m benchmarks.valid [--samples 1000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from meshscribe.backend import prompts
from meshscribe.backend.decode.grammar import Grammar, LlamaMeshGrammar
from meshscribe.backend.decode.loop import Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.engines.families import StarterPrompts
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.obj import LLAMA_MESH, PARTS, Dialect, ObjError, read
from meshscribe.training import graph
from meshscribe.training.captions import caption
from meshscribe.training.shapes import FAMILIES

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / each) for each in ("", "backend")]
from small_llama import checkpoint  # noqa: E402

LONGEST = 1_500  # tokens
SHOWN = 5  # texts that are no mesh


def starter_prompts() -> Iterator[str]:
    random, names = Random("valid"), sorted(FAMILIES)
    while True:
        family = FAMILIES[random.choice(names)]
        yield "<s>" + prompts.starter_generate(caption(family, family.sample(random), random))


def llama_prompts() -> Iterator[str]:
    number = 0
    while True:
        yield prompts.llama_mesh_generate(f"thing {(number := number + 1)}")


def check(
    folder: Path, dialect: Dialect, grammar: Callable[[Tokenizer], Grammar], stops: list[str], asked: Iterator[str],
    samples: int,
) -> str:  # fmt: skip
    """Make so many meshes; the counts of what came, as a line."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    forward, random, counts = OnnxForward.open(folder), Random(dialect.name), Counter[str]()
    stops_at = frozenset(tokenizer.token_to_id(stop) for stop in stops)
    free, seeds = list(range(forward.rows)), iter(range(samples))

    def more() -> Stream | None:
        if (seed := next(seeds, None)) is None:
            return None
        rules, prompt = grammar(tokenizer), tokenizer.encode(next(asked), add_special_tokens=False).ids
        most = min(LONGEST, forward.context - len(prompt))
        limit = most if random.random() < 0.5 else random.randint(rules.LEAST, most)
        return Stream(
            free.pop(), prompt, Sampler(seed, 1.0), stops=stops_at, limit=limit, emit=lambda tokens: None, grammar=rules
        )

    for stream in decode(forward, [], more):
        free.append(stream.row)
        text = tokenizer.decode(stream.run.tokens, skip_special_tokens=True).strip("\n") + "\n"
        counts[stream.run.finish] += 1
        try:
            mesh = read(text, dialect).mesh
            mesh.check()
            counts["valid"] += bool(len(mesh.sizes))
            counts["faces"] += len(mesh.sizes)
        except (ObjError, ValueError) as error:
            counts["broken"] += 1
            if counts["broken"] <= SHOWN:
                print(f"  {error}", file=sys.stderr)
    faces = counts["faces"] / max(1, counts["valid"])
    stop, length = counts["stop"], counts["length"]
    ends = f"ended by themselves {stop:,}, by the limit {length:,}, otherwise {samples - stop - length:,}"
    return f"{dialect.name:11} {counts['valid']:,} of {samples:,} valid, {faces:.0f} faces on average; {ends}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Check that every mesh is valid.")
    parser.add_argument("--samples", type=int, default=1_000)
    samples = parser.parse_args().samples
    torch.set_num_threads(1)
    print(
        check(STARTER, PARTS, lambda t: StarterPrompts(t, STARTER).grammar(), ["</s>"], starter_prompts(), samples),
        flush=True,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = checkpoint(Path(scratch), max_position_embeddings=4_096)
        graph.save(LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True), folder)
        stops = list(prompts.LLAMA3_STOPS)

        def rules(tokenizer: Tokenizer) -> Grammar:
            return LlamaMeshGrammar(tokenizer, LLAMA_MESH.bins, [tokenizer.token_to_id(stop) for stop in stops])

        print(check(folder, LLAMA_MESH, rules, stops, llama_prompts(), samples))


if __name__ == "__main__":
    main()
