"""Every word that the add-on shows of its own can be translated. Blender's Python module has no languages: marks stand
for them, and what a panel draws has to bear one."""

from __future__ import annotations

import time

import bpy
import pytest
from field import Wire
from layout import Layout, draw

from blender_addon import runtime
from blender_addon.plan import understood
from blender_addon.process import Trouble
from blender_addon.shared.messages import DownloadReply, Progress
from blender_addon.shared.reports import ModelEntry
from blender_addon.ui import addon as switch
from blender_addon.ui import history, models, panel, prefs, props, status

DATA = {"a slow table delay=0.02", "A_cube.", *props.EXAMPLES}  # of the artist or the model


@pytest.fixture(autouse=True)
def marks(monkeypatch):
    """Translation puts a mark before a string, in the modules that draw and in Blender's own calls."""

    def translate(text: str) -> str:
        return f"§{text}"

    for module in (history, models, panel, prefs, status):
        monkeypatch.setattr(module, "_", translate)
    monkeypatch.setattr(Layout, "translate", staticmethod(translate))


def panels() -> list[str]:
    """All that is shown now."""
    kinds = (*panel.CLASSES, status.MESHSCRIBE_MT_backend)
    shown = [each for kind in kinds for each in draw(kind).shown]
    return [each[2] for each in shown if each[0] == "operator"] + [
        each[1] for each in shown if each[0] in ("label", "progress")
    ]


def check() -> None:
    plans = " ".join(understood(job.reader.plan) for job in runtime.current().session.jobs.values())
    assert not {text for text in panels() if text[:1].isalpha() and text not in plans} - DATA


def test_states_and_jobs(addon):
    check()  # looking for a backend
    wishes = bpy.context.scene.meshscribe
    wishes.prompt, wishes.count, wishes.question = "a slow table delay=0.02", 2, "say=A_cube."
    bpy.ops.meshscribe.generate()
    bpy.ops.meshscribe.describe()
    end = time.monotonic() + 100
    while addon.session.active:
        assert time.monotonic() < end
        time.sleep(min(0.01, switch.tick()))
        check()
    addon.session.loading = Progress(phase="load", done=1, total=3)
    check()
    addon.session.link.state = "lost"
    check()


@pytest.mark.parametrize("state", ["off", "joining"])
def test_a_backend_elsewhere(addon, state):
    from blender_addon.shared.connection import Connection

    addon._drop()
    addon.remote = Connection(endpoint="tcp://studio:1", server_key="", public_key="", secret_key="")
    if state == "joining":
        addon.session.attach(Wire(state="joining"))
    check()


def test_models_troubles_and_installing(addon):
    addon._drop()
    addon.session.attach(Wire())
    addon.session.models = [ModelEntry(name="starter", state="absent", size=5)]
    check()
    addon.session.download = DownloadReply("starter", "running", "verify", 1, 2)
    addon.trouble = Trouble("addon", "A sentence.")
    check()
    environment = addon.backend.environment
    environment._process = "runs"
    for step in ("environment", "download", "install", "check"):
        environment._last = {"step": step, "name": "torch", "done": 1 << 21, "total": 1 << 22}
        check()
    environment._process = None
