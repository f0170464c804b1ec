"""The backend's processes: how they start, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from backends import ENDS, Backend, Client, error_of, outcome_of, script, text_of, until
from script_engine import text

from meshscribe.backend.client import ask
from meshscribe.shared import connection
from meshscribe.shared.connection import process_alive
from meshscribe.shared.messages import (
    Delta,
    Error,
    Goodbye,
    Jobs,
    JobsReply,
    Load,
    Progress,
    Shutdown,
    Status,
    StatusReply,
    Welcome,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
Start = Callable[..., Backend]
FOREVER = ("tokens=100000", "delay=0.01")


def gone(pid: int, timeout: float = 10) -> bool:
    end = time.monotonic() + timeout
    while process_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not process_alive(pid)


# ----------------------------------------------------------------------------------------------- what may die


def test_worker_killed_in_a_job(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        job = link.submit(script(*FOREVER))
        got = until(link, Delta, job)
        os.kill(backend.worker_pid(), signal.SIGKILL)
        killed = time.monotonic()
        got += until(link, ENDS, job)
        assert error_of(got).code == "engine_dead" and time.monotonic() - killed < 5
        job = link.submit(script("tokens=5"))
        assert text_of(until(link, ENDS, job), job) == text(5)
        link.send(Status())
        status = until(link, StatusReply)[-1]
        assert isinstance(status, StatusReply) and status.workers[0].restarts == 1


def test_engine_that_takes_its_process_down(start: Start) -> None:
    with start().wait_up().link() as link:
        for _ in range(2):
            job = link.submit(script("tokens=3", "fail=exit"))
            assert error_of(until(link, ENDS, job)).code == "engine_dead"
        job = link.submit(script("tokens=5"))
        assert text_of(until(link, ENDS, job), job) == text(5)


def test_worker_that_cannot_start_is_given_up_with_a_reason(start: Start) -> None:
    backend = start(worker=["/nonexistent/python"]).wait_up()
    with backend.link() as link:
        job = link.submit(script())
        error = error_of(until(link, ENDS, job))
        assert error.code == "engine_dead" and "worker.log" in error.sentence


CLIENT = """
import sys
from pathlib import Path
from meshscribe.shared.connection import read
from meshscribe.shared.link import Link
from meshscribe.shared.messages import Delta
from meshscribe.shared.tasks import Generate
link = Link(read(Path(sys.argv[1])))
job = link.submit(Generate(prompt="make tokens=150 delay=0.01", model="script"))
while not any(isinstance(message, Delta) for message in link.wait(10)):
    pass
print(job, flush=True)
while True:
    link.wait(10)
"""


def test_client_killed_in_a_job(shared_backend: Backend, link: Client) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(shared_backend.home)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    job = child.stdout.readline().strip()
    child.kill()
    child.communicate()
    link.resume(job)
    got = until(link, ENDS, job)
    assert outcome_of(got) == "stop" and text_of(got, job) == text(150)
    link.resume(job)  # from the journal, as often as one likes
    assert text_of(until(link, ENDS, job), job) == text(150)


def test_bye_cancels_all_but_detached_jobs(shared_backend: Backend, link: Client) -> None:
    with shared_backend.link("leaver") as leaver:
        attached = leaver.submit(script(*FOREVER))
        detached = leaver.submit(script("tokens=5"), detached=True)
        until(leaver, Delta, attached)
    link.resume(detached)
    assert text_of(until(link, ENDS, detached), detached) == text(5)
    link.resume(attached)
    assert outcome_of(until(link, ENDS, attached)) == "cancelled"


def test_broker_killed_and_started_again(start: Start) -> None:
    first = start().wait_up()
    link = first.link()
    done, running = link.submit(script("tokens=5")), link.submit(script(*FOREVER))
    until(link, ENDS, done)
    got = until(link, Delta, running)
    worker = first.worker_pid()
    session = link.session
    first.end(signal.SIGKILL)
    assert gone(worker)
    with pytest.raises(connection.NoConnectionError, match="ended"):
        connection.read(first.home)
    start().wait_up()
    more = until(link, ENDS, running)
    assert error_of(more).code == "engine_dead" and link.session != session
    whole = text_of(got + more, running)
    assert whole and text(100_000).startswith(whole)
    with sqlite3.connect(first.home / "journal.sqlite") as db:
        ((kept,),) = db.execute("SELECT text FROM jobs WHERE id = ?", (running,))
    db.close()
    assert kept == whole
    link.resume(done)
    assert text_of(until(link, ENDS, done), done) == text(5)
    link.close()


def test_model_is_loaded_again_by_a_broker_that_was_started_anew(start: Start) -> None:
    first = start().wait_up()
    link = first.link()
    link.send(Load("script"))
    got = until(link, Progress)
    while not any(isinstance(message, Progress) and message.phase == "ready" for message in got):
        got = until(link, Progress)
    first.end(signal.SIGKILL)
    second = start().wait_up()
    while True:
        reply = ask(link, Status(), StatusReply, timeout=20)
        if reply.pid == second.process.pid and reply.workers[0].model == "script":
            break
    link.close()


def test_sigterm_ends_all_with_goodbye(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        job = link.submit(script(*FOREVER))
        got = until(link, Delta, job)
        worker = backend.worker_pid()
        assert backend.end(signal.SIGTERM) == "" and backend.process.returncode == 0
        got += until(link, Goodbye)
    assert [m.code for m in got if isinstance(m, Error)] == ["shutting_down"]
    assert gone(worker)
    with pytest.raises(connection.NoConnectionError, match="No backend"):
        backend.connection()


def test_shutdown_by_a_client(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        link.send(Shutdown())
        until(link, Goodbye)
    assert backend.process.wait(10) == 0


# -------------------------------------------------------------------------------------------------- the start


def test_broker_ends_when_it_is_idle_but_not_under_a_client(start: Start) -> None:
    backend = start(idle=1.0).wait_up()
    with backend.link() as link:
        job = link.submit(script("tokens=2"))
        until(link, ENDS, job)
        assert link.wait(1.5) == [] and backend.process.poll() is None
        link.send(Jobs())
        reply = until(link, JobsReply)[-1]
        assert isinstance(reply, JobsReply) and [entry.job for entry in reply.jobs] == [job]
    assert backend.process.wait(10) == 0


def test_second_serve_says_that_one_runs(shared_backend: Backend) -> None:
    second = Backend(shared_backend.home)
    said = second.process.communicate(timeout=10)[1]
    assert second.process.returncode == 2 and said.count("\n") == 1 and "running" in said
    assert connection.read(shared_backend.home).pid == shared_backend.process.pid


def test_taken_port_is_one_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        backend = start(port=taken.getsockname()[1])
        said = backend.process.communicate(timeout=10)[1]
        assert backend.process.returncode == 2 and said.count("\n") == 1 and "--port" in said
    assert not (backend.home / connection.FILE).exists()


def test_chosen_port_is_taken_again_after_a_restart(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = start(port=port).wait_up()
    link = Client(first.connection())  # without `reload`: the same endpoint and keys hold
    until(link, Welcome)
    first.end(signal.SIGKILL)
    start(port=port).wait_up()
    until(link, Welcome)
    link.close()


def test_broker_imports_no_engine() -> None:
    code = "import sys, meshscribe.backend.serve.broker; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "onnxruntime", "transformers", "bpy"} & set(names)
