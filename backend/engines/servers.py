"""What a server can do, found out once: which program it is, its models, whether it keeps to a grammar, sees pictures
and frees its slot when a client goes. What can be tried is tried, not believed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from meshscribe.backend.views import plain_picture
from meshscribe.shared.connection import NoConnectionError, read_private, write_private
from meshscribe.shared.servers import Family, Server, family

from .base import EngineError
from .chat import Caller, shown

FILE = "servers-found.json"
FREED = 1.0  # seconds within which a slot must be free
PROOF = "v 7 4 1"  # what a grammar that is kept to gives, and nothing else would
LONG = "Count from 1 to 2000, one number a line, nothing else."
AT_ONCE = {  # runs, of servers that do not say how many they take
    "vLLM": 16, "SGLang": 16, "Ray Serve": 16, "transformers": 1, "llama-cpp-python": 1, "": 4
}  # fmt: skip

Grammar = Literal["", "structured_outputs", "ebnf", "grammar"]
Cancel = Literal["", "closing", "abort", "unproved"]

log = logging.getLogger(__name__)


class Abilities(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was found at `url`. `cancel`: "closing" the stream frees the slot, it takes the server's own "abort", it
    is "unproved" (a slot stayed busy), or "" (the server does not tell)."""

    url: str
    kind: str = ""  # "vLLM", "SGLang", "llama.cpp", ...; "" for one that we do not know
    version: str = ""
    model: str = ""
    family: Family = "general"
    models: list[str] = []
    context: int = 0  # tokens; 0: not said
    rows: int = 1  # runs at once
    raw: bool = False  # whether /v1/completions takes a text as it is, without a template of the server's own
    grammar: Grammar = ""
    images: bool = False
    cancel: Cancel = ""
    refused: list[str] = []  # parameters that it does not take

    def words(self) -> str:
        """ "vLLM 0.33, llama-mesh, grammar, pictures, stops when asked"."""
        program = f"{self.kind or 'a server'} {self.version}".strip()
        stops = {"closing": "stops at once", "abort": "stops at once", "unproved": "does not stop when asked"}
        told = [program, self.model, "keeps to a grammar" if self.grammar else "no grammar"]
        told += ["sees pictures"] if self.images else []
        return ", ".join([*told, stops.get(self.cancel, "stopping not proved"), f"{self.rows} at once"])


async def discover(caller: Caller) -> Abilities:
    """Ask a server what it is, and try what it can do. EngineError where it cannot be asked, or has not the model."""
    server = caller.server
    listed, *own = await asyncio.gather(caller.models(), *(caller.look(path) for path in OWN))
    told = dict(zip(OWN, own, strict=True))
    entries = [entry for entry in _items(listed, "data") if isinstance(entry.get("id"), str)]
    names = [entry["id"] for entry in entries]
    if listed is None and not any(told.values()):
        raise EngineError(
            "server_failed", f"{caller} answers, but not as the OpenAI interface does: its address usually ends in /v1."
        )
    kind, version = _kind(entries, told)
    model = server.model or (names[0] if names else "")
    if not model:
        raise EngineError("model_missing", f"{caller} has no model: load one there, or say which it should load.")
    if names and kind != "transformers" and model not in names and f"{model}:latest" not in names:
        has = ", ".join(names[:8])
        raise EngineError("model_missing", f"{caller} has no model {model}: it has {has[:300]}.")
    entry: dict[str, Any] = next((entry for entry in entries if entry["id"] == model), {})
    props = told["/props"] if isinstance(told["/props"], dict) else {}
    found = Abilities(
        url=server.url,
        kind=kind,
        version=version,
        model=model,
        family=server.family or family(model),
        models=names[:200],
        context=_number(entry.get("max_model_len"), _of(props, "default_generation_settings", "n_ctx")),
        rows=_number(props.get("total_slots")) or AT_ONCE.get(kind, AT_ONCE[""]),
        raw=kind in ("vLLM", "SGLang", "Ray Serve", "llama.cpp", "llama-cpp-python", "LM Studio", "transformers"),
    )
    if found.family != "general" and not found.raw:
        log.info("%s applies its own template to %s", caller, model)
    found.grammar = await _grammar(caller, found)
    found.images = found.family == "general" and await _images(caller, found, props, told)
    found.cancel = await _cancel(caller, found)
    found.refused = sorted(caller.refused)
    return found


