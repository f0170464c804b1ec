"""Models on disk: what is known, what is here, how it gets here. Imports no torch.

A model is named in one of these ways, each with an optional `:precision` behind it (onnx, fp32, bf16, int8, nf4; for
llama.cpp f16, q8_0, q6_k, q4_k_m):
  starter, llama-mesh     a name of catalog.toml
  /path/to/folder         a checkpoint folder on this machine
  /path/to/file.gguf      a file for llama.cpp
  owner/name@revision     a hub repository at a full commit
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from meshscribe.backend.engines.base import EngineError
from meshscribe.shared.reports import ModelEntry
from meshscribe.shared.servers import Server, ServerError, family, load

from . import gguf

STARTER = Path(__file__).parent.parent / "starter"
CATALOG: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "catalog.toml").read_text())
PRECISIONS = ("onnx", "fp32", "bf16", "int8", "nf4", *gguf.QUANTIZATIONS)
PATTERNS = [
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*",
]
MARK = ".meshscribe-complete.json"  # written last into a downloaded folder: revision, and the size of every file
ABSENT = "The model {} is not on this machine yet: get it with `meshscribe models get {}`."

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True, slots=True)
class Located:
    """A model that is on this machine."""

    name: str
    folder: Path
    precision: str
    prompts: Literal["starter", "llama-mesh", "general"]
    dialect: str
    revision: str
    files: tuple[Path, ...] = ()  # of llama.cpp, one of which is to be taken


def entries(home: Path) -> list[ModelEntry]:
    """The catalog, with what is on this machine, and the servers."""
    return [
        ModelEntry(
            name=name,
            title=entry["title"],
            state="ready" if name == "starter" or _whole(downloaded(home, name)) else "absent",
            size=entry.get("size") or sum(file.stat().st_size for file in STARTER.iterdir()),
            licence=entry["licence"],
            dialect=entry["dialect"],
            needs=entry.get("needs", ""),
            licence_text=entry.get("licence_text", "").strip(),
        )
        for name, entry in CATALOG.items()
    ] + [
        ModelEntry(name=name, title=f"{server.model or 'A model'} on {server.host}"[:200], state="ready")
        for name, server in _servers(home).items()
    ]


def _servers(home: Path) -> dict[str, Server]:
    try:
        return load(home)
    except ServerError:  # `meshscribe servers` says what is wrong with the file
        return {}


def locate(home: Path, spec: str) -> Located:
    """Find a model by its name. EngineError `unknown_model` or `model_missing`, each with what to do."""
    name, precision = _split(spec)
    if name in CATALOG:
        entry = CATALOG[name]
        folder = STARTER if name == "starter" else downloaded(home, name)
        if name != "starter" and not _whole(folder):
            raise EngineError("model_missing", ABSENT.format(name, name))
        revision = _note(folder).get("revision", "")
        files = _files(folder, entry, precision)
        if "files" in entry and not files:
            raise EngineError("model_missing", ABSENT.format(spec, spec))
        precision = precision or entry["precision"]
        return Located(spec, folder, precision, entry["prompts"], entry["dialect"], revision, files)
    folder = Path(os.path.expanduser(name))
    if name.endswith(".gguf") and os.path.isfile(folder):
        return _gguf(spec, folder)
    if not os.path.isfile(folder / "config.json"):  # os.path's take any name: nothing is raised for a too long one
        folder = downloaded(home, name)
        if not _whole(folder):
            known = ", ".join(CATALOG)
            raise EngineError(
                "unknown_model",
                f"There is no model {name!r}: known are {known}, or name a checkpoint folder on this machine.",
            )
    return _checkpoint(spec, folder, precision)


def _checkpoint(spec: str, folder: Path, precision: str) -> Located:
    """A folder that is not in the catalog: the starter's kind by its tokens, LLaMA-Mesh's otherwise."""
    try:
        kind = json.loads((folder / "config.json").read_text()).get("model_type")
        tokens = (folder / "tokenizer.json").read_text()
    except (OSError, ValueError, AttributeError):
        raise EngineError("unknown_model", f"The folder {folder} has no readable config and tokenizer.") from None
    if kind != "llama":
        raise EngineError("unknown_model", f"The model in {folder} is of type {kind}; only llama can be run.")
    starter = '"<make>"' in tokens
    default = "onnx" if (folder / "model.onnx").exists() else "bf16"
    revision = _note(folder).get("revision", "")
    if starter:
        return Located(spec, folder, precision or default, "starter", "parts", revision)
    return Located(spec, folder, precision or default, "llama-mesh", "llama-mesh", revision)


def _gguf(spec: str, file: Path) -> Located:
    """A file for llama.cpp: its family is known by its name, or by what it calls itself."""
    try:
        said = gguf.head(file)
    except (OSError, ValueError) as error:
        raise EngineError("unknown_model", f"The file {file} cannot be used: {error}") from None
    kind = family(file.name) if family(file.name) != "general" else family(str(said.get("general.name", "")))
    dialect = "llama-mesh" if kind == "llama-mesh" else "parts"
    return Located(spec, file.parent, "gguf", kind, dialect, "", (file,))


def get(home: Path, spec: str, progress: Progress, accept: Callable[[str], bool]) -> Path:
    """Download a model by catalog name or `owner/name@revision`; returns its folder. `accept` is shown the licence
    before a byte is fetched. A second call keeps the files that came whole, and a whole model is not fetched again.
    Of a model for llama.cpp one file is fetched: the one that is named (`:q8_0`), or that fits this machine's memory.

    EngineError `unknown_model`, `licence_needed`, `out_of_memory`, `no_space` or `download_failed`.
    """
    name, kind = _split(spec)
    entry = CATALOG.get(name, {})
    if "files" not in entry:
        name, kind, entry = spec, "", CATALOG.get(spec, {})
    repository, _, revision = (entry.get("hub") or name).partition("@")
    revision = entry.get("revision") or revision
    if name == "starter":
        return STARTER
    if not entry and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name):
        raise EngineError(
            "unknown_model",
            f"{name!r} is no known model: known are {', '.join(CATALOG)}, or owner/name@40-digit-commit.",
        )
    folder = downloaded(home, name)
    if _whole(folder) and (not kind or _files(folder, entry, kind)):
        return folder
    patterns, size = PATTERNS, entry.get("size", 0)
    if "files" in entry:
        file = entry["files"][kind or _fitting(name, entry)]
        patterns, size = [file["name"]], file["size"]
    if entry.get("licence_text") and not accept(entry["licence_text"].strip()):
        raise EngineError("licence_needed", f"The licence of {name} was not accepted, so nothing was downloaded.")
    for part in folder.glob(".cache/**/*.incomplete"):
        part.unlink()  # the hub's client begins a cut file anew under another name, and never removes the old one
    free = shutil.disk_usage(_existing(folder)).free
    here = sum(file.stat().st_size for file in folder.rglob("*") if _kept(file, folder) and "files" not in entry)
    if free < (needed := size * 1.05 - here):
        raise EngineError("no_space", f"{name} needs {needed / 1e9:.0f} GB more and {free / 1e9:.0f} GB are free.")
    from .download import fetch  # imports the hub's client, which takes half a second

    commit = fetch(repository, revision, folder, patterns, progress)
    sizes = {str(f.relative_to(folder)): f.stat().st_size for f in sorted(folder.rglob("*")) if _kept(f, folder)}
    mark = folder / (MARK + ".new")
    mark.write_text(json.dumps({"repository": repository, "revision": commit, "files": sizes}))
    mark.replace(folder / MARK)
    return folder


def _fitting(name: str, entry: dict[str, Any]) -> str:
    """Which of the files for llama.cpp fits the memory that is there. EngineError where none does."""
    from meshscribe.backend.engines.llama_server import memory

    sizes, free = {kind: file["size"] for kind, file in entry["files"].items()}, memory()
    row = gguf.LLAMA_8B.row(entry["context"])
    if (kind := gguf.chosen(sizes, row, free)) is None:
        raise EngineError("out_of_memory", gguf.refusal(name, min(sizes.values()), row, free))
    return kind


def _files(folder: Path, entry: dict[str, Any], kind: str) -> tuple[Path, ...]:
    """The files for llama.cpp that are here: all, or that of one precision."""
    known = _note(folder).get("files", {})
    names = [file["name"] for each, file in entry.get("files", {}).items() if kind in ("", each)]
    return tuple(folder / name for name in names if name in known)


def downloaded(home: Path, name: str) -> Path:
    """Where a downloaded model lies."""
    return home / "models" / re.sub(r"[^\w.-]+", "--", name)


def _split(spec: str) -> tuple[str, str]:
    name, colon, last = spec.rpartition(":")
    if colon and last in PRECISIONS:
        return name, last
    return spec, ""


def _whole(folder: Path) -> bool:
    """Whether the download was finished and every file still has its size."""
    files = _note(folder).get("files", {})
    return bool(files) and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size for name, size in files.items()
    )


def _note(folder: Path) -> dict:
    try:
        return json.loads((folder / MARK).read_text())
    except (OSError, ValueError):
        return {}


def _kept(file: Path, folder: Path) -> bool:
    return file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _existing(folder: Path) -> Path:
    """The folder or its nearest parent that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
