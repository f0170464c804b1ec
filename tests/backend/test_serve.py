"""The backend through its public door: real sockets, real processes, the script engine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from conftest import ENDS, Backend, Client, script, text_of, until
from script_engine import text

from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared import connection
from meshscribe.shared.connection import process_alive
from meshscribe.shared.messages import (
    VERSION_FRAME,
    Accepted,
    Delta,
    Done,
    Error,
    FromBroker,
    Goodbye,
    Hello,
    Jobs,
    JobsReply,
    Load,
    Models,
    ModelsReply,
    Progress,
    Shutdown,
    Status,
    StatusReply,
    Welcome,
    decode,
    encode,
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


def error_of(messages: list[FromBroker]) -> Error:
    assert isinstance(messages[-1], Error)
    return messages[-1]


def outcome_of(messages: list[FromBroker]) -> str:
    assert isinstance(messages[-1], Done), messages[-1]
    return messages[-1].outcome.finish


def raw(there: connection.Connection, pair: KeyPair | None = None, server_key: str = "") -> zmq.Socket[bytes]:
    """A bare socket to the broker, with a client's key or another pair."""
    dealer: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    dealer.linger = 0
    dealer.curve_serverkey = (server_key or there.server_key).encode()
    dealer.curve_publickey = (pair.public if pair else there.public_key).encode()
    dealer.curve_secretkey = (pair.secret if pair else there.secret_key).encode()
    dealer.connect(there.endpoint)
    return dealer


# ------------------------------------------------------------------------------------------------------- jobs


def test_generate_streams_its_text(link: Client) -> None:
    job = link.submit(script("tokens=60", "delay=0.005", seed=7))
    got = until(link, ENDS, job)
    assert text_of(got, job) == text(60)
    assert sum(isinstance(m, Delta) for m in got) > 3
    end = got[-1]
    assert isinstance(end, Done) and end.outcome.finish == "stop" and end.outcome.seed == 7
    assert [m.position for m in got if isinstance(m, Accepted)] == [0]
    assert any(isinstance(m, Progress) and m.phase == "prefill" for m in got)


def test_more_text_than_credit_arrives_whole(link: Client) -> None:
    job = link.submit(script("tokens=900", "size=1000"))
    assert text_of(until(link, ENDS, job), job) == text(900, 1000)


def test_text_beyond_the_limit_ends_the_job(link: Client) -> None:
    job = link.submit(script("tokens=1200", "size=1000"))
    got = until(link, ENDS, job)
    assert error_of(got).code == "too_large" and text_of(got, job) == text(1200, 1000)[: 1 << 20]
    assert outcome_of(until(link, ENDS, link.submit(script("tokens=1")))) == "stop"


def test_cancel_running_and_queued(link: Client) -> None:
    running, queued = link.submit(script(*FOREVER)), link.submit(script("tokens=5"))
    until(link, Delta, running)
    link.cancel(queued)
    assert outcome_of(until(link, ENDS, queued)) == "cancelled"
    link.cancel(running)
    got = until(link, ENDS, running)
    assert outcome_of(got) == "cancelled"
    last = link.submit(script("tokens=5"))
    got = until(link, ENDS, last)
    assert text_of(got, last) == text(5) and not text_of(got, running)


def test_deaf_engine_does_not_hold_a_cancel_up(link: Client) -> None:
    job = link.submit(script("tokens=150", "delay=0.01", "deaf=1"))
    until(link, Delta, job)
    link.cancel(job)
    assert outcome_of(until(link, ENDS, job)) == "cancelled"
    assert outcome_of(until(link, ENDS, link.submit(script("tokens=1")))) == "stop"


def test_duplicate_submit_is_one_job(link: Client) -> None:
    job = link.submit(script("tokens=30", "delay=0.01"))
    for _ in range(20):
        link.submit(script("tokens=30", "delay=0.01"), job=job)
    got = until(link, ENDS, job)
    assert text_of(got, job) == text(30) and sum(isinstance(m, ENDS) for m in got) == 1
    link.submit(script("tokens=30"), job=job)
    assert text_of(until(link, ENDS, job), job) == text(30)


def test_two_clients_take_turns(shared_backend: Backend, link: Client) -> None:
    with shared_backend.link("second") as other:
        mine = [link.submit(script("tokens=30", "delay=0.005")) for _ in range(4)]
        until(link, Accepted, mine[-1])
        theirs = other.submit(script("tokens=10"))
        assert text_of(until(other, ENDS, theirs), theirs) == text(10)
        other.send(Status())
        status = until(other, StatusReply)[-1]
        assert isinstance(status, StatusReply) and status.clients == 2 and status.queued >= 1
        got = until(link, ENDS, mine[-1])
        assert [text_of(got, job) for job in mine] == [text(30)] * 4


