"""The whole way in one command: a prompt goes over ZeroMQ to a backend process, and the answer becomes an
object in a real Blender without a window. Leaves a .blend, an .obj with its .mtl and a .png; says in one line
what happened.

Run it with `scripts/demo`, which installs what it needs. It is a client like the add-on, and uses the
add-on's own code."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # for `blender_addon`, which Blender installs and pip does not
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="meshscribe-blender-"))  # nobody's settings

from blender_addon.shared import connection  # noqa: E402
from blender_addon.shared.link import Link  # noqa: E402
from meshscribe.backend.prompts import words  # noqa: E402

SERVE = [sys.executable, "-m", "meshscribe.backend.cli", "serve", "--parent-pid", str(os.getpid())]
START_LIMIT = 60.0  # seconds until a backend must be up
SHOWN = {"load": "Loading the model ...", "writing": "Writing ..."}


def main() -> int:
    asked = arguments()
    start = time.monotonic()
    with backend(connection.home()) as (link, process):
        import bpy  # a second, while the backend starts

        from blender_addon.render import render
        from blender_addon.session import Session

        bpy.ops.wm.read_homefile(use_factory_startup=True)
        bpy.context.preferences.filepaths.save_version = 0  # no .blend1 beside the .blend
        bpy.data.objects.remove(bpy.data.objects["Cube"])
        session = Session(link())
        job = session.generate(
            asked.prompt, model=asked.model, seed=asked.seed, temperature=asked.temperature, metres=asked.size
        )
        shown = ""
        while not job.over:
            session.tick(wait=0.05)
            if session.trouble:
                fail(session.trouble.sentence)
            if process and process.poll() is not None:
                fail(f"The backend has ended: see {connection.home() / 'logs'}.")
            phase = "writing" if job.tokens else job.progress.phase if job.progress else ""
            if phase in SHOWN and phase != shown:
                say(SHOWN[phase])
                shown = phase
        made = job.object()
        if job.state != "done" or made is None:
            fail(job.sentence or "The job was cancelled.")

        asked.out.mkdir(parents=True, exist_ok=True)
        stem = asked.out / f"{slug(asked.prompt)}-{asked.seed}"
        with quiet():
            bpy.ops.wm.obj_export(
                filepath=f"{stem}.obj",
                export_selected_objects=True,
                forward_axis="NEGATIVE_Z",
                up_axis="Y",
                export_uv=False,
                export_vertex_groups=True,  # the parts
            )
            bpy.ops.wm.save_as_mainfile(filepath=str(stem.absolute()) + ".blend", compress=True)
            render([made], Path(f"{stem}.png"))
        outcome, mesh = job.outcome, made.data
        cut = " (cut at the limit)" if outcome.finish == "length" else ""
        print(
            f"{outcome.model} made {made.name!r}{cut}: {len(mesh.vertices)} vertices, "
            f"{len(mesh.polygons)} faces, {job.reader.parts} parts; "
            f"{job.tokens} tokens at {job.tokens / max(outcome.seconds, 1e-6):.0f}/s, "
            f"{outcome.seconds:.2f} s of the model, {time.monotonic() - start:.1f} s in all; "
            f"{stem}.blend .obj .mtl .png"
        )
        session.close()
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Words to a mesh in real Blender.")
    parser.add_argument("prompt", nargs="?", default="a round table with four legs")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.7, help="0: the most likely answer (default 0.7)")
    parser.add_argument("--size", type=float, default=1.0, help="the longest side in metres (default 1)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the files (default out)")
    return parser.parse_args()


@contextlib.contextmanager
def backend(home: Path) -> Iterator[tuple[object, subprocess.Popen[bytes] | None]]:
    """The backend that runs in `home`, or one of our own, which ends with us: a function that waits until it
    is up and gives a Link, and its process where it is ours."""
    process = None
    try:
        connection.read(home)
    except connection.NoConnectionError:
        say("Starting the backend ...")
        process = subprocess.Popen(SERVE, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd=ROOT)

    def link() -> Link:
        until = time.monotonic() + START_LIMIT
        while True:
            try:
                found = connection.read(home)
                return Link(found, "demo", reload=lambda: connection.read(home))
            except connection.NoConnectionError as trouble:
                if process and process.poll() is not None:
                    fail("The backend did not start: the lines above say why.")
                if time.monotonic() > until:
                    fail(trouble.sentence)
                time.sleep(0.02)

    try:
        yield link, process
    finally:
        if process:
            process.terminate()  # the broker ends in order
            process.wait(10)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Blender and the graphics driver write on the process's own stdout and stderr, past Python: not here."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)


def slug(prompt: str) -> str:
    """A prompt as a file name."""
    return "-".join(words(prompt))[:48].rstrip("-") or "mesh"


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def fail(sentence: str) -> NoReturn:
    say(sentence)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
