"""What scripts/bench runs, on the smallest things: the CUDA table on a CPU, and texts that are followed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import cuda, recorded  # noqa: E402
from meshscribe.backend.decode.grammar import LlamaMeshGrammar  # noqa: E402
from meshscribe.shared.obj import LLAMA_MESH  # noqa: E402


def grammar() -> LlamaMeshGrammar:
    return LlamaMeshGrammar(recorded.LLAMA3_TOKENS, LLAMA_MESH.bins, [recorded.LLAMA3_STOP])


def test_the_cuda_table_on_whatever_there_is() -> None:
    torch.set_num_threads(1)  # several on cores that others use too wait for each other
    about, theirs, ours, *_ = cuda.rows(cuda.SMALL)
    assert "nf4, 1 layers" in about and "tokens/s" in theirs and "passes a line" in ours


def test_llama_mesh_text_takes_few_passes() -> None:
    """4.0 a line without a guess of a number, 3.2 with: the loop itself, over meshes that no guess has seen."""
    lines = heads = guessed = 0
    for number, tokens in enumerate(recorded.llama_mesh_texts("held out")):
        if number == 12:
            break
        lines += tokens.count(recorded.LLAMA3_TOKENS.token_to_id("Ċ")) + 1
        heads += recorded.follow(tokens, recorded.LLAMA3_STOP, known := grammar(), recorded.Heads(known)).passes
        guessed += recorded.follow(tokens, recorded.LLAMA3_STOP, known := grammar(), recorded.guesses(known)).passes
    assert guessed / lines < 2.6 < heads / lines < 3.2


def test_a_text_that_is_none_of_the_dialect_is_refused() -> None:
    tokens = recorded.LLAMA3_TOKENS.encode("v 1 2 3\nv 1 2 4\nv 1 2 5\nf 1 2 9").ids
    with pytest.raises(ValueError, match="does not take this text"):
        recorded.follow(tokens, recorded.LLAMA3_STOP, grammar(), None)
