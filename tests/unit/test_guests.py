"""Invitations: who may come in, and the line that lets them in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshscribe.backend.serve import guests
from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared import invitation
from meshscribe.shared.connection import Connection, NoConnectionError

ONE, TWO = KeyPair.fresh(), KeyPair.fresh()
THERE = Connection(
    endpoint="tcp://192.168.1.20:5599", server_key=ONE.public, public_key=TWO.public, secret_key=TWO.secret
)


def test_guests_come_and_go(tmp_path: Path) -> None:
    assert guests.guests(tmp_path) == {} and guests.stamp(tmp_path) is None
    anna, ben = guests.invite(tmp_path, "anna"), guests.invite(tmp_path, "ben-2.x")
    assert guests.guests(tmp_path) == {"anna": anna.public, "ben-2.x": ben.public}
    path = tmp_path / guests.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert anna.secret not in path.read_text() and ben.secret not in path.read_text()
    before = guests.stamp(tmp_path)
    guests.revoke(tmp_path, "anna")
    assert guests.guests(tmp_path) == {"ben-2.x": ben.public} and guests.stamp(tmp_path) != before
    assert guests.invite(tmp_path, "anna").public != anna.public


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "-a", "ä", "a" * 41, "a\n"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        guests.invite(tmp_path, name)


def test_what_cannot_be_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no invitations"):
        guests.revoke(tmp_path, "anna")
    guests.invite(tmp_path, "anna")
    with pytest.raises(ValueError, match="revoke anna"):
        guests.invite(tmp_path, "anna")
    with pytest.raises(ValueError, match="anna"):
        guests.revoke(tmp_path, "ben")
    monkeypatch.setattr(guests, "MAX_GUESTS", 1)
    with pytest.raises(ValueError, match="1 invitations"):
        guests.invite(tmp_path, "ben")
    for content in ("{", '{"anna": 5}', "[]"):
        (tmp_path / guests.FILE).write_text(content)
        with pytest.raises(NoConnectionError, match="damaged"):
            guests.guests(tmp_path)
    (tmp_path / guests.FILE).chmod(0o644)
    with pytest.raises(NoConnectionError, match="other users"):
        guests.guests(tmp_path)


def test_invitation_is_one_line_that_reads_back() -> None:
    line = invitation.write(THERE)
    assert re.fullmatch(r"meshscribe-invitation:[\w-]+", line) and len(line) < 256
    assert invitation.read(line) == THERE


@pytest.mark.parametrize("wrap", ["  {}\n", "> {}", "'{}'", '"{}"', "Paste this: {}"])
def test_invitation_survives_mail(wrap: str) -> None:
    line = invitation.write(THERE)
    folded = "\r\n".join(line[i : i + 60] for i in range(0, len(line), 60))
    assert invitation.read(wrap.format(line)) == THERE and invitation.read(wrap.format(folded)) == THERE


@given(st.integers(0, 10_000), st.sampled_from("cut change add"))
def test_damaged_invitation_is_refused(place: int, damage: str) -> None:
    line = invitation.write(THERE)
    place = len(invitation.PREFIX) + place % (len(line) - len(invitation.PREFIX))
    if damage == "cut":
        wrong = line[:place]
    elif damage == "add":
        wrong = line[:place] + "Z" + line[place:]
    else:
        wrong = line[:place] + ("B" if line[place] == "A" else "A") + line[place + 1 :]
    if wrong != line:
        with pytest.raises(ValueError, match=r"\.$|: meshscribe|begins with"):
            assert invitation.read(wrong) != THERE  # the last character may hold unused bits


@given(st.text(max_size=300))
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    for line in (text, invitation.PREFIX + text):
        with pytest.raises(ValueError, match="invitation"):
            invitation.read(line)
