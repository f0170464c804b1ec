"""Who is let in: invitations, and how they end. Tests 23 and 26 as well: the connection file, an old add-on."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from backends import ENDS, Backend, Client, script, text_of, until
from msgspec.structs import replace
from script_engine import text
from tools import Bare, status

from meshscribe.backend import hosting
from meshscribe.backend.client import ClientError
from meshscribe.backend.serve import guests
from meshscribe.shared import connection, invitation
from meshscribe.shared.link import REFUSED
from meshscribe.shared.messages import Accepted, Delta, Done, Download, Error, Load, Shutdown, Welcome

pytestmark = pytest.mark.timeout(120)
Figure = Callable[..., None]
Start = Callable[..., Backend]
OTHER = "127.0.0.2"  # an address of this machine that is not the one of its own clients
GOLDEN = Path(__file__).parents[1] / "unit" / "golden_messages_1_0.json"


def free_port() -> int:
    with socket.create_server((OTHER, 0)) as free:
        return int(free.getsockname()[1])


def test_guest_comes_in_and_goes(start: Start, monkeypatch: pytest.MonkeyPatch, figure: Figure, slack: float) -> None:
    port = free_port()
    backend = start(host=OTHER, port=port, models=["script"]).wait_up()
    monkeypatch.setenv("MESHSCRIBE_HOME", str(backend.home))
    line = hosting.invite("anna", "")
    there = invitation.read(line)
    assert there.endpoint == f"tcp://{OTHER}:{port}" and there.pid == 0
    other = invitation.read(hosting.invite("ben", ""))
    time.sleep(0.6)  # the broker looks at the list now and then
    with Client(there, "anna's Blender") as anna, Client(other, "ben's") as ben, backend.link() as own:
        job = anna.submit(script("tokens=5"))
        assert text_of(until(anna, ENDS, job), job) == text(5)
        for question in (Shutdown(), Download("script")):
            anna.send(question)
            refused = until(anna, Error)[-1]
            assert isinstance(refused, Error) and refused.code == "not_allowed"
        anna.send(Load("/etc"))
        assert until(anna, Error)[-1].code == "unknown_model"  # type: ignore[union-attr]
        mine = own.submit(script("tokens=300", "delay=0.01"))
        first = until(own, Delta, mine)
        until(ben, Welcome)
        bens = ben.submit(script("tokens=100", "delay=0.01", "mark=ben"))
        hers = anna.submit(script("tokens=100000", "delay=0.01"), detached=True)
        until(anna, Accepted, hers)
        assert sorted(each.guest for each in status(own).connected) == ["", "anna", "ben"]
        assert hosting.invited() == "anna\nben" and "anna" in hosting.revoke("anna")
        began = time.monotonic()
        while anna.trouble != REFUSED:
            assert time.monotonic() - began < 10
            anna.inbox.extend(anna.wait(0.01))
        took = time.monotonic() - began
        got = first + until(own, ENDS, mine)  # the door was opened anew under it
        assert isinstance(got[-1], Done) and text_of(got, mine) == text(300)
        more = until(ben, ENDS, bens)
        assert isinstance(more[-1], Done) and text_of(more, bens) == text(100, mark="ben")
        own.resume(hers)
        ended = until(own, ENDS, hers)[-1]
        assert isinstance(ended, Done) and ended.outcome.finish == "cancelled"
        assert sorted(each.guest for each in status(own).connected) == ["", "ben"]
    with pytest.raises(ClientError):
        hosting.revoke("anna")
    figure(revoked_after_s=round(took, 2))
    assert took < 1.0 * slack


def test_nobody_comes_in_where_nobody_asked_for_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = start().wait_up()
    assert backend.connection().door == ""
    monkeypatch.setenv("MESHSCRIBE_HOME", str(backend.home))
    with pytest.raises(ClientError, match="not open to other machines"):
        hosting.invite("anna", "")
    port = backend.connection().endpoint.rsplit(":", 1)[1]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((OTHER, int(port)), timeout=2)
    line = hosting.invite("anna", f"127.0.0.1:{port}")  # and on this machine a guest is a guest
    time.sleep(0.6)
    with Client(invitation.read(line), "anna") as anna:
        anna.send(Shutdown())
        refused = until(anna, Error)[-1]
        assert isinstance(refused, Error) and refused.code == "not_allowed" and backend.process.poll() is None


def test_damaged_list_of_guests_lets_nobody_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    backend = start(host=OTHER, port=port).wait_up()
    monkeypatch.setenv("MESHSCRIBE_HOME", str(backend.home))
    there = invitation.read(hosting.invite("anna", ""))
    time.sleep(0.6)
    with Client(there, "anna") as anna, backend.link() as own:
        until(anna, Welcome)
        (backend.home / guests.FILE).write_text("{")
        while anna.trouble != REFUSED:
            anna.wait(0.05)
        job = own.submit(script("tokens=2"))
        assert text_of(until(own, ENDS, job), job) == text(2)


def test_23_connection_file(start: Start, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir(mode=0o700)
    elsewhere.write_text("not to be touched")
    (home / connection.FILE).symlink_to(elsewhere)
    before = os.umask(0)
    try:
        backend = start().wait_up()
    finally:
        os.umask(before)
    for path in (home / connection.FILE, home / "journal.sqlite", *(home / "keys").iterdir()):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600 and not path.is_symlink(), path
    assert elsewhere.read_text() == "not to be touched" and stat.S_IMODE(home.stat().st_mode) == 0o700
    second = Backend(home)
    said = second.process.communicate(timeout=20)[1]
    assert second.process.returncode == 2 and "running" in said
    there = backend.connection()
    backend.process.kill()
    backend.process.communicate()
    with pytest.raises(connection.NoConnectionError, match="ended"):
        connection.read(home)  # stale
    stolen = replace(there, endpoint="tcp://127.0.0.1:1")
    connection.write(home, stolen)
    third = start().wait_up()  # takes the place of whatever lies there
    assert third.connection().session != there.session and third.connection().server_key == there.server_key
    with third.link() as link:
        until(link, Welcome)


def test_26_old_and_new_addon(shared_backend: Backend) -> None:
    """An old client says what clients of protocol 1.0 said, to the byte, and understands what they understood; a new
    one works beside it."""
    golden = {name: bytes.fromhex(body) for name, body in json.loads(GOLDEN.read_text()).items()}
    known = {msgspec.msgpack.decode(body)["type"]: msgspec.msgpack.decode(body) for body in golden.values()}

    with Bare(shared_backend.connection()) as old, shared_backend.link() as new:
        job = new.submit(script("tokens=300", "delay=0.005", "mark=new"))

        def say(body: bytes) -> None:
            old.socket.send_multipart([b"MS\x01\x00", body])

        say(golden["00 Hello"])
        say(msgspec.msgpack.encode({"type": "submit", "job": "old", "request": {
            "task": "generate", "prompt": "make tokens=300 delay=0.002", "model": "script", "seed": 7}}))  # fmt: skip
        say(golden["06 Status"])
        heard: list[dict] = []
        while not heard or heard[-1]["type"] not in ("done", "error"):
            assert old.socket.poll(10_000)
            version, body = old.socket.recv_multipart()
            message = msgspec.msgpack.decode(body)
            assert version[:3] == b"MS\x01" and message["type"] in known, message
            for field, value in known[message["type"]].items():
                assert field not in message or type(message[field]) is type(value), (field, message)
            heard.append(message)
        assert heard[-1]["type"] == "done" and "".join(m["text"] for m in heard if m["type"] == "delta") == text(300)
        got = until(new, ENDS, job)
        assert text_of(got, job) == text(300, mark="new")
        assert {"welcome", "accepted", "progress", "delta", "status_reply", "done"} <= {m["type"] for m in heard}