# ------------------------------------------------------------------------------------------------ which program it is

# What servers keep beside /v1.
OWN = ("/version", "/props", "/get_model_info", "/api/version", "/api/v0/models", "/openapi.json")
OWNERS = {"vllm": "vLLM", "llamacpp": "llama.cpp", "sglang": "SGLang", "library": "Ollama"}


def _kind(entries: list[dict[str, Any]], told: dict[str, Any]) -> tuple[str, str]:
    """The program, and its version where it says."""
    owner = next((str(entry.get("owned_by")) for entry in entries), "")
    paths = _of(told["/openapi.json"], "paths") or {}
    if _of(told["/props"], "total_slots"):
        return "llama.cpp", str(_of(told["/props"], "build_info") or "")[:40]
    if _of(told["/api/version"], "version"):
        return "Ollama", str(told["/api/version"]["version"])[:40]
    if _items(told["/api/v0/models"], "data"):
        return "LM Studio", ""
    if told["/get_model_info"]:
        return "SGLang", ""
    if "llama.cpp" in str(_of(told["/openapi.json"], "info", "title")):
        return "llama-cpp-python", str(_of(told["/openapi.json"], "info", "version") or "")[:40]
    if "/load_model" in paths and "/reset" in paths:
        return "transformers", ""
    if any("rayllm_metadata" in entry or "ray" in str(entry.get("metadata", ""))[:500] for entry in entries):
        return "Ray Serve", ""
    return OWNERS.get(owner, ""), str(_of(told["/version"], "version") or "")[:40]


# ------------------------------------------------------------------------------------------------------ what it can do

FORMS: dict[str, list[Grammar]] = {
    "vLLM": ["structured_outputs"],
    "Ray Serve": ["structured_outputs"],
    "SGLang": ["ebnf"],
    "llama.cpp": ["grammar"],
    "llama-cpp-python": ["grammar"],
    "": ["structured_outputs", "grammar", "ebnf"],
}


def constrained(form: Grammar, grammar: str) -> dict[str, Any]:
    """The parameter that makes a server keep to a grammar."""
    if not form or not grammar:
        return {}
    return {form: {"grammar": grammar}} if form == "structured_outputs" else {form: grammar}


async def _grammar(caller: Caller, found: Abilities) -> Grammar:
    for form in FORMS.get(found.kind, []):
        rule = f'root ::= "{PROOF}"' if found.family != "starter" else f'root ::= "\\n{PROOF}"'
        if (await _said(caller, found, "Say hello.", 24, **constrained(form, rule))).strip() == PROOF:
            return form
    return ""


async def _images(caller: Caller, found: Abilities, props: dict[str, Any], told: dict[str, Any]) -> bool:
    """What the server says of its model; where it says nothing, a picture is shown."""
    if found.kind == "llama.cpp":
        return _of(props, "modalities", "vision") is True
    if found.kind == "Ollama":
        return "vision" in _items_of(await caller.tell("/api/show", {"model": found.model}), "capabilities")
    if found.kind == "LM Studio":
        entries = _items(told["/api/v0/models"], "data")
        return any(entry.get("id") == found.model and entry.get("type") == "vlm" for entry in entries)
    question = shown("Which colour is this picture? Answer with one word.", [plain_picture((220, 20, 20))])
    return "red" in (await _said(caller, found, question, 400)).lower()


async def _said(caller: Caller, found: Abilities, question: Any, tokens: int, **more: Any) -> str:
    """A short answer; "" where the server refuses."""
    body = {"model": found.model, "max_tokens": tokens, "temperature": 0.0, **more}
    text = []
    try:
        async with contextlib.aclosing(_asked(caller, found, question, body)) as pieces:
            async for piece in pieces:
                text.append(piece.text)
    except EngineError as error:
        if error.code in ("key_refused", "model_missing"):
            raise
    return "".join(text)


