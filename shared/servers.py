"""Servers with the OpenAI interface that a backend may use: their addresses and keys, in one private file of the
backend's folder. The command line and the add-on write it, the worker reads it anew for every job."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from .connection import NoConnectionError, read_private, write_private

FILE = "servers.json"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LEAVES = (
    "Your prompts, the meshes that you ask about or change and, where you ask for views, pictures of them are sent "
    "to {host}. Nothing else is: no file, no name of a file, no other object of the scene."
)

Family = Literal["", "general", "llama-mesh", "starter"]


class ServerError(ValueError):
    """What is wrong with a server's entry, in one sentence."""


class Server(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One server. The key stands here, or in the environment variable that `key_from` names."""

    url: str  # up to /v1
    model: str = ""  # which of its models; "" for the one it has
    family: Family = ""  # how the model is asked; "": by its name
    key: str = ""
    key_from: str = ""
    views: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0  # pictures that it is shown of what it describes, unasked

    def __repr__(self) -> str:  # a secret has no place in a log or a traceback
        return f"Server({self.url}, model={self.model})"

    @property
    def host(self) -> str:
        """ "studio:8000"."""
        return urlsplit(self.url).netloc

    @property
    def leaves(self) -> str:
        """What is sent there, in a sentence; "" for a server on this machine."""
        return "" if urlsplit(self.url).hostname in LOOPBACK else LEAVES.format(host=self.host)

    def secret(self) -> str:
        return os.environ.get(self.key_from, "") if self.key_from else self.key


def made(url: str, model: str = "", family: Family = "", key: str = "", key_from: str = "") -> Server:
    """A checked entry. ServerError where the address is none, or nothing that can be asked."""
    address = url.strip() if "://" in url else f"http://{url.strip()}"
    try:
        parts = urlsplit(address)
        bad = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad or len(address) > 500 or not address.isascii() or re.search(r"\s", address):
        raise ServerError(f"{url[:100]!r} is no address: it looks like http://studio:8000/v1.")
    if parts.username or parts.password or parts.query:
        raise ServerError("The address holds a name or a key: leave it out, the key has its own place.")
    if key and not re.fullmatch(r"[!-~]{1,4096}", key):
        raise ServerError("The key has spaces or letters that no key has: copy it again.")
    return Server(
        url=address.rstrip("/") if parts.path.strip("/") else f"{address.rstrip('/')}/v1",
        model=model.strip(),
        family=family,
        key=key,
        key_from=key_from,
    )


def load(home: Path) -> dict[str, Server]:
    """The servers by name, as they were added. ServerError where the file cannot be trusted or read."""
    try:
        return msgspec.json.decode(read_private(home / FILE), type=dict[str, Server])
    except FileNotFoundError:
        return {}
    except NoConnectionError as trouble:
        raise ServerError(trouble.sentence) from None
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        raise ServerError(f"{home / FILE} cannot be read: mend or delete it, then add the servers again.") from None


def save(home: Path, servers: dict[str, Server]) -> None:
    """Write them, for the owner's eyes alone. OSError where the folder cannot be written."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(home / FILE, msgspec.json.format(msgspec.json.encode(servers)))


def named(servers: dict[str, Server], model: str) -> tuple[str, Server] | None:
    """The server that a job's model means: `studio`, or `studio:its-model`."""
    name, _, wanted = model.partition(":")
    if name not in servers:
        return None
    server = servers[name]
    return name, msgspec.structs.replace(server, model=wanted) if wanted else server


def elsewhere(home: Path, model: str) -> bool:
    """Whether a job's model, or each of a list, is a server's."""
    try:
        known = load(home)
    except ServerError:
        return False
    return all(named(known, name.strip()) is not None for name in model.split(","))


def family(model: str) -> Literal["general", "llama-mesh", "starter"]:
    """How a model is asked, by its name."""
    name = re.sub(r"[^a-z]", "", model.rpartition("/")[2].lower())
    if "llamamesh" in name:
        return "llama-mesh"
    return "starter" if "meshscribe" in name or "starter" in name else "general"
