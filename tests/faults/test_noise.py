"""Tests 1 to 5: what strangers and broken clients send."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from backends import ENDS, Backend, Client, script, text_of, until
from msgspec.structs import replace
from script_engine import text
from tools import Bare, answer_time, memory, status

from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared.connection import Connection
from meshscribe.shared.frames import VERSION_FRAME, encode
from meshscribe.shared.mesh import Mesh
from meshscribe.shared.messages import Bye, Error, Hello, Ping, Submit, Welcome, WhoAreYou
from meshscribe.shared.tasks import MAX_MESSAGE, Describe, Generate, MeshData

pytestmark = pytest.mark.timeout(300)
TRIANGLE = MeshData.pack(Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
Figure = Callable[..., None]
Scale = Callable[[int, int], int]


def works(link: Client) -> None:
    job = link.submit(script("tokens=5"))
    assert text_of(until(link, ENDS, job), job) == text(5)


def malformed(chance: random.Random, number: int) -> list[bytes]:
    """Frames that are no message: noise, cut and changed messages, bad text, deep nests, huge lengths, wrong counts."""
    good = encode(Submit("j", Generate(prompt="a chair " * 20)))[1]
    match number % 8:
        case 0:
            return [VERSION_FRAME, chance.randbytes(chance.randrange(200))]
        case 1:
            return [VERSION_FRAME, good[: chance.randrange(len(good))]]
        case 2:
            cut = chance.randrange(len(good))
            return [VERSION_FRAME, good[:cut] + chance.randbytes(3) + good[cut + 3 :]]
        case 3:
            return [VERSION_FRAME, b"\x81\xa4type\xa6submi" + bytes([chance.randrange(128, 256)])]
        case 4:
            return [VERSION_FRAME, b"\x82\xa4type\xa4ping\xa5extra" + b"\x91" * 100_000]
        case 5:
            return [
                VERSION_FRAME,
                chance.choice([b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"]),
            ]
        case 6:
            return [chance.randbytes(chance.randrange(8)) for _ in range(chance.choice([1, 3, 5]))]
        case _:
            return [chance.randbytes(4), good]


def test_01_malformed_frames(shared_backend: Backend, link: Client, scale: Scale, figure: Figure, slack: float) -> None:
    works(link)
    broker = shared_backend.process.pid
    chance, count = random.Random(0), scale(4_000, 10_000)
    with Bare(shared_backend.connection()) as bare:
        bare.say(Hello("noisy"))
        assert isinstance(bare.hear(), Welcome)
        for number in range(200):  # what is paid once
            bare.socket.send_multipart(malformed(chance, number))
        answer_time(bare)
        before, refused, slowest = memory(broker), 0, 0.0
        for number in range(count):
            bare.socket.send_multipart(malformed(chance, number))
            while bare.socket.poll(0):
                refused += isinstance(bare.hear(), Error)  # a changed message may still be one
            if number % 500 == 499:
                slowest = max(slowest, answer_time(bare))
        grown = memory(broker) - before
        last = answer_time(bare)
    works(link)
    figure(
        frames=count, answer_ms=round(1e3 * last, 1), slowest_ms=round(1e3 * slowest, 1), grown_mb=round(grown / 1e6, 2)
    )
    assert shared_backend.process.poll() is None and grown < 10e6 and last < 0.1 * slack


def test_02_raw_connections(shared_backend: Backend, link: Client, scale: Scale, figure: Figure) -> None:
    works(link)
    host, port = shared_backend.connection().endpoint.removeprefix("tcp://").split(":")
    chance, count, half_open = random.Random(1), scale(900, 3_000), 200
    address = (host, int(port))
    for _ in range(100):
        socket.create_connection(address).close()
    broker = shared_backend.process.pid
    before = memory(broker)
    held = [socket.create_connection(address) for _ in range(half_open)]
    served = 0
    for number in range(count):
        with socket.create_connection(address) as raw:
            raw.sendall(
                chance.randbytes(chance.randrange(1, 300)) if number % 2 else b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0CURVE"
            )
        if number % 150 == 149:
            works(link)
            served += 1
    time.sleep(2.5)  # the handshakes of the half-open ones run out
    ended = 0
    for raw in held:
        raw.setblocking(False)
        try:
            while raw.recv(4096):
                pass
            ended += 1
        except BlockingIOError:
            pass
        except OSError:
            ended += 1
        raw.close()
    grown = memory(broker) - before
    works(link)
    figure(connections=count, half_open=half_open, half_open_ended=ended, served=served, grown_mb=round(grown / 1e6, 2))
    assert ended == half_open and grown < 5e6


def test_03_keys(start: Callable[..., Backend], figure: Figure) -> None:
    backend = start().wait_up()
    there = backend.connection()
    own, stranger = KeyPair(there.public_key, there.secret_key), KeyPair.fresh()
    tries = {
        "unknown key": (stranger, there.server_key),
        "wrong server key": (own, stranger.public),
        "own public key, another secret": (KeyPair(own.public, stranger.secret), there.server_key),
    }
    for pair, server_key in tries.values():
        with Bare(there, pair, server_key) as bare:
            for number in range(20):
                bare.say(Hello(f"c{number}"))
            assert bare.hear(0.4) is None
    with Bare(there, curve=False) as plain:
        plain.say(Hello("plain"))
        assert plain.hear(0.4) is None
    replayed = replay(there)
    with backend.link() as link:
        works(link)
        assert status(link).clients == 1, "a stranger reached the application"
    log = Path(backend.home, "logs", "broker.log").read_text()
    assert f"unknown key {stranger.public} was refused (400)" in log
    figure(ways=len(tries) + 2, reached=0, replayed_bytes=replayed)


def replay(there: Connection) -> int:
    """Record a whole connection of a real client through a relay, and send its bytes again; how many they were."""
    host, port = there.endpoint.removeprefix("tcp://").split(":")
    said = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as relay:
        via = f"tcp://127.0.0.1:{relay.getsockname()[1]}"
        pair = KeyPair(there.public_key, there.secret_key)
        with Bare(replace(there, endpoint=via), pair) as bare:
            bare.say(Hello("recorded"))
            ours, _ = relay.accept()
            with ours, socket.create_connection((host, int(port))) as theirs:
                ours.settimeout(0.02)
                theirs.settimeout(0.02)
                while bare.socket.poll(0) == 0:
                    said += carry(ours, theirs)
                bare.say(Bye())  # not recorded
                for _ in range(10):
                    carry(ours, theirs)
    with socket.create_connection((host, int(port))) as again:
        again.settimeout(3)
        again.sendall(said)
        with contextlib.suppress(OSError):
            while again.recv(65536):
                pass
    return len(said)


def carry(ours: socket.socket, theirs: socket.socket) -> bytes:
    """What came from our side, when both have been passed on."""
    said = b""
    for source, sink in ((ours, theirs), (theirs, ours)):
        with contextlib.suppress(TimeoutError):
            data = source.recv(65536)
            sink.sendall(data)
            said += data if source is ours else b""
    return said


def test_04_sizes(shared_backend: Backend, link: Client, scale: Scale, figure: Figure) -> None:
    works(link)
    broker, there = shared_backend.process.pid, shared_backend.connection()
    before = memory(broker)
    with Bare(there) as bare:
        bare.say(Hello("large"))
        assert isinstance(bare.hear(), Welcome)
        bare.socket.send_multipart([VERSION_FRAME, b"\0" * (2 * MAX_MESSAGE)])  # the connection ends, and comes again
        assert bare.hear(1.0) is None
        bare.say(Ping(1.0))
        assert isinstance(bare.hear(), WhoAreYou)
        bare.say(Hello("large"))
        assert isinstance(bare.hear(), Welcome)
        bare.socket.send_multipart([VERSION_FRAME, *[b"x"] * 1_000])
        refused = bare.hear()
        assert isinstance(refused, Error) and refused.code == "bad_message"
        count = scale(300, 1_000)
        for number in range(count):  # small buffers that lie about their shape
            lie = Describe(mesh=MeshData(vertices=b"1234" * (number % 7), loops=b"\1\0\0\0", sizes=b"\3\0\0\0"))
            bare.say(Submit(f"lie{number}", lie))
            refused = bare.hear()
            assert isinstance(refused, Error) and (refused.code, refused.job) == ("bad_request", f"lie{number}")
        bare.say(Submit("true", Describe(mesh=TRIANGLE, model="script")))
        assert bare.hear().job == "true"  # type: ignore[union-attr]
    works(link)
    grown = memory(broker) - before
    figure(oversized_mb=2 * MAX_MESSAGE >> 20, frames=1_000, lies=count, grown_mb=round(grown / 1e6, 2))


def test_05_versions(shared_backend: Backend, figure: Figure, slack: float) -> None:
    pack = msgspec.msgpack.encode
    hello = {"type": "hello", "client": "from another time"}
    answers: dict[str, tuple[str, float]] = {}
    for name, frames, code in (
        ("too old", [b"MS\x00\x09", pack(hello)], "version"),
        ("too new", [b"MS\x02\x00", pack(hello)], "version"),
        ("unknown tag", [VERSION_FRAME, pack({"type": "dance"})], "bad_message"),
        ("newer minor, extra fields", [b"MS\x01\x63", pack({**hello, "later": [1, {"a": 2}]})], ""),
    ):
        with Bare(shared_backend.connection()) as bare:
            began = time.monotonic()
            bare.socket.send_multipart(frames)
            reply = bare.hear()
            answers[name] = (code, round(time.monotonic() - began, 3))
            if code:
                assert isinstance(reply, Error) and reply.code == code and reply.sentence.endswith(".")
            else:
                assert isinstance(reply, Welcome)
    figure(**{name.replace(" ", "_"): seconds for name, (_, seconds) in answers.items()})
    assert all(seconds < 1.0 * slack for _, seconds in answers.values())


def test_outsider_scans_the_ports(start: Callable[..., Backend], scale: Scale, figure: Figure) -> None:
    """Every port on which the backend listens, the worker's too, gets what a curious process would send."""
    backend = start().wait_up()
    with backend.link() as link:
        works(link)
        ports = listening({backend.process.pid})
        assert len(ports) == 2  # the door, and the socket of the worker
        probes = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"SSH-2.0-x\r\n", b"\0" * 64,
                  b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL" + b"\0" * 48, struct.pack(">Q", 2**62)]  # fmt: skip
        for port in ports:
            for probe in probes:
                send(port, probe)
        before, count = memory(backend.process.pid), scale(300, 3_000)
        for number in range(count):
            send(ports[number % 2], probes[number % len(probes)])
        grown = memory(backend.process.pid) - before
        assert status(link).clients == 1 and not Path(backend.home, "logs", "worker.stderr").read_text()
        works(link)
    assert "could not be read" not in Path(backend.home, "logs", "broker.log").read_text()
    figure(ports=len(ports), probes=count, reached=0, grown_mb=round(grown / 1e6, 2))
    assert grown < 5e6


def send(port: int, content: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.settimeout(0.05)
        with contextlib.suppress(OSError):
            raw.sendall(content)
            raw.recv(4096)


def listening(processes: set[int]) -> list[int]:
    """The TCP ports on which these processes listen; all of them on loopback."""
    inodes = set()
    for process in processes:
        for file in os.listdir(f"/proc/{process}/fd"):
            target = os.readlink(f"/proc/{process}/fd/{file}")
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    ports = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, port = fields[1].split(":")
                assert address == "0100007F", "it listens to more than loopback"
                ports.append(int(port, 16))
    return ports