def test_failures_are_typed(link: Client) -> None:
    cases = {
        "unknown_model": script(model="nobody"),
        "bad_request": script().__class__(prompt=" "),
        "over_budget": script("tokens=2", "fail=over_budget"),
        "out_of_memory": script("fail=memory"),
        "internal": script("tokens=2", "fail=crash"),
    }
    for code, request in cases.items():
        job = link.submit(request)
        got = until(link, ENDS, job)
        assert error_of(got).code == code and error_of(got).sentence.endswith(".")
    job = link.submit(script("tokens=2"))
    assert outcome_of(until(link, ENDS, job)) == "stop"


def test_load_models_and_status(link: Client) -> None:
    link.send(Load("other"))
    got = until(link, Progress)
    while not (isinstance(got[-1], Progress) and got[-1].phase == "ready"):
        got += until(link, Progress)
    link.send(Status())
    status = until(link, StatusReply)[-1]
    assert isinstance(status, StatusReply)
    worker = status.workers[0]
    assert worker.model == "other" and worker.state == "ready" and worker.device == "script" and worker.memory > 0
    link.send(Load("nobody"))
    assert error_of(until(link, Error)).code == "unknown_model"
    link.send(Models())
    assert until(link, ModelsReply)[-1] == ModelsReply([])


def test_malformed_messages_are_answered_and_harm_nobody(shared_backend: Backend, link: Client) -> None:
    dealer = raw(shared_backend.connection())
    for frames in ([b""], [b"what"], [VERSION_FRAME, b"\xc1"], [VERSION_FRAME] * 5, [b"MS\x09\x00", b"\x80"]):
        dealer.send_multipart(frames)
        assert dealer.poll(5_000)
        reply = decode(dealer.recv_multipart(), FromBroker)
        assert isinstance(reply, Error) and reply.code in ("bad_message", "version")
    dealer.send_multipart([VERSION_FRAME, b"x" * (9 << 20)])  # over the limit: the connection ends, not the broker
    job = link.submit(script("tokens=2"))
    assert outcome_of(until(link, ENDS, job)) == "stop"
    dealer.close()


def test_outsider_without_the_key_gets_nothing(shared_backend: Backend) -> None:
    there = shared_backend.connection()
    unknown = raw(there, KeyPair.fresh())
    wrong_server = raw(there, None, KeyPair.fresh().public)
    host, port = there.endpoint.removeprefix("tcp://").split(":")
    plain: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    plain.linger = 0
    plain.connect(there.endpoint)
    with socket.create_connection((host, int(port))) as garbage:
        garbage.sendall(os.urandom(4096))
        for dealer in (unknown, wrong_server, plain):
            with contextlib.suppress(zmq.Again):  # it has been turned away already
                dealer.send_multipart(encode(Hello("outsider")), zmq.DONTWAIT)
        poller = zmq.Poller()
        for dealer in (unknown, wrong_server, plain):
            poller.register(dealer, zmq.POLLIN)
        assert poller.poll(700) == []
    known = raw(there)
    known.send_multipart(encode(Hello("known")))
    assert known.poll(5_000) and isinstance(decode(known.recv_multipart(), FromBroker), Welcome)
    for dealer in (unknown, wrong_server, plain, known):
        dealer.close()


def test_link_that_the_broker_forgot_says_hello_again(shared_backend: Backend, link: Client) -> None:
    job = link.submit(script("tokens=100", "delay=0.01"))
    got = until(link, Delta, job)
    with Client(shared_backend.connection(), client=link.client) as usurper:  # takes the route away
        until(usurper, Welcome)
        got += until(link, ENDS, job)
    assert text_of(got, job) == text(100) and any(isinstance(m, Welcome) for m in got)


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
from meshscribe.shared.messages import Delta, Generate
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


def test_broker_stopped_and_continued_loses_nothing(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        job = link.submit(script("tokens=150", "delay=0.01"))
        got = until(link, Delta, job)
        backend.process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 20
        while link.state != "lost" and time.monotonic() < end:
            got += link.wait(0.2)
        assert link.state == "lost"
        backend.process.send_signal(signal.SIGCONT)
        got += until(link, ENDS, job)
        assert outcome_of(got) == "stop" and text_of(got, job) == text(150)


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


def test_broker_ends_with_its_parent(start: Start) -> None:
    parent = subprocess.Popen(["sleep", "600"])
    backend = start(parent=parent.pid).wait_up()
    parent.kill()
    parent.wait()
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


def test_no_secret_and_no_prompt_reaches_a_log(shared_backend: Backend, link: Client) -> None:
    job = link.submit(script("confidential", "fail=crash"))
    until(link, ENDS, job)
    logs = b"".join(path.read_bytes() for path in Path(shared_backend.home, "logs").iterdir())
    there = shared_backend.connection()
    assert b"the script says so" in logs and b"confidential" not in logs
    assert there.secret_key.encode() not in logs
