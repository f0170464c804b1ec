"""Quantized copies of a checkpoint: saved once, loaded in its place, and only of these very weights."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bitsandbytes.nn import Linear4bit, Linear8bitLt
from command import Command
from small_llama import checkpoint

from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.engines.local import open_engine
from meshscribe.backend.forward.base import Chunk
from meshscribe.backend.forward.torch import TorchForward
from meshscribe.backend.models import quantized
from meshscribe.backend.models.store import Located

IDS = list(range(40, 80))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("llama"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path))
    return tmp_path


def located(folder: Path, precision: str = "nf4") -> Located:
    return Located(f"{folder}:{precision}", folder, precision, "llama-mesh", "llama-mesh", "")


def nothing(phase: str, done: int, total: int, unit: str) -> None:
    pass


@pytest.mark.parametrize("precision, kind", [("nf4", Linear4bit), ("int8", Linear8bitLt)])
def test_a_copy_is_smaller_and_gives_the_same(llama: Path, home: Path, precision: str, kind: type) -> None:
    steps: list[str] = []
    model = located(llama, precision)
    folder = quantized.save(home, model, lambda phase, *_: steps.append(phase))
    assert {"load", "save"} <= set(steps) and quantized.find(home, model).folder == folder != llama
    sizes = [sum(file.stat().st_size for file in each.glob("*.safetensors")) for each in (folder, llama)]
    assert sizes[0] < sizes[1]
    saved, made = TorchForward.open(folder, precision), TorchForward.open(llama, precision)
    assert sum(isinstance(each, kind) for each in saved.model.modules()) == 14
    found, expected = (forward.extend({0: Chunk(IDS, len(IDS))})[0] for forward in (saved, made))
    assert np.abs(found - expected).max() < 1e-4
    assert quantized.save(home, model, nothing) == folder, "it is there already"
    engine = open_engine(f"{llama}:{precision}", nothing)
    assert Path(engine.forward.model.config._name_or_path) == folder  # type: ignore[attr-defined]
    assert quantized.find(home, located(llama, "bf16")).folder == llama


def test_a_copy_of_other_weights_or_a_cut_one_is_not_taken(llama: Path, home: Path) -> None:
    model = located(llama)
    folder = quantized.save(home, model, nothing)
    os.utime(llama / "model.safetensors", ns=(1, 1))
    assert quantized.find(home, model) == model
    assert quantized.save(home, model, nothing) == folder and quantized.find(home, model).folder == folder
    (folder / quantized.MARK).write_text('{"mod')
    assert quantized.find(home, model) == model
    (folder / quantized.MARK).unlink()
    assert quantized.find(home, model) == model


@pytest.mark.parametrize("lack, code", [("disk", "no_space"), ("memory", "out_of_memory")])
def test_what_does_not_fit_is_refused(
    llama: Path, home: Path, monkeypatch: pytest.MonkeyPatch, lack: str, code: str
) -> None:
    if lack == "disk":
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=9))
    else:
        monkeypatch.setattr("meshscribe.backend.models.loading.free", lambda: 9)
    with pytest.raises(EngineError) as refused:
        quantized.save(home, located(llama), nothing)
    assert refused.value.code == code and not list(home.rglob("*.safetensors"))


def test_the_command(llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    run = Command(tmp_path, monkeypatch, capsys)
    ran = run("models", "quantize", f"{llama}:nf4")
    assert ran.status == 0 and "GB" in ran.out and str(tmp_path / "models" / "quantized") in ran.out
    (mark,) = tmp_path.rglob(quantized.MARK)
    assert "model.safetensors" in json.loads(mark.read_text())
    assert "Say which" in run.refused("models", "quantize")
    assert "int8" in run.refused("models", "quantize", llama)
    assert "no model" in run.refused("models", "quantize", "nothing")
