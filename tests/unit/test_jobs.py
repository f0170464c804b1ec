from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend.serve.jobs import DELTA_INTERVAL, MAX_CREDIT, Account, FairQueue, Job, Stream
from meshscribe.shared.frames import cost
from meshscribe.shared.messages import Delta, Done, Error, Snapshot
from meshscribe.shared.tasks import MAX_TEXT, Generate, Outcome

REQUEST = Generate(prompt="a chair")
CLIENTS = st.sampled_from("abcd")


@given(st.lists(CLIENTS, max_size=32))
def test_queue_is_fifo_for_a_client_and_fair_between_clients(clients: list[str]) -> None:
    queue = FairQueue(limit=32, lane_limit=32)
    for number, client in enumerate(clients):
        queue.push(client, f"{client}{number}")
    foreseen = list(queue)
    ran = [popped(queue) for _ in clients]
    assert ran == foreseen and popped(queue) is None and len(queue) == 0
    for client in set(clients):
        mine = [job for job in ran if job and job[0] == client]
        assert mine == [f"{c}{n}" for n, c in enumerate(clients) if c == client]
    waiting = {client: clients.count(client) for client in set(clients)}
    for turn, job in enumerate(ran):  # between two jobs of one client, all others that wait get one
        assert job
        waiting[job[0]] -= 1
        between = [j[0] for j in ran[turn + 1 :] if j]
        between = between[: between.index(job[0])] if job[0] in between else []
        if job[0] in [j[0] for j in ran[turn + 1 :] if j]:
            assert {client for client, left in waiting.items() if left and client != job[0]} <= set(between)


@given(st.lists(st.tuples(st.sampled_from(["push", "pop", "remove"]), CLIENTS, st.integers(0, 40)), max_size=120))
def test_queue_keeps_its_limits_and_loses_nothing(steps: list[tuple[str, str, int]]) -> None:
    queue, waiting = FairQueue(limit=6, lane_limit=3), set[str]()
    for number, (step, client, pick) in enumerate(steps):
        if step == "push":
            refused = queue.refuses(client)
            mine = sum(job[0] == client for job in waiting)
            assert bool(refused) == (len(waiting) >= 6 or mine >= 3)
            if not refused:
                queue.push(client, f"{client}{number}")
                waiting.add(f"{client}{number}")
        elif step == "pop":
            job = popped(queue)
            assert (job is None) == (not waiting)
            waiting.discard(job or "")
        else:
            job = sorted(waiting)[pick % len(waiting)] if waiting else "none"
            assert queue.remove(job) == (job in waiting)
            waiting.discard(job)
        assert set(queue) == waiting and len(queue) == len(waiting)


@given(
    st.lists(st.tuples(st.text("vf 1é🪑", max_size=30), st.floats(0, 0.1), st.integers(0, 3_000)), max_size=60),
    st.integers(0, 4_000),
)
def test_text_arrives_whole_whatever_the_credit(steps: list[tuple[str, float, int]], credit: int) -> None:
    job, stream, account, now = Job("j", "c", REQUEST), Stream(), Account(credit), 100.0
    got: list[tuple[float, Delta]] = []
    for text, wait, grant in steps:
        job.append(text, 1)
        if grant:
            account.grant(grant)
        now += wait
        before = account.credit
        piece = job.piece(stream, account, now)
        if piece is not None:
            assert isinstance(piece, Delta) and before > 0 and account.credit == before - cost(piece.text)
            got.append((now, piece))
    for (earlier, _), (later, _) in zip(got, got[1:], strict=False):
        assert later - earlier >= DELTA_INTERVAL * 0.999
    assert [delta.seq for _, delta in got] == list(range(1, len(got) + 1))
    job.end(Outcome(finish="stop"))
    account.grant(MAX_CREDIT)
    assert job.pending(stream) == (job.ending(stream) is None)
    if (rest := job.piece(stream, account, now)) is not None:
        got.append((now, rest))  # type: ignore[arg-type]
    assert "".join(delta.text for _, delta in got) == job.text == "".join(text for text, _, _ in steps)
    end = job.ending(stream)
    assert isinstance(end, Done) and end.seq == len(got)


def popped(queue: FairQueue) -> str | None:
    """The next job, which is to run."""
    if (job := next(iter(queue), None)) is not None:
        queue.take(job)
    return job


def test_resumed_stream_begins_with_a_snapshot_even_if_empty() -> None:
    job, account = Job("j", "c", REQUEST), Account(1_000_000)
    stream = Stream(fresh=True)
    assert job.piece(stream, account, 0.0) == Snapshot("j", 0, "", "queued")
    job.append("v 1 2 3\n", 4)
    assert job.piece(stream, account, 1.0) == Delta("j", 1, "v 1 2 3\n", 4)
    job.end(Error("internal", "No.", "j"))
    assert job.ending(stream) == Error("internal", "No.", "j")


def test_text_of_a_job_is_bounded() -> None:
    job = Job("j", "c", REQUEST)
    assert len(job.append("x" * (MAX_TEXT - 1), 1)) == MAX_TEXT - 1
    assert job.append("yz", 2) == "y" and len(job.text) == MAX_TEXT


def test_credit_cannot_pile_up() -> None:
    account = Account(0)
    for _ in range(5):
        account.grant(MAX_CREDIT)
    assert account.credit == MAX_CREDIT
