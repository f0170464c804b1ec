"""How long a tick takes while a large mesh grows, and how fast cancelling is. Ticks are measured in the
thread's own time, since test machines are busy; run this file with -s to see the figures."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field

import bpy
import numpy as np
import pytest

from blender_addon.geometry import recall
from blender_addon.runtime import Runtime
from blender_addon.session import Session
from blender_addon.shared.mesh import Mesh
from blender_addon.shared.messages import Delta, Done, Outcome
from blender_addon.shared.obj import LLAMA_MESH, PARTS, write
from blender_addon.ui import addon as switch

SIDE = 32  # of a grid with about 2,000 triangles


@dataclass
class Wire:
    """A link that says what the test wants."""

    state: str = "open"
    session: str = "s"
    said: list = field(default_factory=list)
    trouble: str = ""

    def poll(self, budget: float) -> list:
        said, self.said = self.said, []
        return said

    def submit(self, request, job=""):
        return job

    def cancel(self, job) -> None: ...

    def send(self, message) -> None: ...

    def close(self, bye=True) -> None: ...


def field_of(triangles: bool) -> Mesh:
    """A wavy field, as triangles in one piece, or as boxes in parts: about 2,000 faces."""
    if triangles:
        x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
        z = np.sin(x / 3) * np.cos(y / 4) * 3
        corner = (y * SIDE + x)[:-1, :-1].reshape(-1)
        faces = [f for c in corner.tolist() for f in ((c, c + 1, c + SIDE), (c + 1, c + SIDE + 1, c + SIDE))]
        return Mesh.build(np.stack([x, z, y], -1).reshape(-1, 3), faces)
    box = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * 0.8
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return Mesh.join((f"p{i}", "wood", box + (i % 19, i // 19, 0), sides) for i in range(330))


@pytest.mark.parametrize("dialect", [PARTS, LLAMA_MESH], ids=lambda dialect: dialect.name)
def test_ticks_while_2000_faces_grow(addon: Runtime, dialect):
    text = write(field_of(dialect is LLAMA_MESH), dialect).text
    wire = Wire()
    addon._connect = lambda: False
    addon._watch = lambda now: None
    addon.session.attach(wire)
    job = addon.session.generate("a field")
    chunks = [text[i : i + 120] for i in range(0, len(text), 120)]
    took, faces = [], []
    gc.collect()
    for number, chunk in enumerate(chunks, 1):
        wire.said.append(Delta(job.id, number, chunk, number * 20))
        start = time.thread_time()
        switch.tick()
        took.append(time.thread_time() - start)
        faces.append(job.reader.faces)
    wire.said.append(Done(job.id, len(chunks), Outcome(finish="stop", dialect=dialect.name)))
    start = time.thread_time()
    while not job.over:
        switch.tick()
    end = time.thread_time() - start
    assert job.state == "done"
    assert len(job.object().data.polygons) == job.reader.faces > 1900
    took, faces = np.array(took) * 1000, np.array(faces)
    early, late = np.median(took[(faces > 400) & (faces < 600)]), np.median(took[faces > 1800])
    print(
        f"\n{dialect.name}: {len(took)} ticks, median {np.median(took):.1f} ms, 99% {np.percentile(took, 99):.1f} ms, "
        f"longest {took.max():.1f} ms; the end {end * 1000:.0f} ms; at 500 faces {early:.1f} ms, at 1900 {late:.1f} ms"
    )
    assert np.percentile(took, 95) < 16
    assert late < 5.5 * max(early, 0.5)  # four times the faces


def test_cancelling_is_immediate_at_any_moment(addon: Runtime):
    """From the click to the panel that is idle; and until the worker is free for the next."""
    click, free = [], []
    for number in range(12):
        bpy.context.scene.meshscribe.prompt = "a slow table delay=0.01"
        bpy.ops.meshscribe.generate()
        end = time.monotonic() + 0.03 * (number % 5)
        while time.monotonic() < end or not addon.session.link:
            switch.tick()
        start = time.perf_counter()
        bpy.ops.meshscribe.cancel()
        click.append(time.perf_counter() - start)
        assert not addon.session.active
    bpy.context.scene.meshscribe.prompt = "a table"
    start = time.perf_counter()
    bpy.ops.meshscribe.generate()
    while addon.session.active:
        switch.tick()
    free.append(time.perf_counter() - start)
    print(f"\ncancel: longest {max(click) * 1000:.1f} ms; the next job after {free[0] * 1000:.0f} ms")
    assert max(click) < 0.1
    assert recall(bpy.context.object)["prompt"] == "a table"


def test_a_session_without_a_link_waits(monkeypatch):
    session = Session()
    job = session.generate("a table")
    session.tick()
    assert job.state == "sent"
    session.attach(Wire())
    assert job.submitted
