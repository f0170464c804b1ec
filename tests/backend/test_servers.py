"""What is found out about a server, from answers as the real ones give them; and the file of servers."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from faulty_server import Answer, Asked, FaultyServer, endless, error, stream  # noqa: E402

from meshscribe.backend.engines import servers  # noqa: E402
from meshscribe.backend.engines.base import EngineError  # noqa: E402
from meshscribe.backend.engines.chat import Caller  # noqa: E402
from meshscribe.backend.engines.servers import LONG, PROOF, Abilities, discover, family  # noqa: E402
from meshscribe.shared.servers import FILE, ServerError, load, made, named, save  # noqa: E402


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    server = FaultyServer()
    server.answers["real"] = Real(server)
    yield server
    server.close()


class Real:
    """A server that works: it keeps to a grammar where its own field `form` holds one, and may see."""

    def __init__(self, server: FaultyServer) -> None:
        self.server = server
        self.form = ""
        self.sees = False

    def __call__(self, asked: Asked, number: int) -> Answer:
        said = asked.body["messages"][-1]["content"] if "messages" in asked.body else asked.body["prompt"]
        if said == LONG:
            return Answer(body=endless())
        if isinstance(said, list):
            return Answer(body=stream("Red.")) if self.sees else error(400, "This model takes text only.")
        grammar = asked.body.get(self.form) if self.form else None
        grammar = grammar["grammar"] if isinstance(grammar, dict) else grammar
        return Answer(body=stream(PROOF if grammar and PROOF in grammar else "Hello! How can I help you?"))


def found(faulty: FaultyServer, model: str = "", key: str = "") -> Abilities:
    async def ask() -> Abilities:
        caller = Caller("studio", made(faulty.url("real"), model=model, key=key))
        try:
            return await discover(caller)
        finally:
            await caller.close()

    return asyncio.run(ask())


def test_llama_cpp(faulty):
    faulty.answers["real"].form = "grammar"
    faulty.entry = {"id": "llama-mesh-q4.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}
    faulty.beside["/real/props"] = {
        "total_slots": 3,
        "build_info": "b7000-abc",
        "default_generation_settings": {"n_ctx": 8192},
        "modalities": {"vision": False},
    }
    faulty.beside["/real/slots"] = lambda: [{"id": 0, "is_processing": faulty.running > 0}, {"id": 1}]
    one = found(faulty)
    assert (one.kind, one.version, one.model, one.family) == (
        "llama.cpp",
        "b7000-abc",
        "llama-mesh-q4.gguf",
        "llama-mesh",
    )
    assert (one.rows, one.context, one.raw, one.grammar, one.cancel) == (3, 8192, True, "grammar", "closing")
    assert one.words() == (
        "llama.cpp b7000-abc, llama-mesh-q4.gguf, keeps to a grammar, stops at once, 3 at once"
    )  # fmt: skip


def test_vllm(faulty):
    faulty.answers["real"].form = "structured_outputs"
    faulty.entry = {"id": "Qwen/Qwen3-VL-8B", "owned_by": "vllm", "max_model_len": 40960}
    faulty.answers["real"].sees = True
    faulty.beside["/real/version"] = {"version": "0.33.0"}
    faulty.beside["/real/metrics"] = lambda: (
        f'# HELP vllm:num_requests_running x\nvllm:num_requests_running{{engine="0"}} {5 + faulty.running}.0\n'
    )
    one = found(faulty)
    assert (one.kind, one.version, one.family, one.context) == ("vLLM", "0.33.0", "general", 40960)
    assert (one.grammar, one.images, one.cancel, one.rows) == ("structured_outputs", True, "closing", 16)


def test_a_server_that_goes_on_is_told_so(faulty, monkeypatch):
    monkeypatch.setattr(servers, "FREED", 0.2)
    faulty.entry = {"id": "m", "owned_by": "vllm"}
    running = iter([0, *[1] * 100])
    faulty.beside["/real/metrics"] = lambda: f"vllm:num_requests_running {next(running)}.0\n"
    one = found(faulty)
    assert one.cancel == "unproved" and "does not stop when asked" in one.words()


def test_sglang_that_stops_only_by_its_own_abort(faulty, monkeypatch):
    monkeypatch.setattr(servers, "FREED", 0.2)
    faulty.answers["real"].form = "ebnf"
    faulty.entry = {"id": "m", "owned_by": "sglang", "max_model_len": 8192}
    faulty.beside["/real/get_model_info"] = {"model_path": "m"}
    aborted: list[str] = []
    faulty.beside["/real/abort_request"] = lambda: aborted.append("yes") or {}
    began = {"once": False}

    def load_() -> list[dict]:
        busy = began["once"] and not aborted
        began["once"] = True
        return [{"dp_rank": 0, "num_reqs": int(busy)}]

    faulty.beside["/real/get_load"] = load_
    one = found(faulty)
    assert (one.kind, one.grammar, one.cancel) == ("SGLang", "ebnf", "abort") and aborted


@pytest.mark.parametrize(("sees", "told"), [(["completion"], False), (["completion", "vision"], True)])
def test_ollama(faulty, sees, told):
    faulty.entry = {"id": "qwen3-vl:8b", "owned_by": "library"}
    faulty.beside["/real/api/version"] = {"version": "0.40.12"}
    faulty.beside["/real/api/show"] = {"capabilities": sees}
    one = found(faulty, "qwen3-vl:8b")
    assert (one.kind, one.version, one.raw, one.grammar, one.images) == ("Ollama", "0.40.12", False, "", told)


def test_transformers_serve_lists_only_its_cache(faulty):
    faulty.entry = {"id": "other/model", "owned_by": "other"}
    faulty.beside["/real/openapi.json"] = {"info": {"title": "FastAPI"}, "paths": {"/load_model": {}, "/reset": {}}}
    one = found(faulty, "/models/starter")
    assert (one.kind, one.model, one.family, one.raw, one.rows) == (
        "transformers",
        "/models/starter",
        "starter",
        True,
        1,
    )


def test_an_unknown_server_is_tried_with_every_form(faulty):
    assert found(faulty).grammar == ""
    faulty.answers["real"].form = "ebnf"
    one = found(faulty)
    assert (one.kind, one.grammar, one.raw, one.cancel, one.rows) == ("", "ebnf", False, "", 4)
    assert "no grammar" not in one.words() and "stopping not proved" in one.words()


def test_a_model_that_is_not_there(faulty):
    with pytest.raises(EngineError, match=r"has no model gpt-9: it has m\.") as caught:
        found(faulty, "gpt-9")
    assert caught.value.code == "model_missing"


def test_an_address_without_the_interface(faulty):
    async def ask() -> None:
        caller = Caller("studio", made(f"http://127.0.0.1:{faulty.port}/nothing/here"))
        try:
            await discover(caller)
        finally:
            await caller.close()

    with pytest.raises(EngineError, match="usually ends in /v1"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Zhengyi/LLaMA-Mesh", "llama-mesh"),
        ("/models/LLaMA-Mesh-Q4_K_M.gguf", "llama-mesh"),
        ("meshscribe-starter.gguf", "starter"),
        ("qwen3:8b", "general"),
    ],
)
def test_the_family_by_the_name(name, expected):
    assert family(name) == expected


def test_what_was_found_is_remembered_until_the_server_is_another(tmp_path):
    server = made("http://studio:8000/v1", model="m")
    one = Abilities(url=server.url, model="m", grammar="ebnf")
    servers.remember(tmp_path, "studio", one)
    servers.remember(tmp_path, "other", Abilities(url="http://x/v1"))
    assert servers.remembered(tmp_path, "studio", server) == one
    for other in (
        made("http://studio:8001/v1", model="m"),
        made(server.url, model="n"),
        made(server.url, family="starter"),
    ):
        assert servers.remembered(tmp_path, "studio", other) is None
    (tmp_path / servers.FILE).write_text("{")
    assert servers.remembered(tmp_path, "studio", server) is None


# ------------------------------------------------------------------------------------------------- the file of servers


def test_servers_are_kept_for_the_owners_eyes_alone(tmp_path):
    assert load(tmp_path) == {}
    known = {"studio": made("studio:8000", key="sk-1"), "mine": made("https://api.example.com/v1/", model="m")}
    save(tmp_path, known)
    assert load(tmp_path) == known and list(load(tmp_path)) == ["studio", "mine"]
    assert known["studio"].url == "http://studio:8000/v1" and known["mine"].url == "https://api.example.com/v1"
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(ServerError, match="can be read by other users"):
        load(tmp_path)


def test_a_damaged_file_is_a_sentence(tmp_path):
    for text in ("{", "[]", '{"a": {"url": 5}}', "\x00"):
        save(tmp_path, {})
        (tmp_path / FILE).write_text(text)
        with pytest.raises(ServerError, match="cannot be read"):
            load(tmp_path)


@pytest.mark.parametrize(
    "address",
    ["", "http://", "ftp://x/v1", "http://a b/v1", "http://u:p@host/v1", "http://h/v1?key=1", "http://x:y/v1"],
)
def test_what_is_no_address(address):
    with pytest.raises(ServerError):
        made(address)


def test_a_key_that_is_none(tmp_path):
    for key in ("a b", "schlüssel", "x\n", "k" * 5000):
        with pytest.raises(ServerError, match="copy it again"):
            made("http://h/v1", key=key)


def test_a_model_names_its_server(tmp_path):
    known = {"studio": made("studio:8000", model="m")}
    assert named(known, "studio") == ("studio", known["studio"])
    name, server = named(known, "studio:org/other:latest")
    assert (name, server.model, server.url) == ("studio", "org/other:latest", known["studio"].url)
    assert named(known, "starter") is None and named(known, "/a/folder:nf4") is None


def test_what_leaves_this_machine_is_said():
    assert made("http://localhost:8080").leaves == "" and made("http://127.0.0.1:1/v1").leaves == ""
    assert "are sent to api.example.com." in made("https://api.example.com/v1").leaves
    assert "sk-secret" not in repr(made("http://h/v1", key="sk-secret")) + json.dumps(made("http://h").url)
