"""Quantized copies of checkpoints, saved once: the next start reads 5.5 GB of LLaMA-Mesh where its weights are 16. Only
making one imports torch."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

from meshscribe.backend.engines.base import EngineError

from . import fit
from .store import Located, Progress

MARK = ".meshscribe-source.json"  # written last: which weights it is a copy of
KINDS = ("nf4", "int8")


def place(home: Path, located: Located) -> Path:
    """Where the copy of a checkpoint in its precision is, or would be."""
    digest = hashlib.sha256(str(located.folder.resolve()).encode()).hexdigest()[:8]
    return home / "models" / "quantized" / f"{located.folder.name}-{digest}-{located.precision}"


def find(home: Path, located: Located) -> Located:
    """A checkpoint as it is to be loaded: its copy, where there is one of these very weights."""
    folder = place(home, located)
    try:
        if json.loads((folder / MARK).read_text()) == _source(located.folder):
            return replace(located, folder=folder)
    except (OSError, ValueError):
        pass
    return located


def save(home: Path, located: Located, progress: Progress) -> Path:
    """Quantize a checkpoint and save it; a copy that is there already is left as it is. Its folder.

    EngineError `out_of_memory` or `no_space`. What is half written when it ends early is never taken for a copy.
    """
    if (found := find(home, located)) is not located:
        return found.folder
    folder, source = place(home, located), located.folder
    size = fit.weights(source, located.precision)
    free = shutil.disk_usage(next(each for each in folder.parents if each.exists())).free
    if free < size * 1.05:
        raise EngineError(
            "no_space", f"{located.name} needs {size / 1e9:.0f} GB more and {free / 1e9:.0f} GB are free."
        )
    from .loading import free as memory
    from .loading import load

    if (there := memory()) < size:
        raise EngineError("out_of_memory", fit.refusal(located.name, source, located.precision, 1, there))
    was = _source(source)
    model = load(source, located.precision, lambda done, total: progress("load", done, total, "bytes"))
    part = folder.with_name(folder.name + ".new")
    for old in (part, folder):
        shutil.rmtree(old, ignore_errors=True)
    progress("save", 0, size, "bytes")
    model.save_pretrained(part)
    for file in source.glob("tokenizer*"):
        shutil.copyfile(file, part / file.name)
    (part / MARK).write_text(json.dumps(was))
    part.rename(folder)
    progress("save", size, size, "bytes")
    return folder


def _source(folder: Path) -> dict[str, list[int]]:
    """What tells one checkpoint from another, without reading 16 GB: sizes and times of its files."""
    files = [*folder.glob("*.safetensors"), folder / "config.json"]
    return {file.name: [(about := file.stat()).st_size, about.st_mtime_ns] for file in sorted(files)}
