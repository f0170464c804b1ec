"""What decoding costs on this machine: the starter alone, several variations together, and transformers' `generate()`.

    scripts/bench [--prompts 50]

Both sides run in turns in one process, on the same prompts and weights. A table is printed; README.md keeps the last
one."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from random import Random

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TextIteratorStreamer

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft_parts import PartsDraft, PartsMemory
from meshscribe.backend.decode.grammar import PartsGrammar
from meshscribe.backend.decode.loop import Run, Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.obj import DIALECTS
from meshscribe.training.captions import caption
from meshscribe.training.shapes import FAMILIES

BINS = DIALECTS["parts"].bins
TEMPERATURE = 0.7
TOKENIZER = Tokenizer.from_file(str(STARTER / "tokenizer.json"))
STOP, LINE_HEADS = (
    TOKENIZER.token_to_id("</s>"),
    {TOKENIZER.token_to_id(f"\n{head}") for head in ("g", "usemtl", "v", "f")},
)
FACE = TOKENIZER.token_to_id("\nf")


class Timed(PartsGrammar):
    """A grammar that counts the seconds that it takes."""

    spent = 0.0

    def legal(self, left: int) -> np.ndarray:
        began = time.perf_counter()
        found = super().legal(left)
        Timed.spent += time.perf_counter() - began
        return found

    def accept(self, token: int) -> None:
        began = time.perf_counter()
        super().accept(token)
        Timed.spent += time.perf_counter() - began


class Ours:
    """The starter as the backend runs it."""

    def __init__(self) -> None:
        self.forward, self.memory = OnnxForward.open(STARTER), PartsMemory()
        self.first_face = 0.0  # seconds, of the last text

    def run(self, prompt: list[int], seeds: list[int], guess: bool = True, timed: bool = False) -> list[Run]:
        """One prompt with several seeds, made together."""
        began, self.first_face = time.perf_counter(), 0.0

        def emit(tokens: list[int]) -> None:
            if not self.first_face and FACE in tokens:
                self.first_face = time.perf_counter() - began

        def stream(row: int, seed: int) -> Stream:
            grammar = (Timed if timed else PartsGrammar)(TOKENIZER, BINS)
            draft = PartsDraft(TOKENIZER, BINS, self.memory) if guess else None
            limit = self.forward.context - len(prompt)
            return Stream(
                row, prompt, Sampler(seed, TEMPERATURE), stops=frozenset({STOP}), limit=limit, emit=emit,
                grammar=grammar, draft=draft,
            )  # fmt: skip

        streams = [stream(row, seed) for row, seed in enumerate(seeds)]
        for one in decode(self.forward, streams):
            if one._draft:
                one._draft.end()
        return [one.run for one in streams]


class Generate:
    """transformers: `generate()` on a thread of its own, its text taken off its streamer."""

    def __init__(self, kind: torch.dtype) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(STARTER, dtype=kind, local_files_only=True)
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_object=TOKENIZER, eos_token="</s>", pad_token="<pad>")

    def run(self, prompt: list[int], seed: int, tokens: int) -> int:
        """Tokens made, `tokens` at the most."""
        torch.manual_seed(seed)
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True)
        made: list[torch.Tensor] = []

        def work() -> None:
            ids = torch.tensor([prompt])
            made.append(
                self.model.generate(
                    ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=TEMPERATURE, top_k=0,
                    max_new_tokens=tokens, streamer=streamer,
                )
            )  # fmt: skip

        thread = threading.Thread(target=work)
        thread.start()
        for _ in streamer:
            pass
        thread.join()
        return made[0].shape[1] - len(prompt)


def wishes(count: int) -> Iterator[list[int]]:
    """Prompts as token ids, fresh ones."""
    random, names = Random("benchmark"), sorted(FAMILIES)
    for number in range(count):
        family = FAMILIES[names[number % len(names)]]
        text = "<s>" + prompts.starter_generate(caption(family, family.sample(random), random))
        yield TOKENIZER.encode(text, add_special_tokens=False).ids


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure decoding on this machine.")
    parser.add_argument("--prompts", type=int, default=50)
    count = parser.parse_args().prompts
    asked = list(wishes(count))
    ours, other = Ours(), {"float32": Generate(torch.float32), "bf16": Generate(torch.bfloat16)}
    for prompt in asked[:8]:  # what a backend has learned after a few meshes
        ours.run(prompt, [1])
    speeds: dict[str, list[float]] = {"ours": [], "ours, no guesses": [], **{name: [] for name in other}}
    whole, faces, passes, lines, masks = [], [], 0, 0, 0.0
    together: dict[int, list[float]] = {1: [], 4: [], 8: []}
    for number, prompt in enumerate(asked):
        (run,) = ours.run(prompt, [number])
        speeds["ours"].append(len(run.tokens) / run.seconds)
        whole.append(run.seconds)
        faces.append(ours.first_face)
        passes += run.passes
        lines += sum(token in LINE_HEADS for token in run.tokens)
        Timed.spent = 0.0
        (timed,) = ours.run(prompt, [number], timed=True)
        masks += Timed.spent / timed.seconds / count
        (plain,) = ours.run(prompt, [number], guess=False)
        assert plain.tokens == run.tokens == timed.tokens, "guesses change nothing"
        speeds["ours, no guesses"].append(len(plain.tokens) / plain.seconds)
        if number < 12:
            for name, side in other.items():
                made: list[int] = []
                spent = seconds(lambda made=made, side=side, prompt=prompt: made.append(side.run(prompt, 0, 200)))
                speeds[name].append(made[0] / spent)
        if number < 16:
            alone = [seconds(lambda s=s, prompt=prompt: ours.run(prompt, [s])) for s in range(8)]
            together[1].append(statistics.mean(alone))
            for size in (4, 8):
                together[size].append(seconds(lambda n=size, prompt=prompt: ours.run(prompt, list(range(n)))))
    libraries = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "torch", "transformers", "numpy"))
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; {libraries}; {count} prompts"  # noqa: E501
    )
    middle = {name: statistics.median(values) for name, values in speeds.items()}
    for name, value in middle.items():
        print(f"{name:18} {value:8,.0f} tokens/s   ours is {middle['ours'] / value:.1f} times that")
    print(f"whole mesh         {statistics.median(whole):8.3f} s, slowest {max(whole):.3f}")
    print(f"first face         {statistics.median(faces):8.3f} s")
    print(f"passes a line      {passes / lines:8.2f}")
    print(f"masks              {100 * masks:8.1f} % of the time")
    for size, values in together.items():
        share = statistics.median(a / b for a, b in zip(values, together[1], strict=True))
        print(f"{size} together       {statistics.median(values):8.3f} s, {share:.2f} times one")


if __name__ == "__main__":
    main()
