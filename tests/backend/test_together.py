"""Several meshes made side by side by one engine: each is what it is alone, and ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshscribe.backend.engines.base import EngineError, Hooks, Work
from meshscribe.backend.engines.local import LocalEngine, open_engine
from meshscribe.backend.engines.rows import Rows
from meshscribe.backend.forward.base import Chunk
from meshscribe.backend.forward.onnx import OnnxForward
from meshscribe.backend.models.store import STARTER
from meshscribe.shared.tasks import Generate, Outcome


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESHSCRIBE_HOME", str(tmp_path_factory.mktemp("home")))
        yield open_engine("starter", lambda *step: None)


class Asked:
    """A wish, and what the engine told of it; cancelled after `most` pieces of text."""

    def __init__(self, prompt: str, seed: int, most: int = 10_000, **options: int):
        self.pieces: list[str] = []
        hooks = Hooks(lambda text, _: self.pieces.append(text), lambda *step: None, lambda: len(self.pieces) >= most)
        self.work = Work(Generate(prompt=prompt, seed=seed, **options), hooks)  # type: ignore[arg-type]

    def told(self) -> str:
        return "".join(self.pieces)


def run(engine: LocalEngine, asked: list[Asked]) -> list[Outcome | EngineError]:
    """Their ends, in the order in which they were asked."""
    rest = iter(asked[1:])
    ends = {id(w): how for w, how in engine.together(asked[0].work, lambda: next((a.work for a in rest), None))}
    return [ends[id(a.work)] for a in asked]


def test_variations_are_what_each_seed_gives_alone(engine: LocalEngine) -> None:
    wishes = [("a stool", seed) for seed in range(9)] + [("a small table", 0)]  # more than there are rows
    alone = []
    for wish in wishes:
        asked = Asked(*wish)
        engine.run(*asked.work)
        alone.append(asked.told())
    together = [Asked(*wish) for wish in wishes]
    ends = run(engine, together)
    assert [a.told() for a in together] == alone and len(set(alone)) > 5
    assert all(isinstance(how, Outcome) and how.finish == "stop" for how in ends)
    assert [how.seed for how in ends if isinstance(how, Outcome)] == [seed for _, seed in wishes]


def test_one_that_cannot_be_made_or_is_cancelled_leaves_the_others(engine: LocalEngine) -> None:
    asked = [Asked("a stool", 1), Asked("a stool", 2, most=3), Asked("  ", 3), Asked("a stool", 4, max_tokens=9)]
    whole, cut, wordless, small = run(engine, asked)
    assert isinstance(whole, Outcome) and whole.finish == "stop"
    assert isinstance(cut, Outcome) and cut.finish == "cancelled" and len(asked[1].pieces) == 3
    assert isinstance(wordless, EngineError) and isinstance(small, EngineError)
    again = Asked("a stool", 1)
    engine.run(*again.work)
    assert again.told() == asked[0].told()


def test_an_engine_goes_on_after_its_caller_has_left(engine: LocalEngine) -> None:
    left = engine.together(Asked("a stool", 1).work, lambda: None)
    next(left)
    left.close()
    assert run(engine, [Asked("a stool", seed) for seed in range(8)])


def test_rows_begin_where_texts_are_alike() -> None:
    forward = OnnxForward.open(Path(STARTER))
    rows, long = Rows(forward), list(range(8, 40))
    assert (first := rows.take(long)) == (first[0], 0)
    assert rows.take([*long, 50]) is None, "a row is just reading that"
    other, known = rows.take([90, 91], wait=False)
    assert other != first[0] and known == 0
    forward.extend({first[0]: Chunk(long)})
    beside = rows.take([*long[:20], 60, 61])
    assert beside is not None and beside[0] not in (first[0], other) and beside[1] == 20 == forward.length(beside[0])
    rows.leave(first[0], long)
    assert rows.take(long) == (first[0], len(long) - 1), "the last token is scored anew"
