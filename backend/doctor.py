"""What `meshscribe doctor` says: this machine, the libraries, the models, and the backend with its counters."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
import shutil
from pathlib import Path

from msgspec.structs import asdict

from meshscribe import __version__
from meshscribe.shared import connection
from meshscribe.shared.messages import Status, StatusReply
from meshscribe.shared.reports import Spread

from . import client
from .client import ClientError
from .models import store


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
        value = ", ".join(f"{k} {'-' if v is None else v}" for k, v in value.items() if k != "counters")
    return f"{name.replace('_', ' ') + ':':15}{value}"


def _backend() -> dict[str, object]:
    try:
        with client.connect(start=False) as link:
            reply = client.ask(link, Status(), StatusReply)
    except ClientError as error:
        return {"state": "off", "reason": error.sentence}
    return {
        "state": "up",
        "pid": reply.pid,
        "uptime_s": round(reply.uptime, 1),
        "clients": reply.clients,
        "queued": reply.queued,
        "workers": [f"{each.state} {each.model} {each.device}".strip() for each in reply.workers],
        "restarts": sum(each.restarts for each in reply.workers),
        "worker_memory_mb": round(sum(each.memory for each in reply.workers) / 1e6),
        "open_to": link.connection.door or "this machine only",
        "counters": {name: _plain(value) for name, value in asdict(reply.counters).items()},
    }


def _plain(value: int | Spread) -> object:
    return {name: round(each, 4) for name, each in asdict(value).items()} if isinstance(value, Spread) else value


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
