"""The backend's folder (MESHSCRIBE_HOME): made private, locked by one broker at a time, with rotating
logs."""

from __future__ import annotations

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import BinaryIO

LOCK = "broker.lock"
LOG_BYTES, LOG_FILES = 1 << 20, 3


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


def log_to(folder: Path, name: str) -> Path:
    """Log this process to `logs/<name>.log`, and nowhere else. Prompts and keys have no place in it."""
    path = folder / "logs" / f"{name}.log"
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    return path
