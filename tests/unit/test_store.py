"""Models on disk: names, what counts as whole, and what is said about what is not here."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.models import store
from meshscribe.backend.models.verify import verify

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = f"someone/a-model@{COMMIT}"
FILES = {"config.json": b'{"model_type": "llama"}', "tokenizer.json": b"{}", "model.safetensors": b"weights" * 9}


def nothing(phase: str, done: int, total: int, unit: str) -> None:
    pass


def refused(call: Callable[[], object]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        call()
    assert len(caught.value.sentence) < 400 and "Traceback" not in caught.value.sentence
    return caught.value


class Hub:
    """Stands in for models/download.py: writes the files, or as many of them as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.most = len(FILES)

    def fetch(self, repository: str, revision: str, folder: Path, patterns: list[str], progress: object) -> str:
        self.asked.append((repository, revision))
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in list(FILES.items())[: self.most]:
            (folder / name).write_bytes(data)
        if self.most < len(FILES):
            raise EngineError("download_failed", "The line was cut.", True)
        return revision or COMMIT


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()
    monkeypatch.setitem(sys.modules, "meshscribe.backend.models.download", SimpleNamespace(fetch=hub.fetch))
    yield hub


def checkpoint(folder: Path, config: object = None, tokens: str = "{}") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config or {"model_type": "llama"}))
    (folder / "tokenizer.json").write_text(tokens)
    return folder


# ----------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("spec", "split"),
    [
        ("starter", ("starter", "")),
        ("starter:nf4", ("starter", "nf4")),
        ("starter:fast", ("starter:fast", "")),
        ("/a:b/c:bf16", ("/a:b/c", "bf16")),
        (r"C:\models\mine", (r"C:\models\mine", "")),
        (r"C:\models\mine:int8", (r"C:\models\mine", "int8")),
        (":nf4", ("", "nf4")),
        ("", ("", "")),
    ],
)
def test_a_precision_stands_behind_the_name(spec: str, split: tuple[str, str]) -> None:
    assert store._split(spec) == split


def test_the_catalog_is_whole() -> None:
    """Each model says how it is asked, what it writes, and its licence; what is fetched says its size and terms."""
    for name, entry in store.CATALOG.items():
        assert {"title", "prompts", "dialect", "precision", "licence"} <= set(entry), name
        assert entry["precision"] in (*store.PRECISIONS, "gguf")
        assert name == "starter" or {"hub", "size", "licence_text"} <= set(entry), name
        assert ("files" in entry) == (entry["precision"] == "gguf")


def test_entries_say_what_is_here(tmp_path: Path, hub: Hub) -> None:
    states = {entry.name: entry.state for entry in store.entries(tmp_path)}
    assert states == {"starter": "ready", "llama-mesh": "absent", "llama-mesh-gguf": "absent"}
    store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)
    states = {entry.name: entry.state for entry in store.entries(tmp_path)}
    assert states == {"starter": "ready", "llama-mesh": "ready", "llama-mesh-gguf": "absent"}
    assert all(entry.size > 1e6 and entry.licence for entry in store.entries(tmp_path))


def test_the_starter_is_always_here(tmp_path: Path) -> None:
    found = store.locate(tmp_path, "starter")
    assert (found.precision, found.prompts, found.dialect) == ("onnx", "starter", "parts")
    assert found.folder == store.STARTER == store.get(tmp_path, "starter", nothing, lambda licence: False)
    assert store.locate(tmp_path, "starter:nf4").precision == "nf4"


def test_a_known_model_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    error = refused(lambda: store.locate(tmp_path, "llama-mesh:int8"))
    assert error.code == "model_missing" and "meshscribe models get llama-mesh`" in error.sentence


@pytest.mark.parametrize(
    "name",
    ["", "nothing", "~nobody-of-that-name/x", "é" * 200, "a\0b", "../..", "/dev/null", HUB, "x" * 5000],
)
def test_an_unknown_model_says_what_is_known(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineError) as caught:
        store.locate(tmp_path / "home", name)
    assert caught.value.code == "unknown_model" and "starter, llama-mesh" in caught.value.sentence


def test_a_checkpoint_folder_is_known_by_its_tokens(tmp_path: Path) -> None:
    mine = checkpoint(tmp_path / "mine")
    found = store.locate(tmp_path, str(mine))
    assert (found.name, found.folder) == (str(mine), mine)
    assert (found.prompts, found.dialect, found.precision) == ("llama-mesh", "llama-mesh", "bf16")
    trained = checkpoint(tmp_path / "trained", tokens='{"<make>": 4}')
    (trained / "model.onnx").write_bytes(b"graph")
    found = store.locate(tmp_path, str(trained))
    assert (found.prompts, found.dialect, found.precision) == ("starter", "parts", "onnx")
    assert store.locate(tmp_path, f"{trained}:fp32").precision == "fp32"


