from __future__ import annotations

from meshscribe.shared.frames import cost
from meshscribe.shared.ledger import DEAD_AFTER, Ledger, Pulse, Question
from meshscribe.shared.messages import (
    Accepted,
    Cancel,
    Credit,
    Delta,
    Done,
    Download,
    DownloadReply,
    Error,
    FromBroker,
    FromClient,
    Jobs,
    JobsReply,
    Load,
    Models,
    ModelsReply,
    Progress,
    Resume,
    Shutdown,
    Snapshot,
    Status,
    StatusReply,
    StopDownload,
    Submit,
    Unload,
)
from meshscribe.shared.tasks import Generate, Outcome

SUBMIT = Submit("j", Generate(prompt="a chair"))
OUTCOME = Outcome(finish="stop")


def running() -> Ledger:
    ledger = Ledger()
    ledger.rejoin(1 << 20)
    ledger.note(SUBMIT)
    ledger.take(Accepted("j"))
    return ledger


def take(ledger: Ledger, *messages: FromBroker) -> tuple[list[FromBroker], list[FromClient]]:
    got, replies = [], []
    for message in messages:
        fresh, reply = ledger.take(message)
        got += [] if fresh is None else [fresh]
        replies += reply
    return got, replies


def test_contiguous_deltas_pass_and_done_ends_the_job() -> None:
    ledger = running()
    messages: list[FromBroker] = [Delta("j", 1, "a"), Delta("j", 2, "b"), Done("j", 2, OUTCOME)]
    assert take(ledger, *messages) == (messages, [])
    assert not ledger.tracks


def test_gap_asks_for_the_text_once_and_delivers_the_missing_part_only() -> None:
    ledger = running()
    got, replies = take(ledger, Delta("j", 1, "ab"), Delta("j", 3, "e"), Delta("j", 4, "f"))
    assert got == [Delta("j", 1, "ab")] and replies == [Resume("j", 2)]
    got, replies = take(ledger, Snapshot("j", 0, "abcdef", "running", 6), Delta("j", 1, "g"), Done("j", 1, OUTCOME))
    assert got == [Delta("j", 0, "cdef", 6), Delta("j", 1, "g"), Done("j", 1, OUTCOME)] and replies == []


def test_done_after_a_lost_delta_asks_for_the_text() -> None:
    ledger = running()
    got, replies = take(ledger, Delta("j", 1, "ab"), Done("j", 2, OUTCOME))
    assert got == [Delta("j", 1, "ab")] and replies == [Resume("j", 2)]
    got, _ = take(ledger, Snapshot("j", 0, "abcd", "done"), Done("j", 0, OUTCOME))
    assert got == [Delta("j", 0, "cd"), Done("j", 0, OUTCOME)]


def test_snapshot_shorter_than_what_was_received_repeats_nothing() -> None:
    ledger = running()
    take(ledger, Delta("j", 1, "abcd"))
    ledger.rejoin(1 << 20)
    assert take(ledger, Snapshot("j", 0, "ab", "running"), Delta("j", 1, "cde"))[0] == [Delta("j", 1, "e")]


def test_snapshot_that_goes_on_where_the_client_is() -> None:
    ledger = running()
    take(ledger, Delta("j", 1, "abcd"))
    assert ledger.rejoin(1 << 20) == [Resume("j", 4)]
    got, _ = take(ledger, Snapshot("j", 0, "ef", "running", start=4), Delta("j", 1, "g"), Done("j", 1, OUTCOME))
    assert got == [Delta("j", 0, "ef"), Delta("j", 1, "g"), Done("j", 1, OUTCOME)]


def test_snapshot_beyond_what_the_client_has_is_not_taken() -> None:
    ledger = running()
    take(ledger, Delta("j", 1, "ab"))
    ledger.rejoin(1 << 20)
    assert take(ledger, Snapshot("j", 0, "ef", "running", start=4), Delta("j", 1, "g")) == ([], [])
    assert take(ledger, Snapshot("j", 0, "cdef", "running", start=2))[0] == [Delta("j", 0, "cdef")]


def test_rejoin_says_every_open_job_again() -> None:
    ledger = running()
    other = Submit("k", Generate(prompt="a table"))
    ledger.note(other)
    ledger.note(Cancel("j"))
    assert ledger.rejoin(1 << 20) == [Resume("j"), Cancel("j"), other]
    assert take(ledger, Delta("j", 9, "of the old stream")) == ([], [])  # until the Snapshot
    take(ledger, Error("unknown_job", "No.", "j"))
    assert ledger.rejoin(1 << 20) == [other]


def test_job_of_another_client_comes_from_its_beginning() -> None:
    ledger = Ledger()
    ledger.rejoin(1 << 20)
    ledger.note(Resume("j"))
    got, _ = take(ledger, Snapshot("j", 0, "ab", "done"), Done("j", 0, OUTCOME))
    assert got == [Delta("j", 0, "ab"), Done("j", 0, OUTCOME)]


def test_credit_is_given_back_when_half_of_it_is_used() -> None:
    ledger = running()
    ledger.window = 10 * cost("x")
    replies = [take(ledger, Delta("j", seq, "x"))[1] for seq in range(1, 11)]
    credit = [Credit(5 * cost("x"))]
    assert replies == [[], [], [], [], credit] * 2


def test_second_end_is_not_delivered() -> None:
    ledger = running()
    assert take(ledger, Done("j", 0, OUTCOME), Done("j", 0, OUTCOME))[0] == [Done("j", 0, OUTCOME)]


def test_pulse_counts_silence_from_its_own_question() -> None:
    pulse = Pulse()
    assert pulse.ask(100.0) and not pulse.ask(100.5)
    assert not pulse.lost(103.9) and pulse.lost(100.0 + DEAD_AFTER + 0.1)
    pulse.hear()
    assert not pulse.lost(500.0)  # we stood still, and had asked nothing
    assert pulse.ask(500.0) and pulse.ask(503.0) and pulse.lost(504.5)


def test_questions_are_asked_again_until_they_are_answered() -> None:
    ledger = Ledger()
    questions: list[Question] = [Status(), Jobs(), Models(), Load("starter"), Download("llama-mesh", True)]
    assert all(ledger.ask(question) for question in questions)
    assert not any(ledger.ask(question) for question in (Shutdown(), Unload(), StopDownload("llama-mesh")))
    assert ledger.rejoin(1, "s") == questions
    answers: list[FromBroker] = [StatusReply("s"), JobsReply([]), ModelsReply([])]
    assert take(ledger, *answers, Progress(phase="load"), DownloadReply("llama-mesh", "running")) == (
        [*answers, Progress(phase="load"), DownloadReply("llama-mesh", "running")], [],
    )  # fmt: skip
    assert ledger.rejoin(1, "s") == questions[3:]
    take(ledger, Progress(phase="ready", unit="starter"), DownloadReply("llama-mesh", "ready"))
    assert ledger.rejoin(1, "s") == []


def test_wanted_model_is_loaded_again_by_a_backend_that_was_started_anew() -> None:
    ledger = Ledger()
    ledger.ask(Load("starter"))
    ledger.rejoin(1, "one")
    take(ledger, Progress(phase="ready"))
    assert ledger.rejoin(1, "one") == []  # only the connection broke
    assert ledger.rejoin(1, "two") == [Load("starter")]
    take(ledger, Error("out_of_memory", "No."))
    assert ledger.rejoin(1, "two") == []


def test_pulse_can_hurry() -> None:
    pulse = Pulse()
    assert pulse.ask(100.0) and not pulse.ask(100.1)
    pulse.hurry()
    assert pulse.ask(100.1)
