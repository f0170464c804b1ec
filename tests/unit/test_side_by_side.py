"""Meshes that one worker makes side by side: which may, who waits, what a cancel, a death or a lack of memory do."""

from __future__ import annotations

import pytest
from test_desk import Room

from meshscribe.backend.serve.dispatch import PATIENCE
from meshscribe.backend.serve.duty import STUCK
from meshscribe.backend.serve.orders import Abort, Failed, Finished, Output, Preload, Ready, Start
from meshscribe.backend.serve.supervisor import GONE
from meshscribe.backend.serve.watchdog import WRITING
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Cancel, Done, Error, Hello, Load, Message, Status, StatusReply, Submit
from meshscribe.shared.tasks import Change, Describe, Generate, MeshData, Outcome

BOX = MeshData.pack(Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
CHAIR = Generate(prompt="a chair")
OTHER = Generate(prompt="a chair", model="llama-mesh")
STOP = Outcome(finish="stop")
DEAD = Error("engine_dead", GONE, retryable=True)


@pytest.fixture
def room() -> Room:
    """A worker that has the starter, with three rows."""
    room = Room()
    room.say("r", Hello("c"))
    room.worker(Ready(1, "starter", rows=3))
    return room


def started(room: Room) -> list[str]:
    return [order.job for order in room.orders() if isinstance(order, Start)]


def ends(messages: list) -> list[str]:
    return [message.job for message in messages if isinstance(message, Error | Done)]


def test_as_many_run_as_there_are_rows(room: Room) -> None:
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(5)])
    assert started(room) == ["j0", "j1", "j2"] and started(room) == []
    room.worker(Output("j1", "abc", 1))
    room.worker(Output("j0", "xyz", 1))
    room.worker(Finished("j1", STOP))
    assert started(room) == ["j3"]
    assert room.dispatch.jobs["j0"].text == "xyz" and room.journal.rows["j1"].text == "abc"
    (status,) = [m for m in room.say("r", Status()) if isinstance(m, StatusReply)]
    assert status.queued == 1 and status.workers[0].state == "running"


def test_a_model_that_is_not_loaded_yet_gets_its_first_job_alone(room: Room) -> None:
    room.dispatch.worker_gone(room.duty, DEAD, room.now)
    room.worker(Ready(2))
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(3)])
    assert started(room) == ["j0"] and started(room) == []
    room.worker(Ready(2, "starter", rows=2))
    assert started(room) == ["j1"]


@pytest.mark.parametrize("task", [Describe(mesh=BOX), OTHER], ids=["a question", "another model"])
def test_what_cannot_run_beside_meshes_waits_and_is_not_overtaken(room: Room, task: Generate | Describe) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR), Submit("alone", task), Submit("c", CHAIR))
    assert started(room) == ["a", "b"]
    room.worker(Finished("a", STOP))
    assert started(room) == []
    room.worker(Finished("b", STOP))
    assert started(room) == ["alone"] and started(room) == []
    room.worker(Finished("alone", STOP))
    assert started(room) == ["c"]


def test_a_load_waits_for_the_meshes_and_the_next_ones_for_it(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Load("llama-mesh"), Submit("b", Change(mesh=BOX, instruction="taller")))
    assert started(room) == []  # the load came before any of them was begun
    room.worker(Ready(1, "llama-mesh"))
    assert started(room) == ["a"] and started(room) == []
    room.worker(Ready(1, "starter", rows=3))
    assert started(room) == ["b"]
    room.say("r", Load("llama-mesh"), Submit("d", CHAIR))
    room.worker(Finished("a", STOP))
    assert room.orders() == []
    room.worker(Finished("b", STOP))
    assert room.orders() == [Preload("llama-mesh")]


def test_clients_take_turns_for_the_rows(room: Room) -> None:
    room.say("s", Hello("d"))
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(6)])
    assert started(room) == ["j0", "j1", "j2"]
    room.say("s", Submit("theirs", CHAIR), Submit("theirs too", CHAIR))
    for ended in ("j0", "j1", "j2"):
        room.worker(Finished(ended, STOP))
    assert set(started(room)) == {"j3", "theirs", "j4"}


