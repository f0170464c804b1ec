"""A worker whose engine follows a script, for tests: `python tests/backend/script_engine.py`, started by a
broker.

The prompt is the script: words of `key=value`. tokens: how many (each one line of text); delay: seconds
before each; size: characters of each line; prefill: seconds before the first; fail: what to do after the tokens (a
code of messages.Code, "crash", "exit", "memory", or "balloon" to use all memory; "gil", "sleep" and "ask" stand
still: in C with the interpreter's lock, without a question, and with questions but without text); deaf: 1 to ignore a
cancel; mark: what each line ends with ("clock": the time at which it was written). A task without a prompt is
answered with 20 tokens. Models: "script" and "other"; "slow" takes a second to load; "side" makes four side by side.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import cast

from meshscribe.backend import worker
from meshscribe.backend.engines.base import Engine, EngineError, Hooks, Work
from meshscribe.shared.messages import Code
from meshscribe.shared.tasks import Ground, Name, Names, Outcome, Request, words

FOREVER = 1_000


class ScriptEngine:
    device = "script"

    def __init__(self, model: str) -> None:
        self.model, self.rows = model, 4 if model == "side" else 1

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        steps = self._play(request, hooks)
        while True:
            try:
                time.sleep(next(steps))
            except StopIteration as end:
                return end.value

    def together(self, first: Work, more: Callable[[], Work | None]) -> Iterator[tuple[Work, Outcome | EngineError]]:
        plays = [(first, self._play(*first), 0.0)]
        while plays:
            while len(plays) < self.rows and (work := more()) is not None:
                plays.append((work, self._play(*work), 0.0))
            work, play, due = plays.pop(0)
            if time.monotonic() < due:
                plays.append((work, play, due))
                time.sleep(0.0005)
                continue
            try:
                plays.append((work, play, next(play) + time.monotonic()))
            except StopIteration as end:
                yield work, end.value
            except EngineError as error:
                yield work, error

    def _play(self, request: Request, hooks: Hooks) -> Generator[float, None, Outcome]:
        """Follow the script; yields the seconds until it wants to go on."""
        script = {"tokens": "20", "delay": "0", "size": "0", "prefill": "0", "fail": "", "deaf": "0", "mark": ""}
        script |= dict(word.split("=") for word in words(request).split() if "=" in word)
        count, heeds = int(script["tokens"]), script["deaf"] == "0"
        hooks.progress("prefill", 1, 1, "tokens")
        ready = time.monotonic() + float(script["prefill"])
        while time.monotonic() < ready:
            yield 0.005
            if hooks.cancelled() and heeds:
                return Outcome(finish="cancelled", model=self.model, seed=request.seed)
        for i in range(count):
            yield float(script["delay"])
            if hooks.cancelled() and heeds:
                return Outcome(finish="cancelled", model=self.model, seed=request.seed, tokens=i)
            mark = f"{time.monotonic():.6f}" if script["mark"] == "clock" else script["mark"]
            hooks.emit(line(i, int(script["size"]), mark), i + 1)
        self._fail(script["fail"], hooks)
        outcome = {"model": self.model, "device": self.device, "seed": request.seed, "tokens": count}
        if isinstance(request, Name):
            return Outcome(finish="stop", names=Names(object="chair", parts=["leg"] * 4), **outcome)
        ids = [each.id for each in request.objects] if isinstance(request, Ground) else None
        return Outcome(finish="stop", ids=ids, **outcome)

    def _fail(self, how: str, hooks: Hooks) -> None:
        match how:
            case "":
                return
            case "crash":
                raise RuntimeError("the script says so")
            case "exit":
                os._exit(9)
            case "memory":
                raise MemoryError
            case "balloon":  # until the system gives no more
                held = []
                while True:
                    held.append(bytearray(32 << 20))
            case "gil":
                ctypes.PyDLL(None).sleep(FOREVER)
            case "sleep":
                time.sleep(FOREVER)
            case "ask":
                while True:
                    time.sleep(0.01)
                    hooks.cancelled()
            case code:
                raise EngineError(cast(Code, code), "The script says so.")

    def close(self) -> None:
        pass


def line(i: int, size: int = 0, mark: str = "") -> str:
    """The text of token i."""
    return f"v {i} {i * 7 % 64} {i * 13 % 64} {mark}".rstrip().ljust(size, ".") + "\n"


def text(count: int, size: int = 0, mark: str = "") -> str:
    """The whole text of a script with so many tokens."""
    return "".join(line(i, size, mark) for i in range(count))


def open_engine(model: str, progress: Callable[[str, int, int, str], None]) -> Engine:
    if model not in ("script", "other", "slow", "side"):
        raise EngineError("unknown_model", f"There is no model {model}: `meshscribe models` lists them.")
    for layer in range(10):
        time.sleep(0.1 if model == "slow" else 0)
        progress("load", layer + 1, 10, "layers")
    return ScriptEngine(model)


if __name__ == "__main__":
    sys.exit(worker.run(open_engine))
