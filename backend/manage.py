"""What the command line says about the backend, its models and its jobs."""

from __future__ import annotations

import json
import sys
import time

from msgspec.structs import asdict

from meshscribe.shared import connection
from meshscribe.shared.messages import Jobs, JobsReply, Models, ModelsReply, Shutdown

from . import client
from .client import ClientError
from .models import store

STOP_LIMIT = 10.0  # seconds


def stop_backend() -> str:
    """End the backend, and wait until it has gone."""
    home = connection.home()
    try:
        found = connection.read(home)
    except connection.NoConnectionError as trouble:
        if not client.running(home):
            return "No backend is running."
        sentence = f"A backend runs in {home} but cannot be told to end: end its process. {trouble.sentence}"
        raise ClientError("no_backend", sentence) from None
    with client.connect(start=False) as link:
        link.send(Shutdown())
        until = time.monotonic() + STOP_LIMIT
        while (up := client.running(home)) and time.monotonic() < until:
            link.wait(0.05)
    if up:
        raise ClientError("no_backend", f"The backend does not end: end process {found.pid}.")
    return "The backend has ended."


def list_models(as_json: bool) -> str:
    """The known models, as a running backend sees them, else as the disk has them."""
    try:
        with client.connect(start=False) as link:
            entries = client.ask(link, Models(), ModelsReply).models
    except ClientError:
        entries = store.entries(connection.home())
    if as_json:
        return json.dumps([asdict(entry) for entry in entries])
    lines = []
    for entry in entries:
        needs = f", needs the [{entry.needs}] extra" if entry.needs else ""
        size = f", {entry.size / 1e6:,.0f} MB" if entry.size else ""
        licence = f"; {entry.licence}" if entry.licence else ""
        lines.append(f"{entry.name}: {entry.title}\n  {entry.state}{size}{needs}{licence}")
        if entry.name == "starter":
            lines += [f"  {line}" for line in _families()]
    return "\n".join(lines)


def _families() -> list[str]:
    """What the starter can make, a line a family."""
    try:
        known = json.loads((store.STARTER / "families.json").read_text())
    except OSError:
        return []
    return [
        f"{family}: " + "; ".join(f"{name} {'|'.join(entry['values'])}" for name, entry in attributes.items())
        for family, attributes in known.items()
    ]


def get_model(name: str | None, accepted: bool) -> str:
    """Download a model, with its licence shown and accepted before."""
    if not name:
        raise ClientError("bad_request", "Say which model to get: `meshscribe models` lists them.")
    from .engines.base import EngineError

    def accept(licence: str) -> bool:
        print(licence, file=sys.stderr)
        if accepted:
            return True
        if not sys.stdin.isatty():
            return False
        print("Do you accept these terms? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    try:
        return f"{name} is in {store.get(connection.home(), name, _bytes(), accept)}."
    except EngineError as error:
        raise ClientError(error.code, error.sentence) from None


def quantize_model(name: str | None) -> str:
    """Save a quantized copy of a model, which is loaded from then on in its place."""
    if not name:
        raise ClientError("bad_request", "Say which model to quantize, such as `llama-mesh` or `/path/to/folder:int8`.")
    from .engines.base import EngineError
    from .models import quantized

    try:
        located = store.locate(home := connection.home(), name)
        if located.precision not in quantized.KINDS:
            sentence = f"{name} is used as {located.precision}: say {name}:nf4 or {name}:int8."
            raise ClientError("bad_request", sentence)
        folder = quantized.save(home, located, _bytes())
    except EngineError as error:
        raise ClientError(error.code, error.sentence) from None
    except ImportError:
        needs = "Quantizing needs torch, transformers and bitsandbytes: pip install 'meshscribe[torch]'."
        raise ClientError("missing_library", needs) from None
    except (OSError, ValueError) as error:
        raise ClientError("model_missing", f"{name} could not be quantized: {error}".rstrip(".") + ".") from None
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return f"{name} is loaded from {folder} from now on, {size / 1e9:.2f} GB."


def _bytes() -> store.Progress:
    """Tells on stderr how many bytes are done, a few times a second."""
    said = 0.0

    def progress(phase: str, done: int, total: int, unit: str) -> None:
        nonlocal said
        if time.monotonic() - said > 0.2:
            said = time.monotonic()
            end = "\r" if sys.stderr.isatty() else "\n"
            print(f"{phase}: {done / 1e9:.2f} of {total / 1e9:.2f} GB", end=end, file=sys.stderr, flush=True)

    return progress


def list_jobs(as_json: bool) -> str:
    """The newest jobs of the journal."""
    with client.connect() as link:
        entries = client.ask(link, Jobs(), JobsReply).jobs
    if as_json:
        return json.dumps([asdict(entry) for entry in entries])
    lines = [
        f"{entry.job}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(entry.created))}  {entry.state:7}  "
        f"{entry.task} {entry.model} {entry.prompt[:60]!r}"
        for entry in entries
    ]
    return "\n".join(lines) or "The journal is empty."
