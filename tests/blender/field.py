"""A mesh of about 2,000 faces, and a link that says what a test wants."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from blender_addon.shared.mesh import Mesh
from blender_addon.shared.messages import Delta, Done
from blender_addon.shared.obj import Dialect, write
from blender_addon.shared.tasks import Outcome

SIDE = 32  # of a grid with about 2,000 triangles


@dataclass
class Wire:
    """In place of a Link: `poll` gives what was said, and the next message that is to come."""

    coming: deque = field(default_factory=deque)
    said: list = field(default_factory=list)
    state: str = "open"
    session: str = "s"
    trouble: str = ""

    def poll(self, budget: float) -> list:
        said, self.said = self.said, []
        return [*said, self.coming.popleft()] if self.coming else said

    def submit(self, request, job=""):
        return job

    def cancel(self, job) -> None: ...

    def send(self, message) -> None: ...

    def close(self, bye=True) -> None: ...


def field_of(triangles: bool) -> Mesh:
    """A wavy field, as triangles in one piece, or as boxes in parts."""
    if triangles:
        x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
        z = np.sin(x / 3) * np.cos(y / 4) * 3
        corner = (y * SIDE + x)[:-1, :-1].reshape(-1)
        faces = [f for c in corner.tolist() for f in ((c, c + 1, c + SIDE), (c + 1, c + SIDE + 1, c + SIDE))]
        return Mesh.build(np.stack([x, z, y], -1).reshape(-1, 3), faces)
    box = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * 0.8
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return Mesh.join((f"p{i}", "wood", box + (i % 19, i // 19, 0), sides) for i in range(330))


def answer(job: str, dialect: Dialect) -> list[Delta | Done]:
    """The field in that dialect, as a backend would send it: some six lines a message, then the end."""
    text = write(field_of(not dialect.parts), dialect).text
    chunks = [text[i : i + 120] for i in range(0, len(text), 120)]
    deltas = [Delta(job, number, chunk, number * 20) for number, chunk in enumerate(chunks, 1)]
    return [*deltas, Done(job, len(chunks), Outcome(finish="stop", dialect=dialect.name))]
