"""The journal: every accepted job, its text so far and how it ended, in SQLite. Nothing accepted is ever
lost.

The broker writes here before it sends, and commits once a turn of its loop. In WAL mode with
synchronous=NORMAL a commit costs microseconds and survives the death of the process; only a power cut can
take the last moments. Text is appended as rows of its own (a row that grows would be written anew each time)
and joined into the job's row when the job ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from pathlib import Path

import msgspec

from meshscribe.shared.messages import Error
from meshscribe.shared.reports import JobEntry, State
from meshscribe.shared.tasks import Outcome, Request, task_name, words

from .jobs import Job

FILE = "journal.sqlite"
KEEP_DAYS = 30  # of finished jobs
KEEP_JOBS = 2_000  # the newest of them
KEEP_BYTES = 1 << 30  # of requests and texts; a request may hold a mesh of MAX_MESSAGE bytes
BUSY = 5.0  # seconds that another process may hold the file up
RETRYABLE = ("engine_dead", "shutting_down", "deadline")  # codes of errors after which a job can be run again
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
"""
_ADDED = {"guest": "TEXT NOT NULL DEFAULT ''"}  # columns that journals of older versions lack
_encode = msgspec.msgpack.encode
_request = msgspec.msgpack.Decoder(Request)
_outcome = msgspec.msgpack.Decoder(Outcome)


