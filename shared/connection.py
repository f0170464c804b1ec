"""The connection file: where it lies, what it holds, and how to read and write it safely.

It holds a secret key, so a file that others could have read, written or swapped is refused. Standard library
and msgspec only: the add-on uses it too.
"""

from __future__ import annotations

import contextlib
import os
import secrets
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
    door: str = ""  # the endpoint for other machines, "" where it is closed to them

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


def write(folder: Path, connection: Connection) -> None:
    """Write the connection file of a folder."""
    write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(connection)))


def remove(folder: Path, session: str) -> None:
    """Remove the connection file, unless it is another session's by now."""
    with contextlib.suppress(OSError, NoConnectionError, msgspec.MsgspecError):
        if msgspec.json.decode(read_private(folder / FILE), type=Connection).session == session:
            (folder / FILE).unlink()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all. A link that lies in its place is
    replaced, never followed: the content goes to a new file of a random name, which O_EXCL makes ours, and
    takes the place at once."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(scratch, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise


def _unsafe(path: Path, why: str) -> NoConnectionError:
    return NoConnectionError("unsafe", f"{path} {why}, so it is not trusted: delete it and restart the backend.")


def process_alive(pid: int) -> bool:
    """Whether a process with this id runs on this machine. One that has ended, and whose end nobody has asked for
    yet, does not (as far as the system tells: Linux does)."""
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
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
