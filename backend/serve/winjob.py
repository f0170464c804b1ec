"""A job object of Windows: processes in it end with the process that holds it, however that one ends.

Written after Microsoft's documentation of SetInformationJobObject; the layout of its structures is tested, the
calls themselves only on Windows.
"""

from __future__ import annotations

import ctypes
import sys

KILL_ON_JOB_CLOSE = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = [
        ("per_process_user_time", ctypes.c_int64),
        ("per_job_user_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_uint32),
        ("scheduling_class", ctypes.c_uint32),
    ]


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = [
        ("basic", BasicLimits),
        ("io_counters", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    ]


def hold(process: int) -> int | None:
    """Put a process (its handle) into a job object of its own that ends with this process. The object's handle,
    which must stay open; None where this is not Windows. OSError where Windows refuses."""
    if sys.platform != "win32":
        return None
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    job = kernel.CreateJobObjectW(None, None)
    limits = ExtendedLimits(basic=BasicLimits(flags=KILL_ON_JOB_CLOSE))
    size = ctypes.sizeof(limits)
    if (
        not job
        or not kernel.SetInformationJobObject(ctypes.c_void_p(job), EXTENDED_LIMITS, ctypes.byref(limits), size)
        or not kernel.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(process))
    ):
        raise ctypes.WinError(ctypes.get_last_error())
    return int(job)


def release(job: int | None) -> None:
    """Close a job object: what is still in it ends."""
    if sys.platform == "win32" and job is not None:
        ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(job))
