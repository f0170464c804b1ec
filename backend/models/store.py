"""Models on disk: what is known, what is here, how it gets here. Imports no torch.

A model is named in one of these ways, each with an optional `:precision` behind it (onnx, fp32, bf16, int8, nf4):
  starter, llama-mesh     a name of catalog.toml
  /path/to/folder         a checkpoint folder on this machine
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
from typing import Literal

from meshscribe.backend.engines.base import EngineError
from meshscribe.shared.reports import ModelEntry
from meshscribe.shared.servers import Server, ServerError, load

STARTER = Path(__file__).parent.parent / "starter"
CATALOG = tomllib.loads((Path(__file__).parent / "catalog.toml").read_text())
PRECISIONS = ("onnx", "fp32", "bf16", "int8", "nf4")
PATTERNS = [
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*",
]
MARK = ".meshscribe-complete.json"  # written last into a downloaded folder: revision, and the size of every file

Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True, slots=True)
class Located:
    """A model that is on this machine."""

    name: str
    folder: Path
    precision: str
    prompts: Literal["starter", "llama-mesh"]
    dialect: str
    revision: str


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
            raise EngineError(
                "model_missing",
                f"The model {name} is not on this machine yet: get it with `meshscribe models get {name}`.",
            )
        revision = _note(folder).get("revision", "")
        return Located(spec, folder, precision or entry["precision"], entry["prompts"], entry["dialect"], revision)
    folder = Path(os.path.expanduser(name))
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


def get(home: Path, name: str, progress: Progress, accept: Callable[[str], bool]) -> Path:
    """Download a model by catalog name or `owner/name@revision`; returns its folder. `accept` is shown the licence
    before a byte is fetched. A second call keeps the files that came whole, and a whole model is not fetched again.

    EngineError `unknown_model`, `licence_needed`, `no_space` or `download_failed`.
    """
    entry = CATALOG.get(name, {})
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
    if _whole(folder):
        return folder
    if entry.get("licence_text") and not accept(entry["licence_text"].strip()):
        raise EngineError("licence_needed", f"The licence of {name} was not accepted, so nothing was downloaded.")
    for part in folder.glob(".cache/**/*.incomplete"):
        part.unlink()  # the hub's client begins a cut file anew under another name, and never removes the old one
    free = shutil.disk_usage(_existing(folder)).free
    here = sum(file.stat().st_size for file in folder.rglob("*") if _kept(file, folder))
    if free < (needed := entry.get("size", 0) * 1.05 - here):
        raise EngineError("no_space", f"{name} needs {needed / 1e9:.0f} GB more and {free / 1e9:.0f} GB are free.")
    from .download import fetch  # imports the hub's client, which takes half a second

    commit = fetch(repository, revision, folder, PATTERNS, progress)
    sizes = {str(f.relative_to(folder)): f.stat().st_size for f in sorted(folder.rglob("*")) if _kept(f, folder)}
    mark = folder / (MARK + ".new")
    mark.write_text(json.dumps({"repository": repository, "revision": commit, "files": sizes}))
    mark.replace(folder / MARK)
    return folder


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
