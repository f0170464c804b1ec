"""Several workers through a real broker: 32 jobs from 8 clients over two of them and a server with the OpenAI
interface, whose engines write at a chosen rate."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from backends import ENDS, Backend, error_of, script, text_of, until
from script_engine import text

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from faulty_server import Answer, Asked, FaultyServer, event  # noqa: E402

from meshscribe.backend.engines.servers import Abilities, remember  # noqa: E402
from meshscribe.shared.messages import Delta, Done, Error, Status, StatusReply, Welcome  # noqa: E402
from meshscribe.shared.servers import made, save  # noqa: E402
from meshscribe.shared.tasks import Generate  # noqa: E402

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]
Start = Callable[..., Backend]
CLIENTS, EACH = 8, 4  # jobs of each client
LINES, PAUSE = 40, 0.02  # of an answer, seconds before each: 50 tokens a second
AT_ONCE = 8  # that the server takes


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path / "home"))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[FaultyServer]:
    """A server that writes a mesh, and says that it takes AT_ONCE."""
    server = FaultyServer()
    server.answers["studio"] = slowly
    home = tmp_path / "home"
    save(home, {"studio": made(server.url("studio"), model="m")})
    found = Abilities(url=server.url("studio"), model="m", family="llama-mesh", raw=True, rows=AT_ONCE)
    remember(home, "studio", found)
    yield server
    server.close()


def slowly(asked: Asked, number: int) -> Answer:
    def body() -> Iterator[bytes | float]:
        for line in mesh():
            yield PAUSE
            yield event(line)
        yield event("", "stop")
        yield b"data: [DONE]\n\n"

    return Answer(body=body())


def mesh() -> list[str]:
    """A fan of LINES lines."""
    corners = [f"v {i} {i * i % 64} 0\n" for i in range(LINES // 2 + 1)]
    return [*corners, *(f"f 1 {i + 2} {i + 3}\n" for i in range(LINES - len(corners)))]


def one(kind: str, number: int) -> Generate:
    if kind == "studio":
        return Generate(prompt=f"a fan {number}", model="studio", seed=number)
    return script(f"tokens={LINES}", f"delay={PAUSE}", seed=number)


def run(backend: Backend, kinds: list[str]) -> tuple[dict[str, list[float]], float]:
    """Each client asks for its jobs at once; when each ended, by client, and when all had."""
    links = [backend.link(f"client {number}") for number in range(CLIENTS)]
    for link in links:
        until(link, Welcome)
    began = time.monotonic()
    jobs = {}
    for number in range(EACH):
        for client, link in enumerate(links):
            kind = kinds[(number + client) % len(kinds)]
            jobs[link.submit(one(kind, number))] = client, kind
    ended: dict[str, list[float]] = {f"client {number}": [] for number in range(CLIENTS)}
    texts: Counter[str] = Counter()
    open_jobs = dict(jobs)
    said: dict[str, str] = dict.fromkeys(jobs, "")
    while open_jobs:
        for link in links:
            for message in link.wait(0.005):
                assert not isinstance(message, Error), message
                if isinstance(message, Delta):
                    said[message.job] += message.text
                elif isinstance(message, Done):
                    client, kind = open_jobs.pop(message.job)
                    assert said[message.job] == ("".join(mesh()) if kind == "studio" else text(LINES))
                    texts[kind] += 1
                    ended[f"client {client}"].append(time.monotonic() - began)
    for link in links:
        link.close()
    assert texts.total() == CLIENTS * EACH
    return ended, time.monotonic() - began


def fairness(ended: dict[str, list[float]]) -> float:
    """Jain's index of how soon the clients' first jobs were done: 1 is even."""
    speeds = [1 / times[0] for times in ended.values()]
    return sum(speeds) ** 2 / (len(speeds) * sum(speed * speed for speed in speeds))


# A worker for tests that asks servers too: the script engine for its own models, else what a real worker opens.
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
import script_engine
from meshscribe.backend import worker
from meshscribe.backend.engines.open import open_engine
def opened(model, progress):
    return script_engine.open_engine(model, progress) if model == "script" else open_engine(model, progress)
sys.exit(worker.run(opened))
"""
COMMAND = [sys.executable, "-c", WORKER, str(Path(__file__).parent)]


