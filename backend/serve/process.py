"""What a process of the backend asks of the operating system: how much memory there is, to end with its parent, and to
be the first to go where memory runs out."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path


def resident(process: int | None = None) -> int:
    """Bytes of memory in use, by this process or another; 0 where the platform does not tell without help."""
    try:
        return int(Path("/proc", str(process or "self"), "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def available() -> int:
    """Bytes of this machine's memory that are free for use: on macOS, which does not tell, three quarters of all."""
    if sys.platform == "win32":
        import ctypes

        told = (ctypes.c_uint64 * 8)(64)  # MEMORYSTATUSEX: its length and the load in the first, ..., free in the third
        ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(told)
        return int(told[2])
    try:
        return int(Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0]) << 10
    except (OSError, IndexError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4


def die_with_parent() -> None:
    """On Linux: have the kernel end this process with the thread that started it, also after an exec."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever it does then.

    The parent's end of our stdin closes with it: that holds everywhere, as long as this process's threads get a turn.
    Where a library holds them up, the kernel ends us on Linux, and the parent's job object on Windows (winjob.py)."""
    if sys.platform == "linux":
        die_with_parent()
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):  # not through sys.stdin, whose lock would be held when the interpreter shuts down
        pass
    os._exit(0)


def offer_memory() -> None:
    """Where the system has to end a process for want of memory, it is this one rather than Blender or the broker."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
