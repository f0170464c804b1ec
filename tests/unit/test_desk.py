"""Desk and Dispatch against the clients' own Ledger, without sockets: what is promised must hold for any
order of events."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace as copy

import pytest

from meshscribe.backend.serve import clients as clients_module
from meshscribe.backend.serve import desk as desk_module
from meshscribe.backend.serve.clients import MAX_GUEST_CLIENTS, SILENCE
from meshscribe.backend.serve.delivery import GRACE, Delivery
from meshscribe.backend.serve.desk import Desk
from meshscribe.backend.serve.dispatch import PATIENCE, Dispatch
from meshscribe.backend.serve.duty import STUCK, Duty
from meshscribe.backend.serve.jobs import MAX_QUEUED_LANE, Job
from meshscribe.backend.serve.orders import Abort, Failed, Finished, Output, Preload, Ready, Start
from meshscribe.backend.serve.supervisor import GONE
from meshscribe.backend.serve.watchdog import WRITING
from meshscribe.shared.frames import encode
from meshscribe.shared.ledger import Ledger
from meshscribe.shared.messages import (
    Accepted,
    Bye,
    Cancel,
    Credit,
    Delta,
    Done,
    Download,
    Error,
    FromBroker,
    FromClient,
    Hello,
    Jobs,
    JobsReply,
    Load,
    Message,
    Models,
    ModelsReply,
    Ping,
    Pong,
    Progress,
    Resume,
    Shutdown,
    Snapshot,
    Status,
    StatusReply,
    StopDownload,
    Submit,
    Unload,
    Welcome,
    WhoAreYou,
)
from meshscribe.shared.reports import JobEntry, ModelEntry
from meshscribe.shared.tasks import Generate, Outcome

CHAIR = Generate(prompt="a chair")
STARTER = ModelEntry(name="starter")


def entry(id: str) -> JobEntry:
    return JobEntry(job=id, state="queued", task="generate")


class Memory:
    """A journal without a disk."""

    def __init__(self) -> None:
        self.rows: dict[str, Job] = {}

    def accept(self, job: Job) -> None:
        self.rows[job.id] = copy(job, streams={})

    def start(self, job: Job) -> None:
        self.rows[job.id].state = "running"

    def append(self, job: Job, text: str) -> None:
        self.rows[job.id].text += text

    def finish(self, job: Job) -> None:
        self.rows[job.id] = copy(job, streams={})

    def newest(self, count: int, guest: str) -> list[JobEntry]:
        return [entry(id) for id, job in self.rows.items() if not guest or job.guest == guest]

    def find(self, id: str) -> Job | None:
        return copy(self.rows[id], streams={}) if id in self.rows else None


class Room:
    """A desk with a clock that tests move; `say` is a client's message and returns what the desk answers at
    once."""

    def __init__(self) -> None:
        self.journal = Memory()
        self.dispatch = Dispatch(self.journal)  # type: ignore[arg-type]
        self.delivery = Delivery(self.dispatch)
        self.desk = Desk(self.dispatch, self.delivery, StatusReply("s", app="1"), lambda: [STARTER], now=100.0)
        self.now = 100.0

    def say(self, route: str, *messages: Message) -> list[FromBroker]:
        for message in messages:
            self.desk.receive(route.encode(), encode(message), self.now)
        return self.hear(route)

    def say_as(self, guest: str, route: str, *messages: Message) -> list[FromBroker]:
        for message in messages:
            self.desk.receive(route.encode(), encode(message), self.now, guest)
        return self.hear(route)

    def hear(self, route: str) -> list[FromBroker]:
        self.delivery.flush(self.now)
        mine = [message for to, message in self.delivery.out if to == route.encode()]
        self.delivery.out = [(to, message) for to, message in self.delivery.out if to != route.encode()]
        return mine

    def orders(self) -> list[Message]:
        self.dispatch.next(self.now)
        orders: list[Message] = [order for order in self.duty.orders if order != Ping()]
        self.duty.orders.clear()
        return orders

    @property
    def duty(self) -> Duty:
        return self.dispatch.duties[0]

    def worker(self, message: Message) -> None:
        self.dispatch.take(self.duty, message, self.now)  # type: ignore[arg-type]


@pytest.fixture
def room() -> Room:
    room = Room()
    assert isinstance(room.say("r", Hello("c"))[0], Welcome)
    return room


def test_job_from_submit_to_done(room: Room) -> None:
    assert room.say("r", Submit("j", CHAIR)) == [Accepted("j", 0)]
    assert room.orders() == [Start("j", CHAIR)]
    assert room.hear("r") == [Progress("j", "running")]
    room.worker(Progress("j", "prefill", 1, 2))
    room.worker(Output("j", "v 1 2 3\n", 8))
    assert room.hear("r") == [Progress("j", "prefill", 1, 2), Delta("j", 1, "v 1 2 3\n", 8)]
    room.worker(Output("j", "v 4 5 6\n", 16))
    assert room.hear("r") == [] and 0 < (room.delivery.due(room.now) or 0) < 0.03
    room.worker(Finished("j", Outcome(finish="stop")))
    assert room.hear("r") == [Delta("j", 2, "v 4 5 6\n", 16), Done("j", 2, Outcome(finish="stop"))]
    assert not room.dispatch.jobs and room.delivery.due(room.now) is None and room.orders() == []


def test_submit_is_idempotent_in_every_state(room: Room) -> None:
    assert room.say("r", *[Submit("j", CHAIR)] * 100) == [Accepted("j", 0)] * 100
    assert room.orders() == [Start("j", CHAIR)] and room.orders() == []
    room.worker(Output("j", "abc", 1))
    assert room.say("r", Submit("j", CHAIR))[0] == Accepted("j", 0)
    room.worker(Finished("j", Outcome(finish="stop")))
    room.hear("r")
    again = room.say("r", Submit("j", CHAIR))
    assert again == [
        Accepted("j", 0),
        Snapshot("j", 0, "abc", "done", 1),
        Done("j", 0, Outcome(finish="stop")),
    ]
    assert room.orders() == []


def test_cancel_in_every_state(room: Room) -> None:
    room.say("r", Submit("running", CHAIR), Submit("waiting", CHAIR))
    assert room.orders() == [Start("running", CHAIR)]
    room.hear("r")
    cancelled = Outcome(finish="cancelled", model="starter")
    assert room.say("r", Cancel("waiting")) == [Done("waiting", 0, cancelled)]
    assert room.say("r", *[Cancel("running")] * 3) == []
    assert room.orders() == [Abort("running")]
    room.worker(Finished("running", Outcome(finish="cancelled", tokens=3)))
    end = [Done("running", 0, Outcome(finish="cancelled", tokens=3))]
    assert room.hear("r") == end and room.say("r", Cancel("running")) == end
    (unknown,) = room.say("r", Cancel("never"))
    assert isinstance(unknown, Error) and unknown.code == "unknown_job" and unknown.job == "never"


def test_worker_that_does_not_heed_a_cancel_holds_nobody_up(room: Room) -> None:
    room.say("r", Submit("j", CHAIR), Submit("next", CHAIR))
    room.orders()
    room.worker(Output("j", "abc", 1))
    room.hear("r")
    room.say("r", Cancel("j"))
    room.now += PATIENCE + 0.1
    assert not room.dispatch.watch(room.now)
    assert [type(message) for message in room.hear("r")] == [Done]
    room.worker(Output("j", "late", 2))
    assert room.hear("r") == [] and room.orders() == [Abort("j")]  # "next" waits: the worker is not free yet
    room.now += STUCK
    assert room.dispatch.watch(room.now)
    room.dispatch.worker_gone(room.duty, Error("engine_dead", GONE, retryable=True), room.now)
    assert room.orders() == [Start("next", CHAIR)]
    room.worker(Finished("j", Outcome(finish="stop")))  # of the job that was given up
    assert set(room.duty.jobs) == {"next"}


def test_dead_worker_fails_its_job_and_the_next_one_runs(room: Room) -> None:
    room.say("r", Submit("j", CHAIR), Submit("k", CHAIR))
    room.orders()
    room.worker(Output("j", "abc", 1))
    room.dispatch.worker_gone(room.duty, Error("engine_dead", GONE, retryable=True), room.now)
    error = room.hear("r")[-1]
    assert isinstance(error, Error) and error.code == "engine_dead" and error.job == "j" and error.retryable
    assert room.orders() == [Start("k", CHAIR)]
    room.worker(Failed("out_of_memory", "No.", "k"))
    assert room.hear("r")[-1] == Error("out_of_memory", "No.", "k")
    room.say("r", Submit("l", CHAIR))
    room.dispatch.give_up("No engine.", room.now)
    assert room.hear("r")[-1] == Error("engine_dead", "No engine.", "l", retryable=True)


def test_full_queue_says_busy_and_keeps_its_promises(room: Room) -> None:
    room.say("r", Submit("running", CHAIR))
    room.orders()
    room.hear("r")
    answers = room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(MAX_QUEUED_LANE + 1)])
    assert answers[:-1] == [Accepted(f"j{n}", n) for n in range(MAX_QUEUED_LANE)]
    assert isinstance(answers[-1], Error) and answers[-1].code == "busy" and answers[-1].retryable
    room.worker(Finished("running", Outcome(finish="stop")))
    room.orders()
    moved = [m for m in room.hear("r") if isinstance(m, Progress) and m.phase == "queued"]
    assert [(m.job, m.total) for m in moved] == [(f"j{n}", n - 1) for n in range(1, MAX_QUEUED_LANE)]


def test_slow_client_gets_one_larger_delta_when_it_has_credit_again(room: Room) -> None:
    room.say("r", Submit("j", CHAIR))
    room.orders()
    room.desk.clients["c"].account.credit = 1
    for number in range(50):
        room.now += 0.1
        room.worker(Output("j", f"{number}\n", number))
        room.delivery.flush(room.now)
    got = [m for m in room.hear("r") if isinstance(m, Delta)]
    assert [m.text for m in got] == ["0\n"]
    room.worker(Finished("j", Outcome(finish="stop")))
    assert room.hear("r") == []  # not even Done: the text goes first
    rest = "".join(f"{number}\n" for number in range(1, 50))
    assert room.say("r", Credit(1 << 20)) == [Delta("j", 2, rest, 49), Done("j", 2, Outcome(finish="stop"))]


def test_client_that_does_not_read_cannot_pile_up_jobs(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MAX_STREAMS", 3)
    room.desk.clients["c"].account.credit = 0
    for number in range(4):
        room.say("r", Submit(f"j{number}", CHAIR))
        room.orders()
        room.worker(Output(f"j{number}", "abc", 1))
        room.worker(Finished(f"j{number}", Outcome(finish="stop")))
    assert len(room.dispatch.jobs) == 3
    (refused,) = [m for m in room.say("r", Resume("j3"), Resume("j0")) if isinstance(m, Error)]
    assert refused.code == "unknown_job"  # j3 was never accepted, and j0 may begin again


def test_another_client_may_read_a_job_whose_own_is_gone(room: Room) -> None:
    room.say("r", Submit("j", CHAIR))
    room.orders()
    room.worker(Output("j", "abc", 1))
    room.delivery.drop(b"r")
    room.worker(Output("j", "def", 2))
    room.say("s", Hello("d"))
    assert room.say("s", Resume("j")) == [Snapshot("j", 0, "abcdef", "running", 2)]
    room.worker(Finished("j", Outcome(finish="stop")))
    assert room.hear("s") == [Done("j", 0, Outcome(finish="stop"))]


def test_bye_cancels_what_is_not_detached(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR), Submit("c", CHAIR, detached=True))
    room.orders()
    room.say("r", Bye())
    assert room.orders() == [Abort("a")]
    room.worker(Finished("a", Outcome(finish="cancelled")))
    assert room.orders() == [Start("c", CHAIR)]
    assert room.journal.rows["b"].outcome == Outcome(finish="cancelled", model="starter")


def test_job_that_nobody_follows_has_some_grace(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR, detached=True), Submit("c", CHAIR))
    room.orders()
    room.delivery.drop(b"r")
    room.hear("r")
    room.now += GRACE - 1
    room.delivery.flush(room.now)
    assert room.orders() == []
    room.say("s", Hello("c"))
    assert Snapshot("a", 0, "", "running") in room.say("s", Resume("a"))
    room.now += 2
    assert room.hear("s") == [] and room.orders() == []  # "a" is followed again
    ended = {id: job.outcome and job.outcome.finish for id, job in room.journal.rows.items()}
    assert ended == {"a": None, "b": None, "c": "cancelled"}
    room.delivery.drop(b"s")
    room.delivery.flush(room.now)
    room.now += GRACE + 1
    room.delivery.flush(room.now)
    assert room.orders() == [Abort("a")]


def test_job_ends_at_its_limit_in_every_state(room: Room) -> None:
    room.say("r", Submit("a", CHAIR, limit=5.0), Submit("b", CHAIR, limit=5.0), Submit("c", CHAIR))
    room.orders()
    room.worker(Output("a", "abc", 1))
    room.hear("r")
    room.now += 4.9
    room.dispatch.watch(room.now)
    room.worker(Output("a", "def", 2))
    assert [m.text for m in room.hear("r") if isinstance(m, Delta)] == ["def"]
    room.now += 0.2
    assert not room.dispatch.watch(room.now)
    ends = [m for m in room.hear("r") if isinstance(m, Error)]
    assert [(m.job, m.code, m.retryable) for m in ends] == [("a", "deadline", True), ("b", "deadline", True)]
    assert "5 s" in ends[0].sentence and room.journal.rows["a"].text == "abcdef"
    assert room.orders() == [Abort("a")]
    room.worker(Finished("a", Outcome(finish="cancelled")))
    assert room.orders() == [Start("c", CHAIR)] and not room.hear("r")[1:]


def test_worker_that_stands_still_is_ended_and_its_job_told(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR))
    room.orders()
    room.worker(Output("a", "abc", 1))
    room.hear("r")
    for _ in range(12):
        room.now += 1.0
        stuck = room.dispatch.watch(room.now)
        if stuck:
            break
    assert stuck and WRITING < room.now - 100 <= 10
    (error,) = [m for m in room.hear("r") if isinstance(m, Error)]
    assert (error.job, error.code, error.retryable) == ("a", "engine_dead", True) and "stood still" in error.sentence
    assert room.orders() == []  # the worker is not gone yet
    room.dispatch.worker_gone(room.duty, Error("engine_dead", GONE, retryable=True), room.now)
    assert room.orders() == [Start("b", CHAIR)] and not room.dispatch.watch(room.now)
    room.worker(Finished("b", Outcome(finish="stop")))
    assert [m.job for m in room.hear("r") if isinstance(m, Error | Done)] == ["b"]


def test_guest_has_limits_and_sees_only_its_own(room: Room) -> None:
    room.say("r", Submit("own", CHAIR))
    room.say_as("anna", "g", Hello("g"))
    for message in (Shutdown(), Unload(), Download("starter"), StopDownload("starter")):
        (refused,) = room.say_as("anna", "g", message)
        assert isinstance(refused, Error) and refused.code == "not_allowed"
    assert not room.desk.stopping and not room.duty.unload
    for message in (Resume("own"), Cancel("own"), Submit("own", CHAIR)):
        (refused,) = room.say_as("anna", "g", message)
        assert isinstance(refused, Error) and refused.code in ("unknown_job", "bad_request")
    (refused,) = room.say_as("anna", "g", Submit("x", Generate(prompt="a chair", model="/etc")))
    assert isinstance(refused, Error) and refused.code == "unknown_model" and "starter" in refused.sentence
    assert room.say_as("anna", "g", Submit("hers", CHAIR)) == [Accepted("hers", 1)]
    assert room.say_as("anna", "g", Jobs()) == [JobsReply([entry("hers")])]
    (listed,) = room.say("r", Jobs())
    assert isinstance(listed, JobsReply) and {each.job for each in listed.jobs} == {"own", "hers"}
    (status,) = room.say_as("anna", "g", Status())
    assert isinstance(status, StatusReply) and status.clients == 2 and not status.connected
    for number in range(1, MAX_GUEST_CLIENTS):
        assert isinstance(room.say_as("anna", f"g{number}", Hello(f"g{number}"))[0], Welcome)
    (refused,) = room.say_as("anna", "h", Hello("h"))
    assert isinstance(refused, Error) and refused.code == "busy"
    (refused,) = room.say_as("anna", "h", Hello("c"))  # the id of somebody else
    assert isinstance(refused, Error) and room.say("r", Ping(1.0)) == [Pong(1.0)]
    jobs = [Submit(f"j{number}", CHAIR) for number in range(MAX_QUEUED_LANE)]
    for number, job in enumerate(jobs):  # a guest's clients share one place in the queue
        (answer,) = room.say_as("anna", f"g{number % 3 or ''}", job)
    assert isinstance(answer, Error) and answer.code == "busy"


def test_revoked_guest_is_gone_with_its_jobs(room: Room) -> None:
    room.say_as("anna", "g", Hello("g"))
    room.say_as("ben", "h", Hello("h"))
    room.say_as("anna", "g", Submit("a", CHAIR, detached=True), Submit("b", CHAIR))
    room.say_as("ben", "h", Submit("c", CHAIR))
    room.orders()
    room.hear("g")
    room.desk.revoke("anna", room.now)
    assert room.hear("g") == [] and room.orders() == [Abort("a")]
    assert room.say_as("anna", "g", Ping()) == [WhoAreYou()]
    room.worker(Finished("a", Outcome(finish="cancelled")))
    assert room.orders() == [Start("c", CHAIR)]


def test_error_of_a_message_that_cannot_be_read_names_its_job(room: Room) -> None:
    (error,) = room.say("r", Submit("j", Generate(prompt="x" * 20_001)))
    assert isinstance(error, Error) and (error.code, error.job) == ("bad_message", "j")


def test_counters_count(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR), Submit("c", CHAIR))
    room.orders()
    room.now += 2.0
    room.worker(Output("a", "abc", 5))
    room.worker(Finished("a", Outcome(finish="stop", tokens=5, seconds=0.5)))
    room.orders()
    room.say("r", Cancel("b"), Cancel("c"))
    room.now += 0.25
    room.worker(Finished("b", Outcome(finish="cancelled")))
    (status,) = [m for m in room.say("r", Status()) if isinstance(m, StatusReply)]
    told = status.counters
    assert (told.accepted, told.done, told.cancelled, told.failed, told.tokens) == (3, 1, 2, 0, 5)
    assert told.queue.count == 2 and told.queue.last == 2.0 and told.first_token.median == 2.0
    assert told.speed.last == 10.0 and sorted((told.cancel.median, told.cancel.last)) == [0.25, 0.25]
    assert [(each.name, each.guest) for each in status.connected] == [("", "")]


def test_load_is_told_to_those_who_asked(room: Room) -> None:
    room.say("s", Hello("d"))
    room.say("r", Load("starter"))
    assert room.orders() == [Preload("starter")]
    (status,) = room.say("r", Status())
    assert isinstance(status, StatusReply) and status.workers[0].state == "loading" and status.clients == 2
    room.worker(Progress(None, "load", 1, 2, "layers"))
    room.worker(Ready(1, "starter"))
    assert room.hear("r") == [Progress(None, "load", 1, 2, "layers"), Progress(phase="ready", unit="starter")]
    assert room.hear("s") == [] and room.duty.idle
    room.say("r", Load("no"))
    room.orders()
    room.worker(Failed("unknown_model", "No."))
    assert room.hear("r") == [Error("unknown_model", "No.")]


def test_what_is_no_job_is_refused_with_a_reason(room: Room) -> None:
    (empty,) = room.say("r", Submit("j", Generate(prompt="  ")))
    assert isinstance(empty, Error) and empty.code == "bad_request" and empty.job == "j"
    room.desk.receive(b"r", [b"what", b"is this"], room.now)
    room.desk.receive(b"r", [b"MS\x07\x00", b"\x80"], room.now)
    assert [m.code for m in room.hear("r") if isinstance(m, Error)] == ["bad_message", "version"]


def test_strangers_are_asked_who_they_are_and_silent_clients_are_forgotten(room: Room) -> None:
    assert room.say("x", Submit("j", CHAIR)) == [WhoAreYou()] and not room.dispatch.jobs
    assert room.say("r", Ping(5.0)) == [Pong(5.0)]
    room.say("s", Hello("d"))
    room.say("s", Submit("j", CHAIR))
    room.now += SILENCE + 1
    assert room.hear("r") == [Pong()]  # a probe: it could not be sent to a connection that is gone
    assert room.say("r", Ping(6.0)) == [WhoAreYou()]
    assert room.say("s", Ping(6.0))[-1] == Pong(6.0)  # a client that follows a job may be silent: its Blender renders


def test_models_come_from_the_function_and_its_failure_is_a_message(room: Room) -> None:
    assert room.say("r", Models()) == [ModelsReply([STARTER])]

    def broken() -> list[object]:
        raise RuntimeError("no catalog")

    room.desk = Desk(room.dispatch, room.delivery, StatusReply("s"), broken)  # type: ignore[arg-type]
    (error,) = room.say("r", Hello("c"), Models())[1:]
    assert isinstance(error, Error) and error.code == "internal"


def test_stop_ends_every_job_with_its_text(room: Room) -> None:
    room.say("r", Submit("j", CHAIR), Submit("k", CHAIR))
    room.orders()
    room.worker(Output("j", "abc", 1))
    room.dispatch.stop(room.now)
    ends = [m for m in room.hear("r") if isinstance(m, Error)]
    assert [(m.job, m.code) for m in ends] == [("j", "shutting_down"), ("k", "shutting_down")]
    room.say("r", Shutdown())
    assert room.desk.stopping


STEPS = {
    "submit": 2,
    "turn": 2,
    "output": 8,
    "finish": 1,
    "cancel": 0.5,
    "crash": 0.2,
    "read": 8,
    "cut": 0.7,
    "wait": 5,
}


@pytest.mark.parametrize("seed", range(60))
def test_every_job_ends_once_with_its_whole_text_for_any_order_of_events(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two clients with their real Ledgers and little credit; connections that break and lose what is on the
    way; a worker that dies."""
    monkeypatch.setattr(desk_module, "WINDOW", 5_000)
    monkeypatch.setattr(clients_module, "WINDOW", 5_000)
    chance = random.Random(seed)
    steps = [(step, chance.randrange(2)) for step in chance.choices(list(STEPS), list(STEPS.values()), k=300)]
    room = Room()
    ledgers = [Ledger(), Ledger()]
    routes = ["a", "b"]
    welcomed = [False, False]
    wires: list[deque[FromBroker]] = [deque(), deque()]  # on the way to each client
    texts: dict[str, str] = {}
    ends: dict[str, int] = {}
    wrote: dict[str, str] = {}

    def send(who: int, *messages: FromClient) -> None:
        for message in messages:
            room.desk.receive(routes[who].encode(), encode(message), room.now)

    def collect() -> None:
        for who in (0, 1):
            wires[who].extend(room.hear(routes[who]))

    def read(who: int, count: int) -> None:
        for _ in range(min(count, len(wires[who]))):
            message = wires[who].popleft()
            if isinstance(message, Welcome):
                welcomed[who] = True
                send(who, *ledgers[who].rejoin(message.credit))
            fresh, replies = ledgers[who].take(message)
            send(who, *replies)
            if isinstance(fresh, Delta):
                assert fresh.job not in ends
                texts[fresh.job] = texts.get(fresh.job, "") + fresh.text
            elif isinstance(fresh, Done | Error) and fresh.job is not None:
                ends[fresh.job] = ends.get(fresh.job, 0) + 1

    def connect(who: int, number: int) -> None:
        wires[who].clear()
        room.delivery.out = [(to, message) for to, message in room.delivery.out if to != routes[who].encode()]
        routes[who], welcomed[who] = f"{'ab'[who]}{number}", False
        send(who, Hello("ab"[who]))

    def ask(who: int, message: Submit | Cancel) -> None:
        ledgers[who].note(message)
        if welcomed[who]:
            send(who, message)

    room.worker(Ready(1, "starter", rows=1 + seed % 3))
    connect(0, 0)
    connect(1, 0)
    for number, (step, who) in enumerate(steps):
        slot = chance.choice(list(room.duty.jobs) or [""])
        if step == "submit":
            ask(who, Submit(f"{who}-{number}", CHAIR))
        elif step == "turn":
            room.orders()
        elif step == "output" and slot:
            before = room.journal.rows[slot].text
            room.worker(Output(slot, f"v {number}\n" * (400 if who else 1), number))
            wrote[slot] = room.journal.rows[slot].text
            assert wrote[slot].startswith(before)
        elif step == "finish" and slot:
            room.worker(Finished(slot, Outcome(finish="stop")))
        elif step == "crash":
            room.dispatch.worker_gone(room.duty, Error("engine_dead", GONE, retryable=True), room.now)
            room.worker(Ready(1, "starter", rows=1 + seed % 3))
        elif step == "cancel" and ledgers[who].tracks:
            ask(who, Cancel(next(iter(ledgers[who].tracks))))
        elif step == "read":
            read(who, 5)
        elif step == "cut":
            connect(who, number)
        elif step == "wait":
            room.now += 0.02
        collect()
    for _ in range(50):  # let everything come to its end
        room.orders()
        for job in list(room.duty.jobs):
            room.worker(Finished(job, Outcome(finish="stop")))
        room.now += 0.05
        for who in (0, 1):
            send(who, Ping())
            collect()
            read(who, 1_000)
    submitted = {f"{who}-{number}" for number, (step, who) in enumerate(steps) if step == "submit"}
    assert set(ends) == submitted and set(ends.values()) <= {1}
    for job in submitted:
        assert texts.get(job, "") == wrote.get(job, "")
    assert not room.dispatch.jobs and not len(room.dispatch.queue)
