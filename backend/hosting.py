"""Letting clients on other machines in: what `meshscribe invite` and `meshscribe revoke` do."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from meshscribe.shared import connection, invitation
from meshscribe.shared.connection import Connection, NoConnectionError

from .client import ClientError
from .serve import guests
from .serve.folder import prepare
from .serve.keys import load_or_make

CLOSED = "This backend is not open to other machines: start it with `meshscribe serve --host ADDRESS --port NUMBER`."
EVERYWHERE = ("0.0.0.0", "[::]", "*")


def invite(name: str, address: str) -> str:
    """The line to paste for somebody called `name`; `address` (host:port) is where they reach this machine, "" for
    what a running backend can tell."""
    home = connection.home()
    try:
        endpoint = _endpoint(home, address)
        prepare(home)
        server = load_or_make(home, "server")
        pair = guests.invite(home, name)
    except (ValueError, NoConnectionError) as trouble:
        raise ClientError("bad_request", str(trouble)) from None
    except OSError as error:
        raise ClientError("no_space", f"{home} cannot be written ({error.strerror}).") from None
    return invitation.write(
        Connection(endpoint=endpoint, server_key=server.public, public_key=pair.public, secret_key=pair.secret)
    )


def revoke(name: str) -> str:
    try:
        guests.revoke(connection.home(), name)
    except (ValueError, NoConnectionError) as trouble:
        raise ClientError("bad_request", str(trouble)) from None
    return f"{name} is not let in any more."


def invited() -> str:
    try:
        return "\n".join(sorted(guests.guests(connection.home()))) or "Nobody is invited."
    except NoConnectionError as trouble:
        raise ClientError("bad_request", str(trouble)) from None


def _endpoint(home: Path, address: str) -> str:
    if address:
        if not re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):\d{1,5}", address):
            raise ValueError(f"{address} is no address: write it as HOST:PORT, such as 192.168.1.20:5599.")
        return f"tcp://{address}"
    try:
        here = connection.read(home)
    except NoConnectionError:
        raise ValueError(f"{CLOSED} Or say with --address where it will be reached.") from None
    if not here.door:
        raise ValueError(CLOSED)
    host, _, port = here.door.removeprefix("tcp://").rpartition(":")
    return f"tcp://{_own_address() if host in EVERYWHERE else host}:{port}"


def _own_address() -> str:
    """This machine's address in its network: where the system would send from. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation (RFC 5737)
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
