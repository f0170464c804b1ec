"""Growing: a job's object. It begins with the first face, is rebuilt as more comes, and is finished once."""

from __future__ import annotations

import bpy

from . import geometry
from .aftercare import Care, tend
from .geometry import Placement
from .job import Job, subject
from .shared.grid import Grid
from .shared.mesh import Mesh
from .shared.obj import DIALECTS, LLAMA_MESH, PARTS
from .shared.tasks import Outcome, words


def begin(job: Job) -> bpy.types.Object:
    """The job's object, empty, in the collection that was active when it was asked for. What it is to replace is
    hidden meanwhile."""
    made = geometry.build(job.title, job.location, _collection(job))
    geometry.remember(made, job=job.id, prompt=words(job.request), group=job.group)
    job.uid, job.name = made.session_uid, made.name
    unveil(job, hidden=True)
    return made


def show(job: Job) -> None:
    """Bring the object up to what was read."""
    mesh, placement = _placed(job, job.size)
    made = job.object() or begin(job)
    geometry.update(made.data, mesh, placement)
    _count(job, made)
    job.fresh = False


def finish(job: Job, care: Care | None = None) -> bpy.types.Object:
    """The finished object, from what the job wrote: may be done again with other care, also after the object
    was taken away by undo. Selected, and marked with where it came from."""
    care = care or Care()
    made = job.object() or begin(job)
    mesh, placement = _placed(job, care.size or job.size)
    job.refused = geometry.settle(made, mesh, placement)
    if care != Care(care.size):  # else it is as `settle` leaves it
        tend(made, care)
    _count(job, made)
    outcome = job.outcome or Outcome(finish="cancelled", model=job.request.model, seed=job.request.seed)
    geometry.remember(
        made,
        prompt=words(job.request),
        seed=outcome.seed,
        model=outcome.model or job.request.model,
        revision=outcome.revision,
        temperature=job.request.temperature,
        plan=job.reader.plan,
        dialect=outcome.dialect,
        finish=outcome.finish,
        tokens=job.tokens,
        group=job.group,
        job=job.id,
    )
    if outcome.finish == "stop" and job.instead and (old := subject(job)) is not None:
        _replace(old, made)
        job.name = made.name
    geometry.select(made)
    return made


def unveil(job: Job, hidden: bool = False) -> None:
    """Show what a change was to replace again, or hide it."""
    if job.instead and (old := subject(job)) is not None and old.name in bpy.context.view_layer.objects:
        old.hide_set(hidden)


def discard(found: bpy.types.Object) -> None:
    """Remove an object, and its mesh where nobody else uses it."""
    data = found.data
    bpy.data.objects.remove(found)
    if isinstance(data, bpy.types.Mesh) and data.users == 0:
        bpy.data.meshes.remove(data)


def writable(found: bpy.types.Object) -> bool:
    """Whether its mesh may be rebuilt: not in edit, sculpt or paint mode."""
    return found.mode == "OBJECT"


def _replace(old: bpy.types.Object, made: bpy.types.Object) -> None:
    """Put an object where another one is: its collections, name, parent and children. The other one goes."""
    bpy.context.view_layer.update()  # matrices of what was placed just now
    place, origin = made.matrix_world.copy(), old.matrix_world.copy()
    for collection in made.users_collection:
        collection.objects.unlink(made)
    for collection in old.users_collection:
        collection.objects.link(made)
    made.parent = old.parent
    made.matrix_world = place
    bpy.context.view_layer.update()
    for child in list(old.children):
        inverse = place.inverted() @ origin @ child.matrix_parent_inverse
        child.parent = made
        child.matrix_parent_inverse = inverse
    name = old.name
    discard(old)
    made.name = name


def _count(job: Job, made: bpy.types.Object) -> None:
    job.vertices, job.faces = len(made.data.vertices), len(made.data.polygons)


def _collection(job: Job) -> bpy.types.Collection | None:
    """Where the object goes; None: the collection that is active now. The one that was active may be gone."""
    scene = next((each for each in bpy.data.scenes if each.session_uid == job.scene), None)
    if scene is None:
        return None
    known = [scene.collection, *scene.collection.children_recursive]
    return next((each for each in known if each.session_uid == job.collection), scene.collection)


def _placed(job: Job, size: float) -> tuple[Mesh, Placement]:
    """The mesh so far and where it goes. A whole mesh is fitted to the size; one that grows, or broke off,
    keeps the scale of its frame."""
    mesh = job.reader.mesh()
    bins = _bins(job)
    whole = job.outcome is not None and job.outcome.finish == "stop"
    if len(mesh.vertices) and not 0 <= mesh.vertices.min() <= mesh.vertices.max() <= bins - 1:
        return mesh, Placement.stand(mesh.vertices, size, job.location)  # another tool's OBJ: no grid
    mesh = mesh.with_vertices(Grid(bins).decode(mesh.vertices))
    if whole:
        return mesh, Placement.stand(geometry.used(mesh).vertices, size, job.location)
    return mesh, Placement.growing(mesh.vertices, 1.0, size, job.location)


def _bins(job: Job) -> int:
    """The grid of a job's text: what the backend says at the end, and what the text looks like before."""
    if job.outcome and job.outcome.dialect in DIALECTS:
        return DIALECTS[job.outcome.dialect].bins
    return (PARTS if job.reader.plan or job.reader.parts else LLAMA_MESH).bins
