"""Several workers: which one gets a job, and what the loss of one means for the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_desk import Room

from meshscribe.backend.serve import devices
from meshscribe.backend.serve.dispatch import Dispatch
from meshscribe.backend.serve.duty import Duty
from meshscribe.backend.serve.orders import Failed, Finished, Preload, Ready, Start
from meshscribe.backend.serve.supervisor import GONE
from meshscribe.shared.messages import Cancel, Done, Error, Hello, Load, Submit, Unload
from meshscribe.shared.servers import elsewhere, made, save
from meshscribe.shared.tasks import Generate, Outcome

CHAIR = Generate(prompt="a chair")
OTHER = Generate(prompt="a chair", model="llama-mesh")
STUDIO = Generate(prompt="a chair", model="studio")
STOP = Outcome(finish="stop")
DEAD = Error("engine_dead", GONE, retryable=True)


class Hall(Room):
    """A room with two workers and one for servers."""

    def __init__(self) -> None:
        super().__init__()
        self.duties = [Duty(), Duty(), Duty(remote=True)]
        self.dispatch.__init__(self.journal, None, self.duties, lambda model: model == "studio")  # type: ignore[misc]
        self.say("r", Hello("c"))

    def turn(self) -> list[list[str]]:
        """The jobs and models that each worker is told to begin now."""
        self.dispatch.next(self.now)
        told = []
        for duty in self.duties:
            told.append(
                [o.job if isinstance(o, Start) else o.model for o in duty.orders if isinstance(o, Start | Preload)]
            )
            duty.orders.clear()
        return told

    def hears(self, place: int, message: object) -> None:
        self.dispatch.take(self.duties[place], message, self.now)  # type: ignore[arg-type]

    def asks(self, *requests: Generate) -> None:
        self.say("r", *[Submit(f"j{number}", request) for number, request in enumerate(requests)])


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_jobs_go_to_those_who_have_nothing_to_do(hall: Hall) -> None:
    hall.asks(CHAIR, CHAIR, CHAIR)
    assert hall.turn() == [["j0"], ["j1"], []]
    hall.hears(1, Finished("j1", STOP))
    assert hall.turn() == [[], ["j2"], []]


def test_the_least_loaded_gets_the_next(hall: Hall) -> None:
    hall.hears(0, Ready(1, "starter", rows=4))
    hall.hears(1, Ready(2, "starter", rows=2))
    hall.asks(*[CHAIR] * 7)
    assert hall.turn() == [["j0", "j2", "j4", "j5"], ["j1", "j3"], []]
    hall.hears(1, Finished("j1", STOP))
    assert hall.turn() == [[], ["j6"], []]


def test_a_model_goes_where_it_is_and_replaces_none_that_need_not_go(hall: Hall) -> None:
    hall.hears(0, Ready(1, "starter", rows=4))
    hall.hears(1, Ready(2, "llama-mesh", rows=4))
    hall.asks(OTHER, CHAIR, CHAIR)
    assert hall.turn() == [["j1", "j2"], ["j0"], []]


def test_a_worker_that_is_not_ready_gets_nothing(hall: Hall) -> None:
    hall.duties[0].ready = False
    hall.asks(CHAIR, CHAIR)
    assert hall.turn() == [[], ["j0"], []]


def test_jobs_for_servers_do_not_wait_for_this_machine(hall: Hall) -> None:
    hall.asks(CHAIR, CHAIR, CHAIR, STUDIO, STUDIO, STUDIO)
    assert hall.turn() == [["j0"], ["j1"], ["j3"]]
    assert hall.dispatch.waiting(True) and hall.dispatch.waiting(False)
    hall.hears(2, Ready(3, "studio", rows=16))
    assert hall.turn() == [[], [], ["j4", "j5"]]
    assert not hall.dispatch.waiting(True)


def test_no_other_job_overtakes_one(hall: Hall) -> None:
    hall.hears(0, Ready(1, "starter", rows=4))
    hall.hears(1, Ready(2, "starter", rows=4))
    hall.asks(CHAIR, CHAIR, OTHER, CHAIR)
    assert hall.turn() == [["j0"], ["j1"], []]
    hall.hears(1, Finished("j1", STOP))
    assert hall.turn() == [["j3"], ["j2"], []]


def test_the_end_of_one_worker_is_not_that_of_another(hall: Hall) -> None:
    hall.asks(CHAIR, CHAIR, CHAIR)
    hall.turn()
    hall.dispatch.worker_gone(hall.duties[0], DEAD, hall.now)
    ended = [message for message in hall.hear("r") if isinstance(message, Error | Done)]
    assert [message.job for message in ended] == ["j0"]
    hall.duties[0].ready = False
    assert hall.turn() == [[], [], []]
    hall.hears(1, Failed("no_mesh", "No.", "j1"))
    assert hall.turn() == [[], ["j2"], []]


def test_a_cancel_reaches_the_worker_that_has_the_job(hall: Hall) -> None:
    hall.asks(CHAIR, CHAIR)
    hall.turn()
    hall.say("r", Cancel("j1"))
    assert [[type(order).__name__ for order in duty.orders] for duty in hall.duties] == [[], ["Abort"], []]


def test_what_waits_for_servers_fails_alone_where_none_can_be_asked(hall: Hall) -> None:
    hall.duties[2].ready = False
    hall.asks(STUDIO, CHAIR)
    hall.dispatch.give_up("No.", hall.now, remote=True)
    assert [message.job for message in hall.hear("r") if isinstance(message, Error)] == ["j0"]
    assert hall.turn() == [["j1"], [], []]


def test_a_load_goes_to_a_free_worker_of_its_kind(hall: Hall) -> None:
    hall.hears(1, Ready(2, "starter", rows=4))
    hall.say("r", Load("starter"))
    assert hall.turn() == [[], ["starter"], []]
    hall.say("r", Load("studio"))
    assert hall.turn() == [[], [], ["studio"]]
    hall.say("r", Unload())
    assert all(duty.unload for duty in hall.duties)


def test_one_worker_is_the_default(hall: Hall) -> None:
    assert len(Dispatch(hall.journal).duties) == 1  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ where they run


def test_a_worker_for_each_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cards", lambda: ["0", "1", "2"])
    named = devices.places()
    assert [name for name, _ in named] == ["worker", "worker-2", "worker-3"]
    assert [environment["CUDA_VISIBLE_DEVICES"] for _, environment in named] == ["0", "1", "2"]
    assert devices.places(1) == [("worker", {})]
    assert [environment["CUDA_VISIBLE_DEVICES"] for _, environment in devices.places(4)] == ["0", "1", "2", "0"]
    monkeypatch.setattr(devices, "cards", list)
    assert devices.places() == [("worker", {})] and devices.places(2) == [("worker", {}), ("worker-2", {})]


def test_the_cards_that_may_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.cards() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    program.chmod(0o755)
    assert devices.cards() == ["0", "1"]
    program.write_text("#!/bin/sh\necho 'Failed to initialize NVML'\nexit 9\n")
    assert devices.cards() == []

    def slow(*args: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 1)

    monkeypatch.setattr(subprocess, "run", slow)
    assert devices.cards() == []
    for told, found in (("2, 3", ["2", "3"]), ("", []), ("-1", []), ("GPU-1234", ["GPU-1234"])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)
        assert devices.cards() == found


def test_which_models_are_elsewhere(tmp_path: Path) -> None:
    save(tmp_path, {"studio": made("studio:8000"), "hosted": made("https://api.example.com")})
    for model, there in (
        ("studio", True),
        ("studio:a:b", True),
        ("studio, hosted", True),
        ("starter, studio", False),
        ("starter", False),
        ("", False),
    ):
        assert elsewhere(tmp_path, model) == there
    (tmp_path / "servers.json").write_text("{")
    assert not elsewhere(tmp_path, "studio")
