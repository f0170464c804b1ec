from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from meshscribe.backend.serve import journal as journal_module
from meshscribe.backend.serve.jobs import Job
from meshscribe.backend.serve.journal import FILE, KEEP_DAYS, Journal
from meshscribe.shared.messages import Error, Generate, Outcome

DAY = 86_400.0


def job(id: str = "j") -> Job:
    return Job(id, "client", Generate(prompt="a chair", seed=7), detached=True)


def finished(journal: Journal, id: str, now: float) -> Job:
    made = job(id)
    journal.accept(made, now)
    made.end(Outcome(finish="stop", tokens=3, facts={"parts": [1, 2.5, "leg"]}))
    journal.finish(made, now)
    return made


def test_job_reads_back_at_every_stage(tmp_path: Path) -> None:
    journal, made = Journal(tmp_path), job()
    assert journal.find("j") is None
    journal.accept(made)
    assert journal.find("j") == made
    made.state = "running"
    journal.start(made)
    for piece in ("v 1 2 3\n", "null \0 and ünïcode 🪑\n", "f 1 2 3\n"):
        journal.append(made, made.append(piece, 0))
    assert journal.find("j") == made
    made.end(Outcome(finish="length", seed=2**63 - 1, masked_mass=0.25))
    journal.finish(made)
    journal.commit()
    assert journal.find("j") == made
    journal.close()
    again = Journal(tmp_path)
    assert again.find("j") == made
    again.close()


def test_accept_is_on_disk_at_once_and_its_file_is_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.accept(job())
    with sqlite3.connect(tmp_path / FILE) as other:
        assert other.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    other.close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(sqlite3.Error):
        journal.accept(job())
    journal.close()


def test_jobs_of_a_dead_broker_have_failed_and_keep_their_text(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    running, waiting = job("running"), job("waiting")
    first.accept(running)
    first.accept(waiting)
    first.start(running)
    first.append(running, "v 1 2 3\n")
    first.append(running, "v 4 5 6\n")
    first.commit()  # and no close: it was killed
    second = Journal(tmp_path)
    for id, text in (("running", "v 1 2 3\nv 4 5 6\n"), ("waiting", "")):
        found = second.find(id)
        assert found is not None and found.state == "failed" and found.text == text
        assert found.error is not None and found.error.code == "engine_dead" and found.error.job == id
    second.close()


def test_newest_jobs_are_listed_first(tmp_path: Path) -> None:
    journal = Journal(tmp_path, now=0.0)
    for age in range(5):
        journal.accept(job(f"age {age}"), 100.0 - age)
    entries = journal.newest(3)
    assert [(entry.job, entry.created) for entry in entries] == [("age 0", 100.0), ("age 1", 99.0), ("age 2", 98.0)]
    assert (entries[0].task, entries[0].prompt, entries[0].state) == ("generate", "a chair", "queued")
    journal.close()


def test_error_reads_back(tmp_path: Path) -> None:
    journal, made = Journal(tmp_path), job()
    journal.accept(made)
    made.end(Error("out_of_memory", "Not enough memory.", "j"))
    journal.finish(made)
    assert journal.find("j") == made
    journal.close()


def test_old_and_surplus_jobs_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "KEEP_JOBS", 3)
    journal = Journal(tmp_path, now=0.0)
    now = 100 * DAY
    finished(journal, "old", now - (KEEP_DAYS + 1) * DAY)
    for age in range(5):
        finished(journal, f"age {age}", now - age * DAY)
    journal.accept(job("waits"), 0.0)
    assert journal.prune(now) == 3
    assert [id for id in ("old", *(f"age {a}" for a in range(5)), "waits") if journal.find(id)] == [
        "age 0", "age 1", "age 2", "waits",
    ]  # fmt: skip
    journal.close()


def test_damaged_journal_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 500)
    journal = Journal(tmp_path)
    finished(journal, "j", 1e12)
    assert journal.find("j") and len(list(tmp_path.glob("journal.damaged-*"))) == 1
    journal.close()


def test_full_disk_is_an_error_at_accept_and_only_logged_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, made = Journal(tmp_path), job()
    journal.accept(made)
    journal._db.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.Error):
        journal.accept(job("k"))
    journal.append(made, "v 1 2 3\n")
    journal.commit()
    assert "could not be written" in caplog.text
    journal._db.execute("PRAGMA query_only = 0")
    journal.accept(job("k"))
    journal.close()
