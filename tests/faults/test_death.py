"""Tests 7 to 10, 16 and 17: processes that are killed, stopped, wedged and ended."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from backends import ENDS, SCRIPT, Backend, Client, script, text_of, until
from msgspec.structs import replace
from script_engine import text
from tools import Bare, children, gone, status, threads_and_files

from meshscribe.shared import connection
from meshscribe.shared.messages import Accepted, Delta, Done, Error, FromBroker, Hello, Load, Submit, Welcome

pytestmark = [
    pytest.mark.timeout(1200),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sends POSIX signals"),
]
Figure = Callable[..., None]
Scale = Callable[[int, int], int]
Start = Callable[..., Backend]
FOREVER = ("tokens=100000", "delay=0.01")


def code(messages: list[FromBroker]) -> str:
    assert isinstance(messages[-1], Error), messages[-1]
    return messages[-1].code


def poll_until(link: Client, true: Callable[[], bool], seconds: float = 20.0) -> float:
    """Polls as a timer would; after how many seconds something was so."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        link.inbox.extend(link.wait(0.005))
    return time.monotonic() - began


def test_07_backend_killed(start: Start, scale: Scale, figure: Figure, slack: float) -> None:
    local, remote, sessions = [], [], set()
    for _ in range(scale(1, 20)):
        backend = start().wait_up()
        far = Client(replace(backend.connection(), pid=0), "far")  # another machine: no process or file to look at
        with backend.link() as near, far:
            job = near.submit(script(*FOREVER))
            until(near, Delta, job)
            until(far, Welcome)
            sessions.add(near.session)
            worker = children(backend.process.pid)
            backend.process.kill()
            local.append(poll_until(near, lambda: near.state == "lost"))  # noqa: B023
            remote.append(local[-1] + poll_until(far, lambda: far.state != "open"))  # noqa: B023
            assert near.trouble and all(gone(each, 3) for each in worker)
            backend = start().wait_up()
            assert code(until(near, ENDS, job)) == "engine_dead"
            sessions.add(near.session)
        backend.end(signal.SIGKILL)
    figure(kills=len(local), seen_after_ms=[round(1e3 * each) for each in sorted(local)][-3:],
           remote_ms=round(1e3 * max(remote)), sessions=len(sessions))  # fmt: skip
    assert max(local) < 1.0 * slack and max(remote) < 4.0 * slack and len(sessions) == 2 * len(local)


def test_08_backend_stopped_and_continued(start: Start, figure: Figure, slack: float) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        job = link.submit(script("tokens=400", "delay=0.01"))
        got = until(link, Delta, job)
        backend.process.send_signal(signal.SIGSTOP)
        noticed = poll_until(link, lambda: link.state != "open")
        time.sleep(1.0)
        backend.process.send_signal(signal.SIGCONT)
        got += list(link.inbox)
        link.inbox.clear()
        got += until(link, ENDS, job)
        assert isinstance(got[-1], Done) and text_of(got, job) == text(400)
    figure(noticed_s=round(noticed, 2), lost=0, doubled=0)
    assert noticed < 4.5 * slack


def test_09_worker_stands_still(start: Start, figure: Figure, scale: Scale) -> None:
    """In C with the interpreter's lock, in a function that never returns, and with answers but without text."""
    full = scale(0, 1)
    backend = start(limits={} if full else {"watchdog.WRITING": 1.0, "watchdog.SILENT": 2.0}).wait_up()
    said = {}
    with backend.link() as link:
        for restarts, how in enumerate(("gil", "sleep", "ask"), 1):
            job = link.submit(script("tokens=50", "delay=0.01", f"fail={how}"))
            worker = status(link).workers[0].pid
            got = until(link, ENDS, job, timeout=150)
            error = got[-1]
            assert isinstance(error, Error) and error.code == "engine_dead" and "text so far is kept" in error.sentence
            said[how] = error.sentence.split(" and was")[0]
            assert "stood still" in said[how] and gone(worker, 3)
            job = link.submit(script("tokens=5"))
            assert text_of(until(link, ENDS, job), job) == text(5)
            assert status(link).workers[0].restarts == restarts
    figure(**said)


