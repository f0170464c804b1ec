"""What the command line says about the backend, its models, its jobs and this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
import shutil
import sys
import time
from pathlib import Path

from msgspec.structs import asdict

from meshscribe import __version__
from meshscribe.shared import connection
from meshscribe.shared.messages import Jobs, JobsReply, Models, ModelsReply, Shutdown, Status, StatusReply

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
        lines.append(
            f"{entry.name}: {entry.title}\n  {entry.state}, {entry.size / 1e6:,.0f} MB{needs}; {entry.licence}"
        )
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

    said = 0.0

    def progress(phase: str, done: int, total: int, unit: str) -> None:
        nonlocal said
        if time.monotonic() - said > 0.2:
            said = time.monotonic()
            end = "\r" if sys.stderr.isatty() else "\n"
            print(f"{phase}: {done / 1e9:.2f} of {total / 1e9:.2f} GB", end=end, file=sys.stderr, flush=True)

    try:
        return f"{name} is in {store.get(connection.home(), name, progress, accept)}."
    except EngineError as error:
        raise ClientError(error.code, error.sentence) from None


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


def examine(as_json: bool) -> str:
    """This machine, the libraries, the models and the backend."""
    home = connection.home()
    found: dict[str, object] = {
        "meshscribe": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "home": str(home),
        "free_disk_gb": round(shutil.disk_usage(_existing(home)).free / 1e9, 1),
        "libraries": {
            name: _version(name) for name in ("numpy", "onnxruntime", "pyzmq", "msgspec", "tokenizers", "trimesh")
        },
        "large_models": {name: _version(name) for name in ("torch", "transformers", "bitsandbytes", "accelerate")},
        "gpu": _gpu(),
        "models": {entry.name: entry.state for entry in store.entries(home)},
        "backend": _backend(),
    }
    if as_json:
        return json.dumps(found)
    return "\n".join(_told(name, value) for name, value in found.items())


def _told(name: str, value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{k} {'-' if v is None else v}" for k, v in value.items())
    return f"{name.replace('_', ' ') + ':':15}{value}"


def _backend() -> dict[str, object]:
    try:
        with client.connect(start=False) as link:
            reply = client.ask(link, Status(), StatusReply)
    except ClientError as error:
        return {"state": "off", "reason": error.sentence}
    workers = [f"{w.state} {w.model} {w.device}".strip() for w in reply.workers]
    return {
        "state": "up",
        "pid": reply.pid,
        "uptime_s": round(reply.uptime, 1),
        "clients": reply.clients,
        "queued": reply.queued,
        "workers": workers,
    }


def _gpu() -> str:
    """What torch sees; asked only where torch is installed, as importing it takes seconds."""
    if importlib.util.find_spec("torch") is None:
        return "not looked for (torch is not installed; the starter needs none)"
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return f"{torch.cuda.get_device_name()}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free"
    return "none that torch can use"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
