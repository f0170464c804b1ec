"""Meshes side by side through a real broker and a real worker, whose engine has four rows for the model "side"."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import pytest
from backends import ENDS, Backend, Client, error_of, outcome_of, script, text_of, until
from script_engine import text

from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Delta, Done, Error, FromBroker, Progress, Status, StatusReply
from meshscribe.shared.tasks import Describe, Generate, MeshData

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
Start = Callable[..., Backend]
FOREVER = ("tokens=100000", "delay=0.01")
BOX = MeshData.pack(Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [1, 2, 3]]))


def side(*words: str) -> Generate:
    return script(*words, model="side")


def until_all(link: Client, kinds: type | tuple[type, ...], jobs: list[str]) -> list[FromBroker]:
    """All messages until each of these jobs had one of these kinds."""
    got: list[FromBroker] = []
    while any(not any(isinstance(m, kinds) and getattr(m, "job", None) == job for m in got) for job in jobs):
        got += until(link, kinds)
    return got


def order(messages: list[FromBroker], kinds: type | tuple[type, ...]) -> list[str]:
    """The jobs of these messages, each at its first."""
    return list(dict.fromkeys(str(getattr(m, "job", "")) for m in messages if isinstance(m, kinds)))


def test_meshes_grow_side_by_side(link: Client) -> None:
    jobs = [link.submit(side("tokens=40", "delay=0.01")) for _ in range(4)]
    got = until_all(link, ENDS, jobs)
    assert all(text_of(got, job) == text(40) for job in jobs)
    first_end = next(i for i, m in enumerate(got) if isinstance(m, ENDS))
    assert set(order(got[:first_end], Delta)) == set(jobs), "every one had text before the first was whole"


def test_a_row_that_is_left_is_taken_by_the_next(link: Client) -> None:
    long = [link.submit(side("tokens=400", "delay=0.005")) for _ in range(3)]
    short = [link.submit(side("tokens=5")) for _ in range(6)]
    got = until_all(link, ENDS, short + long)
    assert order(got, ENDS)[:6] == short
    assert all(text_of(got, job) == text(5) for job in short) and all(text_of(got, job) == text(400) for job in long)


def test_a_question_waits_for_the_meshes_before_it_and_is_not_overtaken(link: Client) -> None:
    before = [link.submit(side("tokens=60", "delay=0.005")) for _ in range(2)]
    question = link.submit(Describe(mesh=BOX, prompt="tokens=3", model="side"))
    after = link.submit(side("tokens=3"))
    got = until_all(link, ENDS, [*before, question, after])
    assert order(got, ENDS)[2:] == [question, after]


def test_cancel_of_one_leaves_the_others(link: Client) -> None:
    jobs = [link.submit(side("tokens=100", "delay=0.01")) for _ in range(3)]
    waits = [link.submit(side("tokens=100", "delay=0.01")) for _ in range(2)]
    got = until_all(link, Delta, jobs)
    asked = time.monotonic()
    link.cancel(jobs[1])
    link.cancel(waits[1])
    got += until_all(link, ENDS, [jobs[1], waits[1]])
    assert time.monotonic() - asked < 1.0
    got += until_all(link, ENDS, [jobs[0], jobs[2], waits[0]])
    ends = {m.job: m.outcome.finish for m in got if isinstance(m, Done)}
    assert ends[jobs[1]] == ends[waits[1]] == "cancelled"
    assert all(text_of(got, job) == text(100) and ends[job] == "stop" for job in (jobs[0], jobs[2], waits[0]))


def test_limit_and_failure_of_one_leave_the_others(link: Client) -> None:
    late = link.submit(side(*FOREVER), limit=0.4)
    fails = link.submit(side("tokens=3", "fail=over_budget"))
    good = link.submit(side("tokens=80", "delay=0.01"))
    got = until_all(link, ENDS, [late, fails, good])
    codes = {m.job: m.code for m in got if isinstance(m, Error)}
    assert codes == {late: "deadline", fails: "over_budget"} and text_of(got, good) == text(80)


def test_an_engine_that_breaks_fails_all_that_it_ran(link: Client) -> None:
    runs = [link.submit(side(*FOREVER)) for _ in range(2)]
    until_all(link, Delta, runs)
    breaks = link.submit(side("tokens=3", "fail=crash"))
    got = until_all(link, ENDS, [*runs, breaks])
    assert {m.code for m in got if isinstance(m, Error)} == {"internal"}
    job = link.submit(side("tokens=5"))
    assert text_of(until(link, ENDS, job), job) == text(5)


def test_memory_that_runs_out_renews_the_worker(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        runs = link.submit(side(*FOREVER))
        until(link, Delta, runs)
        pid = backend.worker_pid()
        jobs = [runs, link.submit(side("tokens=3", "fail=memory")), link.submit(side("tokens=5"))]
        got = until_all(link, ENDS, jobs)
        assert {m.code for m in got if isinstance(m, Error)} <= {"out_of_memory"}
        last = link.submit(side("tokens=5"))
        assert text_of(until(link, ENDS, last), last) == text(5) and backend.worker_pid() != pid


def test_worker_killed_with_four_meshes(start: Start) -> None:
    backend = start().wait_up()
    with backend.link() as link:
        jobs = [link.submit(side(*FOREVER)) for _ in range(4)]
        waits = link.submit(side("tokens=5"))
        got = until_all(link, Delta, jobs)
        os.kill(backend.worker_pid(), signal.SIGKILL)
        got += until_all(link, ENDS, [*jobs, waits])
        assert {m.job: m.code for m in got if isinstance(m, Error)} == dict.fromkeys(jobs, "engine_dead")
        assert text_of(got, waits) == text(5)
        for job in jobs:  # the text so far is in the journal
            link.resume(job)
            assert error_of(until(link, ENDS, job)).code == "engine_dead"
            assert text(100_000).startswith(text_of(got, job)) and text_of(got, job)


def test_worker_that_stands_still_with_two_meshes(start: Start) -> None:
    with start(limits={"watchdog.WRITING": 1.0}).wait_up().link() as link:
        runs = link.submit(side(*FOREVER))
        until(link, Delta, runs)
        still = link.submit(side("tokens=2", "fail=sleep"))
        got = until_all(link, ENDS, [runs, still])
        assert {m.code for m in got if isinstance(m, Error)} == {"engine_dead"}
        job = link.submit(side("tokens=5"))
        assert outcome_of(until(link, ENDS, job)) == "stop"


def test_two_clients_share_the_rows(shared_backend: Backend, link: Client) -> None:
    mine = [link.submit(side("tokens=60", "delay=0.01")) for _ in range(14)]
    until_all(link, Delta, mine[:4])
    with shared_backend.link("second") as other:
        theirs = other.submit(side("tokens=5"))
        assert text_of(until(other, ENDS, theirs), theirs) == text(5)
        other.send(Status())
        status = until(other, StatusReply)[-1]
        assert isinstance(status, StatusReply) and status.queued >= 1, "it did not wait for all of the other's"
    got = until_all(link, ENDS, mine)
    assert order(got, ENDS) and any(isinstance(m, Progress) for m in got)