def test_32_jobs_from_8_clients_over_two_workers_and_a_server(start: Start, studio: FaultyServer):
    """None is lost, no client waits until another has all, and what two workers and a server do together takes less
    time than one worker takes. `pytest -s` shows the figures."""
    alone = start(worker=COMMAND, workers=1).wait_up()
    warm(alone, ["script"])
    ended, one_worker = run(alone, ["script"])
    alone.end()
    together = start(worker=COMMAND, workers=2).wait_up()
    warm(together, ["script", "script", "studio"])
    ended, all_of_them = run(together, ["script", "studio"])
    assert {client: len(times) for client, times in ended.items()} == {f"client {i}": EACH for i in range(CLIENTS)}
    assert len(studio.asked) >= CLIENTS * EACH // 2
    with together.link() as link:
        link.send(Status())
        status = until(link, StatusReply)[-1]
    assert isinstance(status, StatusReply) and len(status.workers) == 3
    assert status.workers[2].model == "studio" and {each.model for each in status.workers[:2]} == {"script"}
    print(f"\n{CLIENTS * EACH} jobs: one worker {one_worker:.1f} s, two and a server {all_of_them:.1f} s")
    print(f"fairness {fairness(ended):.3f}; last of each client {sorted(round(max(t), 1) for t in ended.values())}")
    halfway = sorted(sum(ended.values(), []))[CLIENTS * EACH // 2]
    done = [sum(time <= halfway for time in times) for times in ended.values()]
    print(f"halfway they have {sorted(done)} of {EACH}")
    assert min(done) >= 1 and fairness(ended) > 0.8 and all_of_them < one_worker


def warm(backend: Backend, kinds: list[str]) -> None:
    """Each worker has its model."""
    with backend.link("warm") as link:
        left = {link.submit(one(kind, 0)) for kind in kinds}
        while left:
            done = until(link, ENDS, timeout=60)[-1]
            assert isinstance(done, Done), done
            left.discard(done.job)


def test_a_worker_that_dies_costs_its_own_job_alone(start: Start) -> None:
    backend = start(workers=2).wait_up()
    with backend.link() as link:
        jobs = [link.submit(script("tokens=300", "delay=0.01")) for _ in range(2)]
        for job in jobs:
            until(link, Delta, job)  # each has begun
        link.send(Status())
        status = until(link, StatusReply)[-1]
        assert isinstance(status, StatusReply)
        os.kill(status.workers[0].pid, signal.SIGKILL)
        ends = [until(link, ENDS)[-1] for _ in jobs]
        assert sorted(type(message).__name__ for message in ends) == ["Done", "Error"]
        again = link.submit(script("tokens=3"))
        assert text_of(until(link, ENDS, again), again) == text(3)


def test_a_server_that_is_down_is_a_sentence_while_this_machine_works(start: Start, tmp_path: Path) -> None:
    save(tmp_path / "home", {"studio": made("http://127.0.0.1:9/v1", model="m")})
    backend = start(worker=COMMAND).wait_up()
    with backend.link() as link:
        there, here = link.submit(one("studio", 0)), link.submit(one("script", 0))
        got = until(link, ENDS, here, timeout=60)
        assert text_of(got, here) == text(LINES)
        failed = [message for message in got if isinstance(message, Error)]
        if not failed:
            failed = [error_of(until(link, ENDS, there, timeout=60))]
        assert failed[0].job == there and "cannot be reached" in failed[0].sentence


def test_each_worker_has_its_card(start: Start, tmp_path: Path) -> None:
    """As the environment of its process tells it."""
    if not Path("/proc").is_dir():
        pytest.skip("the environment of a process is read from /proc")
    backend = start(workers=2, environment={"CUDA_VISIBLE_DEVICES": "2,5"}).wait_up()
    with backend.link() as link:
        until_ready = time.monotonic() + 20
        while True:
            link.send(Status())
            status = until(link, StatusReply)[-1]
            assert isinstance(status, StatusReply) and time.monotonic() < until_ready
            if all(worker.state == "ready" for worker in status.workers):
                break
    told = [Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0") for worker in status.workers]
    assert [[word for word in words if word.startswith(b"CUDA_V")] for words in told] == [
        [b"CUDA_VISIBLE_DEVICES=2"],
        [b"CUDA_VISIBLE_DEVICES=5"],
    ]
