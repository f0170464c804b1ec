"""The backend's folder (MESHSCRIBE_HOME): made private, and locked by one broker at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

LOCK = "broker.lock"


def prepare(folder: Path) -> None:
    """Make the folder, for its owner alone. OSError where that cannot be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and folder.stat().st_mode & 0o077:
        folder.chmod(0o700)  # it holds keys and prompts
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)


def lock(folder: Path) -> BinaryIO | None:
    """The folder's lock, held until the returned file is closed or the process ends, however it ends. None
    where another process holds it. The lock is the system's, on an open file: a pid in a file could be stale,
    or another process's."""
    file = open(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600), "r+b")  # noqa: SIM115
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
