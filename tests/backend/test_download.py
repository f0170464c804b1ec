"""Downloads with the hub's own client, from a hub on loopback. The client reads its address at import, so each download
is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hub import COMMIT, REPOSITORY, Hub

from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.models import store
from meshscribe.backend.models.gguf import Memory

MODEL = f"{REPOSITORY}@{COMMIT}"
WEIGHTS = "model.safetensors"
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b'{"made": "up"}' * 200,
    WEIGHTS: np.random.default_rng(0).bytes(24 << 20),
    "README.md": b"not wanted",
    "pytorch_model.bin": b"never" * 1000,
}
WANTED = [name for name in FILES if name not in ("README.md", "pytorch_model.bin")]
TOTAL = sum(len(FILES[name]) for name in WANTED)

GET = """
import json, sys
from pathlib import Path
from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.models import store
from meshscribe.backend.models.gguf import Memory
home, name, accept, hub = sys.argv[1:]
if hub:
    there = {"hub": hub.split("@")[0], "revision": hub.split("@")[1], "size": 1000}
    store.CATALOG["llama-mesh"] |= there
    store.CATALOG["llama-mesh-gguf"] |= there
steps = []
try:
    done = str(store.get(Path(home), name, lambda *step: steps.append(step), lambda licence: accept == "yes"))
    print(json.dumps({"folder": done, "steps": steps}))
except EngineError as error:
    print(json.dumps({"code": error.code, "sentence": error.sentence, "retry": error.retryable, "steps": steps}))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(FILES)
    yield hub
    hub.close()


def begin(
    home: Path, address: str, model: str = MODEL, accept: str = "yes", catalog: str = "", **variables: str
) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": address,
        "HF_HOME": str(home / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **variables,
    }
    command = [sys.executable, "-c", GET, str(home), model, accept, catalog]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> dict:
    out, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors and "%|" not in errors, "no bar is drawn: progress is messages"
    return json.loads(out)


def missing(home: Path) -> bool:
    with pytest.raises(EngineError) as caught:
        store.locate(home, MODEL)
    return caught.value.code == "unknown_model"


def test_a_model_arrives_whole_and_is_here_without_a_network(hub: Hub, tmp_path: Path) -> None:
    answer = end(begin(tmp_path, hub.address))
    folder = Path(answer["folder"])
    assert sorted(f.name for f in folder.iterdir() if not f.name.startswith(".")) == sorted(WANTED)
    assert all((folder / name).read_bytes() == FILES[name] for name in WANTED)
    assert store.locate(tmp_path, MODEL).revision == COMMIT
    bytes_told = [done for phase, done, total, unit in answer["steps"] if phase == "download"]
    assert bytes_told == sorted(bytes_told) and bytes_told[-1] == TOTAL and len(bytes_told) > 2
    assert {(total, unit) for phase, _, total, unit in answer["steps"] if phase == "download"} == {(TOTAL, "bytes")}
    assert answer["steps"][-1][0] == "verify" and answer["steps"][-1][1] == answer["steps"][-1][2]
    hub.close()
    again = end(begin(tmp_path, hub.address, HF_HUB_OFFLINE="1"))
    assert again == {"folder": str(folder), "steps": []}


def test_nothing_is_asked_before_the_licence_is_accepted(hub: Hub, tmp_path: Path) -> None:
    refused = end(begin(tmp_path, hub.address, "llama-mesh", accept="no", catalog=MODEL))
    assert refused["code"] == "licence_needed" and hub.requests == []
    assert "folder" in end(begin(tmp_path, hub.address, "llama-mesh", accept="yes", catalog=MODEL))
    assert store.locate(tmp_path, "llama-mesh").revision == COMMIT


def test_a_download_that_was_killed_is_begun_again(hub: Hub, tmp_path: Path) -> None:
    hub.stall = WEIGHTS
    process = begin(tmp_path, hub.address)
    assert hub.stalled.wait(60)
    process.kill()
    process.communicate()
    assert missing(tmp_path), "half a model is none"
    folder = store.downloaded(tmp_path, MODEL)
    assert list(folder.rglob("*.incomplete"))
    hub.stall = ""
    before = len(hub.requests)
    answer = end(begin(tmp_path, hub.address))
    assert (folder / WEIGHTS).read_bytes() == FILES[WEIGHTS] and not list(folder.rglob("*.incomplete"))
    assert store.locate(tmp_path, MODEL).revision == COMMIT
    assert len([r for r in hub.requests[before:] if r.startswith("GET") and WEIGHTS in r]) == 1
    assert [done for phase, done, _, _ in answer["steps"] if phase == "download"][-1] == TOTAL


