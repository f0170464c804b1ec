"""A worker whose engine follows a script, for tests: `python tests/backend/script_engine.py`, started by a
broker.

The prompt is the script: words of `key=value`. tokens: how many (each one line of text); delay: seconds
before each; size: characters of each line; fail: what to do after the tokens (a code of messages.Code,
"crash", "exit", "memory" or "bounds"); deaf: 1 to ignore a cancel. Models: "script" and "other"; "slow" takes
a second to load.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import cast

from meshscribe.backend import worker
from meshscribe.backend.engines.base import Engine, EngineError, Hooks
from meshscribe.shared.messages import Code, Describe, Outcome, Request


class ScriptEngine:
    device = "script"

    def __init__(self, model: str) -> None:
        self.model = model

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        script = {"tokens": "20", "delay": "0", "size": "0", "fail": "", "deaf": "0"}
        if not isinstance(request, Describe):
            script |= dict(word.split("=") for word in request.prompt.split() if "=" in word)
        count = int(script["tokens"])
        hooks.progress("prefill", 1, 1, "tokens")
        for i in range(count):
            time.sleep(float(script["delay"]))
            if hooks.cancelled() and script["deaf"] == "0":
                return Outcome(finish="cancelled", model=self.model, seed=request.seed, tokens=i)
            hooks.emit(line(i, int(script["size"])), i + 1)
        self._fail(script["fail"])
        return Outcome(finish="stop", model=self.model, device=self.device, seed=request.seed, tokens=count)

    def _fail(self, how: str) -> None:
        match how:
            case "":
                return
            case "crash":
                raise RuntimeError("the script says so")
            case "exit":
                os._exit(9)
            case "memory":
                raise MemoryError
            case code:
                raise EngineError(cast(Code, code), "The script says so.")

    def close(self) -> None:
        pass


def line(i: int, size: int = 0) -> str:
    """The text of token i."""
    return f"v {i} {i * 7 % 64} {i * 13 % 64}".ljust(size, ".") + "\n"


def text(count: int, size: int = 0) -> str:
    """The whole text of a script with so many tokens."""
    return "".join(line(i, size) for i in range(count))


def open_engine(model: str, progress: Callable[[str, int, int, str], None]) -> Engine:
    if model not in ("script", "other", "slow"):
        raise EngineError("unknown_model", f"There is no model {model}: `meshscribe models` lists them.")
    for layer in range(10):
        time.sleep(0.1 if model == "slow" else 0)
        progress("load", layer + 1, 10, "layers")
    return ScriptEngine(model)


if __name__ == "__main__":
    sys.exit(worker.run(open_engine))
