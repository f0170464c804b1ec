"""Test 13: 64 clients, and processes that die among them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from backends import SCRIPT, Backend
from tools import Bare, answer_time, children, memory, percentile, threads_and_files

from meshscribe.shared.messages import Hello, Welcome

pytestmark = pytest.mark.timeout(900)
PROCESSES, EACH = 8, 8


def test_13_crowd(start: Callable[..., Backend], figure: Callable[..., None], scale: Callable[[int, int], int],
                  tmp_path: Path, slack: float) -> None:  # fmt: skip
    seconds, chance = scale(8, 600), random.Random(13)
    backend = start(limits={"delivery.GRACE": 2.0, "supervisor.STEADY": 0.0}).wait_up()
    broker, log = backend.process.pid, tmp_path / "log"
    number = 0

    def begin() -> subprocess.Popen[bytes]:
        nonlocal number
        number += 1
        words = [backend.home, log, f"p{number}", EACH, end - time.monotonic(), number]
        path = os.pathsep.join([str(SCRIPT.parent), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen([sys.executable, str(Path(__file__).with_name("crowd.py")), *map(str, words)],
                                env={**os.environ, "PYTHONPATH": path})  # fmt: skip

    end = time.monotonic() + seconds
    crowd = [begin() for _ in range(PROCESSES)]
    trips: list[float] = []
    killed = {"clients": 0, "workers": 0}
    before = None
    try:
        with Bare(backend.connection()) as bare:
            bare.say(Hello("control"))
            assert isinstance(bare.hear(), Welcome)
            next_kill = time.monotonic() + 2.0
            while (now := time.monotonic()) < end - 0.5:
                trips.append(answer_time(bare))
                time.sleep(0.05)
                if before is None and now > end - 0.8 * seconds:
                    before = memory(broker), threads_and_files(broker)
                if now >= next_kill:
                    next_kill = now + chance.uniform(1.0, 4.0)
                    if chance.random() < 0.5:
                        victim = chance.randrange(PROCESSES)
                        crowd[victim].kill()
                        crowd[victim].wait()
                        crowd[victim] = begin()
                        killed["clients"] += EACH
                    else:
                        for worker in children(broker):
                            os.kill(worker, signal.SIGKILL)
                            killed["workers"] += 1
        for process in crowd:
            process.wait(30)
    finally:
        for process in crowd:
            process.kill()
    assert before is not None
    after = memory(broker), threads_and_files(broker)
    time.sleep(3.0)  # the grace of the jobs of clients that were killed
    backend.end()
    lines = [line.split() for line in log.read_text().splitlines()]
    accepted = {job for what, job in lines if what == "accepted"}
    ends = Counter(job for what, job in lines if what != "accepted")
    how = Counter(what for what, _ in lines)
    with contextlib.closing(sqlite3.connect(backend.home / "journal.sqlite")) as db:
        rows = dict(db.execute("SELECT id, state FROM jobs").fetchall())
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    served = Counter(job.rsplit("-", 1)[0] for what, job in lines if what == "done")
    from_the_start = {f"p{n + 1}" for n in range(PROCESSES)} & {process.args[4] for process in crowd}
    shares = [served[f"{name}-{n}"] for name in from_the_start for n in range(EACH)]
    jain = sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)) if shares else 0.0
    trip = {f"p{share}_ms": round(1e3 * percentile(trips, share / 100), 1) for share in (50, 99)}
    figure(clients=PROCESSES * EACH, seconds=seconds, killed=killed, accepted=len(accepted), ends=dict(how),
           trips=len(trips), **trip,
           fairness=round(jain, 3), of_clients=len(shares), grown_mb=round((after[0] - before[0]) / 1e6, 1),
           threads_and_files=[before[1], after[1]])  # fmt: skip
    assert how["wrong"] == how["misrouted"] == 0 and max(ends.values()) == 1
    assert accepted <= set(rows), "a job was forgotten"
    assert set(rows.values()) <= {"done", "failed"}, "a job has not ended"
    assert percentile(trips, 0.99) < 0.05 * slack
