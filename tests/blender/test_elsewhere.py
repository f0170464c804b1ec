"""A backend on another machine, by one pasted invitation; and models that this machine does not have yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from field import Wire
from layout import Layout, draw
from shape_backend import serve

import blender_addon
from blender_addon import runtime
from blender_addon.shared import connection, invitation
from blender_addon.shared.messages import DownloadReply, Models
from blender_addon.shared.reports import ModelEntry
from blender_addon.ui import addon as switch
from blender_addon.ui import panel, status


def until(condition, timeout: float = 100.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(min(0.01, switch.tick()))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    process = serve(tmp_path / "elsewhere")
    yield tmp_path / "elsewhere"
    process.terminate()
    process.wait(10)


@pytest.fixture
def line(elsewhere: Path) -> str:
    """An invitation, as it may arrive: quoted and wrapped. The key is the one of that backend's own machine."""
    whole = invitation.write(connection.read(elsewhere))
    return f"> {whole[:40]}\n> {whole[40:]}\n"


def make() -> None:
    bpy.context.scene.meshscribe.prompt = "a table"
    assert bpy.ops.meshscribe.generate() == {"FINISHED"}
    until(lambda: not runtime.current().session.active)
    assert runtime.current().problem is None
    assert bpy.context.object.name.startswith("Table")


def test_a_pasted_invitation_is_all(addon, elsewhere, line):
    there, here = connection.read(elsewhere).endpoint, connection.read(addon.home).endpoint
    until(lambda: addon.state == "ready")
    assert addon.session.link.connection.endpoint == here
    assert bpy.ops.meshscribe.join(line=line) == {"FINISHED"}
    until(lambda: addon.state == "ready")
    assert addon.session.link.connection.endpoint == there
    assert addon.host in draw(panel.MESHSCRIBE_PT_generate).words()[0]
    make()
    assert "meshscribe.leave" in draw(status.MESHSCRIBE_MT_backend).operators()
    blender_addon.unregister()  # Blender ends, and is started again
    blender_addon.register()
    now = runtime.current()
    until(lambda: now.state == "ready")
    assert now.session.link.connection.endpoint == there
    bpy.ops.meshscribe.leave()
    until(lambda: now.state == "ready")
    assert now.session.link.connection.endpoint == here
    assert connection.process_alive(connection.read(elsewhere).pid)
    make()


def test_the_invitation_is_for_its_owners_eyes_alone(addon, line):
    bpy.ops.meshscribe.join(line=line)
    kept = addon.elsewhere / connection.FILE
    assert kept.stat().st_mode & 0o077 == 0
    assert addon.remote.secret_key not in status.details()
    addon.leave()
    assert not kept.exists()


@pytest.mark.parametrize("text", ["", "hello", "meshscribe-invitation:AAAA"])
def test_what_is_no_invitation_changes_nothing(addon, text):
    with pytest.raises(RuntimeError, match="invitation"):
        bpy.ops.meshscribe.join(line=text)
    assert addon.remote is None


def test_another_machine_needs_online_access(addon, line):
    found = connection.Connection(
        endpoint="tcp://192.0.2.1:5599", server_key="x" * 40, public_key="y" * 40, secret_key="z" * 40
    )
    addon.remote = found
    addon._drop()
    assert not addon.ready_to_work()
    assert addon.problem.code == "offline"
    assert "extensions.userpref_allow_online" in draw(panel.MESHSCRIBE_PT_generate).operators()
    assert "192.0.2.1:5599" in " ".join(draw(panel.MESHSCRIBE_PT_generate).words())


def test_a_backend_elsewhere_that_goes_is_looked_for_on_and_on(addon, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "LOST", 0.3)
    process = serve(tmp_path / "there")
    line = invitation.write(connection.read(tmp_path / "there"))
    addon.join(line)
    until(lambda: addon.state == "ready")
    process.terminate()
    process.wait(10)
    until(lambda: addon.problem is not None)
    assert addon.problem.code == "away"
    shown = draw(panel.MESHSCRIBE_PT_generate)
    assert "meshscribe.leave" in shown.operators()
    addon.dismiss()
    assert addon.state == "lost"
    bpy.ops.meshscribe.leave()
    until(lambda: addon.state == "ready")
    make()


LICENCE = "For research only.\nSee the full text."
LLAMA = ModelEntry(name="llama-mesh", state="absent", size=16_000_000_000, needs="torch", licence_text=LICENCE)


@pytest.fixture
def wire(addon) -> Wire:
    wire = Wire()
    addon._connect, addon._watch = lambda: False, lambda now: None
    addon._drop()
    addon.session.attach(wire)
    addon.session.models = [LLAMA]
    bpy.context.scene.meshscribe.model = "llama-mesh:int8"
    return wire


def test_a_large_model_says_what_it_lacks(addon, wire, monkeypatch):
    assert draw(panel.MESHSCRIBE_PT_settings).button("meshscribe.backend_install").large is True
    monkeypatch.setattr(addon.backend.environment, "facts", lambda: {"extras": ["torch"]})
    assert draw(panel.MESHSCRIBE_PT_settings).button("meshscribe.model_get").model == "llama-mesh"
    assert "16.0 GB to get" in draw(panel.MESHSCRIBE_PT_settings).words()
    wire.said.append(DownloadReply("llama-mesh", "running", "download", 4_000_000_000, 16_000_000_000))
    switch.tick()
    shown = draw(panel.MESHSCRIBE_PT_generate)
    assert "Getting llama-mesh, 4.0 GB of 16.0 GB" in shown.words()
    assert shown.button("meshscribe.model_stop").model == "llama-mesh"
    wire.said.append(DownloadReply("llama-mesh", "failed", code="download_failed", sentence="The network is gone."))
    switch.tick()
    assert "The network is gone." in draw(panel.MESHSCRIBE_PT_generate).words()
    wire.said.append(DownloadReply("llama-mesh", "ready"))
    asked = []
    wire.send = asked.append
    switch.tick()
    assert asked == [Models()]
    assert addon.session.download is None


def test_a_model_is_fetched_only_online_and_with_its_licence(addon, wire):
    from types import SimpleNamespace

    from blender_addon.ui import models

    asked = []
    wire.send = asked.append
    assert not bpy.app.online_access
    assert bpy.ops.meshscribe.model_get(model="llama-mesh", accept=True) == {"CANCELLED"}
    assert (addon.problem.code, asked) == ("offline", [])
    layout, rna = Layout(), bpy.ops.meshscribe.model_get.get_rna_type()
    dialog = SimpleNamespace(layout=layout, model="llama-mesh", bl_rna=rna)
    models.MESHSCRIBE_OT_model_get.draw(dialog, bpy.context)
    assert layout.words() == ["For research only.", "See the full text.", "16.0 GB are downloaded."]


def test_no_command_for_a_shell_is_told_to_artists(addon, home):
    addon.failed = runtime.Job("j", None, code="model_missing", sentence="Get it with `meshscribe models get x`.")
    shown = draw(panel.MESHSCRIBE_PT_generate)
    assert "meshscribe.model_get" in shown.operators()
    assert not any("`" in word for word in shown.words())
