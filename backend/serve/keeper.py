"""Runs a program of others, so that it ends with the process that asked for it, however that one ends:
`python -m meshscribe.backend.serve.keeper PID PROGRAM ARGUMENT...`, with PID the one that asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from .process import die_with_parent


def command(program: list[str]) -> list[str]:
    """What to start instead of a program. On Windows the program itself: it is in the job object of who starts it."""
    if sys.platform == "win32":
        return program
    return [sys.executable, "-m", __name__, str(os.getpid()), *program]


def main() -> int:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        die_with_parent()
        if os.getppid() == parent:  # else it is gone already, and the kernel tells nobody
            os.execvp(program[0], program)
        return 1
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL)  # elsewhere the end of our stdin has to tell
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    return child.wait()


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.kill()


if __name__ == "__main__":
    sys.exit(main())
