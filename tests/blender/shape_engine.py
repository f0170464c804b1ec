"""A worker whose engine writes a training shape, for tests: `python tests/blender/shape_engine.py`, started
by a broker.

The prompt (of a change, the instruction) is the script, words of `key=value`: family, dialect, delay (seconds a
chunk), cut (characters after which the answer breaks off, finish "length"), fail (a code of messages.Code, after
half of the text), say (this text instead). The seed makes the shape; the text comes in chunks of odd lengths."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # a worker starts in any folder

from meshscribe.backend import worker
from meshscribe.backend.engines.base import Engine, EngineError, Hooks
from meshscribe.shared.obj import DIALECTS, write
from meshscribe.shared.tasks import Outcome, Request, words
from meshscribe.training.shapes import FAMILIES


def text(seed: int, family: str = "table", dialect: str = "parts") -> str:
    """The whole answer for a seed."""
    random = Random(seed)
    plan = FAMILIES[family].sample(random)
    words = " ".join([family, *(f"{key} {value}" for key, value in plan.items())])
    return write(FAMILIES[family].mesh(plan, random), DIALECTS[dialect], words).text


class ShapeEngine:
    device, rows = "test", 1

    def __init__(self, model: str) -> None:
        self.model = model

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        script = {"family": "table", "dialect": "parts", "delay": "0", "cut": "0", "fail": "", "say": ""}
        script |= dict(word.split("=") for word in words(request).split() if "=" in word)
        whole = script["say"] or text(request.seed, script["family"], script["dialect"])
        answer = whole[: int(script["cut"]) or None]
        chunks = [answer[i : i + 37] for i in range(0, len(answer), 37)]
        finish = "length" if len(answer) < len(whole) else "stop"
        for count, chunk in enumerate(chunks, 1):
            time.sleep(float(script["delay"]))
            if hooks.cancelled():
                finish = "cancelled"
                break
            hooks.emit(chunk, count)
            if script["fail"] and count > len(chunks) // 2:
                raise EngineError(script["fail"], "The script says so.")
        return Outcome(
            finish=finish,
            model=self.model,
            revision="r1",
            device=self.device,
            seed=request.seed,
            tokens=count,
            seconds=0.5,
            dialect="" if script["say"] else script["dialect"],
        )

    def close(self) -> None:
        pass


def open_engine(model: str, progress: Callable[[str, int, int, str], None]) -> Engine:
    return ShapeEngine(model)


if __name__ == "__main__":
    sys.exit(worker.run(open_engine))
