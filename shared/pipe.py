"""Pipe: a DEALER socket to the broker's door, and what happens to its connection. It never blocks (except `wait`) and
starts no Python thread."""

from __future__ import annotations

from typing import Literal

import zmq
from zmq.utils.monitor import parse_monitor_message

from .connection import Connection
from .tasks import MAX_MESSAGE

Event = Literal["cut", "refused"]
_EVENTS: dict[int, Event] = {zmq.EVENT_DISCONNECTED: "cut", zmq.EVENT_HANDSHAKE_FAILED_AUTH: "refused"}


class Pipe:
    """One connection, which ZeroMQ mends where it breaks. `refused` does not mend: the key is not on the list."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], connection: Connection) -> None:
        socket = self._socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.maxmsgsize = MAX_MESSAGE
        socket.handshake_ivl = 2_000
        socket.heartbeat_ivl, socket.heartbeat_timeout = 1_000, 3_000
        socket.reconnect_ivl, socket.reconnect_ivl_max = 100, 5_000
        socket.curve_serverkey = connection.server_key.encode()
        socket.curve_publickey = connection.public_key.encode()
        socket.curve_secretkey = connection.secret_key.encode()
        socket.ipv6 = "[" in connection.endpoint
        self._monitor = socket.get_monitor_socket(sum(_EVENTS))
        self._monitor.linger = 0
        socket.connect(connection.endpoint)

    def put(self, frames: list[bytes]) -> bool:
        """Whether the message is on its way; False where it would have to wait."""
        try:
            self._socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def get(self) -> list[bytes] | None:
        """The next message; None where there is none."""
        try:
            return self._socket.recv_multipart(zmq.DONTWAIT)
        except zmq.Again:
            return None

    def events(self) -> list[Event]:
        """What has happened to the connection since the last call."""
        found: list[Event] = []
        try:
            while True:
                event = parse_monitor_message(self._monitor.recv_multipart(zmq.DONTWAIT))["event"]
                if event in _EVENTS:
                    found.append(_EVENTS[event])
        except zmq.Again:
            return found

    def wait(self, seconds: float) -> None:
        """Block until a message comes, for so long at the most."""
        self._socket.poll(int(1000 * seconds) + 1)

    @property
    def closed(self) -> bool:
        return bool(self._socket.closed)

    def close(self, linger: int = 0) -> None:
        """`linger` in milliseconds, for what was put last."""
        self._socket.disable_monitor()
        self._monitor.close()  # a monitor left open holds up the end of the process
        self._socket.close(linger=linger)
