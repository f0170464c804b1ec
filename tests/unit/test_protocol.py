"""docs/protocol.md and the structs say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from meshscribe.backend.serve.clients import MAX_CLIENTS, MAX_GUEST_CLIENTS
from meshscribe.backend.serve.desk import MAX_STREAMS
from meshscribe.backend.serve.jobs import MAX_QUEUED, MAX_QUEUED_LANE
from meshscribe.shared import frames, invitation
from meshscribe.shared.messages import MAJOR, MINOR, Code, FromBroker, FromClient
from meshscribe.shared.tasks import MAX_MESSAGE, MAX_TEXT, Request, Task

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return PAGE.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]


def rows(text: str) -> dict[str, list[str]]:
    """The first column's name to the words of the second."""
    found = re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, re.MULTILINE)
    return {name: re.findall(r"\w+", fields) for name, fields in found}


def structs(union: object) -> dict[str, list[str]]:
    return {msgspec.inspect.type_info(each).tag: list(each.__struct_fields__) for each in get_args(union)}


@pytest.mark.parametrize("number, union", enumerate([FromClient, FromBroker]))
def test_messages(number: int, union: object) -> None:
    table = section("messages").split("| broker to client")[number]
    assert rows(table) == structs(union)


def test_tasks() -> None:
    own = {name: set(fields) - set(Task.__struct_fields__) for name, fields in structs(Request).items()}
    assert {name: set(fields) for name, fields in rows(section("tasks")).items()} == own


def test_codes() -> None:
    assert set(re.findall(r"`(\w+)`", section("codes"))) == set(get_args(Code))


def test_numbers() -> None:
    assert f"version **{MAJOR}.{MINOR}**" in PAGE and frames.VERSION_FRAME.hex(" ").upper() in PAGE
    assert f"{MAX_MESSAGE >> 20} MiB" in PAGE and f"{MAX_TEXT:,} characters" in PAGE
    assert f"and {frames.OVERHEAD:,}." in PAGE and f"`{invitation.PREFIX}`" in PAGE
    assert f"| {MAX_QUEUED}, {MAX_QUEUED_LANE} |" in PAGE and f"| {MAX_STREAMS} |" in PAGE
    assert f"| {MAX_CLIENTS}, {MAX_GUEST_CLIENTS} |" in PAGE