def test_a_damaged_file_is_never_used(hub: Hub, tmp_path: Path) -> None:
    hub.files[WEIGHTS] = bytes(len(FILES[WEIGHTS]))  # the published hash is another
    answer = end(begin(tmp_path, hub.address))
    assert answer["code"] == "checksum" and answer["retry"] and WEIGHTS in answer["sentence"]
    assert missing(tmp_path) and not (store.downloaded(tmp_path, MODEL) / WEIGHTS).exists()
    hub.files[WEIGHTS] = FILES[WEIGHTS]
    assert "folder" in end(begin(tmp_path, hub.address))
    assert (store.downloaded(tmp_path, MODEL) / WEIGHTS).read_bytes() == FILES[WEIGHTS]


def test_a_file_that_was_cut_on_the_disk_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    folder = Path(end(begin(tmp_path, hub.address))["folder"])
    stamp = (folder / WEIGHTS).stat()
    os.truncate(folder / WEIGHTS, 1000)
    os.utime(folder / WEIGHTS, (stamp.st_atime, stamp.st_mtime))  # the client trusts the time
    assert missing(tmp_path)
    answer = end(begin(tmp_path, hub.address))
    if "code" in answer:
        assert answer["code"] == "download_failed" and "did not arrive whole" in answer["sentence"]
        answer = end(begin(tmp_path, hub.address))
    assert (Path(answer["folder"]) / WEIGHTS).read_bytes() == FILES[WEIGHTS]


def test_a_hub_that_cannot_be_reached_is_said(hub: Hub, tmp_path: Path) -> None:
    hub.close()
    for variables in ({}, {"HF_HUB_OFFLINE": "1"}):
        answer = end(begin(tmp_path, hub.address, **variables))
        assert answer["code"] == "download_failed" and answer["retry"] and "try again" in answer["sentence"]
    assert missing(tmp_path)


def test_a_repository_without_a_model_is_said(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"README.md": b"words"}
    answer = end(begin(tmp_path, hub.address))
    assert answer["code"] == "download_failed" and missing(tmp_path)
    answer = end(begin(tmp_path, hub.address, f"someone/else@{COMMIT}"))
    assert answer["code"] == "download_failed"


def test_of_a_model_for_llama_cpp_the_file_that_fits_arrives(tmp_path: Path) -> None:
    """Without a graphics device the smallest; another one by its name, beside the first."""
    files = {f"LLaMA-Mesh-{kind}.gguf": kind.encode() * 1000 for kind in ("f16", "Q8_0", "Q6_K", "Q4_K_M")}
    hub = Hub({"README.md": b"words", **files})
    name, environment = "llama-mesh-gguf", {"PATH": "/nowhere"}
    refused = end(begin(tmp_path, hub.address, name, "no", MODEL, **environment))
    assert refused["code"] == "licence_needed" and hub.requests == []
    folder = Path(end(begin(tmp_path, hub.address, name, "yes", MODEL, **environment))["folder"])
    assert [file.name for file in folder.glob("*.*") if file.is_file() and file.name[0] != "."] == [
        "LLaMA-Mesh-Q4_K_M.gguf"
    ]
    found = store.locate(tmp_path, name)
    assert found.files == (folder / "LLaMA-Mesh-Q4_K_M.gguf",)
    assert (found.revision, found.prompts) == (COMMIT, "llama-mesh")
    with pytest.raises(EngineError, match="meshscribe models get llama-mesh-gguf:q8_0`"):
        store.locate(tmp_path, f"{name}:q8_0")
    end(begin(tmp_path, hub.address, f"{name}:q8_0", "yes", MODEL, **environment))
    assert store.locate(tmp_path, f"{name}:q8_0").files == (folder / "LLaMA-Mesh-Q8_0.gguf",)
    assert len(store.locate(tmp_path, name).files) == 2
    asked = len(hub.requests)
    end(begin(tmp_path, hub.address, name, "yes", MODEL, **environment))
    assert len(hub.requests) == asked, "what is here is not fetched again"
    hub.close()


def test_a_model_for_llama_cpp_that_fits_nowhere_is_not_fetched(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("meshscribe.backend.engines.llama_server.memory", lambda: Memory(0, 3 << 30))
    with pytest.raises(EngineError, match="llama-mesh-gguf needs 6.6 GB of memory and 3.2 GB are free") as caught:
        store.get(tmp_path, "llama-mesh-gguf", lambda *step: None, lambda licence: True)
    assert caught.value.code == "out_of_memory"
