"""The connection file: where it lies, what it holds, and how to read it safely. The backend writes it
(serve/keys.py).

It holds a secret key, so a file that others could have read, written or swapped is refused. Standard library
and msgspec only: the add-on uses it too.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Literal

import msgspec

FILE = "connection.json"
MAX_BYTES = 64 << 10  # of a connection file or a key file; both hold less than 1 KiB

Trouble = Literal["absent", "unsafe", "unreadable", "stale"]


class NoConnectionError(Exception):
    """Why there is no connection: `code`, and one sentence that says what to do."""

    def __init__(self, code: Trouble, sentence: str):
        super().__init__(sentence)
        self.code: Trouble = code
        self.sentence = sentence


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to reach a backend. Keys are CURVE keys in Z85, 40 characters each."""

    endpoint: str
    server_key: str
    public_key: str  # the client's own pair
    secret_key: str
    session: str = ""  # new with every start of the broker
    pid: int = 0  # of the broker, where it runs on this machine
    app: str = ""  # the backend's version

    def __repr__(self) -> str:  # a secret has no place in a log or a traceback
        return f"Connection({self.endpoint}, session={self.session}, pid={self.pid})"


def home() -> Path:
    """MESHSCRIBE_HOME, or the per-user data folder of the platform."""
    if chosen := os.environ.get("MESHSCRIBE_HOME"):
        return Path(os.path.expanduser(chosen)).absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "MeshScribe"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "MeshScribe"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "meshscribe"


def read(folder: Path) -> Connection:
    """The connection to the backend that runs in `folder`. NoConnectionError where there is none, or none to
    trust."""
    try:
        connection = msgspec.json.decode(read_private(folder / FILE), type=Connection)
    except FileNotFoundError:
        raise NoConnectionError("absent", "No backend is running: start one with `meshscribe serve`.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NoConnectionError("unreadable", f"{folder / FILE} is damaged: restart the backend.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoConnectionError("unreadable", f"{folder / FILE} cannot be read ({reason}).") from None
    if connection.pid and not process_alive(connection.pid):
        raise NoConnectionError("stale", "The backend has ended without saying so: start it again.")
    return connection


def read_private(path: Path) -> bytes:
    """The bytes of a file that only its owner, who is us, can read or write. NoConnectionError "unsafe" where
    it is a link, somebody else's, or open to others; OSError where it cannot be opened."""
    # O_NONBLOCK: opening a planted FIFO must not hang. Both flags do not exist on Windows, where the profile
    # folder's access list keeps other users out.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise _unsafe(path, "is a link")
    descriptor = os.open(path, flags)
    with open(descriptor, "rb") as file:
        state = os.fstat(descriptor)  # of what was opened, not of what the path names by now
        if not stat.S_ISREG(state.st_mode):
            raise _unsafe(path, "is not a plain file")
        if sys.platform != "win32":
            if state.st_uid != os.geteuid():
                raise _unsafe(path, "belongs to another user")
            if state.st_mode & 0o077:
                raise _unsafe(path, "can be read by other users")
        if state.st_size > MAX_BYTES:
            raise _unsafe(path, "is far too large")
        return file.read(MAX_BYTES)


def _unsafe(path: Path, why: str) -> NoConnectionError:
    return NoConnectionError("unsafe", f"{path} {why}, so it is not trusted: delete it and restart the backend.")


def process_alive(pid: int) -> bool:
    """Whether a process with this id runs on this machine."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return False
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return bool(known) and code.value == 259  # STILL_ACTIVE. (os.kill(pid, 0) would end the process here.)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return pid < 2**31
    return True
