"""Tests 6, 11, 12, 14 and 30: every job once, in order, whole and on time, whatever its clients do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from backends import ENDS, Backend, Client, script, text_of, until
from script_engine import text
from tools import Bare, memory, percentile, status

from meshscribe.backend.serve.jobs import MAX_QUEUED, MAX_QUEUED_LANE
from meshscribe.shared.frames import cost
from meshscribe.shared.messages import (
    Accepted,
    Cancel,
    Credit,
    Delta,
    Done,
    Error,
    FromBroker,
    Hello,
    Submit,
    Welcome,
)

pytestmark = pytest.mark.timeout(300)
Figure = Callable[..., None]
Scale = Callable[[int, int], int]


def finish(message: FromBroker) -> str:
    assert isinstance(message, Done), message
    return message.outcome.finish


def test_06_the_same_job_a_hundred_times(shared_backend: Backend, link: Client, figure: Figure) -> None:
    before = status(link).counters
    with Bare(shared_backend.connection()) as bare:
        bare.say(Hello("insistent"))
        assert isinstance(bare.hear(), Welcome)
        bare.say(*[Submit("once", script("tokens=100000", "delay=0.001"))] * 100)
        answers = bare.hear_all()
        assert sum(isinstance(answer, Accepted) for answer in answers) == 100
        bare.say(*[Cancel("once")] * 100)
        while not any(isinstance(answer, Done) for answer in answers):
            answers += bare.hear_all()
        bare.say(*[Cancel("once")] * 100)
        answers += bare.hear_all()
        assert {finish(answer) for answer in answers if isinstance(answer, ENDS)} == {"cancelled"}
        bare.say(*[Cancel("never")] * 100)
        assert [answer.code for answer in bare.hear_all() if isinstance(answer, Error)] == ["unknown_job"] * 100
    after = status(link).counters
    assert (after.accepted - before.accepted, after.cancelled - before.cancelled) == (1, 1)
    figure(submits=100, cancels=300, generations=after.accepted - before.accepted)


def test_11_cancel_at_random_times(link: Client, scale: Scale, figure: Figure, slack: float) -> None:
    """In the queue, in the prefill, while it writes, and at the last token."""
    chance, count = random.Random(11), scale(80, 1_000)
    took: list[float] = []
    late = ended_before = 0
    states = {"queued": 0, "prefill": 0, "decode": 0}
    for number in range(count):
        request = script("tokens=20", "delay=0.002", "prefill=0.03", f"mark=m{number}")
        jobs = [link.submit(request) for _ in range(2)]  # the second one waits
        until(link, Accepted, jobs[1])
        time.sleep(chance.uniform(0.0, 0.09))
        victim = jobs[number % 2]
        began = time.monotonic()
        link.cancel(victim)
        got = until(link, ENDS, victim)
        finished = finish(got[-1])
        if finished == "cancelled":
            took.append(time.monotonic() - began)
            written = text_of(got, victim)
            states["queued" if number % 2 and not written else "decode" if written else "prefill"] += 1
        else:
            ended_before += 1
        other = jobs[1 - number % 2]
        link.cancel(other)
        over = any(isinstance(message, ENDS) and message.job == other for message in got)
        rest = [] if over else until(link, ENDS, other)
        late += sum(isinstance(message, Delta) and message.job == victim for message in rest)
    link.inbox.extend(link.wait(0.3))
    late += sum(isinstance(message, Delta) for message in link.inbox)
    p99 = percentile(took, 0.99)
    figure(cancels=count, p50_ms=round(1e3 * percentile(took, 0.5), 1), p99_ms=round(1e3 * p99, 1),
           most_ms=round(1e3 * max(took), 1), had_ended=ended_before, late_deltas=late, **states)  # fmt: skip
    assert late == 0 and p99 < 0.1 * slack and min(states.values()) > 0


def test_12_slow_reader(shared_backend: Backend, link: Client, scale: Scale, figure: Figure, slack: float) -> None:
    seconds = scale(4, 60)
    tokens = 600 * seconds  # for more than these seconds, at 2 ms each

    def first_texts() -> float:
        took = []
        for _ in range(scale(5, 30)):
            began = time.monotonic()
            job = link.submit(script("tokens=2"))
            until(link, Delta, job)
            took.append(time.monotonic() - began)
            until(link, ENDS, job)
        return percentile(took, 0.5)

    first_texts()
    usual = first_texts()
    broker = shared_backend.process.pid
    before = memory(broker)
    with Bare(shared_backend.connection()) as slow:
        slow.say(Hello("slow"))
        assert isinstance(slow.hear(), Welcome)
        slow.say(Submit("slow", script(f"tokens={tokens}", "delay=0.002", "size=24")))
        got, seq, over = "", 0, False

        def read(wait: float) -> None:
            nonlocal got, seq, over
            message = slow.hear(wait)
            if isinstance(message, Delta):
                assert message.seq == seq + 1
                seq, got = message.seq, got + message.text
                slow.say(Credit(cost(message.text)))
            assert not isinstance(message, Error), message
            over = isinstance(message, Done)

        for _ in range(seconds):
            turn = time.monotonic() + 1.0
            read(1.0)
            assert not over, "slower than the text is made"
            time.sleep(max(0.0, turn - time.monotonic()))
        grown = memory(broker) - before
        while not over:  # and now as fast as it can
            read(60)
        after = first_texts()
    lost = len(text(tokens, 24)) - len(got)
    figure(seconds=seconds, bytes=len(got), lost=lost, deltas=seq, grown_mb=round(grown / 1e6, 2),
           first_text_ms=round(1e3 * usual, 1), first_text_after_ms=round(1e3 * after, 1))  # fmt: skip
    assert got == text(tokens, 24) and grown < 2e6 + 2 * len(got)


def test_12_slow_reader_holds_up_nobody(start: Callable[..., Backend], scale: Scale, figure: Figure) -> None:
    """Others' first text, while a client that reads nothing has a job whose text is all there."""
    backend = start().wait_up()
    with backend.link() as link, Bare(backend.connection()) as deaf:

        def first_texts(count: int) -> float:
            took = []
            for _ in range(count):
                began = time.monotonic()
                job = link.submit(script("tokens=2"))
                until(link, Delta, job)
                took.append(time.monotonic() - began)
                until(link, ENDS, job)
            return percentile(took, 0.5)

        count = scale(15, 300)
        first_texts(count)
        usual = first_texts(count)
        deaf.say(Hello("deaf"), *[Submit(f"deaf{n}", script("tokens=4000", "size=100")) for n in range(4)])
        job = link.submit(script("tokens=1"))
        until(link, ENDS, job)
        with_deaf = first_texts(count)
        figure(first_text_ms=round(1e3 * usual, 2), with_a_deaf_client_ms=round(1e3 * with_deaf, 2))
        assert with_deaf < 3 * usual