def test_10_client_killed(start: Start, figure: Figure, scale: Scale, slack: float) -> None:
    grace = scale(1, 10)
    backend = start(limits={"delivery.GRACE": float(grace)}).wait_up()
    client = subprocess.Popen([sys.executable, "-c", CLIENT, str(backend.home)], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    job, tokens = client.stdout.readline().split()
    client.kill()
    killed = time.monotonic()
    client.communicate()
    with backend.link() as link:
        while status(link).workers[0].state == "running":
            assert time.monotonic() - killed < grace + 10
            time.sleep(0.02)
        took = time.monotonic() - killed
        link.resume(job)
        got = until(link, ENDS, job)
        assert isinstance(got[-1], Done) and got[-1].outcome.finish == "cancelled"
        more = got[-1].outcome.tokens - int(tokens)
        assert text_of(got, job) == text(got[-1].outcome.tokens)
    figure(grace_s=grace, stopped_after_s=round(took, 2), tokens_a_second=100, tokens_after_the_kill=more)
    assert grace <= took < grace + 1.0 * slack


CLIENT = """
import sys
from pathlib import Path
from meshscribe.shared.connection import read
from meshscribe.shared.link import Link
from meshscribe.shared.messages import Delta
from meshscribe.shared.tasks import Generate
link = Link(read(Path(sys.argv[1])))
job = link.submit(Generate(prompt="make tokens=100000 delay=0.01", model="script"))
while not (found := [message for message in link.wait(10) if isinstance(message, Delta)]):
    pass
print(job, found[-1].tokens, flush=True)
while True:
    link.wait(10)
"""
PARENT = """
import subprocess, sys
from backends import Backend, script, until
from meshscribe.shared.messages import Delta
from pathlib import Path
import os
backend = Backend(Path(sys.argv[1]), parent=os.getpid()).wait_up()
link = backend.link()
job = link.submit(script("tokens=100000", "delay=0.01"))
until(link, Delta, job)
print(backend.process.pid, backend.worker_pid(), flush=True)
sys.stdin.read()
"""


def test_16_parent_killed(tmp_path: Path, figure: Figure, scale: Scale, slack: float) -> None:
    """As when Blender is killed: the backend that it started ends, and its worker."""
    took, orphans = [], 0
    for number in range(scale(2, 100)):
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(tmp_path / f"home{number}")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)},
        )  # fmt: skip
        assert parent.stdout is not None
        processes = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
        killed = time.monotonic()
        orphans += sum(not gone(process, 10) for process in processes)
        took.append(time.monotonic() - killed)
        parent.communicate()
    figure(runs=len(took), orphans=orphans, gone_after_s=round(max(took), 2))
    assert orphans == 0 and max(took) < 3.0 * slack


