"""Teacher forcing: what the decode loop takes for mesh text that is given, as if a model had written it. Tells how many
passes a line the forced tokens and the guesses save, on meshes that no guess has seen.

    python -m benchmarks.recorded [--meshes 2]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from meshscribe.backend import prompts
from meshscribe.backend.decode.draft import Draft
from meshscribe.backend.decode.draft_llama_mesh import LlamaMeshDraft
from meshscribe.backend.decode.draft_parts import PartsDraft, PartsMemory
from meshscribe.backend.decode.grammar import Grammar, LlamaMeshGrammar, PartsGrammar
from meshscribe.backend.decode.loop import Run, Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.forward.base import Chunk, Forward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH, PARTS, write
from meshscribe.training.shapes import FAMILIES

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from llama3 import llama3_tokenizer  # noqa: E402

LIMIT = 8192  # tokens of a text: as LLaMA-Mesh was trained
STARTER_TOKENS = Tokenizer.from_file(str(STARTER / "tokenizer.json"))
LLAMA3_TOKENS = llama3_tokenizer()  # splits as Llama 3's does
STARTER_STOP, LLAMA3_STOP = STARTER_TOKENS.token_to_id("</s>"), LLAMA3_TOKENS.token_to_id("<|eot_id|>")


class Recorded:
    """A forward pass that always says what comes next in a text; `beneath`, if there is one, computes each pass as
    well, so that its time can be taken."""

    rows = width = lanes = 1

    def __init__(self, tokens: list[int], size: int, beneath: Forward | None = None):
        self.tokens, self.all, self.beneath = np.array(tokens), np.arange(size), beneath
        self.context = len(tokens) + 64
        self._length = 0

    def length(self, row: int) -> int:
        return self._length

    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        if self.beneath:
            self.beneath.extend(chunks)
        ((row, chunk),) = chunks.items()
        self._length += len(chunk.tokens)
        places = np.arange(self._length - chunk.keep, self._length) + 1
        following = self.tokens[np.minimum(places, len(self.tokens) - 1)]
        ids = self.all if chunk.ids is None else chunk.ids
        return {row: np.where(ids == following[:, None], np.float32(0), np.float32(-30))}

    def truncate(self, row: int, length: int) -> None:
        self._length = min(self._length, length)
        if self.beneath:
            self.beneath.truncate(row, length)

    def fork(self, row: int, into: int, length: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


class Timed:
    """A grammar, and the seconds of this thread that it takes."""

    def __init__(self, grammar: Grammar):
        self.grammar, self.spent, self.told = grammar, 0.0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.grammar, name)

    def legal(self, left: int) -> np.ndarray:
        began = time.thread_time()
        found = self.grammar.legal(left)
        self.spent += time.thread_time() - began
        return found

    def accept(self, token: int) -> None:
        began = time.thread_time()
        self.grammar.accept(token)
        self.spent += time.thread_time() - began
        self.told += 1


class Heads:
    """Guesses no number: only that a line ends after three of them, and that the next is of the same kind."""

    def __init__(self, grammar: LlamaMeshGrammar):
        self.grammar, self.head = grammar, grammar.v

    def accept(self, token: int) -> None:
        if token in (self.grammar.v, self.grammar.f):
            self.head = token

    def guess(self, most: int) -> list[int]:
        known = self.grammar
        if known.state == "line":
            return [self.head, known.space][:most]
        return [known.line, self.head, known.space][:most] if known.place == 7 else []

    def end(self) -> None:
        pass


def follow(tokens: list[int], stop: int, grammar: Grammar, draft: Draft | None, beneath: Forward | None = None) -> Run:
    """Run the loop over a text. ValueError where the grammar does not take it."""
    forward = Recorded([stop, *tokens, stop], int(grammar.tokens[-1]) + 1, beneath)
    stream = Stream(
        0, [stop], Sampler(0, 0.0), stops=frozenset({stop}), limit=LIMIT, emit=lambda tokens: None, grammar=grammar,
        draft=draft,
    )  # fmt: skip
    for _ in decode(forward, [stream]):
        if draft:
            draft.end()
    if stream.run.tokens != tokens:
        raise ValueError("The grammar does not take this text.")
    return stream.run


def meshes(seed: str, each: int = 1) -> Iterator[Mesh]:
    """Shapes of every family; those of another seed are others."""
    for name, family in FAMILIES.items():
        random = Random(f"{seed}/{name}")
        for _ in range(each):
            yield family.mesh(family.sample(random), random)


def llama_mesh_texts(seed: str, each: int = 1, most: int = LIMIT - 300) -> Iterator[list[int]]:
    """Meshes as tokens of the llama-mesh dialect, those of up to `most` tokens: what fits LLaMA-Mesh's context."""
    for mesh in meshes(seed, each):
        tokens = LLAMA3_TOKENS.encode(write(mesh, LLAMA_MESH).text.rstrip("\n")).ids
        if len(tokens) <= most:
            yield tokens


