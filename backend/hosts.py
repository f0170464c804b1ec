"""What the command line does with servers: lists, adds and removes them, takes their keys, asks what they can do."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from meshscribe.shared import connection
from meshscribe.shared.servers import NAME, Server, ServerError, load, made, save

from .client import ClientError
from .models.store import CATALOG


def listed(as_json: bool) -> str:
    """The servers, with what was found of each; no key."""
    from .engines.servers import remembered

    home = connection.home()
    rows = []
    for name, server in _load().items():
        found = remembered(home, name, server)
        key = f"key from ${server.key_from}" if server.key_from else "with a key" if server.key else "no key"
        rows.append({"name": name, "url": server.url, "key": key, "found": found.words() if found else "not asked yet"})
    if as_json:
        return json.dumps(rows)
    lines = [f"{row['name']}: {row['url']}, {row['key']}\n  {row['found']}" for row in rows]
    return "\n".join(lines) or "There are no servers: `meshscribe servers add studio http://studio:8000/v1` adds one."


def add(
    name: str | None, url: str | None, model: str, family: str, key_from: str, accepted: bool, views: int = 0
) -> str:
    """Add a server, or change one, after what leaves this machine was shown and accepted; then ask what it can do."""
    if not name or not url:
        raise ClientError(
            "bad_request", "Say a name and an address: meshscribe servers add studio http://studio:8000/v1"
        )
    if not NAME.fullmatch(name) or name in CATALOG:
        raise ClientError(
            "bad_request", f"{name[:40]!r} cannot name a server: take letters and digits, no model's name."
        )
    try:
        server = made(url, model, family, key_from=key_from)  # type: ignore[arg-type]
    except ServerError as error:
        raise ClientError("bad_request", str(error)) from None
    if server.leaves and not accepted and not _agreed(server.leaves):
        raise ClientError("bad_request", "Not accepted, so nothing was added.")
    server, known = replace(server, views=views), _load()
    if name in known and known[name].url == server.url and not key_from:
        server = replace(server, key=known[name].key)
    _save(known | {name: server})
    return check(name)


def key(name: str | None) -> str:
    """Take a server's key from the terminal (not shown) or from stdin; an empty one removes it."""
    known = _load()
    server = _one(known, name)
    given = getpass.getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        changed = made(server.url, server.model, server.family, key=given.strip())
    except ServerError as error:
        raise ClientError("bad_request", str(error)) from None
    _save(known | {name or "": replace(changed, views=server.views)})
    return f"The key of {name} was {'set' if given.strip() else 'removed'}."


def remove(name: str | None) -> str:
    known = _load()
    _one(known, name)
    _save({other: server for other, server in known.items() if other != name})
    return f"{name} was removed, with its key."


def check(name: str | None) -> str:
    """Ask a server anew what it can do."""
    import asyncio

    from .engines.base import EngineError
    from .engines.chat import Caller
    from .engines.servers import Abilities, discover, remember

    server = _one(_load(), name)
    assert name

    async def ask() -> Abilities:
        caller = Caller(name, server)
        try:
            return await discover(caller)
        finally:
            await caller.close()

    try:
        found = asyncio.run(ask())
    except EngineError as error:
        raise ClientError(error.code, error.sentence) from None
    remember(connection.home(), name, found)
    return f"{name}: {found.words()}."


def _agreed(leaves: str) -> bool:
    print(leaves, file=sys.stderr)
    if not sys.stdin.isatty():
        return False
    print("Is that all right? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _load() -> dict[str, Server]:
    try:
        return load(connection.home())
    except ServerError as error:
        raise ClientError("bad_request", str(error)) from None


def _save(servers: dict[str, Server]) -> None:
    home: Path = connection.home()
    try:
        save(home, servers)
    except OSError as error:
        raise ClientError("no_space", f"{home} cannot be written ({error.strerror}).") from None


def _one(known: dict[str, Server], name: str | None) -> Server:
    if not name or name not in known:
        raise ClientError("bad_request", f"There is no server {name or ''}: `meshscribe servers` lists them.")
    return known[name]


ACTIONS: dict[str, Callable[[str | None], str]] = {"key": key, "remove": remove, "check": check}
