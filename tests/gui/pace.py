"""How fast the add-on is in a real window: cancelling by clicks, with the starter, and 2,000 faces that grow.
From the project's root, in a window of 1280 x 900:

  blender --factory-startup --enable-event-simulate \
      --python tests/gui/pace.py -- THE.zip WHEEL-FOLDER PICTURES-FOLDER"""

from __future__ import annotations

import random
import statistics
import sys
import time
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "blender"))

from driver import MODULE, Steps, arguments, look, ready, region, run, window
from installed import install

ZIP, WHEELS, FOLDER = arguments()[:3]
TRIES, A_TICK = 50, 4  # cancelled jobs; messages that a tick finds, of some six lines each
CANCEL = (1001, 1001), (214, 190)  # x, y of the panel's X in the picture, from 5.2 on and before
PROMPT = "a small house with a red roof, two windows and a chimney"


def steps() -> Steps:
    install(ZIP)
    from blender_addon import runtime

    bpy.context.preferences.addons[MODULE].preferences.wheels = WHEELS
    now = runtime.current()
    look((0, 0, 0.4), 4.0)
    yield 1.0
    region("UI").active_panel_category = "MeshScribe"
    yield from ready(now)
    yield from cancel(now)
    yield from grow(now)


def cancel(now) -> Steps:
    """From the click's event to the next drawing of a panel without a job, and to the worker's word."""
    from blender_addon.shared.messages import Done, Error
    from blender_addon.ui import panel

    drawn: list[float] = []  # times at which the panel was drawn without a job
    ended: dict[str, float] = {}
    kind, poll = panel.MESHSCRIBE_PT_generate, now.session.link.poll
    draw = kind.draw

    def watched(self, context) -> None:
        draw(self, context)
        if not now.session.active:
            drawn.append(time.perf_counter())

    def listen(budget: float = 0.008) -> list:
        messages = poll(budget)
        ended.update({message.job: time.perf_counter() for message in messages if isinstance(message, Done | Error)})
        return messages

    kind.draw, now.session.link.poll = watched, listen
    newer = bpy.app.version >= (5, 2, 0)
    place = {"x": CANCEL[0][0], "y": window().height - (CANCEL[1][0] if newer else CANCEL[1][1])}
    idle, stopped, tokens = [], [], []
    while len(idle) < TRIES:
        bpy.context.scene.meshscribe.prompt = PROMPT
        bpy.ops.meshscribe.generate()
        job = now.session.active[0]
        window().event_simulate(type="MOUSEMOVE", value="NOTHING", **place)
        yield random.uniform(0.05, 0.6)
        if job.over:
            continue
        drawn.clear()
        click = time.perf_counter()
        for value in ("PRESS", "RELEASE"):
            window().event_simulate(type="LEFTMOUSE", value=value, **place)
        yield lambda job=job: job.over
        assert job.state in ("cancelled", "done"), job
        if job.state == "done":
            continue

        def told(job=job) -> bool:
            now.session.link.poll()  # with no job left the timer looks but twice a second
            return bool(drawn) and job.id in ended

        yield told
        idle.append(drawn[0] - click)
        stopped.append(ended[job.id] - click)
        tokens.append(job.tokens)
    kind.draw, now.session.link.poll = draw, poll
    print(f"cancel by click: {TRIES} tries at {min(tokens)} to {max(tokens)} tokens", flush=True)
    for name, took in (("idle panel drawn", idle), ("stopped decoding", stopped)):
        median, longest = statistics.median(took) * 1000, max(took) * 1000
        print(f"  {name}: median {median:.0f} ms, longest {longest:.0f} ms", flush=True)


def grow(now) -> Steps:
    """Ticks by the real timer, with a redraw of the window between them."""
    from field import Wire, answer

    from blender_addon.shared.obj import LLAMA_MESH, PARTS
    from blender_addon.ui import addon

    for dialect in (PARTS, LLAMA_MESH):
        now._drop()
        now._connect, now._watch = lambda: False, lambda now: None
        wire, took = Wire(), []
        now.session.attach(wire)
        job = now.session.generate("a field")
        wire.coming.extend(answer(job.id, dialect))
        wire.poll = lambda budget, come=wire.coming: [come.popleft() for _ in range(min(A_TICK, len(come)))]
        tick = now.tick

        def timed(*given, tick=tick, took=took) -> float:
            start = time.perf_counter(), time.thread_time()
            pause = tick(*given)
            took.append((time.perf_counter() - start[0], time.thread_time() - start[1]))
            return pause

        now.tick = timed
        addon.wake()
        yield lambda job=job: job.over
        del now.tick
        wall, own = ([1000 * each[i] for each in took] for i in (0, 1))
        print(
            f"grow {dialect.name}: {job.faces} faces in {len(took)} ticks; of the thread's own time: median "
            f"{statistics.median(own):.1f} ms, longest {max(own):.1f} ms; by the clock: median "
            f"{statistics.median(wall):.1f} ms, longest {max(wall):.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    run(steps(), Path(FOLDER))
