"""The forward pass on both runtimes, against what transformers gives for the same weights."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_llama import checkpoint
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from meshscribe.backend.forward import torch as forward_torch
from meshscribe.backend.forward.base import Chunk, Forward
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.forward.torch import TorchForward
from meshscribe.backend.models.store import STARTER
from meshscribe.training import graph, quantize

CONTEXT = 600
IDS = np.random.default_rng(0).integers(5, 1000, 300).tolist()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several on cores that others use too wait for each other: torch gets forty times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With float32 graphs of the same weights; four query heads over two key heads."""
    made = checkpoint(tmp_path_factory.mktemp("small"), max_position_embeddings=CONTEXT)
    graph.save(model_of(made), made)
    return made


def model_of(folder: Path) -> LlamaForCausalLM:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)


@pytest.fixture(scope="module")
def expected(folder: Path) -> np.ndarray:
    """Logarithms of shares [T, V] after each of IDS."""
    with torch.inference_mode():
        return model_of(folder)(torch.tensor([IDS])).logits[0].log_softmax(1).numpy()


@pytest.fixture(params=["onnx", "torch", "captured"])
def forward(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Forward:
    """`captured` takes the way that CUDA takes, with passes of few shapes over memory that stays; there is no recording
    on a CPU, so each pass is computed anew."""
    if request.param == "onnx":
        return OnnxForward.open(folder)
    made = TorchForward.open(folder, "fp32")
    if request.param == "captured":
        made.captures = True
        monkeypatch.setattr(forward_torch, "Captured", Recomputed)
    return made


class Recomputed:
    def __init__(self, compute, example: torch.Tensor):
        self.compute, self.told = compute, example.clone()

    def replay(self, told: torch.Tensor) -> torch.Tensor:
        self.told.copy_(told)
        return self.compute(self.told)


def near(found: np.ndarray, expected: np.ndarray) -> bool:
    assert found.dtype == np.float32 and found.shape == expected.shape
    return float(np.abs(found - expected).max()) < 1e-3


@pytest.mark.parametrize("cuts", [[], [1, 2, 3], [40, 41], [7, 64, 89], [100, 131, 299]])
def test_any_cut_of_a_text_gives_what_transformers_gives(
    forward: Forward, expected: np.ndarray, cuts: list[int]
) -> None:
    for start, end in zip([0, *cuts], [*cuts, len(IDS)], strict=True):
        keep = min(5, end - start)
        found = forward.extend({0: Chunk(IDS[start:end], keep)})
        assert list(found) == [0] and near(found[0], expected[end - keep : end])
    assert forward.length(0) == len(IDS)


def test_rows_of_a_pass_do_not_know_of_each_other(forward: Forward, expected: np.ndarray) -> None:
    """Chunks of other lengths, rows that join late, and rows that sit a pass out."""
    plans = {0: [40, 41, 60], 1: [3, 20, 90], 3: [0, 33, 34], 5: [0, 0, 17]}
    for turn in range(3):
        chunks, ends = {}, {}
        for row, lengths in plans.items():
            start, ends[row] = forward.length(row), lengths[turn]
            if start < ends[row] and len(chunks) < forward.width:
                chunks[row] = Chunk(IDS[start : ends[row]], min(2, ends[row] - start))
        for row, found in forward.extend(chunks).items():
            assert near(found, expected[ends[row] - len(found) : ends[row]])
    assert [forward.length(row) for row in plans] == [60, 90, 34, 17]


def test_what_is_told_are_shares_at_the_ids(forward: Forward, expected: np.ndarray) -> None:
    ids = np.array([3, 17, 200, 900])
    whole = forward.extend({2: Chunk(IDS[:50], 3)})[2]
    assert np.exp(whole.astype(np.float64)).sum(1) == pytest.approx(1.0, abs=1e-5)
    forward.truncate(2, 48)
    found = forward.extend({2: Chunk(IDS[48:50], 2, ids), 0: Chunk(IDS[:9], 4, ids[1:]), 1: Chunk(IDS[:2])})
    assert near(found[2], expected[48:50][:, ids]) and near(found[0], expected[5:9][:, ids[1:]])
    assert near(found[1], expected[1:2])
    assert forward.extend({0: Chunk(IDS[9:20], 1, np.empty(0, np.int64))})[0].shape == (1, 0)


def test_truncating_forgets(forward: Forward, expected: np.ndarray) -> None:
    forward.extend({1: Chunk(IDS[:50])})
    forward.extend({1: Chunk(IDS[200:220])})
    for length in (55, 50):
        forward.truncate(1, length)
        assert forward.length(1) == length
    forward.truncate(1, 70)  # longer than it is: nothing happens
    assert forward.length(1) == 50 and forward.length(0) == 0
    assert near(forward.extend({1: Chunk(IDS[50:60])})[1], expected[59:60])


def test_a_fork_goes_its_own_way(forward: Forward, expected: np.ndarray) -> None:
    forward.extend({0: Chunk(IDS[:40])})
    forward.extend({6: Chunk(IDS[200:290])})
    forward.fork(0, 6, 30)
    assert (forward.length(0), forward.length(6)) == (40, 30)
    forward.extend({6: Chunk(IDS[100:120])})
    assert near(forward.extend({0: Chunk(IDS[40:60])})[0], expected[59:60])
    forward.truncate(6, 30)
    assert near(forward.extend({6: Chunk(IDS[30:60], 30)})[6], expected[30:60])


def test_a_row_holds_its_whole_context(forward: Forward) -> None:
    ids = (IDS * 3)[:CONTEXT]
    forward.extend({0: Chunk(ids[:-1])})
    last = forward.extend({0: Chunk(ids[-1:])})[0]
    forward.truncate(0, CONTEXT - 30)
    assert near(forward.extend({0: Chunk(ids[-30:])})[0], last)
    assert forward.length(0) == CONTEXT == forward.context


@pytest.mark.parametrize("chunk", [Chunk([]), Chunk([5], 2), Chunk([5], 0), Chunk([5] * (CONTEXT + 1))])
def test_what_does_not_fit_is_refused(forward: Forward, chunk: Chunk) -> None:
    with pytest.raises(ValueError, match="fit"):
        forward.extend({0: Chunk([5]), 1: chunk})
    assert (forward.length(0), forward.length(1)) == (0, 0)


def test_a_pass_takes_so_many_rows(forward: Forward) -> None:
    for count in (0, forward.width + 1):
        with pytest.raises(ValueError, match=f"1 to {forward.width} rows, not {count}"):
            forward.extend({row: Chunk([5]) for row in range(count)})


def test_only_what_is_wanted_is_scored(folder: Path) -> None:
    """Logits over a whole prompt of an 8B model would take a gigabyte."""
    forward = TorchForward.open(folder, "fp32")
    seen: list[torch.Size] = []
    hook = forward.model.lm_head.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[:-1]))
    forward.extend({0: Chunk(IDS[:60], 2), 3: Chunk(IDS[:50])})
    hook.remove()
    assert seen == [(3,)]


