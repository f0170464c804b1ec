"""Memory is computed from a checkpoint's files, and is what the loaded model takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from small_llama import checkpoint

from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.engines.local import open_engine
from meshscribe.backend.forward.base import Chunk
from meshscribe.backend.forward.torch import TorchForward
from meshscribe.backend.models import fit
from meshscribe.backend.models.loading import load
from meshscribe.backend.models.store import STARTER


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {"hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 3}
    return checkpoint(tmp_path_factory.mktemp("fit"), **sizes, max_position_embeddings=1024)


def held(model: torch.nn.Module) -> int:
    """Bytes of a model's weights, with the scales of quantized ones."""
    total = 0
    for weight in model.parameters():
        total += weight.numel() * weight.element_size()
        state = getattr(weight, "quant_state", None)
        total += sum(t.numel() * t.element_size() for t in (state.absmax,)) if state is not None else 0
    return total


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8", "nf4"])
def test_weights_take_what_was_computed(folder: Path, precision: str) -> None:
    assert held(load(folder, precision)) == pytest.approx(fit.weights(folder, precision), rel=0.01)


def test_a_row_takes_what_was_computed(folder: Path) -> None:
    forward = TorchForward.open(folder, "fp32", rows=1)
    forward.extend({0: Chunk([5] * 1000)})
    taken = sum(states.numel() * states.element_size() for states in forward._cache.states)
    assert taken == fit.row(folder, "fp32", 1024)


def test_as_many_rows_as_fit(folder: Path) -> None:
    alone = fit.weights(folder, "bf16") + fit.work(folder, "bf16") + fit.LIBRARY
    row = 1.5 * fit.row(folder, "bf16", 1024)
    found = [fit.rows(folder, "bf16", 1024, int(alone + share * row)) for share in (-5, 0.9, 1.1, 3.5, 100)]
    assert found == [0, 0, 1, 3, fit.ROWS]


def test_what_does_not_fit_is_refused_before_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names what would fit."""
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "home"))
    starter = str(shutil.copytree(STARTER, tmp_path / "copy"))
    room = {kind: fit.weights(STARTER, kind) + fit.work(STARTER, kind) + fit.LIBRARY for kind in fit.ORDER}
    row = int(1.5 * fit.row(STARTER, "bf16", 2048))
    steps: list[int] = []
    for free, kind, part in (
        (room["bf16"] + row + 1, "fp32", f"{starter}:bf16 would fit"),
        (room["nf4"] + row + 1, "bf16", f"{starter}:nf4 would fit"),
        (room["nf4"] // 2, "nf4", "use the starter"),
    ):
        monkeypatch.setattr("meshscribe.backend.models.loading.free", lambda free=free: free)
        with pytest.raises(EngineError) as caught:
            open_engine(f"{starter}:{kind}", lambda phase, done, total, unit: steps.append(done))
        assert caught.value.code == "out_of_memory" and part in caught.value.sentence
    assert not steps
