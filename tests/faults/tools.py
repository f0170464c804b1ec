"""What the tests of faults measure and send with."""

from __future__ import annotations

import os
import time
from pathlib import Path

import zmq
from backends import Client, until

from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared import connection
from meshscribe.shared.frames import decode, encode
from meshscribe.shared.messages import FromBroker, Message, Ping, Pong, Status, StatusReply

FULL = bool(os.environ.get("MESHSCRIBE_FULL"))


class Bare:
    """A DEALER socket without any of a Link's manners: sends what it is told."""

    def __init__(
        self, there: connection.Connection, pair: KeyPair | None = None, server_key: str = "", curve: bool = True
    ) -> None:
        self.context = zmq.Context()
        self.socket: zmq.Socket[bytes] = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        pair = pair or KeyPair(there.public_key, there.secret_key)
        if curve:
            self.socket.curve_serverkey = (server_key or there.server_key).encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = pair.public.encode(), pair.secret.encode()
        self.socket.connect(there.endpoint)

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.socket.send_multipart(encode(message))

    def hear(self, seconds: float = 5.0) -> FromBroker | None:
        if not self.socket.poll(int(1000 * seconds)):
            return None
        message: FromBroker = decode(self.socket.recv_multipart(), FromBroker)
        return message

    def hear_all(self) -> list[FromBroker]:
        """All that comes up to the answer to a Ping that is said now."""
        sent, heard = time.monotonic(), list[FromBroker]()
        self.say(Ping(sent))
        while not isinstance(message := self.hear(), Pong) or message.sent != sent:
            assert message is not None, "no answer within 5 s"
            heard.append(message)
        return heard

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.context.term()


def memory(process: int) -> int:
    """Bytes resident."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def threads_and_files(process: int) -> tuple[int, int]:
    return len(os.listdir(f"/proc/{process}/task")), len(os.listdir(f"/proc/{process}/fd"))


def status(link: Client) -> StatusReply:
    link.send(Status())
    reply = until(link, StatusReply)[-1]
    assert isinstance(reply, StatusReply)
    return reply


def answer_time(bare: Bare) -> float:
    """Seconds from a Ping to its Pong, with other messages between."""
    sent = time.monotonic()
    bare.hear_all()
    return time.monotonic() - sent


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def gone(process: int, seconds: float) -> bool:
    """Whether a process ends within so many seconds; one that waits to be asked for its end counts as gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.005)
    return False


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for task in os.listdir(f"/proc/{process}/task"):
        found += map(int, Path(f"/proc/{process}/task/{task}/children").read_text().split())
    return found
