"""Downloads: gets models in processes of their own, which can be ended at any moment and leave nothing that looks
whole (models/store.py). The broker never waits for a network."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from meshscribe.shared.messages import DownloadReply

COMMAND = [sys.executable, "-m", "meshscribe.backend.models.fetcher"]
AT_ONCE = 2
LINE = 1 << 16  # bytes of one report

log = logging.getLogger(__name__)
_decoder = msgspec.json.Decoder(DownloadReply)


@dataclass(slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    last: DownloadReply
    stopped: bool = False
    lines: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)  # None: the process has ended


class Downloads:
    """The downloads that run, by model."""

    def __init__(self, folder: Path, command: list[str] | None = None) -> None:
        self._folder, self._command = folder, command or COMMAND
        self._running: dict[str, _Running] = {}
        self._news: list[DownloadReply] = []

    @property
    def active(self) -> bool:
        return bool(self._running or self._news)

    def start(self, model: str, accept_licence: bool) -> None:
        """Get a model, or say how its download goes on. What comes of it is in `updates`."""
        if (here := self._running.get(model)) is not None:
            self._news.append(here.last)
            return
        if len(self._running) >= AT_ONCE:
            sentence = f"{AT_ONCE} downloads run already: wait for one, or stop it."
            self._news.append(DownloadReply(model, "failed", code="busy", sentence=sentence))
            return
        try:
            self._start(model, accept_licence)
        except OSError as error:
            sentence = f"The download could not be started: {error}."
            self._news.append(DownloadReply(model, "failed", code="internal", sentence=sentence))

    def stop(self, model: str) -> None:
        if (here := self._running.get(model)) is not None:
            here.stopped = True
            here.process.kill()

    def updates(self) -> Iterator[DownloadReply]:
        """What has happened since the last call."""
        yield from self._news
        self._news.clear()
        for model, here in list(self._running.items()):
            with contextlib.suppress(Empty):
                while (line := here.lines.get_nowait()) is not None:
                    with contextlib.suppress(msgspec.MsgspecError):
                        here.last = _decoder.decode(line)
                        if here.last.state == "running":
                            yield here.last
                del self._running[model]
                yield self._end(model, here)

    def close(self) -> None:
        for model in self._running:
            self.stop(model)
        for here in self._running.values():
            here.process.wait()

    def _start(self, model: str, accept_licence: bool) -> None:
        line = [*self._command, str(self._folder), model, *(["--accept-licence"] if accept_licence else [])]
        with open(self._folder / "logs" / "download.stderr", "wb") as stderr:
            process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,  # its end tells the process that we are gone
                stdout=subprocess.PIPE,
                stderr=stderr,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        here = self._running[model] = _Running(process, DownloadReply(model, "running"))
        threading.Thread(target=_read, args=(here,), daemon=True).start()
        log.info("a download begins", extra={"model": model})

    def _end(self, model: str, here: _Running) -> DownloadReply:
        code = here.process.wait()
        assert here.process.stdin is not None
        here.process.stdin.close()
        last = here.last
        if last.state == "running":  # it said nothing about its end
            last = DownloadReply(model, "stopped")
            if not here.stopped:
                sentence = f"The download ended unexpectedly (exit code {code}): try again, it goes on where it was."
                last = DownloadReply(model, "failed", code="download_failed", sentence=sentence)
        log.info("a download has ended: %s", last.code or last.state, extra={"model": model})
        return last


def _read(here: _Running) -> None:
    assert here.process.stdout is not None
    with here.process.stdout as stdout:
        while line := stdout.readline(LINE):
            here.lines.put(line)
    here.lines.put(None)
