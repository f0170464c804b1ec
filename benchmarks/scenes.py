"""Grounding and relations on scenes that are built in Blender, asked as the panel asks, through a backend with the
starter: `python benchmarks/scenes.py`, a table for four ways of knowing what a thing is: the artist's names, the plans
of objects that MeshScribe made, names for half of the things (the starter reads the others), and no name at all.

Truth is how a scene was laid out. Three sets: tests/blender/wording.txt, wording_held.txt (both by hand, in free
wording) and the phrases that stage.py makes. `python benchmarks/scenes.py mixed --misses` takes one way, and says what
was wrong in all sets but the one held back."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "blender")]
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-bench-")  # before bpy is imported
os.environ["MESHSCRIBE_HOME"] = tempfile.mkdtemp(prefix="meshscribe-bench-")

import bpy
import stage
import wording
from starter_backend import asked, serve

import blender_addon
from blender_addon import runtime, scene
from blender_addon.shared.tasks import Ground, Scene
from meshscribe.backend.understand.lexicon import same
from meshscribe.backend.understand.scene import head, tokens

WAYS = ("names", "plans", "mixed", "bare")
SETS = ("free wording", "held back", "as stage.py says it")


def sheets(wanted: list[str]) -> list[tuple[str, int]]:
    """Sets and seeds of their scenes."""
    seeds = (wording.read(wording.OPEN), wording.read(wording.HELD), range(40))
    return [(which, seed) for which, of_set in zip(SETS, seeds, strict=True) if which in wanted for seed in of_set]


def known(prop: stage.Prop) -> bool:
    """Whether the starter has read what it is."""
    return same(head(tokens(scene.kind(prop.made)))) == prop.kind


def measure(way: str, wanted: list[str], misses: bool) -> None:
    tally: dict[str, list[bool]] = defaultdict(list)
    invented = 0
    written = wording.read(wording.OPEN) | wording.read(wording.HELD)
    now = runtime.current()
    for which, seed in sheets(wanted):
        plan = stage.lay_out(seed)
        stage.build(plan, way, seed)
        if which == SETS[2]:
            phrases, questions = stage.phrases(plan, seed), stage.questions(plan, seed)
        else:
            assert wording.planned(plan) == written[seed].plan, f"scene {seed} is laid out otherwise"
            phrases = [(line.words, line.ids(plan)) for line in written[seed].phrases]
            questions = [(line.words, line.answer(plan)) for line in written[seed].questions]
        unknown = [prop for prop in plan.props if scene.nameless(prop.made)]
        names = {str(each.session_uid): each.name for each in bpy.data.objects}
        wrong = []
        for phrase, meant in phrases:
            job = asked(now, lambda objects, phrase=phrase: Ground(objects=objects, phrase=phrase))
            ids = set(job.outcome.ids or ())
            invented += bool(ids - set(names))
            tally[f"{which} phrases"].append(ids == meant)
            if ids != meant:
                wrong.append((phrase, sorted(names[each] for each in meant), job.text))
        for question, truth in questions:
            text = asked(now, lambda objects, said=question: Scene(objects=objects, question=said)).text
            tally[f"{which} questions"].append(wording.right(text, truth, list(names.values())))
            if not tally[f"{which} questions"][-1]:
                wrong.append((question, truth, text))
        tally["read"] += [known(prop) for prop in unknown]
        if misses and which != SETS[1]:
            for prop in unknown:
                if not known(prop):
                    print(f"  {seed} {prop.made.name}, a {prop.kind}, was read as {scene.kind(prop.made)}")
            for said, truth, text in wrong:
                print(f"  {seed} {said} = {truth}\n      {text}")
    cells = [
        f"{sum(done)}/{len(done)}" for done in (tally[f"{a} {b}"] for a in wanted for b in ("phrases", "questions"))
    ]
    read = f"{sum(tally['read'])}/{len(tally['read'])}" if tally["read"] else ""
    print(f"| {way} | {read} | {' | '.join(cells)} | {invented} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ways", nargs="*", default=WAYS, choices=WAYS)
    parser.add_argument("--misses", action="store_true", help="say what was wrong")
    parser.add_argument("--templates", action="store_true", help="also ask as stage.py says it, some 2,400 times a way")
    chosen = parser.parse_args()
    wanted = list(SETS if chosen.templates else SETS[:2])
    process = serve(Path(os.environ["MESHSCRIBE_HOME"]))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    blender_addon.register()
    try:
        heads = [f"{each}: {kind}" for each in wanted for kind in ("phrases", "questions")]
        print(f"| known by | read right | {' | '.join(heads)} | invented |")
        print("|---" * (3 + len(heads)) + "|")
        for way in chosen.ways:
            random.seed(0)
            measure(way, wanted, chosen.misses)
    finally:
        blender_addon.unregister()
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