def parts_texts(seed: str, each: int = 1) -> Iterator[list[int]]:
    """Meshes as the starter writes them, those that fit its context."""
    for mesh in meshes(seed, each):
        text = "\n# plan box" + prompts.lines(write(mesh, PARTS).text)
        tokens = STARTER_TOKENS.encode(text, add_special_tokens=False).ids
        if len(tokens) < 2_000:
            yield tokens


@dataclass
class Taken:
    """What texts took."""

    texts: int = 0
    lines: int = 0
    tokens: int = 0
    passes: int = 0
    grammar: float = 0.0  # seconds

    def add(self, run: Run, lines: int, timed: Timed) -> None:
        self.texts, self.lines, self.tokens = self.texts + 1, self.lines + lines, self.tokens + len(run.tokens)
        self.passes, self.grammar = self.passes + run.passes, self.grammar + timed.spent

    def row(self, name: str) -> str:
        return (
            f"{name:36} {self.passes / self.lines:5.2f} passes a line   {1e6 * self.grammar / self.tokens:5.0f} us a "
            f"token in the grammar   ({self.texts} texts, {self.lines:,} lines)"
        )


def guesses(grammar: LlamaMeshGrammar) -> Draft:
    known = grammar.known
    return LlamaMeshDraft(known.v, known.f, known.space, known.line, known.numbers.tolist())


def llama_mesh(draft: Callable[[LlamaMeshGrammar], Draft | None], each: int) -> Taken:
    taken, line = Taken(), LLAMA3_TOKENS.token_to_id("Ċ")
    for tokens in llama_mesh_texts("held out", each):
        grammar = LlamaMeshGrammar(LLAMA3_TOKENS, LLAMA_MESH.bins, [LLAMA3_STOP])
        run = follow(tokens, LLAMA3_STOP, timed := Timed(grammar), draft(grammar))
        taken.add(run, tokens.count(line) + 1, timed)
    return taken


def parts(guess: bool, each: int) -> Taken:
    taken, memory = Taken(), PartsMemory()
    heads = {i for text, i in STARTER_TOKENS.get_vocab().items() if text[0] == "\n"}
    for seed in ("learn", "learn more", "held out") if guess else ("held out",):  # what a backend has made before
        taken = Taken()
        for tokens in parts_texts(seed, each if seed == "held out" else 1):
            draft = PartsDraft(STARTER_TOKENS, PARTS.bins, memory) if guess else None
            run = follow(tokens, STARTER_STOP, timed := Timed(PartsGrammar(STARTER_TOKENS, PARTS.bins)), draft)
            taken.add(run, sum(token in heads for token in tokens), timed)
    return taken


def rows(each: int) -> Iterator[str]:
    """The table."""
    yield llama_mesh(lambda grammar: None, each).row("llama-mesh, forced tokens only")
    yield llama_mesh(Heads, each).row("llama-mesh, and heads like the last")
    yield llama_mesh(guesses, each).row("llama-mesh, with guesses")
    yield parts(False, each).row("parts, forced tokens only")
    yield parts(True, each).row("parts, with guesses")


def main() -> None:
    parser = argparse.ArgumentParser(description="Passes that mesh text takes, by teacher forcing.")
    parser.add_argument("--meshes", type=int, default=2, help="of each family")
    for row in rows(parser.parse_args().meshes):
        print(row, flush=True)


if __name__ == "__main__":
    main()
