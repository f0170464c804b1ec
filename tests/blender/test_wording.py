"""Grounding and questions in free wording, written by hand, through a backend with the starter: about half of the
things have names, the others are called Cube or Mesh and are read by the starter first."""

from __future__ import annotations

import random
from pathlib import Path

import bpy
import numpy as np
import pytest
import stage
import wording
from starter_backend import asked

from blender_addon.runtime import Runtime
from blender_addon.shared.tasks import Ground, Scene

pytestmark = pytest.mark.skipif(bpy.app.version[:2] != (4, 5), reason="words are the same in every Blender")
LEAST = {wording.OPEN: (0.90, 0.95), wording.HELD: (0.85, 0.85)}  # of phrases, of questions


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", LEAST, ids=lambda path: path.stem)
def test_enough_is_right(talker: Runtime, path: Path) -> None:
    phrases, questions = [], []
    for seed, sheet in wording.read(path).items():
        plan = stage.lay_out(seed)
        assert wording.planned(plan) == sheet.plan and 5 <= len(plan.props) <= 12
        random.seed(seed)
        stage.build(plan, "mixed", seed)
        here = {str(each.session_uid): each.name for each in bpy.data.objects}
        for line in sheet.phrases:
            ids = asked(talker, lambda objects, line=line: Ground(objects=objects, phrase=line.words)).outcome.ids
            assert set(ids) <= set(here), "an object was invented"
            phrases.append(set(ids) == line.ids(plan))
        for line in sheet.questions:
            text = asked(talker, lambda objects, line=line: Scene(objects=objects, question=line.words)).text
            questions.append(wording.right(text, line.answer(plan), list(here.values())))
    assert np.mean(phrases) >= LEAST[path][0], (len(phrases), np.mean(phrases))
    assert np.mean(questions) >= LEAST[path][1], (len(questions), np.mean(questions))
