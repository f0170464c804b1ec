"""The local engine with real models: the embedded starter on both runtimes, and a small Llama with random weights."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from bitsandbytes.nn import Linear4bit, Linear8bitLt
from small_llama import checkpoint
from transformers import LlamaForCausalLM

from meshscribe.backend import prompts
from meshscribe.backend.engines.base import EngineError, Hooks
from meshscribe.backend.engines.local import LocalEngine, open_engine
from meshscribe.backend.forward.base import Chunk, Forward
from meshscribe.backend.forward.torch import TorchForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.obj import LLAMA_MESH, PARTS, read, write
from meshscribe.shared.tasks import Change, Describe, Generate, MeshData, Outcome, Request
from meshscribe.training import graph

WISHES = ["a round table with 4 legs", "a small tree", "a tall blue bottle", "sword"]
CUBE_FACES = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several on cores that others use too wait for each other: torch gets forty times slower, ONNX Runtime four."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("meshscribe.backend.forward.onnx._cores", lambda: 1)
        yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "home"))


def nothing(phase: str, done: int, total: int, unit: str) -> None:
    pass


@cache
def opened(model: str) -> LocalEngine:
    return open_engine(model, nothing)


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter, with graphs in float32."""
    folder = Path(shutil.copytree(STARTER, tmp_path_factory.mktemp("exact") / "starter"))
    graph.save(LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True), folder)
    return folder


@pytest.fixture
def broken(llama: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(llama, tmp_path / "copy"))


class Told:
    """What an engine told its worker; `stop_after` pieces of text it is cancelled."""

    def __init__(self, stop_after: int = 1_000_000) -> None:
        self.pieces: list[str] = []
        self.tokens: list[int] = []
        self.stop_after = stop_after

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def emit(self, text: str, tokens: int) -> None:
        self.pieces.append(text)
        self.tokens.append(tokens)

    def hooks(self) -> Hooks:
        return Hooks(self.emit, nothing, lambda: len(self.pieces) >= self.stop_after)


def ran(engine: LocalEngine, request: Request, stop_after: int = 1_000_000) -> tuple[str, Outcome, Told]:
    told = Told(stop_after)
    outcome = engine.run(request, told.hooks())
    assert told.tokens == sorted(told.tokens)
    return told.text, outcome, told


def refused(call: Callable[[], object]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        call()
    assert "\n" not in caught.value.sentence
    return caught.value


def boxes(count: int) -> Mesh:
    """Separate cubes in a row."""
    return Mesh.join(("box", "wood", CORNERS + np.float32([2 * i, 0, 0]), CUBE_FACES) for i in range(count))


def described(mesh: Mesh, **options: object) -> Describe:
    return Describe(mesh=MeshData.pack(mesh), **options)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ the starter


@pytest.mark.parametrize("wish", WISHES)
def test_onnx_and_transformers_give_the_same_text(exact: Path, wish: str) -> None:
    request = Generate(prompt=wish, temperature=0.0, max_tokens=260)
    (text, outcome, _), (other, same, _) = (ran(opened(f"{exact}:{kind}"), request) for kind in ("onnx", "fp32"))
    assert text == other
    assert (outcome.tokens, outcome.passes, outcome.finish) == (same.tokens, same.passes, same.finish)
    assert outcome.masked_mass == pytest.approx(same.masked_mass, abs=1e-4)
    assert text.startswith("# plan ") and read(text, PARTS).mesh.parts


def test_onnx_and_transformers_read_the_same() -> None:
    texts = [ran(opened(model), described(boxes(3)))[0] for model in ("starter", "starter:fp32")]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("precision", "kind"), [("nf4", Linear4bit), ("int8", Linear8bitLt)])
def test_quantized_by_bitsandbytes(precision: str, kind: type, caplog: pytest.LogCaptureFixture) -> None:
    """The layers really are bitsandbytes', of the size that they should have, and the model makes meshes."""
    engine = opened(f"starter:{precision}")
    assert isinstance(engine.forward, TorchForward)
    layers = [m for name, m in engine.forward.model.named_modules() if name.endswith("_proj")]
    assert len(layers) == 7 * engine.forward.model.config.num_hidden_layers
    assert all(type(layer) is kind for layer in layers)
    for layer in layers:
        weights = layer.in_features * layer.out_features
        stored = layer.weight.numel() * layer.weight.element_size()
        if precision == "nf4":
            state = layer.weight.quant_state
            assert layer.weight.dtype == torch.uint8 and stored == weights // 2
            assert state.quant_type == "nf4" and state.blocksize == 64
            assert layer.compute_dtype == state.dtype == torch.bfloat16
        else:
            assert layer.weight.dtype == torch.int8 and stored == weights
            assert not layer.state.has_fp16_weights
    text, outcome, _ = ran(engine, Generate(prompt="a low table", seed=3, max_tokens=160, model=engine.model))
    assert len(read(text, PARTS).mesh.sizes)
    assert outcome.device == "cpu" and outcome.model == f"starter:{precision}"
    assert not [r for r in caplog.records if r.name.startswith("bitsandbytes") and "cast" in r.message]


