"""The `meshscribe` command. Its words are in arguments.py.

Results go to stdout, all else to stderr. Wrong use ends with one sentence and exit status 2, a failed job with 1,
Ctrl-C with 130.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
import secrets
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from meshscribe.shared import connection
from meshscribe.shared.grid import Grid
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Error
from meshscribe.shared.obj import DIALECTS, Dialect, ObjError, Reading, read, write
from meshscribe.shared.stream import MAX_FACES
from meshscribe.shared.tasks import Ask, Describe, Generate, Ground, Request, Scene
from meshscribe.shared.thin import packed

from . import client
from .arguments import WRONG_USE, parser
from .client import ClientError, Job
from .report import Report

FAILED, CANCELLED = 1, 130  # exit status
MAX_TEXT = 16 << 20  # bytes of a file that may be text of a dialect
LARGEST = 10_000_000  # faces of a mesh that is described
WRONG = (
    "bad_request",
    "unknown_model",
    "model_missing",
    "missing_library",
    "over_budget",
    "too_large",
)  # errors' codes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what this terminal cannot show is no reason to fail
    try:
        status = COMMANDS[options.command](options)
        sys.stdout.flush()
    except ClientError as error:
        return _say(error.sentence, WRONG_USE)
    except KeyboardInterrupt:
        return _say("cancelled.", CANCELLED)
    except BrokenPipeError:  # the reader of stdout has gone, as `| head` does; what is left to flush goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # a fault of ours or of this machine: the traceback is for a file
        return _say(_fault(error), FAILED)
    return status


def generate(options: argparse.Namespace) -> int:
    from . import meshfiles, results

    _writable(options.out)
    first = secrets.randbits(31) if options.seed is None else options.seed
    requests: list[Request] = [
        Generate(
            prompt=options.prompt,
            model=options.model,
            seed=first + number,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
        )
        for number in range(options.count)
    ]
    status = 0
    with client.connect() as link, Report(options.count) as report:
        for job in client.run(link, requests, report.watch):
            report.clear()
            if job.error:
                status = max(status, _failed(job.error))
                if status == WRONG_USE:
                    break  # it is wrong for all of them
                continue
            assert job.outcome and isinstance(job.request, Generate)
            try:
                found = results.write(job.request, job.outcome, job.text, options.out, options.format)
            except meshfiles.FileError as error:
                raise ClientError("no_space", str(error)) from None
            status = max(status, 0 if found["valid"] else FAILED)
            print(json.dumps(found) if options.json else results.line(found), flush=True)
            for note in job.outcome.notes:
                _say(note)
    return status


def describe(options: argparse.Namespace) -> int:
    from .understand.facts import facts
    from .understand.report import report as sentences
    from .understand.report import sentence

    mesh = _load(options.file, LARGEST)
    known = facts(mesh)
    if options.facts:
        print(json.dumps(known) if options.json else "\n".join(sentences(known)))
        return 0
    data = packed(mesh)
    request: Request
    if options.ask and not options.views:
        request = Ask(mesh=data, model=options.model, question=options.ask)
    else:
        request = Describe(
            mesh=data, model=options.model, prompt=options.ask or "", form=options.form, views=options.views
        )
    with client.connect() as link, Report(1) as report:
        job = next(client.run(link, [request], report.watch))
    if job.error:
        if not options.json:
            print(sentence(known))
        return _failed(job.error)
    assert job.outcome
    text = job.text.strip()
    if options.json:
        told = {"text": text, "model": job.outcome.model, "seconds": round(job.outcome.seconds, 4)}
        print(json.dumps({**told, "finish": job.outcome.finish, "facts": known}))
    else:
        print(text, sentence(known), sep="\n")
    for note in job.outcome.notes:
        _say(note)
    return 0


def scene(options: argparse.Namespace) -> int:
    """Objects of a scene file by their names and boxes: which, where, how many."""
    from . import meshfiles

    try:
        objects = meshfiles.objects(options.file)
    except meshfiles.FileError as error:
        raise ClientError("bad_request", str(error)) from None
    request: Request
    if options.find:
        request = Ground(objects=objects, phrase=options.find, model=options.model)
    elif options.ask:
        request = Scene(objects=objects, question=options.ask, model=options.model)
    else:
        request = Scene(objects=objects, about=options.about, model=options.model)
    with client.connect() as link, Report(1) as report:
        job = next(client.run(link, [request], report.watch))
    if job.error:
        return _failed(job.error)
    assert job.outcome
    names = {each.id: each.name for each in objects}
    found = [names[one] for one in job.outcome.ids or () if one in names]
    if options.json:
        told = {"text": job.text.strip(), "model": job.outcome.model}
        print(json.dumps({**told, "objects": found} if options.find else told))
    else:
        print("\n".join(found) if found else job.text.strip())
    return FAILED if options.find and not found else 0


# --------------------------------------------------------------------------------------- codec: needs no backend


def codec(options: argparse.Namespace) -> int:
    if options.decode:
        return _decode(options)
    if options.frame or options.like:
        raise ClientError("bad_request", "--frame and --like go with --decode.")
    dialect = DIALECTS[options.dialect or "parts"]
    written = write(_load(options.file), dialect)
    if not written.faces:
        raise ClientError("bad_request", f"No face of {options.file} is left on {dialect.bins} steps an axis.")
    sys.stdout.write(written.text)
    frame = ",".join(f"{value:.9g}" for value in (*written.grid.centre, written.grid.extent))
    _say(f"{written.vertices} vertices, {written.faces} faces, {dialect.name} dialect, --frame={frame}")
    if written.merged or written.dropped:
        _say(f"{written.merged} vertices merged, {written.dropped} faces dropped on {dialect.bins} steps an axis.")
    return 0


def _decode(options: argparse.Namespace) -> int:
    """Text of a dialect back to an OBJ. Any other mesh goes there and back, so that one sees what the codec keeps."""
    from . import meshfiles

    placed = options.frame or options.like  # then it is text, so its form tells the dialect
    names = [options.dialect] if options.dialect else sorted(DIALECTS, reverse=True) if placed else ["parts"]
    reading, dialect = _read(options.file, [DIALECTS[name] for name in names])
    if reading is None and placed:
        raise ClientError("bad_request", f"{options.file} is not text of the dialect: --frame and --like go with that.")
    if reading is None:
        written = write(_load(options.file), dialect)
        if not written.faces:
            raise ClientError("bad_request", f"No face of {options.file} is left on {dialect.bins} steps an axis.")
        reading, grid = read(written.text, dialect), written.grid
        _say(f"{options.file} went through the {dialect.name} dialect and back.")
    elif options.like:
        grid = Grid.fit(_load(options.like).vertices, dialect.bins)
    elif options.frame:
        x, y, z, extent = options.frame
        grid = Grid(dialect.bins, (x, y, z), extent)
    else:
        grid = Grid(dialect.bins)
    sys.stdout.write(meshfiles.obj_text(reading.mesh.with_vertices(grid.decode(reading.mesh.vertices))))
    return 0


def _read(path: Path, dialects: list[Dialect]) -> tuple[Reading | None, Dialect]:
    """A file as text of the first dialect that it is of; None where it is of none."""
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_TEXT else ""
    except (OSError, ValueError):
        text = ""
    for dialect in dialects:
        try:
            return read(text, dialect), dialect
        except ObjError:
            continue
    return None, dialects[0]


# ---------------------------------------------------------------------------------------- the backend and its jobs


def models(options: argparse.Namespace) -> int:
    from .manage import get_model, list_models, quantize_model

    match options.action:
        case "get":
            print(get_model(options.name, options.accept_licence))
        case "quantize":
            print(quantize_model(options.name))
        case _:
            print(list_models(options.json))
    return 0


def servers(options: argparse.Namespace) -> int:
    from . import hosts

    if options.action == "list":
        print(hosts.listed(options.json))
    elif options.action == "add":
        asked = options.name, options.url, options.model or "", options.family, options.key_from or "", options.yes
        print(hosts.add(*asked, options.views), flush=True)
    else:
        print(hosts.ACTIONS[options.action](options.name))
    return 0


def jobs(options: argparse.Namespace) -> int:
    from .manage import list_jobs

    print(list_jobs(options.json))
    return 0


def fetch(options: argparse.Namespace) -> int:
    """The text of any job in the journal, as it came; waits for the end of one that still runs."""
    waiting, ended = {options.job: Job(options.job)}, None
    with client.connect() as link, Report(1) as report:
        link.resume(options.job)
        while ended is None:
            ended = next(client.follow(link, waiting, report.watch), None)
    if ended.error and ended.error.code == "unknown_job":
        raise ClientError("unknown_job", f"There is no job {options.job} in the journal: `meshscribe jobs` lists them.")
    sys.stdout.write(ended.text)
    if ended.error:
        return _failed(ended.error)
    if ended.outcome and ended.outcome.finish != "stop":
        _say(f"this job ended early ({ended.outcome.finish}).")
    return 0


def serve(options: argparse.Namespace) -> int:
    from .models.store import entries
    from .serve.broker import serve as run

    home = connection.home()
    if sys.stderr.isatty():
        _say(f"the backend in {home}; Ctrl-C ends it.")
    if options.host and not options.port:
        raise ClientError("bad_request", "--host needs --port: invitations name a port, so it has to stay the same.")
    idle = options.idle * 60 if options.idle else None
    parent, host = options.parent_pid, options.host or ""
    known = functools.partial(entries, home)
    return run(home, options.port, parent, known, idle=idle, host=host, workers=options.workers)


def stop(options: argparse.Namespace) -> int:
    from .manage import stop_backend

    print(stop_backend())
    return 0


def invite(options: argparse.Namespace) -> int:
    from . import hosting

    if options.name is None:
        print(hosting.invited())
        return 0
    print(hosting.invite(options.name, options.address or ""))
    _say(f"{options.name} pastes this line into the add-on's preferences. It is a secret: send it privately.")
    return 0


def revoke(options: argparse.Namespace) -> int:
    from .hosting import revoke

    print(revoke(options.name))
    return 0


def top(options: argparse.Namespace) -> int:
    from .top import show

    show(options.once)
    return 0


def doctor(options: argparse.Namespace) -> int:
    from .doctor import examine

    print(examine(options.json))
    return 0


COMMANDS = {
    run.__name__: run
    for run in (
        generate,
        describe,
        scene,
        codec,
        models,
        servers,
        jobs,
        fetch,
        serve,
        stop,
        invite,
        revoke,
        top,
        doctor,
    )
}


# --------------------------------------------------------------------------------------------------------- helpers


def _say(sentence: str, status: int = 0) -> int:
    print(f"meshscribe: {sentence}", file=sys.stderr, flush=True)
    return status


def _failed(error: Error) -> int:
    return _say(error.sentence, WRONG_USE if error.code in WRONG else FAILED)


def _fault(error: Exception) -> str:
    """Keep the traceback of what nobody foresaw; the sentence about it."""
    log = connection.home() / "logs" / "meshscribe.log"
    reason = (str(error) or type(error).__name__).splitlines()[0][:200].rstrip(".")
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return f"{reason}."
    return f"{reason} (details in {log})."


def _load(path: Path, most: int = MAX_FACES) -> Mesh:
    from . import meshfiles

    try:
        return meshfiles.load(path, _say, most)
    except (meshfiles.FileError, ValueError) as error:
        raise ClientError("bad_request", str(error)) from None


def _writable(folder: Path) -> None:
    """Before any work is done. ClientError where files could not be written there."""
    try:
        place = folder.absolute()
        while not place.exists():
            place = place.parent
        if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
            return
    except OSError:  # a name that is too long, a folder that may not be looked into
        pass
    raise ClientError("bad_request", f"The folder {folder} cannot be written: choose another one with --out.")


if __name__ == "__main__":
    sys.exit(main())
