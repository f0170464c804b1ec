from __future__ import annotations

import pytest

from meshscribe.backend.serve.orders import FromWorker, Output, Ready
from meshscribe.backend.serve.watchdog import CALLED, LOADING, PING, READING, SILENT, SLOWNESS, WRITING, Watchdog
from meshscribe.shared.messages import Pong, Progress

LOAD, PREFILL, TEXT = Progress("j", "load", 1, 2), Progress("j", "prefill", 1, 2), Output("j", "v 1 2 3\n", 8)


def silent_for(dog: Watchdog, start: float, step: float = 0.25) -> float:
    """After how many seconds of silence it barks."""
    now = start
    while dog.wedged(now) is None:
        now += step
        assert now < start + 1_000, "it never does"
    return now - start


@pytest.mark.parametrize(
    "signs, limit",
    [([], CALLED), ([Pong()], LOADING), ([Pong(), LOAD], LOADING), ([Pong(), LOAD, Ready(1, "m")], READING),
     ([Pong(), PREFILL], READING), ([Pong(), PREFILL, TEXT], WRITING), ([Pong(), TEXT, PREFILL], WRITING)],
)  # fmt: skip
def test_patience_depends_on_what_the_worker_does(signs: list[FromWorker], limit: float) -> None:
    dog = Watchdog()
    dog.call(100.0)
    for sign in signs:
        dog.hear(sign, 100.0)
    assert limit < silent_for(dog, 100.0) <= limit + 0.5


def test_signs_keep_it_quiet_and_a_slow_model_gets_more_time() -> None:
    dog = Watchdog()
    dog.call(0.0)
    dog.hear(TEXT, 0.0)
    now = 0.0
    for _ in range(20):  # five seconds a pass: slow, but it works
        for _ in range(5):
            now += 1.0
            assert dog.wedged(now) is None
        dog.hear(TEXT, now)
    assert dog.quiet(now + 2) == 2.0
    assert SLOWNESS * 5.0 < silent_for(dog, now) <= SLOWNESS * 5.0 + 0.5
    dog.renew()
    dog.call(now)
    dog.hear(TEXT, now)
    assert silent_for(dog, now) <= WRITING + 0.5  # of another worker nothing is known


def test_answers_without_text_are_not_enough() -> None:
    dog = Watchdog()
    dog.call(0.0)
    dog.hear(TEXT, 0.0)
    now = 0.0
    while dog.wedged(now) is None:
        now += 1.0
        dog.hear(Pong(), now)
    assert SILENT < now <= SILENT + 2


def test_it_rests_between_orders_and_asks_while_there_is_one() -> None:
    dog = Watchdog()
    assert not dog.ask(0.0) and dog.wedged(1_000.0) is None and dog.quiet(5.0) == 0.0
    dog.call(10.0)
    assert dog.ask(10.0) and not dog.ask(10.0 + PING / 2) and dog.ask(10.0 + PING)
    dog.rest()
    assert not dog.ask(50.0) and dog.wedged(1_000.0) is None


def test_own_sleep_is_not_the_workers_silence() -> None:
    dog = Watchdog()
    dog.call(0.0)
    dog.hear(TEXT, 0.0)
    assert dog.wedged(0.5) is None
    assert dog.wedged(3_600.0) is None  # this machine was suspended for an hour
    assert WRITING - 1 < silent_for(dog, 3_600.0) <= WRITING + 0.5
