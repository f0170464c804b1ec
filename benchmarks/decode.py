"""What decoding costs on this machine: the starter beside transformers' `generate()` and llama.cpp, several variations
together, a backend that has to start, passes by teacher forcing, and CUDA.

    scripts/bench [--prompts 50] [--starts 10]

The sides run in turns on the same prompts and weights. A table is printed; README.md keeps the last one. llama.cpp is
left out where there is no `llama-server` (on the PATH, or named by MESHSCRIBE_LLAMA_SERVER) or no `gguf` package."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft_parts import PartsDraft, PartsMemory
from meshscribe.backend.decode.grammar import Grammar
from meshscribe.backend.decode.loop import Run, Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.engines.families import StarterPrompts
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.obj import DIALECTS
from meshscribe.training.captions import caption
from meshscribe.training.shapes import FAMILIES

from . import cuda, recorded
from .peers import Generate, llama_program, llama_version, llamas
from .recorded import Timed

BINS = DIALECTS["parts"].bins
TEMPERATURE = 0.7
TOKENIZER = Tokenizer.from_file(str(STARTER / "tokenizer.json"))
STOP, LINE_HEADS = (
    TOKENIZER.token_to_id("</s>"),
    {TOKENIZER.token_to_id(f"\n{head}") for head in ("g", "usemtl", "v", "f")},
)
ASKED = StarterPrompts(TOKENIZER, STARTER)
FACE = TOKENIZER.token_to_id("\nf")


class Ours:
    """The starter as the backend runs it."""

    def __init__(self) -> None:
        self.forward, self.memory = OnnxForward.open(STARTER), PartsMemory()
        self.first_face = 0.0  # seconds, of the last text

    def run(self, prompt: list[int], seeds: list[int], guess: bool = True, grammar: Grammar | None = None) -> list[Run]:
        """One prompt with several seeds, made together."""
        began, self.first_face = time.perf_counter(), 0.0

        def emit(tokens: list[int]) -> None:
            if not self.first_face and FACE in tokens:
                self.first_face = time.perf_counter() - began

        def stream(row: int, seed: int) -> Stream:
            rules = grammar or ASKED.grammar()
            draft = PartsDraft(TOKENIZER, BINS, self.memory) if guess else None
            limit = self.forward.context - len(prompt)
            return Stream(
                row, prompt, Sampler(seed, TEMPERATURE), stops=frozenset({STOP}), limit=limit, emit=emit,
                grammar=rules, draft=draft,
            )  # fmt: skip

        streams = [stream(row, seed) for row, seed in enumerate(seeds)]
        for one in decode(self.forward, streams):
            if one._draft:
                one._draft.end()
        return [one.run for one in streams]


def wishes(count: int) -> Iterator[list[int]]:
    """Prompts as token ids, fresh ones."""
    random, names = Random("benchmark"), sorted(json.loads((STARTER / "families.json").read_text()))
    for number in range(count):
        family = FAMILIES[names[number % len(names)]]
        text = "<s>" + prompts.starter_generate(caption(family, family.sample(random), random))
        yield TOKENIZER.encode(text, add_special_tokens=False).ids


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "torch", "transformers", "numpy"))
    program = llama_program()
    known = f", {llama_version(program)}" if program else ""
    where = f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    return f"{where}; Python {platform.python_version()}, {libraries}{known}"


def alone(ours: Ours, asked: list[list[int]]) -> Iterator[str]:
    """One text at a time: speed, times to the first face and to the whole mesh, passes, masks."""
    speed, plain, whole, faces, masks, lines, passes = [], [], [], [], [], 0, 0
    for number, prompt in enumerate(asked):
        (run,) = ours.run(prompt, [number])
        speed.append(len(run.tokens) / run.seconds)
        whole.append(run.seconds)
        faces.append(ours.first_face)
        passes += run.passes
        lines += sum(token in LINE_HEADS for token in run.tokens)
        timed, began = Timed(ASKED.grammar()), time.thread_time()
        (again,) = ours.run(prompt, [number], grammar=timed)
        masks.append(timed.spent / (time.thread_time() - began))  # of this thread: all of it runs here
        (slow,) = ours.run(prompt, [number], guess=False)
        assert slow.tokens == run.tokens == again.tokens, "guesses change nothing"
        plain.append(len(slow.tokens) / slow.seconds)
    yield f"{'ours':32} {statistics.median(speed):8,.0f} tokens/s"
    yield f"{'ours without guesses':32} {statistics.median(plain):8,.0f} tokens/s"
    yield f"{'whole mesh, model loaded':32} {statistics.median(whole):8.3f} s, slowest {max(whole):.3f}"
    yield f"{'first face, model loaded':32} {statistics.median(faces):8.3f} s"
    yield f"{'passes a line':32} {passes / lines:8.2f}"
    yield f"{'masks':32} {100 * statistics.median(masks):8.1f} % of the time"


def beside(ours: Ours, asked: list[list[int]]) -> Iterator[str]:
    """The peers, each in turns with ours, for as many tokens: tokens/s, and how many times as many ours makes."""
    with tempfile.TemporaryDirectory() as scratch:
        sides = [Generate(kind, TEMPERATURE) for kind in ("float32", "bfloat16")]
        for side in itertools.chain(sides, llamas(Path(scratch), TEMPERATURE)):
            side.run(asked[0], 0, 20)  # warm
            theirs, mine = [], []
            for number, prompt in enumerate(asked):
                (run,) = ours.run(prompt, [number])
                theirs.append(side.run(prompt, number, len(run.tokens)))
                mine.append(len(run.tokens) / run.seconds)
            speed, own = statistics.median(made.speed for made in theirs), statistics.median(mine)
            whole = statistics.median(made.whole for made in theirs)
            face = [made.face for made in theirs if made.face]
            first = f"first face {statistics.median(face):.3f} s" if face else "no face"
            yield (
                f"{side.name:32} {speed:8,.0f} tokens/s, {first}, whole text {whole:.3f} s; ours in turns with it "
                f"{own:,.0f} tokens/s, {own / speed:.2f} times"
            )
    if llama_program() is None:
        yield "llama.cpp: not measured, there is no llama-server here (or no `gguf` package)"


def together(ours: Ours, asked: list[list[int]]) -> Iterator[str]:
    """Variations of a prompt, made side by side."""
    times: dict[int, list[float]] = {1: [], 4: [], 8: []}
    for prompt in asked:
        times[1].append(statistics.mean(seconds(lambda s=s, prompt=prompt: ours.run(prompt, [s])) for s in range(8)))
        for size in (4, 8):
            times[size].append(seconds(lambda n=size, prompt=prompt: ours.run(prompt, list(range(n)))))
    for size, values in times.items():
        share = statistics.median(a / b for a, b in zip(values, times[1], strict=True))
        yield f"{f'{size} variations':32} {statistics.median(values):8.3f} s, {share:.2f} times one"


def from_nothing(count: int) -> Iterator[str]:
    """From the command to the file, with a backend that has to start first."""
    took = []
    for number in range(count):
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "MESHSCRIBE_HOME": home}
            words = [sys.executable, "-m", "meshscribe.backend.cli"]
            asked = [*words, "generate", "a round table with four legs", "--seed", str(number), "--out", home]
            quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
            took.append(seconds(lambda asked=asked, quiet=quiet: subprocess.run(asked, **quiet)))
            subprocess.run([*words, "stop"], **quiet)
    yield f"{'whole mesh, backend starts':32} {statistics.median(took):8.3f} s, slowest {max(took):.3f}"


def on_cuda() -> Iterator[str]:
    if torch.cuda.is_available():
        yield from cuda.rows(cuda.WHOLE)
    else:
        yield "CUDA: not measured, there is no device here"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure decoding on this machine.")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--starts", type=int, default=10, help="of a backend")
    options = parser.parse_args()
    asked, ours = list(wishes(options.prompts)), Ours()
    print(machine())
    for prompt in asked[:8]:  # what a backend has learned after a few meshes
        ours.run(prompt, [1])
    few = asked[: min(12, len(asked))]
    for rows in (
        alone(ours, asked), beside(ours, few), together(ours, few), from_nothing(options.starts), recorded.rows(1),
        on_cuda(),
    ):  # fmt: skip
        for row in rows:
            print(row, flush=True)


if __name__ == "__main__":
    main()
