"""The `meshscribe` command: generate, describe, codec, serve, stop, models, jobs, fetch, doctor.

Progress goes to stderr, results to stdout. Wrong use ends with one sentence and exit status 2, a failed job with 1.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from meshscribe import __version__
from meshscribe.shared import connection
from meshscribe.shared.grid import Grid
from meshscribe.shared.messages import Describe, Generate, MeshData
from meshscribe.shared.obj import DIALECTS, ObjError, plan_words, read, write

from . import client
from .client import ClientError, Job
from .report import Report

WRONG_USE = 2  # exit status
CANCELLED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except ClientError as error:
        print(f"meshscribe: {error.sentence}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("meshscribe: cancelled.", file=sys.stderr)
        return CANCELLED
    except BrokenPipeError:  # the reader of stdout has gone, as `| head` does
        sys.stderr.close()
        return 1


# ------------------------------------------------------------------------------------------------------- commands


def generate(options: argparse.Namespace) -> int:
    from . import meshfiles

    formats = [name.strip().lower() for name in options.format.split(",") if name.strip()]
    if unknown := [name for name in formats if name not in meshfiles.FORMATS]:
        raise ClientError(
            "bad_request", f"There is no format {unknown[0]}: {', '.join(meshfiles.FORMATS)} can be written."
        )
    if not options.prompt.strip():
        raise ClientError("bad_request", "The prompt is empty: say what to make, such as `a round table`.")
    _writable(options.out)
    first = secrets.randbits(31) if options.seed is None else options.seed
    requests = [
        Generate(
            prompt=options.prompt,
            model=options.model,
            seed=first + number,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
        )
        for number in range(options.count)
    ]
    failed = 0
    with client.connect() as link, Report(len(requests)) as report:
        for job in client.run(link, list(requests), report.watch):
            if job.error:
                report.clear()
                print(f"meshscribe: {job.error.sentence}", file=sys.stderr)
                failed = max(failed, WRONG_USE if job.error.code in _WRONG else 1)
                if failed == WRONG_USE:
                    return failed
                continue
            report.clear()
            print(_generated(job, options, formats), flush=True)
    return failed


_WRONG = (
    "bad_request",
    "unknown_model",
    "model_missing",
    "missing_library",
    "over_budget",
    "too_large",
    "licence_needed",
)


def _generated(job: Job, options: argparse.Namespace, formats: list[str]) -> str:
    """Write the files of a finished job; the line to print."""
    from . import meshfiles

    outcome, request = job.outcome, job.request
    assert outcome is not None and isinstance(request, Generate)
    dialect = DIALECTS[outcome.dialect or "parts"]
    found: dict[str, object] = {
        "prompt": request.prompt,
        "seed": outcome.seed,
        "model": outcome.model,
        "finish": outcome.finish,
        "plan": "",
        "file": None,
        "vertices": 0,
        "faces": 0,
        "parts": [],
        "tokens": outcome.tokens,
        "passes": outcome.passes,
        "seconds": round(outcome.seconds, 4),
        "valid": False,
        "closed": False,
        "masked_mass": round(outcome.masked_mass, 6),
    }
    try:
        reading = read(job.text, dialect)
    except ObjError as error:
        if outcome.finish != "cancelled":
            print(f"meshscribe: the answer is not a whole mesh ({error}).", file=sys.stderr)
        return json.dumps(found) if options.json else f"no mesh for {request.prompt!r} ({outcome.finish})"
    mesh = reading.mesh.with_vertices(Grid(dialect.bins).decode(reading.mesh.vertices))
    placed = mesh.with_vertices(mesh.vertices - (0, mesh.bounds()[0][1], 0))  # standing on y = 0
    stem = options.out / f"{slug(request.prompt)}-{outcome.seed}"
    comment = f"{request.prompt}\nMeshScribe {__version__}, {outcome.model}, seed {outcome.seed}"
    try:
        for name in formats:
            meshfiles.save(placed, Path(f"{stem}.{name}"), comment)
    except meshfiles.FileError as error:
        raise ClientError("no_space", str(error)) from None
    found |= {
        "plan": reading.plan,
        "file": f"{stem}.{formats[0]}" if formats else None,
        "vertices": len(mesh.vertices),
        "faces": len(mesh.sizes),
        "parts": [part.name for part in mesh.parts],
        "valid": True,
        "closed": all(piece.closed() for piece in mesh.pieces()),
    }
    if options.json:
        return json.dumps(found)
    cut = " (cut at the limit)" if outcome.finish == "length" else ""
    plan = f" Understood as: {_plan(reading.plan)}." if reading.plan else ""
    return (
        f"{found['file'] or request.prompt}{cut}: {found['vertices']} vertices, {found['faces']} faces, "
        f"{len(mesh.pieces())} parts, {outcome.seconds:.2f} s, seed {outcome.seed}.{plan}"
    )


def _plan(plan: str) -> str:
    family, attributes = plan_words(plan)
    return ", ".join([family, *(f"{name} {value}" for name, value in attributes.items())])


def describe(options: argparse.Namespace) -> int:
    mesh = _load(options.file)
    request = Describe(mesh=MeshData.pack(mesh), model=options.model, prompt=options.ask)
    with client.connect() as link, Report(1) as report:
        job = next(iter(client.run(link, [request], report.watch)))
    if job.error:
        print(f"meshscribe: {job.error.sentence}", file=sys.stderr)
        return WRONG_USE if job.error.code in _WRONG else 1
    outcome = job.outcome
    assert outcome is not None
    if options.json:
        told = {"text": job.text.strip(), "model": outcome.model, "seconds": round(outcome.seconds, 4)}
        print(json.dumps({**told, "finish": outcome.finish, "facts": outcome.facts}))
    else:
        from .facts import sentence

        print(job.text.strip())
        print(sentence(outcome.facts or {}))
    return 0


def codec(options: argparse.Namespace) -> int:
    """Needs no backend: the codec alone."""
    dialect = DIALECTS[options.dialect]
    if options.decode:
        return _decode(options)
    mesh = _load(options.file)
    written = write(mesh, dialect)
    if not written.faces:
        raise ClientError("bad_request", f"No face of {options.file} is left on {dialect.bins} steps an axis.")
    sys.stdout.write(written.text)
    grid = written.grid
    frame = ",".join(f"{value:.9g}" for value in (*grid.centre, grid.extent))
    print(f"{written.vertices} vertices, {written.faces} faces, --frame={frame}", file=sys.stderr)
    if written.merged or written.dropped:
        lost = f"{written.merged} vertices merged, {written.dropped} faces dropped"
        print(f"{lost} on {dialect.bins} steps an axis.", file=sys.stderr)
    return 0


def _decode(options: argparse.Namespace) -> int:
    """Dialect text back to an OBJ; any other mesh goes there and back, so that one sees what the codec keeps."""
    from . import meshfiles

    dialect = DIALECTS[options.dialect]
    try:
        text = options.file.read_text() if options.file.suffix.lower() in (".obj", ".txt") else ""
        reading = read(text, dialect)
        grid = Grid(dialect.bins)
        if options.like:
            grid = Grid.fit(_load(options.like).vertices, dialect.bins)
        elif options.frame:
            x, y, z, extent = options.frame
            grid = Grid(dialect.bins, (x, y, z), extent)
    except (OSError, UnicodeDecodeError, ObjError):
        mesh = _load(options.file)
        written = write(mesh, dialect)
        reading, grid = read(written.text, dialect), written.grid
    mesh = reading.mesh.with_vertices(grid.decode(reading.mesh.vertices))
    sys.stdout.write(meshfiles.obj_text(mesh))
    return 0


def serve(options: argparse.Namespace) -> int:
    from .models.store import entries
    from .serve.broker import serve as run

    home = connection.home()
    idle = options.idle * 60 if options.idle else None
    return run(home, port=options.port, parent=options.parent_pid, models=lambda: entries(home), idle=idle)


def stop(options: argparse.Namespace) -> int:
    from .manage import stop_backend

    print(stop_backend())
    return 0


def models(options: argparse.Namespace) -> int:
    from .manage import get_model, list_models

    if options.action == "get":
        print(get_model(options.name, options.accept_licence))
    else:
        print(list_models(options.json))
    return 0


def jobs(options: argparse.Namespace) -> int:
    from .manage import list_jobs

    print(list_jobs(options.json))
    return 0


def fetch(options: argparse.Namespace) -> int:
    """The text of any job in the journal, as it came; waits for the end of one that still runs."""
    with client.connect() as link, Report(1) as report:
        link.resume(options.job)
        waiting = {options.job: Job(options.job)}
        ended: Job | None = None
        while ended is None:
            ended = next(iter(client.follow(link, waiting, report.watch)), None)
    if ended.error and ended.error.code == "unknown_job":
        raise ClientError("unknown_job", ended.error.sentence)
    sys.stdout.write(ended.text)
    if ended.error:
        print(f"meshscribe: {ended.error.sentence}", file=sys.stderr)
        return 1
    return 0


def doctor(options: argparse.Namespace) -> int:
    from .manage import examine

    print(examine(options.json))
    return 0


# --------------------------------------------------------------------------------------------------------- helpers


def slug(prompt: str) -> str:
    """A prompt as a file name."""
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:48].rstrip("-") or "mesh"


def _load(path: Path):
    from . import meshfiles

    try:
        return meshfiles.load(path)
    except (meshfiles.FileError, ValueError) as error:
        raise ClientError("bad_request", str(error)) from None


def _writable(folder: Path) -> None:
    """Before any work is done. ClientError where files could not be written there."""
    import os

    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise ClientError("bad_request", f"The folder {folder} cannot be written: choose another one with --out.")


def _frame(text: str) -> tuple[float, ...]:
    numbers = tuple(float(number) for number in text.split(","))
    if len(numbers) != 4 or not numbers[3] > 0:
        raise argparse.ArgumentTypeError("four numbers, x,y,z,extent, as `meshscribe codec` prints them")
    return numbers


def _whole(low: int, high: int):
    def check(text: str) -> int:
        if not text.lstrip("-").isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high}")
        return int(text)

    return check


def _heat(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 5:
        raise argparse.ArgumentTypeError("a number from 0 to 5")
    return value


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """One sentence, and where to read more."""
        print(f"{self.prog}: {message}. `{self.prog} --help` shows the options.", file=sys.stderr)
        sys.exit(WRONG_USE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="meshscribe", description="Write meshes from words and read meshes into words.")
    parser.add_argument("--version", action="version", version=f"meshscribe {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(run.__name__, help=words, description=words)
        made.set_defaults(run=run)
        return made

    one = command(generate, "make meshes from a prompt")
    one.add_argument("prompt", help="what to make, such as 'a round table with four legs'")
    one.add_argument(
        "--model",
        default="starter",
        help="a known model or a checkpoint folder, with :nf4 or :int8 behind it",
    )
    one.add_argument("--seed", type=_whole(0, 2**62), help="the same seed makes the same mesh (default: a random one)")
    one.add_argument("--count", type=_whole(1, 1000), default=1, help="how many meshes, with seeds one after another")
    one.add_argument("--temperature", type=_heat, default=0.7, help="0: the likeliest mesh; 1: the model's own variety")
    one.add_argument("--max-tokens", type=_whole(1, 131_072), help="at most this many tokens a mesh")
    one.add_argument("--format", default="obj", help="obj, glb, ply; several with commas (default obj)")
    one.add_argument("--out", type=Path, default=Path("."), help="folder for the files (default: here)")
    one.add_argument("--json", action="store_true", help="print one JSON object a mesh")

    one = command(describe, "say what a mesh file shows")
    one.add_argument("file", type=Path, help="any mesh file: obj, glb, ply, stl, off, ...")
    one.add_argument("--model", default="starter", help="a known model or a checkpoint folder")
    one.add_argument("--ask", default="", help="a question of your own, for models that know language")
    one.add_argument("--json", action="store_true", help="print one JSON object")

    one = command(codec, "show a mesh file as the text that models read and write")
    one.add_argument("file", type=Path, help="any mesh file")
    one.add_argument("--dialect", choices=sorted(DIALECTS), default="parts")
    one.add_argument("--decode", action="store_true", help="the way back: an OBJ in the original place and size")
    frame = one.add_mutually_exclusive_group()
    frame.add_argument("--frame", type=_frame, help="where dialect text belongs: x,y,z,extent, as encoding printed it")
    frame.add_argument("--like", type=Path, help="where dialect text belongs: the mesh file that it was made from")

    one = command(serve, "run the backend in this terminal")
    one.add_argument(
        "--port", type=_whole(0, 65_535), default=0, help="a TCP port on this machine (default: a free one)"
    )
    one.add_argument("--parent-pid", type=_whole(1, 2**31), help="end when this process ends")
    one.add_argument("--idle", type=float, help="end after this many minutes without work")

    command(stop, "end the backend")

    one = command(models, "list the models, or get one")
    one.add_argument("action", nargs="?", choices=("list", "get"), default="list")
    one.add_argument("name", nargs="?", help="the model to get: a known name, or owner/name@commit")
    one.add_argument("--accept-licence", action="store_true", help="accept the licence without being asked")
    one.add_argument("--json", action="store_true", help="print JSON")

    one = command(jobs, "list the newest jobs of the journal")
    one.add_argument("--json", action="store_true", help="print JSON")

    one = command(fetch, "print the text of a job from the journal")
    one.add_argument("job", help="the job's id")

    one = command(doctor, "say what this machine has and whether the backend works")
    one.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