def test_passes_of_few_shapes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What CUDA records: one row or all rows, chunks of 1, 2, 4...; anew when the cache has moved; no prefill."""
    forward = TorchForward.open(folder, "fp32", rows=4)
    forward.captures = True
    monkeypatch.setattr(forward_torch, "Captured", Recomputed)
    forward.extend({0: Chunk(IDS[:100])})
    for count in (1, 2, 3, 4, 7, 8):
        forward.extend({0: Chunk(IDS[:count], count)})
    assert sorted(forward._graphs) == [(0, 1, 1), (0, 1, 2), (0, 1, 4), (0, 1, 8)]
    for chunks in ({1: [5] * 3}, {1: [5], 3: [5] * 4}, {0: [5] * 2, 1: [5]}):
        forward.extend({row: Chunk(tokens) for row, tokens in chunks.items()})
    assert sorted(forward._graphs) == [(0, 4, 2), (0, 4, 4)]
    forward.extend({0: Chunk(IDS[:200])})
    forward.extend({0: Chunk([5])})
    assert list(forward._graphs) == [(0, 1, 1)]


def test_an_old_runtime_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshscribe.backend.forward.onnx.__version__", "1.19.2")
    with pytest.raises(ValueError, match="ONNX Runtime 1.19.2 is too old: pip install 'onnxruntime>=1.20'."):
        OnnxForward.open(folder)


# ------------------------------------------------------------------------------------------------------------- int8


def test_a_token_gives_the_same_to_the_bit_in_any_pass() -> None:
    """Guesses, other rows, and where a prompt was cut change nothing, so texts do not depend on them."""
    forward, ids = OnnxForward.open(STARTER), [8 + i % 700 for i in IDS]

    def told(sizes: list[int], rows: list[int]) -> bytes:
        found, at = [], 0
        for row in rows:
            forward.truncate(row, 0)
        while at < len(ids):
            count = min(sizes[len(found) % len(sizes)], len(ids) - at)
            chunks = {row: Chunk(ids[at : at + count - 5 * (row > rows[0] and count > 5)]) for row in rows}
            chunks[rows[0]] = Chunk(ids[at : at + count], count)
            found.append(forward.extend(chunks)[rows[0]])
            at += count
        return np.concatenate(found).tobytes()

    first = told([2], [0])
    assert all(told(sizes, [0]) == first for sizes in ([1], [3], [1, 8, 17, 2], [64, 1], [300]))
    assert all(told(sizes, rows) == first for sizes, rows in (([1, 9], [3, 4]), ([16], [2, 5, 6]), ([4], [7, 0, 1, 2])))


def test_evening_out_changes_nothing_but_the_ranges(folder: Path, expected: np.ndarray) -> None:
    model = model_of(folder)
    with torch.no_grad():  # one channel that is far larger than the others, as trained models have
        model.model.layers[0].input_layernorm.weight[3] *= 50
    peaks = quantize.measure(model, [IDS])
    with torch.inference_mode():
        before = model(torch.tensor([IDS])).logits[0]
        quantize.smooth(model, peaks)
        after = model(torch.tensor([IDS])).logits[0]
    assert torch.allclose(before, after, atol=1e-4)
    even = quantize.measure(model, [IDS])[0, "attention"]
    assert float(even.max() / even.median()) < 0.3 * float(peaks[0, "attention"].max() / peaks[0, "attention"].median())


def test_int8_graphs_are_close_to_the_weights(folder: Path, expected: np.ndarray, tmp_path: Path) -> None:
    quantized = copy.deepcopy(model_of(folder))
    steps = quantize.smooth(quantized, quantize.measure(quantized, [IDS[:150]]))
    quantized.config.save_pretrained(tmp_path)
    graph.save(quantized, tmp_path, steps)
    forward = OnnxForward.open(tmp_path)
    found = forward.extend({0: Chunk(IDS[150:], 150)})[0]
    with torch.inference_mode():
        right = model_of(folder)(torch.tensor([IDS[150:]])).logits[0]
    distance, _ = quantize.compare(right, torch.from_numpy(found))
    assert 0 < distance < 1e-3 * float(right.std())
    with torch.inference_mode():
        far, _ = quantize.compare(right, right.roll(1, 0))
    assert distance < far / 100, "the measure tells right from wrong"
    size = sum(file.stat().st_size for file in tmp_path.glob("*.bin"))
    assert size < 0.6 * (folder / "weights.bin").stat().st_size
