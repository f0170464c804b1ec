"""Process: the local backend's child process, and in one word how far the backend is. Never blocks and starts
no thread: `poll`, from the tick, looks at the child."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .environment import Environment, InstallError, Sources, clean, own_group

State = Literal["off", "installing", "starting", "loading", "ready", "lost"]

RESPAWN = 5.0  # seconds between two starts that nobody asked for: a backend that dies at once is not hammered
START_LIMIT = 60.0  # seconds until a backend must be up
IDLE_MINUTES = "30"  # of a shared backend, which nobody's end ends
GRACE = 3.0  # seconds that a backend may take to end


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong, for the panel: `code` is one of troubles.FIXES, `sentence` is for people,
    `log` is the file with the details."""

    code: str
    sentence: str
    log: str = ""


class Backend:
    """The backend that this Blender installs, starts and stops. `python`: an environment of the artist's own
    that has the backend; None for the private one."""

    def __init__(self, folder: Path, sources: Sources, python: Path | None = None) -> None:
        self.environment = Environment(folder)
        self.sources = sources
        self.python = python
        self.shared = False
        self.trouble: Trouble | None = None
        self.log = folder / "backend.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started = -RESPAWN
        self._stop_by = 0.0  # when to kill it
        self._then_start = False
        self.renewed = False  # something was installed while it ran: it has to be started again

    @property
    def installed(self) -> bool:
        return self.python is not None or self.environment.fits(self.sources)

    def has(self, extra: str) -> bool:
        """Whether a group of packages ("torch") is installed; an environment of the artist's own is trusted."""
        return self.python is not None or extra in self.environment.facts().get("extras", [])

    @property
    def running(self) -> bool:
        """Whether the child runs, as far as the last `poll` knows."""
        return self._process is not None

    @property
    def starting(self) -> bool:
        return self.running and not self._stop_by

    def install(self, large: bool = False, start: bool = True) -> None:
        """Begin to install, and start the backend afterwards."""
        self.trouble = None
        try:
            self.environment.install(self.sources, large)
            self._then_start = start
        except InstallError as trouble:
            self._fail(trouble.code, trouble.sentence, self.environment.log)

    def cancel_install(self) -> None:
        self.environment.cancel()

    def start(self, home: Path) -> None:
        """Start the backend in its folder `home`, which ends with this process unless it is `shared`."""
        if self.running:
            return
        if not self.installed:
            return self._fail("not_installed", "The backend is not installed yet.")
        self.trouble, self._started, self._stop_by = None, time.monotonic(), 0.0
        python = str(self.python or self.environment.python)
        ends = ["--idle", IDLE_MINUTES] if self.shared else ["--parent-pid", str(os.getpid())]
        variables = clean(os.environ) | {"MESHSCRIBE_HOME": str(home)}
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with open(self.log, "wb") as log:
                self._process = subprocess.Popen(
                    [python, "-m", "meshscribe.backend.cli", "serve", *ends],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.log.parent,
                    env=variables,
                    **own_group(),
                )
        except OSError as error:
            self._fail("start_failed", f"The backend cannot be started ({error.strerror}).", self.log)

    def restart_allowed(self) -> bool:
        """Whether it may be started again without being asked to."""
        return self.installed and not self.running and time.monotonic() - self._started > RESPAWN

    def stop(self) -> None:
        """Ask the child to end; `poll` ends it for good where it does not."""
        if self._process is not None and not self._stop_by:
            self._process.terminate()
            self._stop_by = time.monotonic() + GRACE

    def poll(self, home: Path, connected: bool) -> None:
        """Look at the children."""
        try:
            if self.environment.poll():
                self.renewed = self.running
                if self._then_start:
                    self.start(home)
        except InstallError as trouble:
            self._fail(trouble.code, trouble.sentence, self.environment.log)
        if self._process is None:
            return
        code = self._process.poll()
        if code is not None:
            self._process = None
            if not self._stop_by and not connected and code not in (0, None):
                self._fail("start_failed", f"The backend has ended: {self._last_words(code)}", self.log)
        elif self._stop_by and time.monotonic() > self._stop_by:
            self._process.kill()
        elif not connected and not self._stop_by and time.monotonic() - self._started > START_LIMIT:
            self._fail("start_failed", f"The backend is not up after {START_LIMIT:.0f} seconds.", self.log)
            self.stop()

    def close(self, wait: float = 0.0) -> None:
        """Blender ends, or the add-on is switched off: so does what it started, unless it is shared."""
        self.environment.cancel()
        if self._process is not None and not self.shared:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(wait)
        self._process = None

    def _last_words(self, code: int) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").strip().splitlines()
            if lines:
                return lines[-1][:300]
        return f"exit code {code}."

    def _fail(self, code: str, sentence: str, log: Path | None = None) -> None:
        self.trouble = Trouble(code, sentence, str(log or ""))