@pytest.mark.parametrize("config", [{"model_type": "gpt2"}, {"other": 1}, ["llama"]])
def test_another_architecture_is_refused(tmp_path: Path, config: object) -> None:
    error = refused(lambda: store.locate(tmp_path, str(checkpoint(tmp_path / "x", config))))
    assert error.code == "unknown_model" and str(tmp_path / "x") in error.sentence


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "x")
    (folder / "config.json").write_bytes(b"\xff{")
    assert refused(lambda: store.locate(tmp_path, str(folder))).code == "unknown_model"
    (checkpoint(folder) / "tokenizer.json").unlink()
    assert refused(lambda: store.locate(tmp_path, str(folder))).code == "unknown_model"


# ------------------------------------------------------------------------------------------------------ downloading


def test_a_licence_that_is_not_accepted_fetches_nothing(tmp_path: Path, hub: Hub) -> None:
    shown: list[str] = []
    error = refused(lambda: store.get(tmp_path, "llama-mesh", nothing, lambda licence: bool(shown.append(licence))))
    assert error.code == "licence_needed" and hub.asked == [] and not list(tmp_path.iterdir())
    assert len(shown) == 1 and "not for commercial use" in shown[0]


def test_a_model_is_fetched_once(tmp_path: Path, hub: Hub) -> None:
    folder = store.get(tmp_path, HUB, nothing, lambda licence: True)
    assert hub.asked == [("someone/a-model", COMMIT)]
    assert store.get(tmp_path, HUB, nothing, lambda licence: True) == folder and len(hub.asked) == 1
    found = store.locate(tmp_path, f"{HUB}:nf4")
    assert found.folder == folder and found.revision == COMMIT and found.precision == "nf4"


@pytest.mark.parametrize(
    "name", ["someone/a-model", "someone/a-model@main", f"a/b/c@{COMMIT}", "nothing", f"@{COMMIT}"]
)
def test_a_name_that_cannot_be_fetched(tmp_path: Path, hub: Hub, name: str) -> None:
    error = refused(lambda: store.get(tmp_path, name, nothing, lambda licence: True))
    assert error.code == "unknown_model" and "owner/name@" in error.sentence and hub.asked == []


@pytest.mark.parametrize("most", range(len(FILES)))
def test_half_a_download_never_counts_as_whole(tmp_path: Path, hub: Hub, most: int) -> None:
    hub.most = most
    assert refused(lambda: store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)).retryable
    assert refused(lambda: store.locate(tmp_path, "llama-mesh")).code == "model_missing"
    hub.most = len(FILES)
    store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)
    assert store.locate(tmp_path, "llama-mesh").revision == COMMIT


@pytest.mark.parametrize("name", [*FILES, store.MARK])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_file_that_changed_its_size_is_not_whole(tmp_path: Path, hub: Hub, name: str, damage: str) -> None:
    folder = store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)
    file = folder / name
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        file.unlink()
    assert refused(lambda: store.locate(tmp_path, "llama-mesh")).code == "model_missing"
    store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)
    assert len(hub.asked) == 2 and store.locate(tmp_path, "llama-mesh").folder == folder


def test_a_disk_without_room_is_said_before(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that came whole before a cut take no room again; half ones are removed first."""
    size = 1_000_000_000
    monkeypatch.setitem(store.CATALOG, "llama-mesh", {**store.CATALOG["llama-mesh"], "size": size})
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: SimpleNamespace(free=size))
    error = refused(lambda: store.get(tmp_path, "llama-mesh", nothing, lambda licence: True))
    assert error.code == "no_space" and hub.asked == []
    half = store.downloaded(tmp_path, "llama-mesh") / ".cache" / "huggingface" / "download" / "x.1234.incomplete"
    whole = store.downloaded(tmp_path, "llama-mesh") / "model-00001-of-00004.safetensors"
    half.parent.mkdir(parents=True)
    for file in (half, whole):
        with file.open("wb") as stream:
            stream.truncate(size // 2)  # a hole: takes no room
        if file == half:
            assert refused(lambda: store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)).code == "no_space"
            assert not half.exists()
    store.get(tmp_path, "llama-mesh", nothing, lambda licence: True)


# --------------------------------------------------------------------------------------------------------- hashes


def test_a_damaged_file_is_removed(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    told: list[tuple[str, int, int, str]] = []
    verify(tmp_path, {**hashes, "absent.bin": "0" * 64}, lambda *step: told.append(step))
    total = sum(map(len, FILES.values()))
    assert told[-1] == ("verify", total, total, "bytes") and [t[1] for t in told] == sorted(t[1] for t in told)
    (tmp_path / "model.safetensors").write_bytes(b"WEIGHTS" * 9)  # the same size
    error = refused(lambda: verify(tmp_path, hashes, nothing))
    assert error.code == "checksum" and error.retryable and "model.safetensors" in error.sentence
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "tokenizer.json"]