def test_14_full_queue(start: Callable[..., Backend], figure: Figure, slack: float) -> None:
    backend = start().wait_up()
    long = script("tokens=100000", "delay=0.01")
    links = [backend.link(f"c{n}") for n in range(4)]
    took: list[float] = []

    def refused(link: Client) -> Error:
        began = time.monotonic()
        job = link.submit(long)
        answer = until(link, (Accepted, *ENDS), job)[-1]
        took.append(time.monotonic() - began)
        assert isinstance(answer, Error) and answer.code == "busy" and answer.retryable, answer
        return answer

    try:
        first = links[0].submit(long)
        until(links[0], Delta, first)
        waiting: list[tuple[Client, str]] = []
        for _ in range(MAX_QUEUED_LANE):
            waiting.append((links[0], links[0].submit(long)))
            until(links[0], Accepted, waiting[-1][1])
        assert f"You have {MAX_QUEUED_LANE} jobs" in refused(links[0]).sentence
        for number in range(MAX_QUEUED - MAX_QUEUED_LANE):
            link = links[1 + number % 3]
            waiting.append((link, link.submit(long)))
            until(link, Accepted, waiting[-1][1])
        assert f"full ({MAX_QUEUED} jobs)" in refused(links[3]).sentence
        told = status(links[3])
        assert told.queued == MAX_QUEUED and told.counters.refused == 2
        for link, job in waiting:
            link.cancel(job)
        ends = [finish(until(link, ENDS, job)[-1]) for link, job in waiting]
        assert ends == ["cancelled"] * MAX_QUEUED
        links[0].cancel(first)
        assert finish(until(links[0], ENDS, first)[-1]) == "cancelled"
    finally:
        for link in links:
            link.close()
    figure(queue=MAX_QUEUED, of_one_client=MAX_QUEUED_LANE, busy_ms=[round(1e3 * each, 1) for each in took], dropped=0)
    assert max(took) < 0.1 * slack


def test_30_frames_and_latency(link: Client, scale: Scale, figure: Figure, slack: float) -> None:
    """500 tokens a second, each with the time at which the engine wrote it."""
    tokens = 500 * scale(2, 60)
    link.submit(script(f"tokens={tokens}", "delay=0.00185", "mark=clock"))
    frames, delays = [], []
    got = ""
    while True:
        messages = list(link.inbox) or link.wait(0.5)
        link.inbox.clear()
        now = time.monotonic()
        ended = False
        for message in messages:
            if isinstance(message, Delta):
                frames.append(now)
                got += message.text
                delays += [now - float(line.rsplit(" ", 1)[1]) for line in message.text.splitlines()]
            ended |= isinstance(message, ENDS)
        if ended:
            break
    took = frames[-1] - frames[0]
    rate, p99 = (len(frames) - 1) / took, percentile(delays, 0.99)
    figure(tokens_per_second=round(tokens / took), frames_per_second=round(rate, 1), lines=got.count("\n"),
           p50_ms=round(1e3 * percentile(delays, 0.5), 1), p99_ms=round(1e3 * p99, 1))  # fmt: skip
    assert got.count("\n") == tokens and rate <= 60 and p99 < 0.025 * slack
