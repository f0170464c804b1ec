"""The scene as a model is told of it: each visible object's name, kind and box in the world, instances too. Objects
whose names say nothing ("Cube.003") are read first, so that a question can speak of chairs. Everything is only read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import bpy
import numpy as np

from .geometry import recall
from .job import Job
from .materials import word
from .reading import READABLE, read
from .session import Session
from .shared.tasks import Ground, Name, Scene, SceneObject
from .shared.thin import packed

MOST_OBJECTS = 2_000  # of a scene
MOST_READ = 24  # nameless objects that are read for one question
AT_ONCE = 4  # jobs that read them
NAMELESS = re.compile(
    r"(cube|sphere|icosphere|cylinder|cone|plane|torus|suzanne|circle|grid|mesh|object|curve|beziercurve|beziercircle|"
    r"nurbs\w*|text|mball|surface|round cube|part|group|geometry|node|model|untitled|default)[\s._-]*\d*",
    re.IGNORECASE,
)
COLOURS = {  # colour wheel, in 360ths
    "red": 0, "orange": 28, "yellow": 55, "green": 120, "turquoise": 175, "blue": 225, "purple": 275, "pink": 320,
}  # fmt: skip

_kinds: dict[tuple[int, int, int], str] = {}
"""What was read of a mesh: by its session_uid and its counts, so that a changed one is read anew."""


def gather(depsgraph: bpy.types.Depsgraph | None = None) -> list[SceneObject]:
    """The visible objects that have a surface, in the order of the scene; an instancer stands for all that it shows."""
    depsgraph = depsgraph or bpy.context.evaluated_depsgraph_get()
    boxes: dict[str, np.ndarray] = {}
    owners: dict[str, bpy.types.Object] = {}
    for shown in depsgraph.object_instances:
        if shown.object.type not in READABLE:
            continue
        owner = (shown.parent if shown.is_instance and shown.parent else shown.object).original
        corners = _corners(shown.object, np.array(shown.matrix_world, np.float64))
        if corners is None:
            continue
        box = np.stack([corners.min(0), corners.max(0)])
        known = boxes.get(owner.name_full)
        boxes[owner.name_full] = (
            box if known is None else np.stack([np.minimum(known[0], box[0]), np.maximum(known[1], box[1])])
        )
        owners[owner.name_full] = owner
    return [
        SceneObject(
            id=str(owner.session_uid),
            name=owner.name[:200],
            kind=kind(owner)[:200],
            low=tuple(boxes[name][0].tolist()),
            high=tuple(boxes[name][1].tolist()),
        )
        for name, owner in list(owners.items())[:MOST_OBJECTS]
    ]


def objects(ids: Iterable[str]) -> list[bpy.types.Object]:
    """The objects that ids stand for; those that were deleted are left out."""
    wanted = set(ids)
    return [each for each in bpy.data.objects if str(each.session_uid) in wanted]


def kind(source: bpy.types.Object) -> str:
    """What an object is, where that is known: adjectives and a noun. What we made knows its plan; others were read, or
    tell their colour by their material."""
    plan = str(recall(source).get("plan", "")).split()
    if plan:
        said = [value for value in plan[2::2] if value.isalpha() and value not in ("yes", "no", "medium")]
        return " ".join(each for each in (_colour(source), *said, plan[0].replace("_", " ")) if each)
    noun = _kinds.get(_key(source), "")
    return " ".join(each for each in (_colour(source), noun or "object") if each) if noun or _colour(source) else ""


def nameless(source: bpy.types.Object) -> bool:
    """Whether neither its name nor anything else says what it is."""
    return bool(NAMELESS.fullmatch(source.name)) and not recall(source).get("plan") and _key(source) not in _kinds


class Inquiry:
    """A question about the scene. Objects without names are read first; then the question is asked, as `job`. The
    session's `ended` must be passed on to `heard`."""

    def __init__(self, session: Session, ask: Callable[[list[SceneObject]], Scene | Ground], model: str) -> None:
        self.session, self.ask, self.model = session, ask, model
        self.job: Job | None = None
        self.failed = ""  # why it could not be asked
        found = {_key(each): each for each in objects(one.id for one in gather()) if nameless(each)}
        self.waiting = list(found.values())[:MOST_READ]
        self.total = len(self.waiting)
        self._reading: dict[str, tuple[int, int, int]] = {}
        self._go()

    @property
    def left(self) -> int:
        """Objects that are still to be read."""
        return len(self.waiting) + len(self._reading)

    def heard(self, job: Job) -> None:
        """A job of the session is over."""
        if (key := self._reading.pop(job.id, None)) is None:
            return
        if job.state == "done" and job.outcome is not None and job.outcome.names is not None:
            _kinds[key] = job.outcome.names.object.lower()
        else:
            _kinds[key] = ""  # it cannot be read: not to be tried again
        self.session.forget(job)
        self._go()

    def _go(self) -> None:
        while self.waiting and len(self._reading) < AT_ONCE:
            source = self.waiting.pop()
            try:
                request = Name(mesh=packed(read([source]).mesh), model=self.model)
                self._reading[self.session.put(request, [source]).id] = _key(source)
            except (ValueError, ReferenceError):  # without faces, too large for a message, or deleted meanwhile
                continue
        if not self._reading and self.job is None:
            self.job = self.session.put(self.ask(gather()))


