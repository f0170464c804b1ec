"""The backend through its public door: real sockets, real processes, the script engine."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
import zmq
from backends import ENDS, Backend, Client, error_of, outcome_of, script, text_of, until
from script_engine import text

from meshscribe.backend.client import ask
from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared import connection
from meshscribe.shared.frames import VERSION_FRAME, decode
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import (
    Accepted,
    Delta,
    Done,
    Error,
    FromBroker,
    Jobs,
    JobsReply,
    Load,
    Models,
    ModelsReply,
    Progress,
    Status,
    StatusReply,
    Welcome,
)
from meshscribe.shared.tasks import (
    Ask,
    Change,
    Describe,
    Ground,
    MeshData,
    Name,
    Request,
    Scene,
    SceneObject,
    task_name,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
Start = Callable[..., Backend]
FOREVER = ("tokens=100000", "delay=0.01")


def raw(there: connection.Connection, pair: KeyPair | None = None, server_key: str = "") -> zmq.Socket[bytes]:
    """A bare socket to the broker, with a client's key or another pair."""
    dealer: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    dealer.linger = 0
    dealer.curve_serverkey = (server_key or there.server_key).encode()
    dealer.curve_publickey = (pair.public if pair else there.public_key).encode()
    dealer.curve_secretkey = (pair.secret if pair else there.secret_key).encode()
    dealer.connect(there.endpoint)
    return dealer


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


BOX = Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
OBJECTS = [
    SceneObject(id="7", name="Chair", kind="chair", low=(0, 0, 0), high=(1, 1, 1)),
    SceneObject(id="8", name="Window", low=(2, 0, 0), high=(2.1, 1, 1)),
]


@pytest.mark.parametrize(
    "task",
    [
        Describe(mesh=MeshData.pack(BOX), model="script"),
        Change(mesh=MeshData.pack(BOX), instruction="make it taller tokens=7", model="script", seed=5),
        Ask(mesh=MeshData.pack(BOX), question="how tall?", dialogue=[("user", "what is it?")], model="script"),
        Name(mesh=MeshData.pack(BOX), model="script"),
        Scene(objects=OBJECTS, about="missing", model="script"),
        Ground(objects=OBJECTS, phrase="the chair next to the window", model="script"),
    ],
    ids=task_name,
)
def test_every_task_goes_through(task: Request, link: Client) -> None:
    job = link.submit(task)
    got = until(link, ENDS, job)
    assert isinstance(got[-1], Done), got[-1]
    outcome = got[-1].outcome
    assert text_of(got, job) == text(outcome.tokens) and outcome.tokens == (7 if isinstance(task, Change) else 20)
    assert outcome.ids == (["7", "8"] if isinstance(task, Ground) else None)
    assert (outcome.names is not None) == isinstance(task, Name) and outcome.seed == task.seed
    link.send(Jobs())
    reply = until(link, JobsReply)[-1]
    assert isinstance(reply, JobsReply) and (reply.jobs[0].job, reply.jobs[0].task) == (job, task_name(task))


@pytest.mark.parametrize(
    "task, words",
    [
        (Change(mesh=MeshData.pack(BOX), instruction=" "), "instruction is empty"),
        (Ask(mesh=MeshData.pack(BOX), question=""), "question is empty"),
        (Name(mesh=MeshData.pack(Mesh.build([], []))), "no faces"),
        (Scene(objects=[], about="tasks"), "no objects"),
        (Scene(objects=OBJECTS), "question is empty"),
        (Ground(objects=[OBJECTS[0], OBJECTS[0]], phrase="it"), "same id"),
        (Ground(objects=[SceneObject(id="1", low=(1, 0, 0), high=(0, 1, 1))], phrase="it"), "before it begins"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_task_that_makes_no_sense_is_refused(task: Request, words: str, link: Client) -> None:
    error = error_of(until(link, ENDS, link.submit(task)))
    assert error.code == "bad_request" and words in error.sentence


def test_job_with_a_limit(link: Client) -> None:
    job = link.submit(script(*FOREVER), limit=0.3)
    waits = link.submit(script("tokens=3"), limit=60.0)
    got = until(link, ENDS, job)
    assert error_of(got).code == "deadline" and text_of(got, job)
    assert outcome_of(until(link, ENDS, waits)) == "stop"


def test_question_leaves_the_messages_of_jobs_alone(link: Client) -> None:
    job = link.submit(script("tokens=100", "delay=0.003"))
    got: list[FromBroker] = []
    while not any(isinstance(message, ENDS) for message in got):
        reply = ask(link, Status(), StatusReply)
        assert reply.workers
        got += link.wait(0.02)
    assert text_of(got, job) == text(100)


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


def test_link_that_the_broker_forgot_says_hello_again(shared_backend: Backend, link: Client) -> None:
    job = link.submit(script("tokens=100", "delay=0.01"))
    got = until(link, Delta, job)
    with Client(shared_backend.connection(), client=link.client) as usurper:  # takes the route away
        until(usurper, Welcome)
        got += until(link, ENDS, job)
    assert text_of(got, job) == text(100) and any(isinstance(m, Welcome) for m in got)
