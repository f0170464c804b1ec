"""CURVE keys: the broker's own pair, the pair of this machine's clients, and the list of who may connect.

Keys live in `keys/` under the backend's folder, 0600, and stay the same over restarts. Every socket is CURVE
with an allow-list, on loopback too: other users of a machine can reach its loopback.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
import zmq

from meshscribe.shared.connection import NoConnectionError, read_private, write_private
from meshscribe.shared.tasks import MAX_MESSAGE

log = logging.getLogger(__name__)


class KeyPair(msgspec.Struct, frozen=True):
    """A CURVE pair in Z85."""

    public: str
    secret: str

    @classmethod
    def fresh(cls) -> KeyPair:
        public, secret = zmq.curve_keypair()
        return cls(public.decode(), secret.decode())

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


class AllowList:
    """The client keys that may connect, each with the name of its guest ("" for this machine's own). pyzmq's
    authenticator asks it, in its own thread, for every connection."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def callback(self, domain: str, key: bytes) -> bool:
        allowed = key.decode() in self.names
        if not allowed:
            log.warning("a connection to %s with the unknown key %s was refused (400)", domain, key.decode())
        return allowed


def load_or_make(folder: Path, name: str) -> KeyPair:
    """The pair `name` of a backend folder, made at the first call. NoConnectionError where the file is not to
    be trusted."""
    path = folder / "keys" / f"{name}.json"
    try:
        return msgspec.json.decode(read_private(path), type=KeyPair)
    except FileNotFoundError:
        pair = KeyPair.fresh()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, msgspec.json.encode(pair))
        return pair
    except msgspec.MsgspecError:
        sentence = f"{path} is damaged: delete it (clients on other machines then need a new invitation)."
        raise NoConnectionError("unreadable", sentence) from None


def secure(socket: zmq.Socket[bytes], server: KeyPair, domain: str) -> None:
    """Make a socket that will bind a CURVE server with an allow-list, and bound what its peers can do."""
    socket.linger = 0
    socket.maxmsgsize = MAX_MESSAGE
    socket.handshake_ivl = 2_000  # milliseconds: half-open connections end
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = server.public.encode(), server.secret.encode()
    socket.zap_domain = domain.encode()
    socket.zap_enforce_domain = 1  # where the authenticator is gone, nobody is let in, rather than everybody
