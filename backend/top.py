"""`meshscribe top`: what the backend is doing, on one screen that renews itself."""

from __future__ import annotations

import shutil
import sys
import time

from meshscribe.shared.link import Link
from meshscribe.shared.messages import Jobs, JobsReply, Status, StatusReply
from meshscribe.shared.reports import JobEntry, Spread, WorkerStatus

from . import client

EVERY = 1.0  # seconds
HOME, CLEAR_LINE, CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # a screen of its own, without the cursor


def show(once: bool) -> None:
    """Print the screen once, or again and again until Ctrl-C. ClientError where there is no backend."""
    with client.connect("top", start=False) as link:
        if once or not sys.stdout.isatty():
            print("\n".join(_lines(link)))
            return
        sys.stdout.write(ENTER)
        try:
            while True:
                size = shutil.get_terminal_size()
                lines = [line[: size.columns] + CLEAR_LINE for line in _lines(link)[: size.lines - 1]]
                sys.stdout.write(HOME + "\r\n".join(lines) + CLEAR_REST)
                sys.stdout.flush()
                time.sleep(EVERY)
        except KeyboardInterrupt:
            pass
        finally:
            sys.stdout.write(LEAVE)
            sys.stdout.flush()


def _lines(link: Link) -> list[str]:
    status = client.ask(link, Status(), StatusReply)
    return screen(status, client.ask(link, Jobs(), JobsReply).jobs, time.time())


def screen(status: StatusReply, jobs: list[JobEntry], now: float) -> list[str]:
    """The lines of the screen; `now` is Unix time."""
    told = status.counters
    return [
        f"MeshScribe {status.app}, process {status.pid}, up {_span(status.uptime)}, {told.memory / 1e6:.0f} MB",
        *(_worker(each) for each in status.workers),
        "",
        f"jobs    {told.accepted} accepted, {told.done} done, {told.cancelled} cancelled, {told.failed} failed, "
        f"{told.refused} refused, {status.queued} waiting, {told.tokens:,} tokens",
        f"waited  {_spread(told.queue)} s   first text {_spread(told.first_token)} s   "
        f"tokens/s {_spread(told.speed, 0)}   cancel {_spread(told.cancel, 3)} s",
        "",
        f"{status.clients} clients: " + ", ".join(f"{c.name or '?'}{f' ({c.guest})' if c.guest else ''}"
        f"{f' {c.jobs} jobs' if c.jobs else ''}" for c in status.connected),
        "",
        *(f"{job.state:8} {_span(now - job.created):>8}  {job.tokens:>6} tokens  {job.task} {job.model}  {job.prompt}"
          for job in jobs[:30]),
    ]  # fmt: skip


def _worker(worker: WorkerStatus) -> str:
    quiet = f", silent for {worker.quiet:.0f} s" if worker.quiet > 3 else ""
    again = f", restarted {worker.restarts} times" if worker.restarts else ""
    what = " ".join(word for word in (worker.state, worker.model, worker.device) if word)
    return f"worker  {what}, {worker.memory / 1e6:.0f} MB{quiet}{again}"


def _spread(values: Spread, digits: int = 2) -> str:
    return f"{values.median:.{digits}f} (p99 {values.p99:.{digits}f})" if values.count else "-"


def _span(seconds: float) -> str:
    seconds = max(0, int(seconds))
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {letter}"
    return f"{seconds} s"
