"""Models of a server with the OpenAI interface: vLLM, SGLang, Ray Serve, llama.cpp, Ollama, LM Studio, transformers
serve, hosted ones. The server's own batching does the work; here several answers are read at once, on one thread."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from meshscribe.backend.models.store import Progress
from meshscribe.backend.understand.tasks import Answer
from meshscribe.shared import connection
from meshscribe.shared.obj import DECLINED
from meshscribe.shared.servers import Server, ServerError, load, named
from meshscribe.shared.tasks import MAX_TEXT, Describe, Finish, Outcome, Request

from .asking import Asked, asked
from .base import EngineError, Hooks, Work
from .chat import Caller, Piece
from .mend import Mender, Words, mender
from .servers import Abilities, discover, remember, remembered

LOOK = 0.02  # seconds between two looks at whether a run was cancelled
TRIES = 3  # answers that are asked for until one holds a mesh
SEEDS = 1 << 31  # that every server takes
STRIDE = 7919  # between the seeds of two tries: far from those of a person's next variations


def open_server(model: str, progress: Progress) -> RemoteEngine:
    """The engine for a server of servers.json, asked what it can do where that is not known yet. EngineError where it
    is unknown, cannot be reached, or has not the model."""
    name, server = _entry(model)
    progress("load", 0, 1, "servers")
    engine = RemoteEngine(model, name, server)
    try:
        engine.meet()
    except BaseException:
        engine.close()
        raise
    return engine


def _entry(model: str) -> tuple[str, Server]:
    try:
        found = named(load(connection.home()), model)
    except ServerError as error:
        raise EngineError("server_failed", str(error)) from None
    if found is None:
        raise EngineError("unknown_model", f"There is no server {model}: `meshscribe servers` lists them.")
    return found


@dataclass(slots=True)
class Run:
    """One request on its way."""

    hooks: Hooks
    seed: int
    began: float = field(default_factory=time.perf_counter)
    first: float = 0.0  # seconds until the first piece
    tokens: int = 0
    prompt: int = 0  # tokens of it
    finish: Finish | None = None  # as the server said

    def take(self, piece: Piece) -> None:
        self.tokens += bool(piece.text)
        if piece.text and not self.first:
            self.first = time.perf_counter() - self.began
        if piece.finish:
            self.finish = "length" if piece.finish == "length" else "stop"
        if piece.usage:
            self.prompt = piece.usage.prompt_tokens or self.prompt
            self.tokens = max(self.tokens, piece.usage.completion_tokens or 0)


class RemoteEngine:
    """One model of one server. `meet` finds out what it can do; the key is read anew for every run."""

    def __init__(self, model: str, name: str, server: Server):
        self.model, self.name = model, name
        self._loop = asyncio.Runner()
        self._server = server
        self._caller = Caller(name, server)
        self.found = Abilities(url=server.url, model=server.model)

    @property
    def device(self) -> str:
        return f"{self._caller.host} {self.found.kind}".strip()

    @property
    def rows(self) -> int:
        """Runs at once."""
        return self.found.rows

    def meet(self) -> None:
        """Find out what the server can do, unless that is known. EngineError."""
        home = connection.home()
        found = remembered(home, self.name, self._server)
        if found is None:
            found = self._loop.run(discover(self._caller))
            remember(home, self.name, found)
        self._caller.refused.update(found.refused)
        self.found = found

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        for _, how in self.together(Work(request, hooks), lambda: None):
            if isinstance(how, EngineError):
                raise how
            return how
        raise AssertionError("a run ends")

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        """Run several requests at once. `more` is asked for another while there is room."""
        try:
            self._refresh()
        except EngineError as trouble:
            yield first, trouble
            return
        running: dict[asyncio.Task[Outcome], Work] = {}
        try:
            self._loop.run(self._start(first, running))
            while True:
                while len(running) < self.rows and (work := more()) is not None:
                    self._loop.run(self._start(work, running))
                if not running:
                    return
                for task in self._loop.run(self._turn(running)):
                    work, error = running.pop(task), task.exception()
                    if error is None:
                        yield work, task.result()
                    elif isinstance(error, EngineError):
                        yield work, error
                    else:
                        raise error
        finally:
            self._loop.run(_ended(running))

    def close(self) -> None:
        self._loop.run(self._caller.close())
        self._loop.close()

    def _refresh(self) -> None:
        """Another key, address or model since the last run counts from now on."""
        name, server = _entry(self.model)
        if server != self._server or server.secret() != self._caller.key:
            moved = (server.url, server.model, server.family) != (
                self._server.url, self._server.model, self._server.family,
            )  # fmt: skip
            self._loop.run(self._caller.close())
            self._server, self._caller = server, Caller(name, server)
            if moved:
                self.meet()

    async def _start(self, work: Work, running: dict[asyncio.Task[Outcome], Work]) -> None:
        running[asyncio.create_task(self._answer(work.request, work.hooks))] = work

    async def _turn(self, running: dict[asyncio.Task[Outcome], Work]) -> set[asyncio.Task[Outcome]]:
        """Those that ended within LOOK; the ones that were cancelled are told so."""
        done, going = await asyncio.wait(running, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
        for task in going:
            if running[task].hooks.cancelled() and not task.cancelling():
                task.cancel()
        return done

    async def _answer(self, request: Request, hooks: Hooks) -> Outcome:
        run = Run(hooks, request.seed)
        hooks.progress("prefill", 0, 0, "tokens")
        if isinstance(request, Describe) and self.found.images:
            request = replace(request, views=request.views or self._server.views)
        ask = asked(request, self.found)
        if isinstance(ask, Answer):
            hooks.emit(ask.text, 0)
            run.finish = "stop"
            return self._outcome(run, ask)
        notes: list[str] = []
        try:
            while ask.then is not None:
                plan = await self._plan(ask, run)
                ask, run.first, run.finish, run.tokens = ask.then(plan), 0.0, None, 0
            notes += ask.notes
            if ask.dialect is None:
                return self._outcome(run, await self._words(ask, run), notes)
            for attempt in range(TRIES):
                run.seed = (request.seed + attempt * STRIDE) % SEEDS if attempt else request.seed
                run.finish = None
                made = mender(ask.dialect, ask.trained)
                await self._mesh(ask, run, made)
                if made.faces:
                    if attempt:
                        notes.append(f"The first answer held no mesh: this is try {attempt + 1}, with seed {run.seed}.")
                    if made.repairs:
                        count = "1 line" if made.repairs == 1 else f"{made.repairs:,} lines"
                        notes.append(f"Mended or left out of the answer: {count}.")
                    return self._outcome(run, ask, notes, made.repairs)
                self._hopeless(run, made.said, request)
            raise EngineError("no_mesh", f"{self.found.model} wrote no mesh in {TRIES} tries. {_said(made.said)}")
        except asyncio.CancelledError:
            run.finish = "cancelled"
            return self._outcome(run, ask, notes)

    def _hopeless(self, run: Run, said: str, request: Request) -> None:
        """EngineError where another seed would not help."""
        if said.strip().startswith(f"# plan {DECLINED}"):
            raise EngineError("declined", f"{self.found.model} cannot make that: choose another model.")
        if run.finish == "length" and request.max_tokens:
            raise EngineError("no_mesh", "The answer was cut before its first face: allow more tokens.")
        if request.temperature == 0:
            sentence = f"{self.found.model} wrote no mesh, and would again at temperature 0. {_said(said)}"
            raise EngineError("no_mesh", sentence)

    async def _mesh(self, ask: Asked, run: Run, made: Mender) -> None:
        """One answer; what of it is certain goes out as it comes."""
        async with contextlib.aclosing(self._pieces(ask, run)) as pieces:
            async for piece in pieces:
                if text := made.feed(piece.text):
                    run.hooks.emit(text, run.tokens)
                elif not made.faces:
                    run.hooks.progress("prefill", run.tokens, 0, "tokens")
                if made.over:
                    run.finish = run.finish or "stop"
                    break
        if text := made.close(run.finish == "stop"):
            run.hooks.emit(text, run.tokens)

    async def _words(self, ask: Asked, run: Run) -> Answer:
        """An answer in words. The starter's is a plan, which rules put into words."""
        if ask.plan:
            answer = ask.meant(await self._plan(ask, run))
            run.hooks.emit(answer.text, run.tokens)
            return answer
        aloud, text, length = Words(), [], 0
        async with contextlib.aclosing(self._pieces(ask, run)) as pieces:
            async for piece in pieces:
                spoken = aloud.feed(piece.text)[: MAX_TEXT - length]
                spoken = spoken if length else spoken.lstrip()
                length += len(spoken)
                text.append(spoken)
                if spoken:
                    run.hooks.emit(spoken, run.tokens)
        text.append(aloud.close())
        if text[-1]:
            run.hooks.emit(text[-1], run.tokens)
        if not (said := "".join(text).strip()):
            raise EngineError("server_failed", f"{self.found.model} answered nothing: try again.", retryable=True)
        return ask.meant(said)

    async def _plan(self, ask: Asked, run: Run) -> str:
        """The words of a plan, which nobody is shown."""
        text = ""
        async with contextlib.aclosing(self._pieces(ask, run)) as pieces:
            async for piece in pieces:
                text = f"{text}{piece.text}"[:MAX_TEXT]
        return text.strip().removeprefix("# plan").strip().partition("\n")[0]

    async def _pieces(self, ask: Asked, run: Run) -> AsyncGenerator[Piece]:
        """The answer's pieces. A run that is cancelled closes the connection; where a server goes on after that, it is
        told to stop as its documentation says."""
        body = ask.body | {"seed": run.seed % SEEDS}
        if self.found.kind == "SGLang":
            body["rid"] = f"meshscribe-{id(run):x}-{run.seed}"
        if self.found.kind == "llama.cpp":
            body["return_progress"] = True  # signs of life while it reads a long prompt
        try:
            async with contextlib.aclosing(self._caller.stream(ask.path, body)) as pieces:
                async for piece in pieces:
                    run.take(piece)
                    if piece.read:
                        run.hooks.progress("prefill", *piece.read, "tokens")
                    yield piece
        except (asyncio.CancelledError, GeneratorExit):
            if self.found.kind == "SGLang":
                await self._caller.tell("/abort_request", {"rid": body["rid"]})
            raise

    def _outcome(self, run: Run, of: Asked | Answer, notes: Sequence[str] = (), repairs: int = 0) -> Outcome:
        if run.finish is None:
            notes = [*notes, "The server's answer ended without saying so: it may be cut."]
        answer = of if isinstance(of, Answer) else Answer("")
        return Outcome(
            finish=run.finish or "length",
            model=f"{self.name}:{self.found.model}"[:200],
            revision=f"{self.found.kind} {self.found.version}".strip()[:200],
            device=self.device[:200],
            seed=run.seed,
            prompt_tokens=run.prompt,
            tokens=run.tokens,
            seconds=time.perf_counter() - run.began,
            first_token=run.first,
            repairs=repairs,
            notes=[note[:2_000] for note in notes[:20]],
            dialect=of.dialect.name if isinstance(of, Asked) and of.dialect else "",
            facts=answer.facts,
            names=answer.names,
            ids=answer.ids,
        )


async def _ended(running: dict[asyncio.Task[Outcome], Work]) -> None:
    """Nothing goes on when the caller has gone."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _said(said: str) -> str:
    return f"It says: {said}" if said else "Its answer was empty."
