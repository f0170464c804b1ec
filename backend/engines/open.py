"""The engine for a model's name: this machine's models, a server's, or several of both to be tried in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from meshscribe.backend.models.store import Progress, locate
from meshscribe.shared import connection
from meshscribe.shared.messages import Code
from meshscribe.shared.servers import ServerError, load, named
from meshscribe.shared.tasks import Outcome, Request

from .base import Engine, EngineError, Hooks, Work

# Failures of an engine, not of what was asked: the next one may do better.
FALLS: tuple[Code, ...] = (
    "server_failed", "key_refused", "busy", "model_missing", "unknown_model", "missing_library", "out_of_memory",
    "engine_dead", "declined", "no_mesh",
)  # fmt: skip


def open_engine(model: str, progress: Progress) -> Engine:
    """`starter`, `llama-mesh-gguf` for llama.cpp, `studio` or `studio:its-model` for a server of servers.json,
    `llama-mesh, studio, hosted` for an order. EngineError where it is unknown or cannot be opened."""
    if "," in model:
        return InOrder(model)
    try:
        server = named(load(connection.home()), model)
    except ServerError as error:
        raise EngineError("server_failed", str(error)) from None
    if server is not None:
        from .remote import open_server as opened  # late, like the others: heavy libraries
    elif locate(connection.home(), model).files:
        from .llama_cpp import open_engine as opened
    else:
        from .local import open_engine as opened  # type: ignore[assignment]
    return opened(model, progress)


class InOrder:
    """The first engine of a list that does it; why the ones before it did not is told with the result. Only the one
    that was used last stays open."""

    rows = 1

    def __init__(self, model: str, opener: Callable[[str, Progress], Engine] | None = None):
        self.model = model
        self.names = [name.strip() for name in model.split(",") if name.strip()]
        if not self.names:
            raise EngineError("unknown_model", "The list of engines is empty: name one, such as `starter`.")
        self._opener = opener or open_engine
        self._open: Engine | None = None
        self._name = ""

    @property
    def device(self) -> str:
        return self._open.device if self._open else ""

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        wrote: list[bool] = []

        def emit(text: str, tokens: int) -> None:
            wrote.append(True)
            hooks.emit(text, tokens)

        reasons: list[str] = []
        for name in self.names:
            try:
                engine = self._use(name, hooks.progress)
                asked = msgspec.structs.replace(request, model=name)
                outcome = engine.run(asked, Hooks(emit, hooks.progress, hooks.cancelled))
            except EngineError as error:
                if wrote or error.code not in FALLS or name == self.names[-1] and not reasons:
                    raise
                reasons.append(f"{name} was passed over: {error.sentence}"[:600])
                last = error
                continue
            return msgspec.structs.replace(outcome, notes=[*reasons, *outcome.notes][:20])
        raise EngineError(last.code, f"No engine of the list could do it. {' '.join(reasons)}"[:2_000], last.retryable)

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        """One request; the engines of a list are tried for each on its own."""
        try:
            yield first, self.run(first.request, first.hooks)
        except EngineError as error:
            yield first, error

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open, self._name = None, ""

    def _use(self, name: str, progress: Progress) -> Engine:
        if self._open is None or self._name != name:
            self.close()
            self._open, self._name = self._opener(name, progress), name
        return self._open