def test_a_cancel_stops_one_and_leaves_the_others(room: Room) -> None:
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(4)])
    started(room)
    room.say("r", Cancel("j1"))
    assert room.orders() == [Abort("j1")]
    room.now += PATIENCE + 0.1
    assert not room.dispatch.watch(room.now)
    assert ends(room.hear("r")) == ["j1"] and started(room) == []  # its row is not free yet
    room.worker(Finished("j1", Outcome(finish="cancelled")))
    assert started(room) == ["j3"]
    room.worker(Finished("j0", STOP))
    assert ends(room.hear("r")) == ["j0"]


def test_a_limit_ends_one_and_leaves_the_others(room: Room) -> None:
    room.say("r", Submit("short", CHAIR, limit=1.0), Submit("long", CHAIR))
    started(room)
    room.now += 1.1
    room.dispatch.watch(room.now)
    (late,) = [m for m in room.hear("r") if isinstance(m, Error)]
    assert (late.job, late.code) == ("short", "deadline") and room.orders() == [Abort("short")]
    room.worker(Finished("short", Outcome(finish="cancelled")))
    room.worker(Finished("long", STOP))
    assert ends(room.hear("r")) == ["long"]


def test_a_failure_of_one_leaves_the_others(room: Room) -> None:
    room.say("r", Submit("bad", CHAIR), Submit("good", CHAIR))
    started(room)
    room.worker(Failed("over_budget", "Too large.", "bad"))
    room.worker(Finished("good", STOP))
    assert ends(room.hear("r")) == ["bad", "good"] and room.duty.idle


@pytest.mark.parametrize("how", ["death", "silence"])
def test_a_worker_that_dies_or_stands_still_fails_all_that_it_ran(room: Room, how: str) -> None:
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(4)])
    started(room)
    room.worker(Output("j0", "abc", 1))
    room.hear("r")
    if how == "silence":
        wedged = False
        while not wedged:
            room.now += 1.0
            wedged = room.dispatch.watch(room.now)
        assert room.now - 100 > WRITING and started(room) == []
    room.dispatch.worker_gone(room.duty, DEAD, room.now)
    failed = [m for m in room.hear("r") if isinstance(m, Error)]
    assert {m.job for m in failed} == {"j0", "j1", "j2"} and {m.code for m in failed} == {"engine_dead"}
    assert room.journal.rows["j0"].text == "abc"
    assert started(room) == ["j3"]  # alone, until the fresh worker has told its rows


def test_one_more_order_does_not_make_the_watchdog_patient(room: Room) -> None:
    room.say("r", Submit("a", CHAIR))
    started(room)
    room.worker(Output("a", "abc", 1))
    room.say("r", Submit("b", CHAIR))
    assert started(room) == ["b"]
    assert room.duty.watchdog.phase == "writing"


def test_a_job_that_does_not_heed_its_abort_ends_the_worker(room: Room) -> None:
    room.say("r", Submit("deaf", CHAIR), Submit("good", CHAIR))
    started(room)
    room.say("r", Cancel("deaf"))
    for _ in range(int(STUCK) + 2):
        room.now += 1.0
        room.worker(Output("good", "more", 1))
        stuck = room.dispatch.watch(room.now)
    assert stuck
    room.dispatch.worker_gone(room.duty, DEAD, room.now)
    assert ends(room.hear("r"))[-1] == "good"


def test_a_worker_whose_memory_ran_out_finishes_what_it_has_and_gets_no_more(room: Room) -> None:
    room.say("r", *[Submit(f"j{n}", CHAIR) for n in range(4)])
    started(room)
    room.worker(Failed("out_of_memory", "No.", "j0"))
    duty = room.duty
    assert started(room) == [] and duty.spent and not duty.idle
    room.worker(Finished("j1", STOP))
    room.worker(Finished("j2", STOP))
    assert duty.idle and started(room) == []
    duty.renew(room.now)  # as the broker does, with a fresh process
    assert started(room) == ["j3"]


def test_orders_go_in_the_order_of_the_queue(room: Room) -> None:
    room.say("r", Submit("a", CHAIR), Submit("b", CHAIR))
    orders: list[Message] = room.orders()
    assert orders == [Start("a", CHAIR), Start("b", CHAIR)]
