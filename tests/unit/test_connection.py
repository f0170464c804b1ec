from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshscribe.backend.serve.folder import lock, prepare
from meshscribe.backend.serve.keys import AllowList, KeyPair, load_or_make
from meshscribe.shared import connection
from meshscribe.shared.connection import FILE, Connection, NoConnectionError, process_alive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
SECRET = "s" * 40


def example(session: str = "one", pid: int = 0) -> Connection:
    return Connection(
        endpoint="tcp://127.0.0.1:5",
        server_key="k" * 40,
        public_key="p" * 40,
        secret_key=SECRET,
        session=session,
        pid=pid,
    )


def trouble(folder: Path) -> str:
    with pytest.raises(NoConnectionError) as caught:
        connection.read(folder)
    assert caught.value.sentence.endswith(".") and SECRET not in caught.value.sentence
    return caught.value.code


def test_written_file_is_private_and_reads_back(tmp_path: Path) -> None:
    connection.write(tmp_path, example(pid=os.getpid()))
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert connection.read(tmp_path) == example(pid=os.getpid())
    assert [path.name for path in tmp_path.iterdir()] == [FILE]  # no scratch left
    assert SECRET not in repr(example())


def test_absent_and_damaged(tmp_path: Path) -> None:
    assert trouble(tmp_path) == "absent"
    connection.write(tmp_path, example())
    for content in (b"", b"{", b"[]", b'{"endpoint": 5}', b"\xff\xfe", b"[" * 50_000):
        (tmp_path / FILE).write_bytes(content)
        assert trouble(tmp_path) == "unreadable"


def test_file_that_others_could_have_touched_is_refused(tmp_path: Path) -> None:
    connection.write(tmp_path, example())
    (tmp_path / FILE).chmod(0o640)
    assert trouble(tmp_path) == "unsafe"
    (tmp_path / FILE).chmod(0o600)
    (tmp_path / FILE).rename(tmp_path / "elsewhere")
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    assert trouble(tmp_path) == "unsafe"
    (tmp_path / FILE).unlink()
    os.mkfifo(tmp_path / FILE, 0o600)
    assert trouble(tmp_path) == "unsafe"  # and does not hang
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).touch(0o600)
    os.truncate(tmp_path / FILE, 1 << 20)
    assert trouble(tmp_path) == "unsafe"


def test_writing_replaces_a_planted_link_and_leaves_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / FILE).symlink_to(target)
    connection.write(tmp_path, example())
    assert target.read_text() == "precious" and connection.read(tmp_path) == example()


def test_pid_that_is_gone_is_stale(tmp_path: Path) -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    connection.write(tmp_path, example(pid=child.pid))
    assert trouble(tmp_path) == "stale"
    assert process_alive(os.getpid()) and not process_alive(0) and not process_alive(-1) and not process_alive(2**40)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_process_that_nobody_has_waited_for_is_not_alive() -> None:
    child = subprocess.Popen(["sleep", "60"])
    assert process_alive(child.pid)
    child.kill()
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        pass
    assert not process_alive(child.pid)
    child.wait()
    assert not process_alive(child.pid)


def test_only_the_own_session_is_removed(tmp_path: Path) -> None:
    connection.write(tmp_path, example("two"))
    connection.remove(tmp_path, "one")
    assert connection.read(tmp_path).session == "two"
    connection.remove(tmp_path, "two")
    connection.remove(tmp_path, "two")
    assert trouble(tmp_path) == "absent"


def test_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESHSCRIBE_HOME", str(tmp_path))
    assert connection.home() == tmp_path
    monkeypatch.delenv("MESHSCRIBE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert connection.home() == tmp_path / "meshscribe"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert connection.home().parts[-3:] == ("Library", "Application Support", "MeshScribe")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert connection.home() == tmp_path / "MeshScribe"


def test_keys_stay_and_are_private(tmp_path: Path) -> None:
    pair = load_or_make(tmp_path, "server")
    path = tmp_path / "keys" / "server.json"
    assert load_or_make(tmp_path, "server") == pair and path.stat().st_mode & 0o777 == 0o600
    assert pair.secret not in repr(pair)
    path.chmod(0o644)
    with pytest.raises(NoConnectionError):
        load_or_make(tmp_path, "server")
    path.chmod(0o600)
    path.write_text("{")
    with pytest.raises(NoConnectionError):
        load_or_make(tmp_path, "server")


def test_allow_list() -> None:
    one, two = KeyPair.fresh(), KeyPair.fresh()
    allow = AllowList({one.public: "anna"})
    assert allow.callback("clients", one.public.encode()) and not allow.callback("clients", two.public.encode())
    allow.names = {two.public: ""}
    assert allow.callback("clients", two.public.encode()) and not allow.callback("clients", one.public.encode())


def test_folder_is_made_private_and_locked_once(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    prepare(home)
    home.chmod(0o755)
    prepare(home)
    assert home.stat().st_mode & 0o777 == 0o700
    first = lock(home)
    assert first is not None and lock(home) is None
    first.close()
    second = lock(home)
    assert second is not None
    second.close()
