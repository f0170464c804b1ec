"""From a prompt to an object through a real broker, in real Blender; the engine writes training shapes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
import pytest
from shape_engine import text

from blender_addon import geometry
from blender_addon.session import Job, Session
from blender_addon.shared import connection
from blender_addon.shared.link import Link
from blender_addon.shared.obj import DIALECTS, PARTS, read


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    session = Session(Link(connection.read(home), "test"))
    yield session
    session.close()


def until(session: Session, condition, timeout: float = 100.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "nothing came"
        session.tick(wait=0.01)


def begun(session: Session, job: Job) -> bpy.types.Object:
    """The object of a job, as soon as there is one."""
    until(session, lambda: job.object() is not None)
    return job.object()


@pytest.mark.parametrize("dialect", ["parts", "llama-mesh"])
def test_a_prompt_becomes_an_object(session, dialect):
    bpy.context.scene.cursor.location = (1, 2, 3)
    job = session.finish(session.generate(f"a table dialect={dialect}", seed=4, metres=2.0))
    made = job.object()
    reading = read(text(4, dialect=dialect), DIALECTS[dialect])
    assert (job.state, job.code, job.refused, job.reader.notes) == ("done", "", 0, [])
    assert [tuple(p.vertices) for p in made.data.polygons] == reading.mesh.faces()
    assert {g.name for g in made.vertex_groups} == {part.name for part in reading.mesh.parts}
    bpy.context.view_layer.update()
    points = np.array([made.matrix_world @ v.co for v in made.data.vertices])
    assert (points.max(0) - points.min(0)).max() == pytest.approx(2.0, abs=1e-5)
    assert points.min(0)[2] == pytest.approx(3.0, abs=1e-5)
    assert bpy.context.view_layer.objects.active == made
    recalled = geometry.recall(made)
    assert recalled["prompt"] == f"a table dialect={dialect}"
    assert recalled["seed"] == "4"
    assert recalled["plan"] == reading.plan
    assert recalled["dialect"] == dialect
    assert recalled["finish"] == "stop"


def test_it_grows_and_does_not_jump(session):
    job = session.generate("a slow table delay=0.02", seed=4)
    made = begun(session, job)
    uid, place = made.session_uid, tuple(made.location)
    sizes, corner = [], []

    def grown() -> bool:
        if (found := job.object()) and len(found.data.polygons) not in sizes:
            sizes.append(len(found.data.polygons))
            corner.append(tuple(found.data.vertices[0].co))
        return job.over

    until(session, grown)
    assert len(sizes) > 5
    assert sizes == sorted(sizes)
    assert job.object().session_uid == uid
    assert tuple(job.object().location) == place
    # the first part stands on the ground from the start, so that what was seen stays where it was
    assert np.ptp(np.array(corner), axis=0).max() <= 0.51 / (PARTS.bins - 1)


def test_several_jobs_at_once(session):
    jobs = [session.generate("a table", seed=seed, location=(3.0 * seed, 0, 0)) for seed in range(3)]
    for job in jobs:
        session.finish(job)
    assert len({job.object().session_uid for job in jobs}) == 3
    assert [round(job.object().location.x) for job in jobs] == [0, 3, 6]
    assert all(job.object().name.startswith("Table") for job in jobs)
    session.forget(jobs[0])
    assert list(session.jobs) == [job.id for job in jobs[1:]]


@pytest.mark.parametrize("keep", [True, False])
def test_cancelling_acts_at_once(session, keep):
    job = session.generate("a slow table delay=0.05", seed=4)
    made = begun(session, job)
    name = made.name
    session.cancel(job, keep=keep)
    assert job.state == "cancelled"
    assert (name in bpy.data.objects) == keep
    if keep:
        assert geometry.recall(bpy.data.objects[name])["finish"] == "cancelled"
    session.tick(wait=0.2)  # what was on its way changes nothing
    assert (name in bpy.data.objects) == keep


def test_an_object_that_the_artist_deletes_ends_its_job(session):
    job = session.generate("a slow table delay=0.05", seed=4)
    bpy.data.objects.remove(begun(session, job))
    until(session, lambda: job.over)
    assert job.state == "cancelled"
    assert job.object() is None


def test_a_new_file_ends_the_jobs(session):
    job = session.generate("a slow table delay=0.05", seed=4)
    begun(session, job)
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    until(session, lambda: job.over)
    assert job.state == "cancelled"
    assert {each.name for each in bpy.data.objects} == {"Cube", "Camera", "Light"}


def test_renaming_and_moving_are_the_artists_right(session):
    job = session.generate("a slow table delay=0.02", seed=4)
    made = begun(session, job)
    made.name, made.location.x = "Mine", 7.0
    bpy.data.objects.new(job.name, None)  # another takes the old name
    session.finish(job)
    assert job.object().name == "Mine"
    assert job.object().location.x == 7.0


def test_an_object_in_edit_mode_is_let_alone(session):
    job = session.generate("a slow table delay=0.01", seed=4)
    made = begun(session, job)
    bpy.context.view_layer.objects.active = made
    bpy.ops.object.mode_set(mode="EDIT")
    until(session, lambda: job.outcome is not None and not job.waiting)
    session.tick(wait=0.1)
    assert not job.over
    bpy.ops.object.mode_set(mode="OBJECT")
    session.finish(job, 5)
    assert len(job.object().data.polygons) == len(read(text(4), PARTS).mesh.sizes)


def test_an_answer_that_breaks_off_keeps_what_is_whole_and_says_so(session):
    job = session.finish(session.generate("a table cut=700", seed=4))
    made = job.object()
    assert job.state == "done"
    assert job.outcome.finish == geometry.recall(made)["finish"] == "length"
    used = {i for p in made.data.polygons for i in p.vertices}
    assert used == set(range(len(made.data.vertices)))


def test_a_failure_is_a_sentence_and_leaves_nothing(session):
    before = set(bpy.data.objects[:]), len(bpy.data.meshes)
    job = session.finish(session.generate("a table fail=out_of_memory", seed=4))
    assert (job.state, job.code, job.sentence) == ("failed", "out_of_memory", "The script says so.")
    assert (set(bpy.data.objects[:]), len(bpy.data.meshes)) == before


def test_words_instead_of_a_mesh_are_a_failure(session):
    job = session.finish(session.generate("a table say=sorry"))
    assert (job.state, job.code) == ("failed", "empty")
    assert job.sentence.endswith(".")
    assert job.object() is None


def test_an_empty_prompt_is_not_sent(session):
    with pytest.raises(ValueError, match="prompt"):
        session.generate("  \n")
    assert not session.jobs
