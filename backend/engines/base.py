"""The engine interface: what a worker needs from anything that can run a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from meshscribe.shared.messages import Code
from meshscribe.shared.tasks import Outcome, Request


class EngineError(Exception):
    """A failure with a code and one plain sentence that says what was wrong and what to do."""

    def __init__(self, code: Code, sentence: str, retryable: bool = False):
        super().__init__(sentence)
        self.code: Code = code
        self.sentence = sentence
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a running engine talks to its worker. All are called on the engine's thread and return at once.

    emit(text, tokens): more text; `tokens` of the run so far.
    progress(phase, done, total, unit): what happens before the first token.
    cancelled(): asked once a forward pass; True ends the run with finish "cancelled".
    """

    emit: Callable[[str, int], None]
    progress: Callable[[str, int, int, str], None]
    cancelled: Callable[[], bool]


class Work(NamedTuple):
    """A request that an engine runs beside others."""

    request: Request
    hooks: Hooks


class Engine(Protocol):
    """One loaded model."""

    model: str  # its name in the catalog

    @property
    def device(self) -> str:
        """ "cpu", "cuda:0 NVIDIA ...", "studio:8000 vLLM", for people."""
        ...

    @property
    def rows(self) -> int:
        """Meshes that it makes side by side. With one, it is not asked to do anything `together`."""
        ...

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        """Run one request to its end. EngineError where it cannot."""
        ...

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        """Run Generates and Changes side by side; yields each at its end. `more` is asked for another one again and
        again while fewer than `rows` run. All hooks are called on this thread."""
        ...

    def close(self) -> None:
        """Free the memory."""
        ...


Opener = Callable[[str, Callable[[str, int, int, str], None]], Engine]
"""open(model name, progress) -> a loaded engine; EngineError where the model is unknown, absent or does not fit."""
