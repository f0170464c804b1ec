"""The add-on's figures, in the bpy module and with the starter: `python benchmarks/addon.py [grow|cancel|kill]...`.

grow: how long a tick takes while a mesh of 2,000 faces grows. cancel: from the click to an idle panel, and to the word
of the worker that it has stopped, at random moments. kill: Blender is killed while jobs run; what is left of the
backend, and what its journal holds."""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "blender"))
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="meshscribe-bench-")  # before bpy is imported
os.environ["MESHSCRIBE_HOME"] = tempfile.mkdtemp(prefix="meshscribe-bench-")

import bpy
import numpy as np
from field import Wire, answer
from killing import kill_one
from shape_backend import of_this_tree

import blender_addon
from blender_addon import runtime
from blender_addon.shared.messages import Done
from blender_addon.shared.obj import LLAMA_MESH, PARTS
from blender_addon.ui import addon as switch

TRIES, KILLS = 50, 20
PROMPT = "a small house with a red roof, two windows and a chimney"


def grow() -> None:
    for dialect in (PARTS, LLAMA_MESH):
        now = fresh()
        now._connect, now._watch = lambda: False, lambda now: None
        wire = Wire()
        now.session.attach(wire)
        job = now.session.generate("a field")
        wire.coming.extend(answer(job.id, dialect))
        took, faces = [], []
        gc.collect()
        while not job.over:
            start = time.thread_time()  # other work on the machine does not count
            switch.tick()
            took.append(time.thread_time() - start)
            faces.append(job.reader.faces)
        took, faces = np.array(took) * 1000, np.array(faces)
        at = [np.median(took[(faces > n - 100) & (faces < n + 100)]) for n in (500, 1000, 1900)]
        print(
            f"grow {dialect.name}: {faces[-1]} faces in {len(took)} ticks, median {np.median(took):.1f} ms, longest "
            f"{took.max():.1f} ms, the one that finishes {took[-1]:.1f} ms; at 500, 1000, 1900 faces "
            f"{at[0]:.1f}, {at[1]:.1f}, {at[2]:.1f} ms"
        )


def cancel() -> None:
    """A try counts when the job still ran at the click."""
    now = fresh()
    now.backend.python = of_this_tree(Path(tempfile.mkdtemp(prefix="meshscribe-bench-")))
    now.start()
    while now.state != "ready":
        assert not now.problem, now.problem
        switch.tick()
        time.sleep(0.01)
    panel, stopped, moments = [], [], []
    ended: dict[str, float] = {}
    poll = now.session.link.poll

    def listen(budget: float = 0.008) -> list:
        messages = poll(budget)
        ended.update({message.job: time.perf_counter() for message in messages if isinstance(message, Done)})
        return messages

    now.session.link.poll = listen
    bpy.context.scene.meshscribe.prompt = PROMPT
    while len(panel) < TRIES:
        bpy.ops.meshscribe.generate()
        job = now.session.active[0]
        begun = time.perf_counter()
        until = begun + random.uniform(0.0, 0.4)
        while time.perf_counter() < until:
            switch.tick()
            time.sleep(0.005)
        if job.over:
            continue
        click = time.perf_counter()
        bpy.ops.meshscribe.cancel()
        assert not now.session.active
        panel.append(time.perf_counter() - click)
        moments.append((click - begun, job.tokens))
        while job.id not in ended:
            listen()
            time.sleep(0.001)
        stopped.append(ended[job.id] - click)
    now.stop()
    tokens = [tokens for _, tokens in moments]
    print(f"cancel: {TRIES} tries at {min(tokens)} to {max(tokens)} tokens")
    for name, seconds in (("idle panel", panel), ("stopped decoding", stopped)):
        print(f"  {name}: median {1000 * np.median(seconds):.1f} ms, longest {1000 * max(seconds):.1f} ms")


def kill() -> None:
    folder = Path(tempfile.mkdtemp(prefix="meshscribe-bench-"))
    took = [kill_one(of_this_tree(folder), folder, random.uniform(0.0, 0.5)) for _ in range(KILLS)]
    jobs = sum(jobs for jobs, _ in took)
    gone = [seconds for _, seconds in took]
    print(
        f"kill: {KILLS} Blenders killed, {jobs} accepted jobs, all in the journal; no process of theirs stays: gone "
        f"after {np.median(gone):.2f} s (median), {max(gone):.2f} s (longest)"
    )


def fresh() -> runtime.Runtime:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    blender_addon.unregister()
    blender_addon.register()
    return runtime.current()


if __name__ == "__main__":
    for name in sys.argv[1:] or ("grow", "cancel", "kill"):
        {"grow": grow, "cancel": cancel, "kill": kill}[name]()
    blender_addon.unregister()
