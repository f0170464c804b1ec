"""The local engine with real models: the embedded starter on both runtimes, and a small Llama with random weights."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from bitsandbytes.nn import Linear4bit, Linear8bitLt
from llama3 import llama3_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from meshscribe.backend import prompts
from meshscribe.backend.engines.base import EngineError, Hooks
from meshscribe.backend.engines.local import LocalEngine, open_engine
from meshscribe.backend.forward.base import Forward
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.forward.torch import TorchForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Describe, Generate, MeshData, Outcome, Request
from meshscribe.shared.obj import LLAMA_MESH, PARTS, read, write

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
    """A checkpoint folder: two layers of random weights, and a tokenizer that splits as Llama 3's does."""
    folder = tmp_path_factory.mktemp("llama")
    tokenizer = llama3_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=16_384,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
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
def test_onnx_and_transformers_give_the_same_text(wish: str) -> None:
    request = Generate(prompt=wish, temperature=0.0, max_tokens=260)
    (text, outcome, _), (other, same, _) = (ran(opened(m), request) for m in ("starter", "starter:fp32"))
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


def test_only_the_last_position_is_scored() -> None:
    """Logits over a whole prompt of an 8B model would take a gigabyte."""
    forward = opened("starter:fp32").forward.fork()
    assert isinstance(forward, TorchForward)
    seen: list[torch.Size] = []
    hook = forward.model.lm_head.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    forward.truncate(0)
    forward.extend(list(range(5, 60)))
    hook.remove()
    assert [shape[:2] for shape in seen] == [(1, 1)]


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


def test_what_a_run_took_is_told() -> None:
    text, outcome, told = ran(opened("starter"), Generate(prompt="a mug", seed=9))
    assert outcome.seed == 9 and outcome.dialect == "parts" and outcome.facts is None
    assert 0 < outcome.first_token < outcome.seconds and 0 <= outcome.masked_mass < 0.5
    assert outcome.passes < outcome.tokens == told.tokens[-1]
    assert outcome.tokens <= opened("starter").forward.context - outcome.prompt_tokens


def test_without_masks_the_model_is_on_its_own() -> None:
    _, outcome, _ = ran(opened("starter"), Generate(prompt="a table", masks=False, temperature=0.0, max_tokens=40))
    assert outcome.finish == "length" and outcome.tokens == 40 == outcome.passes and outcome.masked_mass == 0


def test_a_mesh_is_read_into_a_sentence() -> None:
    text, outcome, told = ran(opened("starter"), described(boxes(2)))
    assert text.startswith("A") and text.endswith(".") and len(told.pieces) == 1
    assert outcome.dialect == "" and outcome.finish == "stop"
    assert outcome.facts is not None and outcome.facts["parts"] == 2 and outcome.facts["closed"]


