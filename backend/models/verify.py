"""Checking downloaded files against their published hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from meshscribe.backend.engines.base import EngineError

BLOCK = 8 << 20


def verify(folder: Path, hashes: Mapping[str, str], progress: Callable[[str, int, int, str], None]) -> None:
    """Compare the files of a folder that are here with SHA-256 hashes {name: hex}. A file that differs is removed, so
    that the next download fetches it again, and EngineError `checksum` is raised."""
    files = [(folder / name, digest) for name, digest in hashes.items() if (folder / name).is_file()]
    total, done = sum(file.stat().st_size for file, _ in files), 0
    for file, digest in files:
        found = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                found.update(block)
                done += len(block)
                progress("verify", done, total, "bytes")
        if found.hexdigest() != digest:
            file.unlink()
            raise EngineError("checksum", f"{file.name} arrived damaged and was removed: download it again.", True)