def _asked(caller: Caller, found: Abilities, question: Any, body: dict[str, Any]):
    if found.raw and found.family != "general":
        return caller.stream("completions", {**body, "prompt": question})
    return caller.stream("chat/completions", {**body, "messages": [{"role": "user", "content": question}]})


async def _cancel(caller: Caller, found: Abilities) -> Cancel:
    """Begin a long answer, leave, and see whether the server's own count of what it runs goes down again."""
    count = RUNNING.get(found.kind)
    if count is None or (before := await count(caller)) is None:
        return ""
    request = {"rid": "meshscribe-proof"} if found.kind == "SGLang" else {}
    body = {"model": found.model, "max_tokens": 2000, "temperature": 1.0, **request}
    during = before
    with contextlib.suppress(EngineError):
        async with contextlib.aclosing(_asked(caller, found, LONG, body)) as pieces:
            async for _ in pieces:
                during = await count(caller) or 0
                break
    if during <= before:
        return ""  # it was over before we could look
    if await _freed(caller, count, before):
        return "closing"
    if found.kind == "SGLang":
        await caller.tell("/abort_request", request)
        if await _freed(caller, count, before):
            return "abort"
    return "unproved"


async def _freed(caller: Caller, count: Count, before: int) -> bool:
    for _ in range(10):
        if (await count(caller) or 0) <= before:
            return True
        await asyncio.sleep(FREED / 10)
    return False


Count = Callable[[Caller], Awaitable[int | None]]


async def _slots(caller: Caller) -> int | None:
    slots = await caller.look("/slots")
    return sum(bool(slot.get("is_processing")) for slot in slots) if isinstance(slots, list) else None


async def _metrics(caller: Caller) -> int | None:
    text = await caller.look("/metrics")
    found = re.findall(r"(?m)^vllm:num_requests_running(?:\{.*?\})? ([\d.e+]+)$", str(text))
    return int(sum(map(float, found))) if found else None


async def _load(caller: Caller) -> int | None:
    load = await caller.look("/get_load")
    entries = load if isinstance(load, list) else [load]
    return sum(_number(_of(entry, "num_reqs")) for entry in entries) if load else None


RUNNING: dict[str, Count] = {"llama.cpp": _slots, "vLLM": _metrics, "SGLang": _load}


# --------------------------------------------------------------------------------------------------- what was found


def remembered(home: Path, name: str, server: Server) -> Abilities | None:
    """What was found of a server before; None where it is another by now, or nothing was."""
    try:
        found = msgspec.json.decode(read_private(home / FILE), type=dict[str, Abilities]).get(name)
    except (OSError, NoConnectionError, msgspec.MsgspecError, ValueError):
        return None
    if found is None or found.url != server.url:
        return None
    return found if server.model in ("", found.model) and server.family in ("", found.family) else None


def remember(home: Path, name: str, found: Abilities) -> None:
    """Keep it for the next time. Nothing where the folder cannot be written."""
    with contextlib.suppress(OSError):
        try:
            known = msgspec.json.decode(read_private(home / FILE), type=dict[str, Abilities])
        except (OSError, NoConnectionError, msgspec.MsgspecError, ValueError):
            known = {}
        write_private(home / FILE, msgspec.json.encode(known | {name: found}))


# ------------------------------------------------------------------------------------- JSON of which nothing is known


def _of(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _items(value: Any, key: str) -> list[dict[str, Any]]:
    return [item for item in _items_of(value, key) if isinstance(item, dict)]


def _items_of(value: Any, key: str) -> list[Any]:
    found = _of(value, key)
    return found[:1000] if isinstance(found, list) else []


def _number(*values: Any) -> int:
    return next((value for value in values if isinstance(value, int) and 0 < value < 1 << 31), 0)