def test_a_mesh_over_the_budget_says_how_far_to_simplify() -> None:
    engine = opened("starter")
    error = refused(lambda: ran(engine, described(boxes(60))))
    assert error.code == "over_budget" and "simplify it to about" in error.sentence
    faces = int(error.sentence.rsplit("about ", 1)[1].split()[0].replace(",", ""))
    assert 0 < faces < 360
    assert ran(engine, described(boxes(faces // 6)))[1].finish == "stop", "the advice is enough"


def test_a_piece_beyond_the_relative_indices_is_said() -> None:
    """It would fit the context, but its first vertices could not be named."""
    angle = np.arange(70) * 2 * np.pi / 70
    ring = np.stack([np.cos(angle), np.zeros(70), np.sin(angle)], 1)
    faces = [(i, (i + 1) % 70, 70 + (i + 1) % 70, 70 + i) for i in range(70)]
    tube = Mesh.build(np.concatenate([ring, ring + (0, 1, 0)]), faces)
    error = refused(lambda: ran(opened("starter"), described(tube)))
    assert error.code == "over_budget" and "has 140 vertices" in error.sentence


@pytest.mark.parametrize(
    ("wish", "code", "part"),
    [
        (Generate(prompt="  "), "bad_request", "no words"),
        (Generate(prompt="椅子"), "bad_request", "no words"),
        (Generate(prompt="a chair", max_tokens=20), "bad_request", "at least 64 tokens"),
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
        self.forward, self.context = forward, forward.context
        self.given: list[int] = []

    @property
    def length(self) -> int:
        return self.forward.length

    def extend(self, tokens: Sequence[int], ids: np.ndarray | None = None, keep: int = 1):
        self.given += tokens
        return self.forward.extend(tokens, ids, keep)

    def truncate(self, length: int) -> None:
        self.forward.truncate(length)

    def fork(self) -> Forward:
        return self.forward.fork()


@pytest.mark.parametrize("question", ["", "How many legs has it?"])
def test_llama_mesh_is_asked_in_its_own_words(llama: Path, question: str) -> None:
    engine = open_engine(f"{llama}:fp32", nothing)  # a new one: its cache is empty, so all is given
    engine.forward = recorded = Recorded(engine.forward)
    request = described(boxes(1), prompt=question, temperature=1.0, seed=1, max_tokens=40)
    text, outcome, told = ran(engine, request)
    asked = engine.tokenizer.decode(recorded.given[: outcome.prompt_tokens], skip_special_tokens=False)
    assert asked == prompts.llama_mesh_describe(write(boxes(1), LLAMA_MESH).text, question)
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
    sheet = np.array([(x, (x * z) % 7, z) for x in range(21) for z in range(21)], np.float32)
    faces = [(i, i + 1, i + 22, i + 21) for i in range(21 * 20) if i % 21 < 20]
    error = refused(lambda: ran(engine, described(Mesh.build(sheet, faces))))
    assert error.code == "over_budget" and "reads 7,936" in error.sentence


def test_without_masks_a_cut_line_is_not_ended(llama: Path) -> None:
    wish = Generate(prompt="a chair", masks=False, temperature=1.0, seed=1, max_tokens=30)
    text, outcome, _ = ran(opened(f"{llama}:fp32"), wish)
    assert outcome.finish == "length" and not text.endswith("\n")


# ---------------------------------------------------------------------------------------------------------- forward


@pytest.fixture(params=["onnx", "torch"])
def forward(request: pytest.FixtureRequest) -> Forward:
    whole = opened("starter" if request.param == "onnx" else "starter:fp32").forward.fork()  # the engine keeps its own
    assert isinstance(whole, OnnxForward if request.param == "onnx" else TorchForward)
    whole.truncate(0)
    return whole


IDS = np.random.default_rng(0).integers(5, 300, 90).tolist()


def test_chunks_score_as_one_go(forward: Forward) -> None:
    whole = forward.extend(IDS)
    for cuts in ([1, 2, 3], [40, 41], [7, 64, 89]):
        forward.truncate(0)
        assert forward.length == 0
        for start, end in zip([0, *cuts], [*cuts, len(IDS)], strict=True):
            scores = forward.extend(IDS[start:end])
        assert forward.length == len(IDS)
        assert np.abs(scores.logits - whole.logits).max() < 1e-3
        assert scores.totals == pytest.approx(whole.totals, abs=1e-3)


def test_scores_are_log_shares(forward: Forward) -> None:
    whole = forward.extend(IDS)
    assert whole.logits.dtype == np.float32 and whole.logits.shape[0] == 1
    assert whole.totals == pytest.approx(np.log(np.exp(whole.logits.astype(np.float64)).sum(1)), abs=1e-4)
    forward.truncate(len(IDS) - 1)
    ids = np.array([3, 17, 200])
    few = forward.extend(IDS[-1:], ids)
    assert few.logits == pytest.approx(whole.logits[:, ids], abs=1e-3)
    assert few.totals == pytest.approx(whole.totals, abs=1e-3)


def test_the_last_places_are_scored_together(forward: Forward) -> None:
    one_by_one = [forward.extend([token]) for token in IDS[:9]]
    forward.truncate(0)
    together = forward.extend(IDS[:9], keep=5)
    assert together.logits.shape[0] == len(together.totals) == 5
    for alone, logits, total in zip(one_by_one[4:], together.logits, together.totals, strict=True):
        assert np.abs(alone.logits[0] - logits).max() < 1e-3 and alone.totals[0] == pytest.approx(total, abs=1e-3)


def test_truncating_forgets(forward: Forward) -> None:
    forward.extend(IDS[:50])
    expected = forward.extend(IDS[50:60]).logits
    for length in (55, 50):
        forward.truncate(length)
        assert forward.length == length
    forward.extend(IDS[70:80])
    forward.truncate(50)
    forward.truncate(70)  # longer than it is: nothing happens
    assert forward.length == 50
    assert np.abs(forward.extend(IDS[50:60]).logits - expected).max() < 1e-3


def test_a_fork_goes_its_own_way(forward: Forward) -> None:
    forward.extend(IDS[:40])
    other = forward.fork()
    assert other.length == 40 and other.context == forward.context
    theirs = other.extend(IDS[60:80]).logits
    mine = forward.extend(IDS[40:60]).logits
    assert (forward.length, other.length) == (60, 60)
    again = forward.fork()
    again.truncate(40)
    assert np.abs(again.extend(IDS[60:80]).logits - theirs).max() < 1e-3
    forward.truncate(40)
    assert np.abs(forward.extend(IDS[40:60]).logits - mine).max() < 1e-3


def test_what_does_not_fit_is_refused(forward: Forward) -> None:
    with pytest.raises(ValueError, match="fit"):
        forward.extend([])
    with pytest.raises(ValueError, match="fit"):
        forward.extend([5] * (forward.context + 1))
    assert forward.length == 0


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


def test_a_damaged_graph_is_said(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(STARTER, tmp_path / "copy", ignore=shutil.ignore_patterns("*.safetensors")))
    (folder / "model.onnx").write_bytes((STARTER / "model.onnx").read_bytes()[:100_000])
    assert refused(lambda: open_engine(str(folder), nothing)).code == "model_missing"
    (folder / "model.onnx").unlink()
    assert "name it with :bf16" in refused(lambda: open_engine(f"{folder}:onnx", nothing)).sentence


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
    size = (llama / "model.safetensors").stat().st_size
    assert steps == [("load", 0, size, "bytes"), ("load", size, size, "bytes")]
    assert f"loaded {llama}:fp32 (fp32) on cpu" in caplog.text
