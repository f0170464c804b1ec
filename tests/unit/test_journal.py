from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from meshscribe.backend.serve import journal as journal_module
from meshscribe.backend.serve.jobs import Job
from meshscribe.backend.serve.journal import FILE, KEEP_DAYS, Journal
from meshscribe.shared.messages import Error
from meshscribe.shared.tasks import Generate, Outcome

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


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    running, ends = job("running"), job("ends")
    for each in (running, ends):
        journal.accept(each)
        each.state = "running"
        journal.start(each)
        journal.append(each, each.append("v 1 2 3\n", 0))
    journal.commit()
    journal._db.execute("PRAGMA query_only = 1")
    for turn in range(3):
        for each in (running, ends):
            if not each.ended:
                journal.append(each, each.append(f"lost {turn}\n", 0))
        if turn == 1:
            ends.end(Outcome(finish="stop"))
            journal.finish(ends)
        with pytest.raises(sqlite3.Error):
            journal.accept(job("refused"))
        journal.commit()
    journal._db.execute("PRAGMA query_only = 0")
    journal.commit()
    running.append("later\n", 0)
    journal.append(running, "later\n")
    journal.commit()
    assert journal.find("running") == running and journal.find("ends") == ends
    assert "lost 0\nlost 1\nlost 2\nlater\n" in running.text
    journal.close()


def test_prune_keeps_the_newest_within_a_size_and_gives_room_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "KEEP_BYTES", 1 << 20)
    journal = Journal(tmp_path, now=0.0)
    for age in range(20):
        big = Job(f"age {age}", "client", Generate(prompt="a chair"))
        journal.accept(big, 1000.0 - age)
        big.append("x" * 200_000, 1)
        big.end(Outcome(finish="stop"))
        journal.finish(big, 1000.0 - age)
    journal.commit()
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (tmp_path / FILE).stat().st_size
    assert journal.prune(1000.0) == 15
    assert [age for age in range(20) if journal.find(f"age {age}")] == [0, 1, 2, 3, 4]
    journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (tmp_path / FILE).stat().st_size < before / 2
    journal.close()


def test_journal_of_an_older_version_is_read_and_written(tmp_path: Path) -> None:
    """As version 1 made it: no guest, and requests of protocol 1.0."""
    with sqlite3.connect(tmp_path / FILE) as db:
        db.executescript(
            """CREATE TABLE jobs (
                id TEXT PRIMARY KEY, client TEXT NOT NULL, detached INTEGER NOT NULL, request BLOB NOT NULL,
                state TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', tokens INTEGER NOT NULL DEFAULT 0,
                outcome BLOB, code TEXT, sentence TEXT, created REAL NOT NULL, ended REAL);
            CREATE TABLE pieces (job TEXT NOT NULL, text TEXT NOT NULL);
            PRAGMA user_version = 1;"""
        )
        request = msgspec.msgpack.encode({"task": "generate", "prompt": "a chair", "seed": 7})
        row = ("old", "client", 0, request, "done", "v 1 2 3\n", 3, time.time(), time.time())
        columns = "id, client, detached, request, state, text, tokens, created, ended"
        db.execute(f"INSERT INTO jobs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.close()
    journal = Journal(tmp_path)
    old = journal.find("old")
    assert old is not None and old.request == Generate(prompt="a chair", seed=7) and old.guest == ""
    guests = Job("new", "client", Generate(prompt="a table"), guest="anna")
    journal.accept(guests)
    assert journal.find("new") == guests
    assert [entry.job for entry in journal.newest(9, "anna")] == ["new"]
    assert [entry.job for entry in journal.newest(9)] == ["new", "old"]
    journal.close()


def test_page_that_rotted_is_found_at_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(200):
        finished(journal, f"{number}", time.time())
    journal.close()
    with open(tmp_path / FILE, "r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    again = Journal(tmp_path)
    assert again.newest(9) == [] and len(list(tmp_path.glob("journal.damaged-*"))) == 1
    finished(again, "j", time.time())
    assert again.find("j")
    again.close()


def test_journal_that_cannot_be_opened_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "BUSY", 0.05)
    journal = Journal(tmp_path)
    finished(journal, "j", time.time())
    journal.close()
    with sqlite3.connect(tmp_path / FILE) as other:  # something holds it: a backup, a curious person
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError):
            Journal(tmp_path)
    other.close()
    assert not list(tmp_path.glob("journal.damaged-*"))
    again = Journal(tmp_path)
    assert again.find("j")
    again.close()
