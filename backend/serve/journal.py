"""The journal: every accepted job, its text so far and how it ended, in SQLite. Nothing accepted is ever
lost.

The broker writes here before it sends, and commits once a turn of its loop. In WAL mode with
synchronous=NORMAL a commit costs microseconds and survives the death of the process; only a power cut can
take the last moments. Text is appended as rows of its own (a row that grows would be written anew each time)
and joined into the job's row when the job ends.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import Literal

import msgspec

from meshscribe.shared.messages import Code, Error, Generate, JobEntry, Outcome, Request, State

from .jobs import Job

FILE = "journal.sqlite"
KEEP_DAYS = 30  # of finished jobs
KEEP_JOBS = 2_000  # the newest of them
DEAD = "The backend ended while this job was waiting or running. Its text so far is kept: run it again."

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, client TEXT NOT NULL, detached INTEGER NOT NULL, request BLOB NOT NULL,
    state TEXT NOT NULL, text TEXT NOT NULL DEFAULT '', tokens INTEGER NOT NULL DEFAULT 0,
    outcome BLOB, code TEXT, sentence TEXT, created REAL NOT NULL, ended REAL);
CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended);
CREATE TABLE IF NOT EXISTS pieces (job TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS pieces_job ON pieces (job);
PRAGMA user_version = 1;
"""
_encode = msgspec.msgpack.encode
_request = msgspec.msgpack.Decoder(Request)
_outcome = msgspec.msgpack.Decoder(Outcome)
_code = msgspec.json.Decoder(Code)


class Journal:
    """The jobs of one backend folder. One process at a time (the broker's lock sees to it).

    `accept` raises sqlite3.Error where the disk does not take the job. Later writes of a job that runs do
    not: the artist at the other end is better served by text without a journal than by neither, so they are
    logged.
    """

    def __init__(self, folder: Path, now: float | None = None) -> None:
        path = folder / FILE
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:  # damaged: keep it for whoever can mend it, and begin anew
            aside = path.with_suffix(f".damaged-{int(time.time())}")
            log.error("the journal is damaged (%s); moved to %s", error, aside.name)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            os.replace(path, aside)
            self._db = _open(path)
        self._recover(time.time() if now is None else now)

    def accept(self, job: Job, now: float | None = None) -> None:
        """Write a new job, at once: after this it is never lost."""
        created = time.time() if now is None else now
        row = (job.id, job.client, job.detached, _encode(job.request), job.state, created)
        try:
            self._db.execute(
                "INSERT INTO jobs (id, client, detached, request, state, created) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            self._db.commit()
        except sqlite3.Error:
            self._db.rollback()
            raise

    def start(self, job: Job) -> None:
        self._write("UPDATE jobs SET state = 'running' WHERE id = ?", job.id)

    def append(self, job: Job, text: str) -> None:
        self._write("INSERT INTO pieces VALUES (?, ?)", job.id, text)

    def finish(self, job: Job, now: float | None = None) -> None:
        """Write how a job ended, with its whole text."""
        outcome = None if job.outcome is None else _encode(job.outcome)
        code, sentence = (None, None) if job.error is None else (job.error.code, job.error.sentence)
        ended = time.time() if now is None else now
        columns = "state = ?, text = ?, tokens = ?, outcome = ?, code = ?, sentence = ?, ended = ?"
        values = (job.state, job.text, job.tokens, outcome, code, sentence, ended)
        self._write(f"UPDATE jobs SET {columns} WHERE id = ?", *values, job.id)
        self._write("DELETE FROM pieces WHERE job = ?", job.id)

    def commit(self) -> None:
        try:
            self._db.commit()
        except sqlite3.Error as error:
            log.error("the journal could not be written: %s", error)

    def find(self, id: str) -> Job | None:
        """A job as it was last written. None where it is unknown (or older than what is kept)."""
        columns = "client, detached, request, state, text, tokens, outcome, code, sentence"
        row = self._db.execute(f"SELECT {columns} FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        client, detached, request, state, text, tokens, outcome, code, sentence = row
        return Job(
            id, client, _request.decode(request), bool(detached), state, text + self._pieces(id), tokens,
            outcome=None if outcome is None else _outcome.decode(outcome),
            error=None if code is None else Error(code, sentence, id, retryable=code == "engine_dead"),
        )  # fmt: skip

    def newest(self, count: int) -> list[JobEntry]:
        """The last `count` jobs that were accepted, newest first."""
        columns = "id, state, request, created, tokens"
        rows = self._db.execute(f"SELECT {columns} FROM jobs ORDER BY created DESC LIMIT ?", (count,))
        return [_entry(*row) for row in rows]

    def prune(self, now: float | None = None) -> int:
        """Forget finished jobs older than KEEP_DAYS, and all but the KEEP_JOBS newest; how many."""
        oldest = (time.time() if now is None else now) - KEEP_DAYS * 86_400
        newest = "SELECT id FROM jobs WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT ?"
        done = self._db.execute(
            f"DELETE FROM jobs WHERE ended IS NOT NULL AND (ended < ? OR id NOT IN ({newest}))",
            (oldest, KEEP_JOBS),
        )
        self.commit()
        return done.rowcount

    def close(self) -> None:
        self.commit()
        self._db.close()

    def _pieces(self, id: str) -> str:
        rows = self._db.execute("SELECT text FROM pieces WHERE job = ? ORDER BY rowid", (id,))
        return "".join(text for (text,) in rows)

    def _recover(self, now: float) -> None:
        """A dead broker's jobs have failed; what they had written stays."""
        for (id,) in self._db.execute("SELECT id FROM jobs WHERE ended IS NULL").fetchall():
            columns = "state = 'failed', code = 'engine_dead', sentence = ?, text = ?, ended = ?"
            self._db.execute(f"UPDATE jobs SET {columns} WHERE id = ?", (DEAD, self._pieces(id), now, id))
            self._db.execute("DELETE FROM pieces WHERE job = ?", (id,))
        self.prune(now)

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            log.error("the journal could not be written: %s", error)


def _entry(id: str, state: State, request: bytes, created: float, tokens: int) -> JobEntry:
    asked = _request.decode(request)
    task: Literal["generate", "describe"] = "generate" if isinstance(asked, Generate) else "describe"
    prompt = asked.prompt[:200]
    return JobEntry(job=id, state=state, task=task, model=asked.model, prompt=prompt, created=created, tokens=tokens)


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # prompts are private: SQLite itself would make it 0644
    db = sqlite3.connect(path, timeout=5.0)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(_SCHEMA)
    return db
