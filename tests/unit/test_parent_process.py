"""What the backend asks of the system, as far as this one can be asked."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshscribe.backend.serve import winjob
from meshscribe.backend.serve.log import JsonLines
from meshscribe.backend.serve.process import resident

CHILD = """
import ctypes, sys, time
from meshscribe.backend.serve.process import end_with_parent, offer_memory
offer_memory()
end_with_parent()
print(open("/proc/self/oom_score_adj").read() if sys.platform == "linux" else 500, flush=True)
if sys.argv[1] == "hold":
    ctypes.PyDLL(None).sleep(60)  # in C, with the interpreter's lock: no thread of ours gets a turn
time.sleep(60)
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_process_may_end_before_its_stdin_does() -> None:
    code = "import sys; from meshscribe.backend.serve.process import end_with_parent; end_with_parent(); sys.exit(3)"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stderr is not None
    assert child.stderr.read() == b"" and child.wait(10) == 3
    child.communicate()


def test_process_ends_when_its_stdin_does() -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, "sleep"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdin is not None
    assert int(child.stdout.readline()) == 500
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(10) == 0
    child.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own way is Linux's")
def test_process_that_holds_the_interpreter_ends_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(200):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":  # ended; nobody has asked yet
            return
        time.sleep(0.02)
    raise AssertionError("the child lives on")


def test_memory_of_this_and_another_process() -> None:
    assert sys.platform != "linux" or resident() > 1 << 20
    assert sys.platform != "linux" or resident(os.getppid()) > 0
    assert resident(2**30) == 0


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the layout of 64 bits")
def test_layout_of_the_job_objects_structures() -> None:
    """Sizes and offsets as winnt.h has them on 64 bits."""
    basic, extended = winjob.BasicLimits, winjob.ExtendedLimits
    assert ctypes.sizeof(basic) == 64 and basic.flags.offset == 16 and basic.affinity.offset == 48
    assert ctypes.sizeof(extended) == 144 and extended.io_counters.offset == 64 and extended.job_memory.offset == 120


@pytest.mark.skipif(sys.platform == "win32", reason="elsewhere there is none")
def test_without_windows_there_is_no_job_object() -> None:
    assert winjob.hold(0) is None
    winjob.release(None)


@pytest.mark.skipif(sys.platform != "win32", reason="Windows")
def test_process_in_a_job_object_ends_with_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    job = winjob.hold(int(child._handle))  # type: ignore[attr-defined]
    winjob.release(job)
    assert child.wait(5) is not None


def test_log_lines_are_json_with_the_fields_that_were_given() -> None:
    known = {"name": "meshscribe.backend.x", "levelname": "INFO", "msg": "job %s", "args": ("ü\n",)}
    record = logging.makeLogRecord({**known, "job": "j", "guest": "", "code": None})
    line = JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line and (told["says"], told["from"], told["job"]) == ("job ü\n", "backend.x", "j")
    assert "guest" not in told and "code" not in told and "trace" not in told
    try:
        raise ValueError("why")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError: why" in json.loads(JsonLines().format(record))["trace"]
