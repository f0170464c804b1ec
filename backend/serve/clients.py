"""Who is connected. A client is known by the id in its Hello; its route (the identity that the ROUTER socket gave
its connection) changes with every reconnect. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meshscribe.shared.messages import Hello

from .jobs import WINDOW, Account

MAX_CLIENTS = 256
MAX_GUEST_CLIENTS = 8  # connections of one guest
PROBE = 3.0  # seconds of silence until a client is probed, again and again: a Link pings every second
SILENCE = 60.0  # seconds until a silent client that follows nothing is forgotten; it says Hello when it wakes up


@dataclass(slots=True)
class Client:
    id: str
    route: bytes
    guest: str  # whose invitation it came with, "" for this machine's own
    name: str  # what it calls itself
    account: Account
    heard: float
    probed: float


class Clients:
    """The connected clients. `left` is called for each one that goes."""

    def __init__(self, left: Callable[[Client], None]) -> None:
        self._left = left
        self._ids: dict[str, Client] = {}
        self._routes: dict[bytes, Client] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._ids.values()))

    def __getitem__(self, id: str) -> Client:
        return self._ids[id]

    def at(self, route: bytes) -> Client | None:
        return self._routes.get(route)

    def greet(self, route: bytes, hello: Hello, guest: str, now: float) -> Client | str:
        """A connection begins, with full credit; or why it cannot, in a sentence."""
        here = self._ids.get(hello.client)
        if here is not None and here.guest != guest:
            return "Another client has this id: choose one at random."
        for known in (here, self._routes.get(route)):
            if known is not None:
                self.forget(known)
        if len(self) >= MAX_CLIENTS:
            return "The backend has too many clients: close some and try again."
        if guest and sum(client.guest == guest for client in self) >= MAX_GUEST_CLIENTS:
            return f"This invitation is in use {MAX_GUEST_CLIENTS} times: close some and try again."
        client = Client(hello.client, route, guest, hello.name, Account(WINDOW), now, now)
        self._ids[client.id] = self._routes[route] = client
        return client

    def forget(self, client: Client) -> None:
        self._ids.pop(client.id, None)
        self._routes.pop(client.route, None)
        self._left(client)

    def silent(self, now: float) -> Iterator[Client]:
        """Those to probe now. (A message to a connection that is gone cannot be sent: so one learns of it.)"""
        for client in self:
            if now - client.heard > PROBE and now - client.probed > PROBE:
                client.probed = now
                yield client
