"""Delivery: what goes out to clients. The text and the end of every job to those who follow it, within their
credit; news to those whom it concerns. No sockets here: it lies in `out` until the broker has committed the
journal."""

from __future__ import annotations

from meshscribe.shared.messages import DownloadReply, Error, FromBroker, Pong

from .clients import SILENCE, Client, Clients
from .dispatch import Dispatch
from .jobs import Job

GRACE = 10.0  # seconds that a job goes on when nobody follows it: Blender may stand still, or find back


class Delivery:
    """Who follows what is in the jobs' streams; who asked for a load or a download is kept here."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.out: list[tuple[bytes, FromBroker]] = []
        self.clients = Clients(self._left)
        self._dispatch = dispatch
        self._loaders: set[str] = set()  # the clients that asked for a load
        self._fetchers: dict[str, set[str]] = {}  # and for a download, by model

    def say(self, client: Client, message: FromBroker) -> None:
        self.out.append((client.route, message))

    def await_load(self, client: Client) -> None:
        self._loaders.add(client.id)

    def await_download(self, client: Client, model: str) -> None:
        self._fetchers.setdefault(model, set()).add(client.id)

    def tell(self, reply: DownloadReply) -> None:
        """How a download goes on."""
        for id in self._fetchers.get(reply.model, ()):
            self.say(self.clients[id], reply)
        if reply.state != "running":
            self._fetchers.pop(reply.model, None)

    def flush(self, now: float) -> None:
        """Put all that is due into `out`: news, text, ends. Jobs that every client has whole are let go; those that
        nobody has followed for long are cancelled."""
        for about, message in self._dispatch.news:
            for id in self._loaders if about is None else about.streams:
                self.say(self.clients[id], message)
            if about is None and (isinstance(message, Error) or message.phase == "ready"):
                self._loaders.clear()
        self._dispatch.news.clear()
        for job in list(self._dispatch.jobs.values()):
            self._flush(job, now)
            if job.streams:
                continue
            if job.ended:
                del self._dispatch.jobs[job.id]
            elif not job.detached:
                job.alone = now if job.alone is None else job.alone
                if now - job.alone > GRACE:
                    self._dispatch.cancel(job, now)
        for client in self.clients.silent(now):
            self.say(client, Pong())
            if now - client.heard > SILENCE and not self._follows(client):
                self.clients.forget(client)

    def _flush(self, job: Job, now: float) -> None:
        for id, stream in list(job.streams.items()):
            client = self.clients[id]
            while (piece := job.piece(stream, client.account, now)) is not None:
                self.say(client, piece)
            if (end := job.ending(stream)) is not None:
                self.say(client, end)
                del job.streams[id]

    def due(self, now: float) -> float | None:
        """Seconds until `flush` has a delta to send; None where there is nothing to wait for."""
        times = [
            stream.next - now
            for job in self._dispatch.jobs.values()
            for id, stream in job.streams.items()
            if job.pending(stream) and self.clients[id].account.open
        ]
        return max(0.0, min(times)) if times else None

    def drop(self, route: bytes) -> None:
        """A connection that does not take our messages: its client is forgotten until it says Hello again.
        Its jobs go on for a while; their text waits."""
        if (client := self.clients.at(route)) is not None:
            self.clients.forget(client)

    def goodbye(self, message: FromBroker) -> None:
        """The same message to every client."""
        for client in self.clients:
            self.say(client, message)

    def _follows(self, client: Client) -> bool:
        return any(client.id in job.streams for job in self._dispatch.jobs.values())

    def _left(self, client: Client) -> None:
        self._loaders.discard(client.id)
        for waiting in self._fetchers.values():
            waiting.discard(client.id)
        for job in self._dispatch.jobs.values():
            job.streams.pop(client.id, None)
