"""Job: one request on its way, as the artist's side sees it. No reference to an object outlives a tick: a job
keeps the object's `session_uid` and looks it up."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import bpy

from .geometry import Point, recall
from .shared.messages import Progress
from .shared.stream import StreamReader
from .shared.tasks import Change, Generate, Outcome, Request

MESH, PART = 900, 60  # tokens after which a mesh, or a part, is taken for half done
JobState = Literal["sent", "queued", "running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Job:
    """`code` and `sentence` say why it failed; code "empty" is ours, the others are the protocol's. `outcome`
    comes with the end of the text, `refused` counts faces that Blender did not take. Variations that were
    asked for together share a `group`. A change is `about` one object, and takes its place with `instead`."""

    id: str
    request: Request
    title: str = ""  # what its object is called
    size: float = 1.0  # of the longest side, in Blender units
    location: Point = (0.0, 0.0, 0.0)
    group: str = ""
    first: Point = (0.0, 0.0, 0.0)  # where the first variation of the group lies
    scene: int = 0  # session_uid of the scene it was asked for in
    collection: int = 0  # and of the collection
    about: tuple[int, ...] = ()  # session_uids of the objects that are described, or changed
    instead: bool = False
    submitted: bool = False
    state: JobState = "sent"
    position: int = 0  # in the queue
    progress: Progress | None = None  # before the first text
    tokens: int = 0
    reader: StreamReader = field(default_factory=StreamReader)
    text: str = ""  # of a description
    outcome: Outcome | None = None
    code: str = ""
    sentence: str = ""
    refused: int = 0
    vertices: int = 0  # of the object, as it was last built
    faces: int = 0
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    first_token: float = 0.0  # when the first text came
    waiting: deque[str] = field(default_factory=deque)  # text that is not read yet
    fresh: bool = False  # the reader has more than the object shows
    parts: int = 0  # begun, when the reader was last fed
    part_from: int = 0  # tokens, when the last of them began
    uid: int = 0  # the object's session_uid; 0 before there is one
    name: str = ""  # the object's name when last seen: the quick way to it

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def makes_mesh(self) -> bool:
        return isinstance(self.request, Generate | Change)

    @property
    def expected(self) -> int:
        """How many parts it will have; 0 where the text does not say."""
        return max(self.reader.expected, self.parts) if self.reader.expected else 0

    @property
    def share(self) -> float:
        """How far it is, 0 to 1: by its parts where they are announced. Within a part, and without parts, it is a
        guess that never reaches the end."""
        if not self.reader.vertices:
            return 0.0
        if not self.expected:
            return self.tokens / (self.tokens + MESH)
        here = self.tokens - self.part_from
        return (max(0, self.parts - 1) + here / (here + PART)) / self.expected

    @property
    def seconds(self) -> float:
        """How long it has taken, or took. Of one that began and ended between two looks the engine knows more."""
        looked = (self.ended or time.monotonic()) - self.started
        return max(looked, self.outcome.seconds if self.outcome else 0.0)

    @property
    def speed(self) -> float:
        """Tokens a second since the first text; 0 before there is enough to say."""
        if self.outcome and self.outcome.seconds:
            return self.tokens / self.outcome.seconds
        took = (self.ended or time.monotonic()) - self.first_token
        return self.tokens / took if self.first_token and took > 0.2 else 0.0

    def object(self) -> bpy.types.Object | None:
        """The job's object, for use within this tick; None before there is one and where it was deleted. When
        the job is over, an object that bears its id counts too: undo and redo may have made it anew."""
        if not self.uid:
            return None
        found = bpy.data.objects.get(self.name)
        if found is None or found.session_uid != self.uid:
            found = next((each for each in bpy.data.objects if each.session_uid == self.uid), None)
        if found is None and self.over:
            found = bearer(self.id)
        if found is not None:
            self.name = found.name
        return found


def subject(job: Job) -> bpy.types.Object | None:
    """The object that a change is about, for use within this tick; None where it was deleted."""
    return next((each for each in bpy.data.objects if each.session_uid in job.about), None)


def bearer(job: str) -> bpy.types.Object | None:
    """The object that was made by a job, whatever its name is now: it bears the job's id."""
    return next((each for each in bpy.data.objects if recall(each).get("job") == job), None)
