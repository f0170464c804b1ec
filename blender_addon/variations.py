"""Variations: several answers to one prompt, side by side; and keeping one of them."""

from __future__ import annotations

import random
import uuid
from typing import NamedTuple

import bpy
from mathutils import Vector

from . import growing
from .geometry import Point, recall, remember, units
from .job import Job
from .session import Session

GAP = 1.25  # from middle to middle, in sizes
NEAR = 1e-4  # an object that lies closer to its place than this, in sizes, was not moved
LARGEST_SEED = 2**31 - 1


class Asked(NamedTuple):
    """What one press of the button asks for."""

    prompt: str
    model: str = "starter"
    seed: int | None = None  # of the first; the others count on. None: drawn
    temperature: float = 0.7
    metres: float = 1.0
    count: int = 1
    location: Point | None = None  # of the first; None: the 3D cursor


def ask(session: Session, asked: Asked) -> list[Job]:
    """Start the jobs. ValueError, in a sentence, where nothing is asked for."""
    scene = bpy.context.scene
    x, y, z = asked.location or scene.cursor.location
    size = units(asked.metres, scene)
    seed = draw_seed() if asked.seed is None else asked.seed
    group = uuid.uuid4().hex if asked.count > 1 else ""
    return [
        session.generate(
            asked.prompt,
            model=asked.model,
            seed=(seed + number) % (LARGEST_SEED + 1),
            temperature=asked.temperature,
            metres=asked.metres,
            location=(x + number * GAP * size, y, z),
            group=group,
            first=(x, y, z),
        )
        for number in range(asked.count)
    ]


def draw_seed() -> int:
    return random.SystemRandom().randrange(LARGEST_SEED + 1)


def siblings(made: bpy.types.Object) -> list[bpy.types.Object]:
    """The other variations of the same press of the button."""
    group = recall(made).get("group")
    return [each for each in bpy.data.objects if group and each != made and recall(each).get("group") == group]


def keep(session: Session, made: bpy.types.Object) -> int:
    """Keep this variation and remove the others, also those that still come; the number removed. It goes to
    the place of the first, unless the artist has moved it."""
    facts = recall(made)
    for job in [job for job in session.active if job.group and job.group == facts.get("group")]:
        if job.id != facts.get("job"):
            session.cancel(job, keep=False)
    others = siblings(made)
    for other in others:
        growing.discard(other)
    job = session.jobs.get(str(facts.get("job", "")))
    if job is not None and (made.location - Vector(job.location)).length < NEAR * job.size:
        made.location = job.location = job.first
    if facts:
        remember(made, **(facts | {"group": ""}))
    return len(others)
