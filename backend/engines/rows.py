"""Which tokens each row of a forward pass's cache holds, so that what prompts share is read once."""

from __future__ import annotations

from typing import Literal, overload

from meshscribe.backend.forward.base import Forward


class Rows:
    """Gives rows to texts, and remembers what was in them: a prompt begins where it is like the one before, whether
    that text has ended (a dialogue goes on) or is in the making (variations of one prompt)."""

    def __init__(self, forward: Forward):
        self.forward = forward
        self.held: list[list[int]] = [[] for _ in range(forward.rows)]  # tokens; of a busy row, its prompt
        self.free = list(range(forward.rows))  # the one that was left last is the last

    @overload
    def take(self, prompt: list[int], wait: Literal[False]) -> tuple[int, int]: ...
    @overload
    def take(self, prompt: list[int], wait: bool = True) -> tuple[int, int] | None: ...
    def take(self, prompt: list[int], wait: bool = True) -> tuple[int, int] | None:
        """A free row, and how many of the prompt's first tokens it holds. None where a busy row is just reading more
        of them, and that is worth to `wait` for."""
        free = max(self.free, key=lambda row: self._known(row, prompt))
        busy = [row for row in range(len(self.held)) if row not in self.free]
        source = max(busy, key=lambda row: _same(self.held[row], prompt), default=free)
        wanted = min(_same(self.held[source], prompt), len(prompt) - 1)
        if source in busy and wanted > self._known(free, prompt):
            if self.forward.length(source) < wanted and wait:
                return None
            free, wanted = self.free[0], min(wanted, self.forward.length(source))
            self.forward.fork(source, free, wanted)
            self.held[free] = prompt[:wanted]
        known = self._known(free, prompt)
        self.free.remove(free)
        self.held[free] = prompt
        return free, known

    def leave(self, row: int, tokens: list[int]) -> None:
        """The text of a row has ended: `tokens` are its prompt and what came of it."""
        self.held[row] = tokens[: self.forward.length(row)]
        self.free.append(row)

    def _known(self, row: int, prompt: list[int]) -> int:
        """How many of a prompt's first tokens a row's cache holds, without the last one: it has to be scored."""
        return min(_same(self.held[row], prompt), self.forward.length(row), len(prompt) - 1)


def _same(held: list[int], prompt: list[int]) -> int:
    """How many tokens two texts begin with alike."""
    shorter = min(len(held), len(prompt))
    return next((i for i in range(shorter) if held[i] != prompt[i]), shorter)
