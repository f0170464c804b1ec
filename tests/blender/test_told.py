"""What the panel tells of a job: how far it is, what was understood, what an engine notes, what is near to what was
declined."""

from __future__ import annotations

import math

import bpy
import pytest
from layout import draw

from blender_addon.job import Job
from blender_addon.plan import understood
from blender_addon.session import Session
from blender_addon.shared.obj import PARTS, write
from blender_addon.shared.tasks import Generate, Outcome
from blender_addon.ui import panel


def test_progress_goes_by_the_parts(table):
    text = write(table, PARTS).text
    session, job = Session(), Job("j", Generate(prompt="a table"))
    shares = []
    for start in range(0, len(text), 50):
        job.waiting.append(text[start : start + 50])
        job.tokens += 18
        session._read(job, math.inf)
        shares.append(panel.progress(job)[0])
    assert job.parts == job.expected == len(table.parts)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.8 < shares[-1] < 1


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("table top round legs 4 height tall shelf yes material white", "table, round top, 4 legs, tall, shelf, white"),
        ("stool seat square legs 1 height medium rungs no", "stool, square seat, 1 leg"),
        ("mug handles 0", "mug, no handles"),
        ("rock", "rock"),
        ("", ""),
    ],
)
def test_a_plan_in_words(plan, words):
    assert understood(plan) == words


def test_what_an_engine_notes_is_shown(addon):
    job = Job("j", Generate(prompt="a table"), state="done", outcome=Outcome(finish="stop", notes=["Two were mended."]))
    addon.session.jobs["j"] = job
    assert "Two were mended." in draw(panel.MESHSCRIBE_PT_generate).words()


def test_what_is_declined_comes_with_what_is_near(addon):
    sentence = (
        "The starter cannot make that. The nearest things it knows are axe, car and sofa; `meshscribe` lists all."
    )
    addon.failed = Job("j", Generate(prompt="a piano"), code="declined", sentence=sentence)
    shown = draw(panel.MESHSCRIBE_PT_generate)
    assert "`" not in " ".join(shown.words())
    offered = [each[2] for each in shown.shown if each[:2] == ("operator", "meshscribe.use_prompt")]
    assert offered[:3] == ["An axe", "A car", "A sofa"]
    bpy.ops.meshscribe.use_prompt(prompt=shown.button("meshscribe.use_prompt").prompt)
    assert bpy.context.scene.meshscribe.prompt == "an axe"


def test_a_mesh_that_was_made_between_two_looks_took_its_time():
    job = Job("a", Generate(prompt="a table"))
    job.ended, job.outcome = job.started, Outcome(finish="stop", seconds=0.4)
    assert job.seconds == 0.4