def test_17_signals(start: Start, figure: Figure, slack: float) -> None:
    """In the middle of a job, and twice."""
    took = {name: end_by(start().wait_up(), name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")}
    figure(**{name: round(seconds, 2) for name, seconds in took.items()})
    assert max(took.values()) < 0.5 * slack


def end_by(backend: Backend, name: str) -> float:
    """After how many seconds a signal has ended a backend."""
    with backend.link() as link:
        job = link.submit(script(*FOREVER))
        until(link, Delta, job)
        worker = children(backend.process.pid)
        began = time.monotonic()
        backend.process.send_signal(getattr(signal, name))
        with contextlib.suppress(ProcessLookupError):
            time.sleep(0.05)
            backend.process.send_signal(getattr(signal, name))
        said = backend.process.communicate(timeout=20)[1]
        took = time.monotonic() - began
        assert backend.process.returncode == 0 and said == ""
        assert code(until(link, ENDS, job)) == "shutting_down"
    assert all(gone(each, 1) for each in worker) and not (backend.home / connection.FILE).exists()
    return took


def test_17_exit_in_a_load_and_with_an_unreachable_peer(start: Start, figure: Figure, slack: float) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        link.send(Load("slow"))
        poll_until(link, lambda: status(link).workers[0].state == "loading")
        began = time.monotonic()
        backend.end(signal.SIGTERM)
        load = time.monotonic() - began
    again = start().wait_up()
    far = again.link()
    until(far, Welcome)
    job = far.submit(script(*FOREVER))
    until(far, Delta, job)
    again.process.send_signal(signal.SIGSTOP)
    for _ in range(50):
        far.cancel(job)
    began = time.monotonic()
    far.close()
    peer = time.monotonic() - began
    again.process.send_signal(signal.SIGCONT)
    figure(in_a_load_s=round(load, 2), with_a_stopped_backend_s=round(peer, 2))
    assert load < 5.0 * slack and peer < 0.5 * slack


def test_memory_that_runs_out(start: Start, figure: Figure) -> None:
    """The worker may have 1 GB; the job takes it all, and the next one finds a fresh process."""
    limited = ["sh", "-c", f'ulimit -v 1000000; exec "{sys.executable}" "{SCRIPT}"']
    backend = start(worker=limited).wait_up()
    with backend.link() as link:
        job = link.submit(script("tokens=5"))
        until(link, ENDS, job)
        before = status(link).workers[0]
        job = link.submit(script("tokens=5", "fail=balloon"))
        got = until(link, ENDS, job)
        assert code(got) == "out_of_memory" and text_of(got, job) == text(5)
        job = link.submit(script("tokens=5"))
        assert text_of(until(link, ENDS, job), job) == text(5)
        after = status(link).workers[0]
    figure(before_mb=before.memory >> 20, after_mb=after.memory >> 20, restarts_counted=after.restarts)
    assert after.pid != before.pid and after.restarts == 0


def test_idle_model_gives_its_memory_back(start: Start, figure: Figure) -> None:
    backend = start(limits={"broker.UNLOAD": 0.5}).wait_up()
    with backend.link() as link:
        job = link.submit(script("tokens=5"))
        until(link, ENDS, job)
        first = status(link).workers[0]
        assert first.model == "script"
        poll_until(link, lambda: status(link).workers[0].pid not in (0, first.pid))
        poll_until(link, lambda: status(link).workers[0].state == "ready")
        assert status(link).workers[0].model == "" and status(link).workers[0].restarts == 0
        job = link.submit(script("tokens=5"))
        assert text_of(until(link, ENDS, job), job) == text(5)


def test_broker_killed_again_and_again(start: Start, figure: Figure, scale: Scale) -> None:
    """kill -9 at random times in jobs that run and wait; the client goes on with the same jobs."""
    chance, kills = random.Random(200), scale(4, 200)
    backend = start().wait_up()
    home = backend.home
    link = Client(backend.connection(), "survivor", reload=lambda: connection.read(home))
    texts: dict[str, str] = {}
    ends: dict[str, str] = {}
    doubled = 0

    def take(messages: list[FromBroker]) -> None:
        nonlocal doubled
        for message in messages:
            if isinstance(message, Delta):
                assert message.job not in ends
                texts[message.job] += message.text
            elif isinstance(message, Done | Error) and message.job is not None:
                doubled += message.job in ends
                ends[message.job] = "done" if isinstance(message, Done) else message.code

    for number in range(kills):
        for _ in range(chance.randrange(1, 5)):
            job = link.submit(script(f"tokens={chance.randrange(1, 60)}", "delay=0.005", f"mark=k{number}"))
            texts[job] = ""
        until_killed = time.monotonic() + chance.uniform(0.0, 0.5)
        while time.monotonic() < until_killed:
            take(link.wait(0.01))
        backend.process.kill()
        backend.process.communicate()
        backend = start().wait_up()
    waiting = time.monotonic() + 60
    while len(ends) < len(texts) and time.monotonic() < waiting:
        take(link.wait(0.1))
    link.close()
    backend.end()
    with contextlib.closing(sqlite3.connect(home / "journal.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = {
            id: (state, code, kept) for id, state, code, kept in db.execute("SELECT id, state, code, text FROM jobs")
        }
    how = {name: sum(end == name for end in ends.values()) for name in set(ends.values())}
    forgotten = [job for job in texts if job not in ends or job not in rows]
    other_text = [job for job in texts if job in rows and rows[job][2] != texts[job]]
    figure(
        kills=kills,
        jobs=len(texts),
        **how,
        forgotten=len(forgotten),
        doubled=doubled,
        texts_that_differ=len(other_text),
    )
    assert not forgotten and not doubled and not other_text
    assert set(rows) == set(texts) and set(how) <= {"done", "engine_dead"}
    assert all(rows[job][0] == ("done" if end == "done" else "failed") for job, end in ends.items())


def test_nothing_piles_up(start: Start, figure: Figure, scale: Scale) -> None:
    """Threads and open files of the broker after many clients have come and gone, with and without a word."""
    backend = start().wait_up()
    with backend.link() as link:
        for number in range(20):
            visit(backend, number)
        status(link)
        before = threads_and_files(backend.process.pid)
        for number in range(scale(60, 1_000)):
            visit(backend, number)
        for _ in range(30):
            time.sleep(0.2)
            if threads_and_files(backend.process.pid) <= before and status(link).clients == 1:
                break
        after = threads_and_files(backend.process.pid)
    figure(threads=[before[0], after[0]], files=[before[1], after[1]])
    assert after <= before


def visit(backend: Backend, number: int) -> None:
    if number % 2:
        with Bare(backend.connection()) as bare:
            bare.say(Hello(f"v{number}"), Submit(f"v{number}", script("tokens=1")))
            assert isinstance(bare.hear(), Welcome) and isinstance(bare.hear(), Accepted)
    else:
        with backend.link() as link:
            until(link, ENDS, link.submit(script("tokens=1")))
