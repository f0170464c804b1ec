"""Progress of jobs on stderr: one line that rewrites itself on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from .client import Job

EVERY = 0.1  # seconds between two lines on a terminal
RARELY = 5.0  # and where stderr goes to a file
PHASES = {"load": "loading the model", "prefill": "reading the prompt", "running": "starting"}


class Report:
    """Says what the oldest open job is doing; nothing for runs under a third of a second."""

    def __init__(self, count: int):
        self.count = count
        self.done = 0
        self._began = self._said = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._shown = False

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def watch(self, job: Job) -> None:
        self.done += job.over
        now = time.monotonic()
        if job.over or now - self._began < 0.3 or now - self._said < (EVERY if self._terminal else RARELY):
            return
        self._said = now
        line = self._line(job, now)
        if self._terminal:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
            self._shown = True
        else:
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False

    def _line(self, job: Job, now: float) -> str:
        head = f"[{self.done + 1}/{self.count}] " if self.count > 1 else ""
        took = f"{now - self._began:.0f} s"
        if job.tokens:
            vertices, faces = job.text.count("\nv "), job.text.count("\nf ")
            return f"{head}writing: {vertices} vertices, {faces} faces, {job.tokens} tokens, {took}"
        if job.progress:
            step = job.progress
            part = f" {100 * step.done // step.total} %" if step.total else ""
            size = f" of {step.total / 1e9:.1f} GB" if step.unit == "bytes" and step.total > 1e8 else ""
            return f"{head}{PHASES.get(step.phase, step.phase)}{part}{size}, {took}"
        if job.position:
            return f"{head}waiting for {job.position} {'jobs' if job.position > 1 else 'job'}, {took}"
        return f"{head}starting, {took}"
