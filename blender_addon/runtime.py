"""Runtime: the one of this Blender. It holds the Session and the Backend, finds the broker, and its `tick` is
what the timer calls. Scripts without a window call `tick` themselves, or use api.py."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from .environment import Sources
from .job import Job
from .paths import DATA, log, log_file, own
from .process import Backend, State, Trouble
from .session import Session
from .shared import connection, invitation
from .shared.connection import Connection, NoConnectionError
from .shared.link import Link
from .shared.messages import Load, Models, Shutdown, Status
from .troubles import ADDON, AWAY, GONE, plain

BUDGET = 0.008  # seconds of work in a tick
BUSY, WAITING, CALM = 0.03, 0.15, 0.5  # seconds between ticks: jobs run; something is about to happen; nothing
LOOK, ASK = 0.4, 2.0  # seconds between looks for a broker, and between questions for its status
LOST = 6.0  # seconds after which a lost connection is given up
HERE = ("127.0.0.1", "localhost", "[::1]")


class Runtime:
    """`home` is the backend's folder; the file in `elsewhere`, where there is one, leads to a backend that somebody
    else runs. `ended` hears of every job that is over, `changed` that a redraw is due."""

    def __init__(self, home: Path, backend: Backend, name: str = "Blender", elsewhere: Path | None = None) -> None:
        self.home, self.backend, self.name = home, backend, name
        self.elsewhere = elsewhere or home / "elsewhere"
        self.remote: Connection | None = None
        with contextlib.suppress(NoConnectionError):
            self.remote = connection.read(self.elsewhere)
        self.session = Session()
        self.session.ended = self._ended
        self.trouble: Trouble | None = None  # the last that no job bears
        self.failed: Job | None = None  # the last job that failed, until it is dismissed
        self.model = "starter"  # which one is loaded as soon as there is a backend
        self.changed: Callable[[], None] = lambda: None
        self.ended: Callable[[Job], None] = lambda job: None
        self.longest = 0.0  # seconds of the longest tick
        self._wanted = False  # the artist has started it, or asked for something
        self._again = False  # start it as soon as the old one is gone
        self._look = self._ask = self._lost = 0.0
        self._given_up = False  # the loss of the connection has been said

    # ------------------------------------------------------------------------------------------------- asking

    @property
    def state(self) -> State:
        """How far the backend is, in one word."""
        link = self.session.link
        if link is not None and link.state == "open":
            if self.session.loading is not None:
                return "loading"
            status = self.session.status
            loads = status is None or any(worker.state in ("starting", "loading") for worker in status.workers)
            return "loading" if loads and not self.session.trouble else "ready"
        if self.backend.environment.busy:
            return "installing"
        if link is not None and link.state == "lost":
            return "lost"
        return "starting" if self.backend.starting or (link is not None and link.state == "joining") else "off"

    @property
    def host(self) -> str:
        """Where the backend elsewhere is, "studio:5599"; "" for this machine's."""
        return self.remote.endpoint.removeprefix("tcp://") if self.remote else ""

    @property
    def problem(self) -> Trouble | None:
        """What the panel shows: the newest trouble that nobody has dismissed."""
        if self.failed is not None:
            sentence = plain(self.failed.code, self.failed.sentence)
            return Trouble(self.failed.code, sentence, str(self.home / "logs" / "worker.log"))
        if self.backend.trouble is not None:
            return self.backend.trouble
        if self.session.trouble is not None:
            error = self.session.trouble
            return Trouble(error.code, error.sentence, str(self.home / "logs" / "worker.log"))
        return self.trouble

    def dismiss(self) -> None:
        """Take the trouble off the panel."""
        self.failed = self.backend.trouble = self.session.trouble = self.trouble = None

    # ------------------------------------------------------------------------------------------------- acting

    def start(self) -> None:
        """Start the local backend where none runs; connect where one does."""
        self._wanted, self._look = True, 0.0
        self.dismiss()
        self._wanted = True
        if self.session.link is None and not self._connect() and self.remote is None:
            self.backend.start(self.home)

    def join(self, line: str) -> None:
        """Use the backend elsewhere that an invitation leads to, from now on. ValueError, in a sentence, where it is
        none; OSError where it cannot be kept."""
        found = invitation.read(line)
        self.elsewhere.mkdir(parents=True, exist_ok=True)
        connection.write(self.elsewhere, found)
        self._leave()
        self.remote = found
        self.start()

    def leave(self) -> None:
        """Use the backend of this machine again. The invitation is forgotten."""
        self.dismiss()
        self._leave()
        (self.elsewhere / connection.FILE).unlink(missing_ok=True)
        self.remote = None

    def _leave(self) -> None:
        for job in self.session.active:
            self.session.cancel(job)
        self._drop(bye=True)

    def stop(self) -> None:
        """End this machine's backend, whoever has started it. Jobs that run are cancelled."""
        self._wanted = False
        if self.remote is not None:
            return self._leave()
        for job in self.session.active:
            self.session.cancel(job)
        if (link := self.session.link) is not None:
            link.send(Shutdown())
            link.poll()
            self._drop()
        self.backend.stop()
        self._look = time.monotonic() + 1.0  # it takes a moment: do not find it again meanwhile

    def restart(self) -> None:
        """End the backend and start it again, when it has gone. To one elsewhere only the connection is made anew."""
        self.stop()
        self.dismiss()
        self._wanted = True
        self._again = self.remote is None

    def ready_to_work(self) -> bool:
        """Before a job is asked for: there is a backend, or one is on its way. False where it is not
        installed, or out of reach; the problem then says so."""
        self.dismiss()
        self._wanted = True
        if self.session.link is None and not self.backend.environment.busy:
            self.start()
        return self.problem is None

    # --------------------------------------------------------------------------------------------------- tick

    def tick(self, budget: float = BUDGET, wait: float = 0.0) -> float:
        """Do what is due; the seconds until the next tick. An error of our own goes to the log and the panel,
        and does not end the timer."""
        began = time.perf_counter()
        before = self._picture()
        try:
            moved = self._tick(budget, wait)
        except Exception as error:  # noqa: BLE001  a timer that raises ends, and nobody would know
            log.error("%s", traceback.format_exc())
            self.trouble = Trouble("addon", f"{ADDON} ({type(error).__name__})", str(log_file()))
            moved = True
        if moved or self._picture() != before:
            self.changed()
        if not wait:
            self.longest = max(self.longest, time.perf_counter() - began)
        if self.session.active and self.session.link is not None:
            return BUSY
        return WAITING if self.state in ("installing", "starting", "loading", "lost") else CALM

    def close(self) -> None:
        """Blender ends, or the add-on is switched off."""
        self.session.close()
        self.backend.close(wait=1.0)

    def _tick(self, budget: float, wait: float) -> bool:
        now = time.monotonic()
        self.backend.poll(self.home, self.session.link is not None)
        if self.backend.renewed and not self.session.active:
            self.backend.renewed = False
            self.restart()
        if self.session.link is None:
            if now >= self._look:
                self._look = now + LOOK
                if not self._connect() and self.remote is None:
                    self._revive()
            if wait:
                time.sleep(min(wait, 0.02))
        else:
            self._watch(now)
        return self.session.tick(budget, wait)

    def _connect(self) -> bool:
        if self.remote is not None:
            if not self.backend.sources.online and self.host.rpartition(":")[0] not in HERE:
                self.trouble = Trouble("offline", AWAY) if self._wanted else None
                return False
            link = Link(self.remote, self.name)
        else:
            try:
                found = connection.read(self.home)
            except NoConnectionError as trouble:
                if trouble.code in ("unsafe", "unreadable") and self._wanted:
                    self.trouble = Trouble(trouble.code, trouble.sentence)
                return False
            link = Link(found, self.name, reload=lambda: connection.read(self.home))
        link.send(Load(self.model))
        link.send(Models())
        self.session.attach(link)
        self._ask = self._lost = 0.0
        return True

    def _revive(self) -> None:
        """There is no backend, but a restart was asked for, or jobs wait: it was ended from outside, or died."""
        if self._again and not self.backend.running:
            self._again = False
            self.backend.start(self.home)
        elif self._wanted and self.session.active and not self.backend.trouble and self.backend.restart_allowed():
            self.backend.start(self.home)

    def _watch(self, now: float) -> None:
        """Ask how the backend is; give up a connection that stays lost."""
        link = self.session.link
        assert link is not None
        if link.state != "lost":
            self._lost, self._given_up = 0.0, False
            if link.state == "open" and now >= self._ask:
                self._ask = now + ASK
                link.send(Status())
            return
        self._lost = self._lost or now
        if self.remote is None:
            dead = not connection.process_alive(link.connection.pid)
            if dead and self._wanted and self.session.active and self.backend.restart_allowed():
                self.backend.start(self.home)  # the Link finds it by itself, and resumes the jobs
        if now - self._lost > LOST and not self.backend.running and not self._given_up:
            self._give_up(link)

    def _give_up(self, link: Link) -> None:
        """The connection stays lost: the jobs end. One to a backend elsewhere is looked for further on."""
        self._given_up = True
        sentence = (self.remote and link.trouble) or GONE
        for job in self.session.active:
            self.session.fail(job, "away" if self.remote else "gone", sentence)
        if self.remote:
            self.trouble = Trouble("away", sentence, str(log_file()))
        else:
            self.trouble = Trouble("gone", sentence, str(self.home / "logs" / "broker.log")) if self._wanted else None
            self._drop()

    def _drop(self, bye: bool = False) -> None:
        if self.session.link is not None:
            self.session.link.close(bye)
            self.session.attach(None)

    def _ended(self, job: Job) -> None:
        if job.state == "failed":
            self.failed = job
        self.ended(job)

    def _picture(self) -> tuple[object, ...]:
        """What the panel depends on, besides the jobs' own news."""
        environment = self.backend.environment
        installing = environment.words(), round(environment.factor, 2)
        return self.state, self.problem, *installing, self.session.status, self.session.download


_current: Runtime | None = None


def current() -> Runtime:
    """The runtime of this Blender, made when it is first asked for."""
    global _current
    if _current is None:
        import bpy

        name = f"Blender {bpy.app.version_string}"
        _current = Runtime(connection.home(), Backend(own("backend"), Sources(DATA)), name, own("elsewhere"))
    return _current


def close() -> None:
    """End the runtime of this Blender; the next `current` makes another."""
    global _current
    if _current is not None:
        _current.close()
        _current = None


def replace(runtime: Runtime) -> None:
    """Use this one from now on: for tests, and for scripts with a backend of their own."""
    global _current
    close()
    _current = runtime