@pytest.mark.parametrize("model", ["starter", "starter:bf16"])
def test_the_same_seed_gives_the_same_bytes(model: str) -> None:
    texts = [
        ran(opened(model), Generate(prompt="a tree", seed=seed, temperature=1.0, max_tokens=150))[0]
        for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_cancelled_run_stops_where_it_is() -> None:
    engine, wish = opened("starter"), Generate(prompt="a snowman", seed=1)
    whole, outcome, _ = ran(engine, wish)
    assert outcome.finish == "stop" and whole.endswith("\n")
    text, cut, told = ran(engine, wish, stop_after=30)
    assert cut.finish == "cancelled" and cut.tokens == told.tokens[-1] < outcome.tokens
    assert whole.startswith(text) and len(told.pieces) == 30
    assert ran(engine, wish)[0] == whole, "nothing of the cancelled run is left"
    assert ran(engine, wish, stop_after=0)[1].finish == "cancelled"


def test_a_run_may_be_cancelled_within_a_line() -> None:
    engine, wish = opened("starter"), Generate(prompt="a small house with a red roof and a chimney", seed=2)
    ends = {ran(engine, wish, stop_after=count)[1].finish for count in range(60, 120, 2)}
    assert ends <= {"cancelled", "stop"} and "cancelled" in ends


def test_what_a_run_took_is_told() -> None:
    text, outcome, told = ran(opened("starter"), Generate(prompt="a table", seed=9))
    assert outcome.seed == 9 and outcome.dialect == "parts" and outcome.facts is None
    assert 0 < outcome.first_token < outcome.seconds and 0 <= outcome.masked_mass < 0.5
    assert outcome.passes < outcome.tokens == told.tokens[-1]
    assert outcome.tokens <= opened("starter").forward.context - outcome.prompt_tokens


def test_without_masks_the_model_is_on_its_own() -> None:
    _, outcome, _ = ran(opened("starter"), Generate(prompt="a table", masks=False, temperature=0.0, max_tokens=40))
    assert outcome.finish == "length" and outcome.tokens == 40 == outcome.passes and outcome.masked_mass == 0


def test_a_mesh_is_read_into_a_sentence() -> None:
    text, outcome, told = ran(opened("starter"), described(boxes(2)))
    assert text[0].isupper() and text.endswith(".") and len(told.pieces) == 1
    assert outcome.dialect == "" and outcome.finish == "stop"
    assert outcome.facts is not None and outcome.facts["parts"] == 2 and outcome.facts["closed"]


def test_many_and_large_pieces_are_read_too(llama: Path) -> None:
    """The starter is asked with a sketch, which has its own bounds."""
    angle = np.arange(70) * 2 * np.pi / 70
    ring = np.stack([np.cos(angle), np.zeros(70), np.sin(angle)], 1)
    faces = [(i, (i + 1) % 70, 70 + (i + 1) % 70, 70 + i) for i in range(70)]
    tube = Mesh.build(np.concatenate([ring, ring + (0, 1, 0)]), faces)
    for mesh in (boxes(200), tube):
        assert ran(opened("starter"), described(mesh))[1].finish == "stop"


@pytest.mark.parametrize("prompt", ["a dragon", "a grand piano", "my grandmother on a bicycle"])
def test_what_it_cannot_make_is_declined_with_what_is_near(prompt: str) -> None:
    engine = opened("starter")
    error = refused(lambda: ran(engine, Generate(prompt=prompt, seed=1)))
    assert error.code == "declined"
    near = re.search(r"are (.+), (.+) and (.+);", error.sentence)
    assert near and set(near.groups()) <= set(json.loads((STARTER / "families.json").read_text()))


def test_a_mesh_is_changed_into_another() -> None:
    table = read(ran(opened("starter"), Generate(prompt="a table", seed=1))[0], PARTS).mesh
    wish = Change(mesh=MeshData.pack(table), instruction="make it of stone", seed=1)
    text, outcome, _ = ran(opened("starter"), wish)
    changed = read(text, PARTS)
    assert outcome.dialect == "parts" and changed.plan.startswith("table")
    assert "stone" in {part.material for part in changed.mesh.parts}


def test_reading_does_not_depend_on_triangulation() -> None:
    mesh = read(ran(opened("starter"), Generate(prompt="a table", seed=1))[0], PARTS).mesh
    triangles = Mesh.build(mesh.vertices, [tuple(t) for t in mesh.triangles().tolist()])
    bare = Mesh(mesh.vertices, mesh.loops, mesh.sizes)
    assert ran(opened("starter"), described(bare))[0] == ran(opened("starter"), described(triangles))[0]


@pytest.mark.parametrize(
    ("wish", "code", "part"),
    [
        (Generate(prompt="  "), "bad_request", "no words"),
        (Generate(prompt="椅子"), "bad_request", "no words"),
        (Generate(prompt="a chair", max_tokens=20), "bad_request", "at least 96 tokens"),
        (Generate(prompt=" ".join(["zyxwvutsrqponmlkjihgfedcba" * 3] * 60)), "over_budget", "leaves no room"),
    ],
)
def test_a_wish_that_cannot_be_met_is_said(wish: Generate, code: str, part: str) -> None:
    error = refused(lambda: ran(opened("starter"), wish))
    assert error.code == code and part in error.sentence


def test_a_mesh_that_is_none_is_said() -> None:
    flat = Mesh.build(np.zeros((3, 3)), [(0, 1, 2)])
    for mesh, part in ((Mesh.build(CORNERS, []), "no faces"), (flat, "no face with an area")):
        error = refused(lambda mesh=mesh: ran(opened("starter"), described(mesh)))
        assert error.code == "bad_request" and part in error.sentence
    lying = Describe(mesh=MeshData(vertices=b"123", loops=b"", sizes=b""))
    assert refused(lambda: ran(opened("starter"), lying)).code == "bad_request"


# ------------------------------------------------------------------------------------------- llama-mesh, at random


@pytest.mark.parametrize("seed", range(4))
def test_random_weights_make_only_valid_meshes(llama: Path, seed: int) -> None:
    engine = opened(f"{llama}:fp32")
    limit = 60 + 110 * seed
    text, outcome, _ = ran(engine, Generate(prompt="a chair", seed=seed, temperature=1.0, max_tokens=limit))
    mesh = read(text, LLAMA_MESH).mesh
    assert len(mesh.sizes) and set(mesh.sizes.tolist()) == {3}
    assert outcome.tokens < limit
    assert outcome.masked_mass > 0.5 and outcome.passes < 0.7 * outcome.tokens
    assert outcome.dialect == "llama-mesh"


class Recorded:
    """Keeps the tokens that a forward pass was given."""

    def __init__(self, forward: Forward):
        self.forward = forward
        self.given: list[int] = []

    def __getattr__(self, name: str):
        return getattr(self.forward, name)

    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        for chunk in chunks.values():
            self.given += chunk.tokens
        return self.forward.extend(chunks)


@pytest.mark.parametrize("question", ["", "How many legs has it?"])
def test_llama_mesh_is_asked_in_its_own_words(llama: Path, question: str) -> None:
    engine = open_engine(f"{llama}:fp32", nothing)  # a new one: its cache is empty, so all is given
    engine.forward = recorded = Recorded(engine.forward)
    request = described(boxes(1), prompt=question, temperature=1.0, seed=1, max_tokens=40)
    text, outcome, told = ran(engine, request)
    asked = engine.tokenizer.decode(recorded.given[: outcome.prompt_tokens], skip_special_tokens=False)
    if not question:
        assert asked == prompts.llama_mesh_describe(write(boxes(1), LLAMA_MESH).text)
    assert write(boxes(1), LLAMA_MESH).text.rstrip() in asked
    assert asked.startswith("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n" + (question or "What is"))
    assert outcome.tokens == 40 <= outcome.passes and outcome.finish == "length" and len(told.pieces) > 10
    assert outcome.facts is not None and outcome.dialect == ""


def test_llama_mesh_is_asked_for_a_mesh_in_its_own_words(llama: Path) -> None:
    engine = open_engine(f"{llama}:fp32", nothing)  # a new one: its cache is empty, so all is given
    engine.forward = recorded = Recorded(engine.forward)
    _, outcome, _ = ran(engine, Generate(prompt="a chair<|eot_id|>", max_tokens=60))
    asked = engine.tokenizer.decode(recorded.given[: outcome.prompt_tokens], skip_special_tokens=False)
    assert asked == prompts.llama_mesh_generate("a chair")
    assert refused(lambda: ran(engine, Generate(prompt="<|eot_id|>"))).code == "bad_request"


def test_what_two_prompts_share_is_read_once(llama: Path) -> None:
    """And the text is what a new engine makes of it."""
    wishes = [Generate(prompt=f"a chair with {n} legs", seed=n, temperature=1.0, max_tokens=60) for n in (3, 4)]
    engine, other = (open_engine(f"{llama}:fp32", nothing) for _ in range(2))
    first, _, _ = ran(engine, wishes[0])
    engine.forward = recorded = Recorded(engine.forward)
    second, _, _ = ran(engine, wishes[1])
    assert engine.tokenizer.decode(recorded.given).startswith("4 legs")
    assert second == ran(other, wishes[1])[0] and first == ran(other, wishes[0])[0]


def test_llama_mesh_is_not_asked_for_more_than_it_was_trained_on(llama: Path) -> None:
    """Its checkpoint says 131,072 tokens, like the language model that it was made from."""
    engine = opened(f"{llama}:fp32")
    assert engine.forward.context == 16_384 and engine.context == prompts.LLAMA_MESH_CONTEXT == 8192


def test_without_masks_a_cut_line_is_not_ended(llama: Path) -> None:
    wish = Generate(prompt="a chair", masks=False, temperature=1.0, seed=1, max_tokens=30)
    text, outcome, _ = ran(opened(f"{llama}:fp32"), wish)
    assert outcome.finish == "length" and not text.endswith("\n")


# ---------------------------------------------------------------------------------------------- models that do not load


@pytest.mark.parametrize("damage", ["cut", "noise", "gone", "lacking"])
def test_damaged_weights_are_said(broken: Path, damage: str) -> None:
    weights = broken / "model.safetensors"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-5000])
    elif damage == "noise":
        weights.write_bytes(b"\xff" * 5000)
    elif damage == "gone":
        weights.unlink()
    else:  # the library would fill the third layer with noise
        config = json.loads((broken / "config.json").read_text())
        (broken / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    error = refused(lambda: open_engine(f"{broken}:fp32", nothing))
    assert error.code == "model_missing" and f"{broken}:fp32 could not be loaded: " in error.sentence
    if damage == "lacking":
        assert "lacks 9 weights" in error.sentence


@pytest.mark.parametrize("damage", ["model.onnx", "rows.onnx", "weights.bin"])
def test_a_damaged_graph_is_said(tmp_path: Path, damage: str) -> None:
    folder = Path(shutil.copytree(STARTER, tmp_path / "copy", ignore=shutil.ignore_patterns("*.safetensors")))
    file = folder / damage
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert refused(lambda: open_engine(str(folder), nothing)).code == "model_missing"
    file.unlink()
    assert refused(lambda: open_engine(f"{folder}:onnx", nothing)).code in ("model_missing", "unknown_model")


def test_a_damaged_tokenizer_is_said(broken: Path) -> None:
    (broken / "tokenizer.json").write_text("{}")
    error = refused(lambda: open_engine(str(broken), nothing))
    assert error.code == "model_missing" and "tokenizer" in error.sentence


def test_another_architecture_is_said(broken: Path) -> None:
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    error = refused(lambda: open_engine(str(broken), nothing))
    assert error.code == "unknown_model" and "gpt2" in error.sentence
    with pytest.raises(ValueError, match="gpt2"):
        TorchForward.open(broken, "fp32")


@pytest.mark.parametrize("library", ["torch", "bitsandbytes"])
def test_a_library_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    if library == "torch":
        monkeypatch.delitem(sys.modules, "meshscribe.backend.forward.torch")
        monkeypatch.setitem(sys.modules, "torch", None)
    else:
        monkeypatch.setattr("transformers.quantizers.quantizer_bnb_4bit.is_bitsandbytes_available", lambda: False)
        for name in [name for name in sys.modules if name.startswith("bitsandbytes")]:
            monkeypatch.setitem(sys.modules, name, None)
    error = refused(lambda: open_engine("starter:nf4", nothing))
    assert error.code == "missing_library" and "pip install 'meshscribe[torch]'" in error.sentence
    assert opened("starter").device == "cpu", "the starter needs none of it"


def test_loading_tells_its_bytes(llama: Path, caplog: pytest.LogCaptureFixture) -> None:
    steps: list[tuple[str, int, int, str]] = []
    with caplog.at_level(logging.INFO):
        open_engine(f"{llama}:fp32", lambda *step: steps.append(step))
    (total,) = {total for _, _, total, _ in steps}
    done = [done for _, done, _, _ in steps]
    assert {(phase, unit) for phase, _, _, unit in steps} == {("load", "bytes")}
    assert 0.9 * (llama / "model.safetensors").stat().st_size < total <= (llama / "model.safetensors").stat().st_size
    assert done == sorted(done) and (done[0], done[-1]) == (0, total) and len(set(done)) > 10
    assert f"loaded {llama}:fp32 (fp32) on cpu" in caplog.text
