"""Models that llama.cpp runs: its server is started, watched and ended here, in the worker's process, so that the
broker watches over both. What is asked of it, and how its answers are read, is remote.py's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from meshscribe.backend.models import gguf
from meshscribe.backend.models.store import Located, Progress, locate
from meshscribe.shared import connection
from meshscribe.shared.servers import Server
from meshscribe.shared.tasks import Outcome

from .asking import CONTEXT
from .base import EngineError, Hooks, Work
from .chat import Caller
from .llama_server import LlamaServer, memory
from .remote import LOOK, RemoteEngine
from .servers import Abilities

UP = 600.0  # seconds that a server may take to read its file
STEADY = 10.0  # seconds after which a start counts as a good one
BACKOFF = (0.0, 0.5, 2.0, 5.0)  # seconds before each start, where it keeps ending soon after
STARTS = 3  # where another program has taken its port

log = logging.getLogger(__name__)


def open_engine(model: str, progress: Progress) -> LlamaCpp:
    """Start llama.cpp's server with a model (models/store.py says which names). EngineError where it is absent, does
    not fit, or llama.cpp is not installed."""
    engine = LlamaCpp(locate(connection.home(), model))
    try:
        engine.start(progress)
    except BaseException:
        engine.close()
        raise
    return engine


class LlamaCpp(RemoteEngine):
    """A server of our own, started anew where it has ended."""

    def __init__(self, located: Located):
        super().__init__(located.name, located.name, Server(url="http://127.0.0.1:1/v1"))
        self._located = located
        self._program: LlamaServer | None = None
        self._file = located.files[0]
        self._began = 0.0
        self._ends = 0  # in a row, each soon after its start

    @property
    def device(self) -> str:
        return f"{self.found.kind} {self.found.version}".strip()

    def start(self, progress: Progress) -> None:
        """Start the server, and wait until it has read its file. EngineError."""
        located = self._located
        context, rows, whole = self._fit()
        for last in range(STARTS):
            folder = connection.home()
            program = self._program = LlamaServer(self._file, located.name, context, rows, whole, folder)
            self._turn_to(Server(url=program.url, model=located.name, key=program.key))
            self._began = time.monotonic()
            while program.running and not self._up(program):
                progress("load", 0, self._file.stat().st_size, "bytes")
                if time.monotonic() - self._began > UP:
                    raise EngineError(
                        "server_failed",
                        f"The llama.cpp of this machine has not read {located.name} in {UP:.0f} s.",
                        True,
                    )
                time.sleep(LOOK)
            if program.running:
                break
            said = program.said()
            if last + 1 == STARTS or "bind" not in said and "address already in use" not in said:
                raise EngineError(
                    "server_failed", f"The llama.cpp of this machine does not run {located.name}. It says: {said}"
                )
        self._meet(program, context)

    def _fit(self) -> tuple[int, int, bool]:
        """Choose the file; the tokens of a text, how many texts at once, and whether all of it fits into the device."""
        located, free = self._located, memory()
        said = self._head()
        context = min(said.get(f"{said.get('general.architecture')}.context_length", 1 << 31), CONTEXT[located.prompts])
        row = gguf.shape(said, located.name).row(context)
        sizes = {file.name: file.stat().st_size for file in located.files}
        if (name := gguf.chosen(sizes, row, free)) is None:
            raise EngineError("out_of_memory", gguf.refusal(located.name, min(sizes.values()), row, free))
        self._file = next(file for file in located.files if file.name == name)
        inside = gguf.rows(sizes[name], row, free.device)
        return context, inside or gguf.rows(sizes[name], row, sum(free)), bool(inside)

    def _head(self) -> dict:
        try:
            return gguf.head(self._file)
        except (OSError, ValueError) as error:
            raise EngineError("model_missing", f"{self._located.name} could not be loaded: {error}") from None

    def _up(self, program: LlamaServer) -> bool:
        return self._loop.run(self._caller.look("/health" if program.own else "/v1/models")) is not None

    def _meet(self, program: LlamaServer, context: int) -> None:
        """What it can do is known, and need not be tried."""
        props = self._loop.run(self._caller.look("/props")) if program.own else {}
        build = str(props.get("build_info") or "") if isinstance(props, dict) else ""
        self.found = Abilities(
            url=program.url,
            kind="llama.cpp" if program.own else "llama-cpp-python",
            version=build[:40],
            model=self._located.name,
            family=self._located.prompts,
            context=context,
            rows=program.rows,
            raw=True,
            grammar="grammar",
            cancel="closing",
        )
        log.info("started llama.cpp", extra={"file": self._file.name, "rows": program.rows, "context": context})

    def _turn_to(self, server: Server) -> None:
        self._loop.run(self._caller.close())
        self._server, self._caller = server, Caller(self.name, server)

    # ------------------------------------------------------------------------------------------------------ its runs

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        try:
            self._revive(first.hooks)
        except EngineError as trouble:
            yield first, trouble
            return
        for work, how in super().together(first, more):
            yield work, self._watched(how) if isinstance(how, EngineError) else how

    def _refresh(self) -> None:
        """Nobody else can change what this server is."""

    def _revive(self, hooks: Hooks) -> None:
        """Start the server again where it has ended, after a pause where it keeps ending."""
        if self._program is not None and self._program.running:
            return
        soon = time.monotonic() - self._began < STEADY
        self._ends = self._ends + 1 if soon else 0
        until = time.monotonic() + BACKOFF[min(self._ends, len(BACKOFF)) - 1] if self._ends else 0.0
        while time.monotonic() < until and not hooks.cancelled():
            hooks.progress("load", 0, 0, "")
            time.sleep(LOOK)
        self._end()
        self.start(hooks.progress)

    def _watched(self, error: EngineError) -> EngineError:
        """Why a run failed: where the server has ended, or answers no more, that is the reason, and the next run gets a
        new one."""
        program = self._program
        if error.code != "server_failed" or program is None or program.running and self._up(program):
            return error
        log.error("llama.cpp answers no more", extra={"said": program.said()})
        if program.running:
            self._end()
            return error
        sentence = "The process of llama.cpp ended during this job. The text so far is kept: run the job again."
        return EngineError("engine_dead", sentence, retryable=True)

    def _outcome(self, *how, **more) -> Outcome:
        precision = next((kind for kind in gguf.QUANTIZATIONS if kind in self._file.name.lower()), "")
        name = self._located.name if self._located.precision == precision else f"{self._located.name}:{precision}"
        outcome = super()._outcome(*how, **more)
        return replace(outcome, model=name.rstrip(":")[:200], revision=self._located.revision or self.found.version)

    def close(self) -> None:
        self._end()
        super().close()

    def _end(self) -> None:
        if self._program is not None:
            self._program.end()
