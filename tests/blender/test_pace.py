"""A large mesh grows tick by tick, and cancelling acts in the click. benchmarks/addon.py says how long they take."""

from __future__ import annotations

import time

import bpy
import pytest
from field import Wire, answer

from blender_addon.geometry import recall
from blender_addon.runtime import Runtime
from blender_addon.session import Session
from blender_addon.shared.obj import LLAMA_MESH, PARTS
from blender_addon.ui import addon as switch


@pytest.mark.parametrize("dialect", [PARTS, LLAMA_MESH], ids=lambda dialect: dialect.name)
def test_2000_faces_grow(addon: Runtime, dialect):
    wire = Wire()
    addon._connect = lambda: False
    addon._watch = lambda now: None
    addon.session.attach(wire)
    job = addon.session.generate("a field")
    wire.coming.extend(answer(job.id, dialect))
    seen = []
    while not job.over:
        switch.tick()
        if (made := job.object()) is not None:
            seen.append(len(made.data.polygons))
    assert job.state == "done"
    assert seen == sorted(seen)
    assert len(set(seen)) > 200
    assert len(job.object().data.polygons) == job.reader.faces > 1900


def test_cancelling_acts_in_the_click_at_any_moment(addon: Runtime):
    for number in range(12):
        bpy.context.scene.meshscribe.prompt = "a slow table delay=0.01"
        bpy.ops.meshscribe.generate()
        end = time.monotonic() + 0.03 * (number % 5)
        while time.monotonic() < end or not addon.session.link:
            switch.tick()
        bpy.ops.meshscribe.cancel()
        assert not addon.session.active
    bpy.context.scene.meshscribe.prompt = "a table"
    bpy.ops.meshscribe.generate()
    while addon.session.active:
        switch.tick()
    assert recall(bpy.context.object)["prompt"] == "a table"


def test_a_session_without_a_link_waits():
    session = Session()
    job = session.generate("a table")
    session.tick()
    assert job.state == "sent"
    session.attach(Wire())
    assert job.submitted