def _corners(shown: bpy.types.Object, matrix: np.ndarray) -> np.ndarray | None:
    """World points [N, 3] whose box is that of an evaluated object; None for one without a surface. The corners of its
    own box where it is not turned, else all vertices of its mesh."""
    data = shown.data
    turned = (np.abs(matrix[:3, :3]) > 1e-6 * np.abs(matrix[:3, :3]).max(initial=1e-30)).sum() > 3
    if isinstance(data, bpy.types.Mesh):
        if not len(data.vertices):
            return None
        if turned:
            points = np.empty((len(data.vertices), 3), np.float32)
            data.vertices.foreach_get("co", points.reshape(-1))
            return points.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    points = np.array(shown.bound_box, np.float64)
    if not np.ptp(points, 0).any() or not np.isfinite(points).all():
        return None
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _key(source: bpy.types.Object) -> tuple[int, int, int]:
    data = source.data
    counts = (len(data.vertices), len(data.polygons)) if isinstance(data, bpy.types.Mesh) else (0, 0)
    return (data.session_uid if data is not None else source.session_uid, *counts)


def _colour(source: bpy.types.Object) -> str:
    """A word for the colour of the first material: the material's own word, one in its name, or by its colour; "" for
    the default grey."""
    slot = next((slot.material for slot in source.material_slots if slot.material is not None), None)
    if slot is None:
        return ""
    if known := word(slot):
        return known
    for each in re.findall(r"[a-z]+", slot.name.lower()):
        if each in COLOURS or each in ("white", "black", "grey", "gray", "brown"):
            return each
    nodes = slot.node_tree.nodes if slot.node_tree else ()
    shader = next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)
    red, green, blue, _ = shader.inputs["Base Color"].default_value if shader else slot.diffuse_color
    return colour_word(red, green, blue)


def colour_word(red: float, green: float, blue: float) -> str:
    """The name of a linear colour, "" for a middle grey, which Blender's new materials have."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 0.15 * max(high, 0.05):
        return "black" if high < 0.03 else "white" if low > 0.85 else "grey" if high < 0.6 else ""
    if high == red:
        hue = 60 * (green - blue) / (high - low) % 360
    elif high == green:
        hue = 60 * (blue - red) / (high - low) + 120
    else:
        hue = 60 * (red - green) / (high - low) + 240
    if 10 < hue < 45 and high < 0.4:
        return "brown"
    return min(COLOURS, key=lambda name: abs((hue - COLOURS[name] + 180) % 360 - 180))