class Journal:
    """The jobs of one backend folder. One process at a time (the broker's lock sees to it).

    `accept` raises sqlite3.Error where the disk does not take the job. Later writes of a job that runs do
    not: the artist at the other end is better served by text without a journal than by neither. What could not be
    written is written as soon as there is room again.
    """

    def __init__(self, folder: Path, now: float | None = None) -> None:
        path = folder / FILE
        try:
            self._db = _open(path)
        except sqlite3.OperationalError:  # no room, no permission: nothing is wrong with the file itself
            raise
        except sqlite3.DatabaseError as error:  # damaged: keep it for whoever can mend it, and begin anew
            aside = f"journal.damaged-{int(time.time())}"
            log.error("the journal is damaged (%s); moved to %s", error, aside)
            for suffix in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(folder / (FILE + suffix), folder / (aside + suffix))
            self._db = _open(path)
        self._touched: dict[str, tuple[Job, float | None]] = {}  # jobs with changes that are not committed yet
        self._failing = self._told = False  # those changes are lost, and have to be written again; the log says so
        self._added = 0  # bytes of requests since the last pruning
        self._recover(time.time() if now is None else now)

    def accept(self, job: Job, now: float | None = None) -> None:
        """Write a new job, at once: after this it is never lost."""
        created = time.time() if now is None else now
        request = _encode(job.request)
        row = (job.id, job.client, job.guest, job.detached, request, job.state, created)
        columns = "id, client, guest, detached, request, state, created"
        try:
            self._db.execute(f"INSERT INTO jobs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            self._db.commit()
        except sqlite3.Error as error:
            self._fail(error)  # with all that was to be committed along with it
            self._db.rollback()
            raise
        self._added += len(request)

    def start(self, job: Job) -> None:
        self._touched[job.id] = job, None
        self._write("UPDATE jobs SET state = 'running' WHERE id = ?", job.id)

    def append(self, job: Job, text: str) -> None:
        self._touched[job.id] = job, None
        self._write("INSERT INTO pieces VALUES (?, ?)", job.id, text)

    def finish(self, job: Job, now: float | None = None) -> None:
        """Write how a job ended, with its whole text."""
        ended = time.time() if now is None else now
        self._touched[job.id] = job, ended
        self._finish(job, ended)

    def commit(self) -> None:
        if not self._touched:
            return
        if self._failing:
            self._failing = False
            for job, ended in self._touched.values():
                self._write("DELETE FROM pieces WHERE job = ?", job.id)
                if ended is None:
                    self._write("UPDATE jobs SET state = ? WHERE id = ?", job.state, job.id)
                    self._write("INSERT INTO pieces VALUES (?, ?)", job.id, job.text)
                else:
                    self._finish(job, ended)
        try:
            self._db.commit()
        except sqlite3.Error as error:
            self._fail(error)
        if self._failing:
            self._db.rollback()
        else:
            self._touched.clear()
            self._told = False

    def find(self, id: str) -> Job | None:
        """A job as it was last written. None where it is unknown (or older than what is kept)."""
        columns = "client, guest, detached, request, state, text, tokens, outcome, code, sentence"
        row = self._db.execute(f"SELECT {columns} FROM jobs WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        client, guest, detached, request, state, text, tokens, outcome, code, sentence = row
        return Job(
            id, client, _request.decode(request), bool(detached), guest,
            state=state, text=text + self._pieces(id), tokens=tokens,
            outcome=None if outcome is None else _outcome.decode(outcome),
            error=None if code is None else Error(code, sentence, id, retryable=code in RETRYABLE),
        )  # fmt: skip

    def newest(self, count: int, guest: str = "") -> list[JobEntry]:
        """The last `count` jobs that were accepted, newest first: all, or those of one guest."""
        columns = "id, state, request, created, tokens"
        whose = "WHERE guest = :guest" if guest else ""
        query = f"SELECT {columns} FROM jobs {whose} ORDER BY created DESC LIMIT :count"
        return [_entry(*row) for row in self._db.execute(query, {"guest": guest, "count": count})]

    @property
    def grown(self) -> bool:
        """Whether so much has come since the last pruning that the next one should not wait."""
        return self._added > KEEP_BYTES // 16

    def prune(self, now: float | None = None) -> int:
        """Forget finished jobs older than KEEP_DAYS, and all but the newest, up to KEEP_JOBS of them and
        KEEP_BYTES of requests and texts; how many. The file gives their room back."""
        oldest = (time.time() if now is None else now) - KEEP_DAYS * 86_400
        size = "SUM(LENGTH(request) + LENGTH(text))"
        newest = f"""SELECT id, ROW_NUMBER() OVER (ORDER BY ended DESC, id) AS place,
            {size} OVER (ORDER BY ended DESC, id) AS size FROM jobs WHERE ended IS NOT NULL"""
        too_many = f"SELECT id FROM ({newest}) WHERE place > ? OR size > ?"
        try:
            done = self._db.execute(
                f"DELETE FROM jobs WHERE ended IS NOT NULL AND (ended < ? OR id IN ({too_many}))",
                (oldest, KEEP_JOBS, KEEP_BYTES),
            )
            self._db.commit()
            self._db.executescript("PRAGMA incremental_vacuum;")  # `execute` would free one page
        except sqlite3.Error as error:  # pruning can wait
            log.error("the journal could not be pruned: %s", error)
            return 0
        self._added = 0
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

    def _finish(self, job: Job, ended: float) -> None:
        outcome = None if job.outcome is None else _encode(job.outcome)
        code, sentence = (None, None) if job.error is None else (job.error.code, job.error.sentence)
        columns = "state = ?, text = ?, tokens = ?, outcome = ?, code = ?, sentence = ?, ended = ?"
        values = (job.state, job.text, job.tokens, outcome, code, sentence, ended)
        self._write(f"UPDATE jobs SET {columns} WHERE id = ?", *values, job.id)
        self._write("DELETE FROM pieces WHERE job = ?", job.id)

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            self._fail(error)

    def _fail(self, error: sqlite3.Error) -> None:
        if not self._told:
            log.error("the journal could not be written: %s", error)
        self._failing = self._told = True


def _entry(id: str, state: State, request: bytes, created: float, tokens: int) -> JobEntry:
    asked = _request.decode(request)
    return JobEntry(
        job=id, state=state, task=task_name(asked), model=asked.model, prompt=words(asked)[:200],
        created=created, tokens=tokens,
    )  # fmt: skip


def _open(path: Path) -> sqlite3.Connection:
    """The database, whole and of this version. sqlite3.DatabaseError where it is damaged."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # prompts are private: SQLite itself would make it 0644
    db = sqlite3.connect(path, timeout=BUSY)
    try:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA journal_size_limit = 16777216")  # of the WAL, when it is reset
        ((state,),) = db.execute("PRAGMA quick_check(1)").fetchall()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
        db.executescript(_SCHEMA)
        here = {row[1] for row in db.execute("PRAGMA table_info(jobs)")}
        for column in _ADDED.keys() - here:
            db.execute(f"ALTER TABLE jobs ADD COLUMN {column} {_ADDED[column]}")
        db.commit()
    except sqlite3.Error:
        db.close()
        raise
    return db
