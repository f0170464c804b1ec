"""Test 15: the way between a client and the broker is bad. The text has to be the same to the byte."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from backends import ENDS, Backend, Client, script, text_of, until
from msgspec.structs import replace
from proxy import Proxy, Weather
from script_engine import text

from meshscribe.shared.messages import Done, FromBroker, Welcome

pytestmark = pytest.mark.timeout(300)
Figure = Callable[..., None]
Scale = Callable[[int, int], int]


@pytest.fixture
def proxy(shared_backend: Backend) -> Iterator[Proxy]:
    proxy = Proxy(int(shared_backend.connection().endpoint.rsplit(":", 1)[1]))
    yield proxy
    proxy.close()


def far(backend: Backend, proxy: Proxy) -> Client:
    return Client(replace(backend.connection(), endpoint=f"tcp://127.0.0.1:{proxy.port}", pid=0), "far")


WEATHERS = {
    "200 ms latency": Weather(latency=0.2),
    "10 % of the chunks cut the line": Weather(reset=0.1),
    "1 kB/s": Weather(rate=1_000),
    "a byte at a time": Weather(split=True),
}


@pytest.mark.parametrize("name", WEATHERS)
def test_15_bad_line(name: str, shared_backend: Backend, proxy: Proxy, figure: Figure, scale: Scale) -> None:
    tokens = scale(150, 1_500) if name != "1 kB/s" else scale(100, 400)
    with far(shared_backend, proxy) as link:
        until(link, Welcome)
        proxy.weather = WEATHERS[name]
        began = time.monotonic()
        job = link.submit(script(f"tokens={tokens}", "delay=0.002"))
        got = until(link, ENDS, job, timeout=200)
        took = time.monotonic() - began
        proxy.weather = Weather()
    assert isinstance(got[-1], Done) and got[-1].outcome.finish == "stop"
    assert text_of(got, job) == text(tokens)
    figure(line=name, bytes=len(text(tokens)), seconds=round(took, 1), resets=proxy.resets, differences=0)


def test_15_partition(shared_backend: Backend, proxy: Proxy, figure: Figure) -> None:
    """For five seconds nothing passes, in the middle of a job; nobody closes the line."""
    tokens = 1_500
    with far(shared_backend, proxy) as link:
        job = link.submit(script(f"tokens={tokens}", "delay=0.004"))
        got: list[FromBroker] = until(link, Welcome)
        while len(text_of(got, job)) < 1_000:
            got += link.wait(0.5)
        proxy.weather = Weather(silent=True)
        began = time.monotonic()
        while time.monotonic() - began < 5.0:
            got += link.wait(0.1)
        proxy.weather = Weather()
        healed = time.monotonic()
        link.inbox.extend(got)
        got = until(link, ENDS, job, timeout=60)
        took = time.monotonic() - healed
    assert isinstance(got[-1], Done) and text_of(got, job) == text(tokens)
    figure(partition_s=5, whole_after_s=round(took, 1), bytes=len(text(tokens)), differences=0)


def test_15_long_text_over_a_slow_line(shared_backend: Backend, proxy: Proxy, figure: Figure, scale: Scale) -> None:
    """All at once: more text than passes between two signs of life, so that it has to come in pieces and to go on where
    it was after every cut."""
    tokens = scale(800, 6_000)
    with far(shared_backend, proxy) as link:
        until(link, Welcome)
        proxy.weather = Weather(rate=scale(2_000, 4_000), reset=0.01)
        began = time.monotonic()
        job = link.submit(script(f"tokens={tokens}"))
        got = until(link, ENDS, job, timeout=200)
        took = time.monotonic() - began
    assert text_of(got, job) == text(tokens)
    figure(bytes=len(text(tokens)), seconds=round(took, 1), resets=proxy.resets, differences=0)
