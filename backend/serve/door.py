"""The door: the clients' ROUTER socket. It knows who may come in, and from which key every message comes.

It always stands open to this machine; to other machines only where it was given an address. CURVE with an
allow-list holds on both: other users of a machine can reach its loopback.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from .guests import guests, stamp
from .keys import AllowList, KeyPair, secure

CLIENTS = "clients"  # the ZAP domain of this socket
REBIND = 2.0  # seconds that a port may take to come free when the door is opened anew
WAITING = 16  # messages of up to MAX_MESSAGE bytes that wait for us, from one client

log = logging.getLogger(__name__)


class StartError(Exception):
    """Why the broker cannot start, in a sentence."""


class Door:
    """`own` is the key of this machine's clients; `host` and `door` an address for others ("" for none).
    StartError where a port is taken."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        keeper: ThreadAuthenticator,
        folder: Path,
        server: KeyPair,
        own: KeyPair,
        port: int,
        host: str,
    ) -> None:
        self._context, self._folder, self._server, self._own = context, folder, server, own
        self._allow = AllowList({})
        self._stamp: object = ()
        self.revoked()
        keeper.configure_curve_callback(CLIENTS, self._allow)
        self._binds = [f"tcp://127.0.0.1:{'*' if host else port or '*'}"]
        if host:
            self._binds.append(f"tcp://{f'[{host}]' if ':' in host else host}:{port}")
        self.socket = self._open(0.0)
        self.endpoint = self._binds[0]
        self.remote = self._binds[1] if host else ""

    def receive(self) -> tuple[bytes, list[bytes], str] | None:
        """The next message: its route, its frames, and the guest it comes from ("" for this machine's own)."""
        while True:
            try:
                route, *frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return None
            with contextlib.suppress(zmq.ZMQError, KeyError, IndexError):  # revoked, or not even one frame: unheard
                guest = self._allow.names[str(frames[0].get("User-Id"))]
                return route.bytes, [frame.bytes for frame in frames], guest

    def send(self, route: bytes, frames: list[bytes]) -> bool:
        """Whether the message is on its way."""
        try:
            self.socket.send_multipart([route, *frames], zmq.DONTWAIT)
        except zmq.ZMQError:  # EHOSTUNREACH: gone. EAGAIN: it has not read for long. Resume mends both
            return False
        return True

    def revoked(self) -> set[str]:
        """Look at the list of guests again; those who are no longer on it, or have another key."""
        if (now := stamp(self._folder)) == self._stamp:
            return set()
        self._stamp = now
        before, invited = self._allow.names, dict[str, str]()
        try:
            invited = guests(self._folder)
        finally:  # where the list cannot be read, there are no guests
            self._allow.names = {key: name for name, key in invited.items()} | {self._own.public: ""}
        return {name for key, name in before.items() if key not in self._allow.names}

    def reopen(self) -> None:
        """End every connection. A Link finds back by itself, if its key is still on the list: ZeroMQ itself has
        no way to end one connection of a socket."""
        self.socket.close(linger=0)
        self.socket = self._open(REBIND)

    def close(self, linger: int) -> None:
        self.socket.close(linger=linger)

    def _open(self, patience: float) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.ROUTER)
        secure(socket, self._server, CLIENTS)
        socket.router_mandatory = 1  # otherwise what cannot be sent vanishes without a word
        socket.heartbeat_ivl, socket.heartbeat_timeout = 1_000, 3_000
        socket.rcvhwm = WAITING
        until = time.monotonic() + patience
        for number, endpoint in enumerate(self._binds):
            socket.ipv6 = "[" in endpoint
            while True:
                try:
                    socket.bind(endpoint)
                    break
                except zmq.ZMQError as error:
                    if error.errno == zmq.EADDRINUSE and time.monotonic() < until:
                        time.sleep(0.005)
                        continue
                    socket.close(linger=0)
                    raise StartError(_taken(endpoint, error)) from None
            self._binds[number] = socket.getsockopt_string(zmq.LAST_ENDPOINT)
        return socket


def _taken(endpoint: str, error: zmq.ZMQError) -> str:
    place, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    if place == "127.0.0.1":
        return f"Port {port} cannot be used ({error.strerror}): choose another with --port."
    return f"{place}:{port} cannot be used ({error.strerror}): choose another with --host and --port."
