"""The engine for a model's name, and a list of engines that is tried in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshscribe.backend.engines.base import Engine, EngineError, Hooks
from meshscribe.backend.engines.open import InOrder, open_engine
from meshscribe.shared.servers import made, save
from meshscribe.shared.tasks import Generate, Outcome, Request


class Scripted:
    """Writes what it is told to, then fails or ends."""

    device = "script"

    def __init__(self, model: str, code: str = "", text: str = ""):
        self.model, self.code, self.text = model, code, text
        self.closed = False

    def run(self, request: Request, hooks: Hooks) -> Outcome:
        assert request.model == self.model
        if self.text:
            hooks.emit(self.text, 1)
        if self.code:
            raise EngineError(self.code, f"{self.model} is down.", retryable=True)  # type: ignore[arg-type]
        return Outcome(finish="stop", model=self.model, notes=["its own"])

    def close(self) -> None:
        self.closed = True


def listed(*engines: Scripted) -> tuple[InOrder, list[str]]:
    known, told = {one.model: one for one in engines}, []

    def opener(name: str, progress: object) -> Engine:
        told.append(name)
        if name not in known:
            raise EngineError("unknown_model", f"There is no {name}.")
        return known[name]

    return InOrder(", ".join(known) or "none", opener), told


def ran(one: InOrder) -> tuple[Outcome, str]:
    text: list[str] = []
    hooks = Hooks(lambda piece, tokens: text.append(piece), lambda *args: None, lambda: False)
    return one.run(Generate(prompt="a table", model=one.model), hooks), "".join(text)


def test_the_first_that_does_it_is_taken_and_the_reasons_are_told():
    first, second = Scripted("local", "out_of_memory"), Scripted("studio", text="v 0 0 0\n")
    one, opened = listed(first, second, Scripted("hosted"))
    outcome, text = ran(one)
    assert (outcome.model, text, opened) == ("studio", "v 0 0 0\n", ["local", "studio"])
    assert outcome.notes == ["local was passed over: local is down.", "its own"]
    assert first.closed and not second.closed and one.device == "script"
    assert ran(one)[0].model == "studio"


def test_what_has_begun_to_come_is_not_begun_again():
    one, opened = listed(Scripted("local", "server_failed", text="v 0 0 0\n"), Scripted("studio"))
    with pytest.raises(EngineError, match="local is down"):
        ran(one)
    assert opened == ["local"]


def test_a_wrong_request_is_wrong_for_all():
    one, opened = listed(Scripted("local", "bad_request"), Scripted("studio"))
    with pytest.raises(EngineError, match="local is down"):
        ran(one)
    assert opened == ["local"]


def test_when_none_can_every_reason_is_told():
    one, _ = listed(Scripted("local", "model_missing"), Scripted("studio", "busy"))
    with pytest.raises(EngineError) as caught:
        ran(one)
    assert caught.value.code == "busy" and caught.value.retryable
    assert "local was passed over: local is down." in caught.value.sentence
    assert "studio was passed over: studio is down." in caught.value.sentence


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path))
    save(tmp_path, {"studio": made("http://127.0.0.1:9")})

    def nothing(*args: object) -> None:
        pass

    with pytest.raises(EngineError, match="The server studio .* cannot be reached"):
        open_engine("studio:other", nothing)
    with pytest.raises(EngineError, match="There is no model 'elsewhere'"):
        open_engine("elsewhere", nothing)
    with pytest.raises(EngineError, match="list of engines is empty"):
        open_engine(" , ", nothing)
    (tmp_path / "servers.json").write_text("{")
    with pytest.raises(EngineError, match=r"servers.json cannot be read"):
        open_engine("starter", nothing)
