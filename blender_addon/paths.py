"""Paths: the only folders that the add-on writes to, and what came with it."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

import bpy

from .shared import connection

PACKAGE = __package__
"""The extension's full name, "bl_ext.user_default.meshscribe": preferences are found by it."""

DATA = Path(__file__).parent / "data"
"""What rides along in the zip: the wheel of the backend with the starter in it, and pip's."""

LOG_BYTES = 1 << 19

log = logging.getLogger("meshscribe")


def own(name: str = "") -> Path:
    """A folder of the extension's own, which stays over updates. Run from a source tree, where Blender gives
    no such folder, it lies with the backend's files."""
    try:
        return Path(bpy.utils.extension_path_user(PACKAGE, path=name, create=True))
    except ValueError:
        folder = connection.home() / "addon" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def log_file() -> Path:
    """The add-on's own log."""
    return own("logs") / "addon.log"


def open_log() -> None:
    """Send the log to its file, once."""
    if log.handlers:
        return
    handler = RotatingFileHandler(log_file(), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def close_log() -> None:
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()
