"""The wire: golden bytes hold the format of version 1.0; malformed frames end in a ProtocolError and nothing
else.

Where a change of messages.py is meant, and old clients still understand it: `python
tests/unit/test_messages.py` writes the golden file anew.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest

from meshscribe.shared import messages as m
from meshscribe.shared.mesh import Mesh

GOLDEN = Path(__file__).with_name("golden_messages.json")
TRIANGLE = m.MeshData.pack(Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
OUTCOME = m.Outcome(finish="stop", model="starter", seed=7, tokens=9, masked_mass=0.5, facts={"parts": 2})
KINDS = (m.FromClient, m.FromBroker, m.ToWorker, m.FromWorker)
SAMPLES: list[m.Message] = [
    m.Hello("c", name="Blender 5.2"),
    m.Submit("j", m.Generate(prompt="a chair", seed=7, temperature=0.0)),
    m.Submit("j", m.Describe(mesh=TRIANGLE, model="llama-mesh"), detached=True),
    m.Cancel("j"),
    m.Credit(4096),
    m.Resume("j"),
    m.Status(),
    m.Jobs(),
    m.Models(),
    m.Load("starter"),
    m.Ping(1.5),
    m.Bye(),
    m.Shutdown(),
    m.Welcome("s", app="0.1.0", pid=12, credit=65536),
    m.WhoAreYou(),
    m.Accepted("j", 3),
    m.Progress("j", "download", 5, 10, "bytes"),
    m.Progress(phase="ready"),
    m.Delta("j", 1, "v 1 2 3\n", 8),
    m.Snapshot("j", 0, "v 1 2 3\n", "running", 8),
    m.Done("j", 2, OUTCOME),
    m.Error("busy", "The queue is full.", "j", retryable=True),
    m.Pong(1.5),
    m.StatusReply("s", workers=[m.WorkerStatus(pid=5, state="running", model="starter")]),
    m.ModelsReply([m.ModelEntry(name="starter", state="ready", size=17_000_000)]),
    m.JobsReply([m.JobEntry(job="j", state="done", task="generate", prompt="a chair", created=1.5)]),
    m.Goodbye(),
    m.Start("j", m.Generate(prompt="a chair")),
    m.Abort("j"),
    m.Preload("starter"),
    m.Exit(),
    m.Ready(5, "starter", "cpu", 1 << 30),
    m.Output("j", "v 1 2 3\n", 8),
    m.Finished("j", OUTCOME),
    m.Failed("internal", "It broke.", "j"),
]


def name(number: int) -> str:
    return f"{number:02} {type(SAMPLES[number]).__name__}"


def kinds_of(message: m.Message) -> list[object]:
    return [kind for kind in KINDS if type(message) in get_args(kind)]


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=name)
def test_golden_bytes(number: int) -> None:
    golden = bytes.fromhex(json.loads(GOLDEN.read_text())[name(number)])
    version, body = m.encode(SAMPLES[number])
    assert (version, body) == (b"MS\x01\x00", golden)
    assert kinds_of(SAMPLES[number])
    for kind in kinds_of(SAMPLES[number]):
        assert m.decode([version, golden], kind) == SAMPLES[number]


def test_every_message_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == {message for kind in KINDS for message in get_args(kind)}


def test_mesh_survives_the_wire_and_lying_buffers_do_not() -> None:
    mesh = TRIANGLE.unpack()
    assert mesh.faces() == [(0, 1, 2)] and mesh.vertices.dtype == np.float32
    lies: list[dict[str, object]] = [
        {"vertices": TRIANGLE.vertices[:-1]},
        {"loops": np.array([0, 1, 9], "<i4").tobytes()},
        {"sizes": np.array([2], "<i4").tobytes()},
        {"vertices": np.full(9, np.nan, "<f4").tobytes()},
        {"parts": [("a", "", 99, 1)]},
    ]
    for lie in lies:
        with pytest.raises(ValueError, match=r"\.$"):
            msgspec.structs.replace(TRIANGLE, **lie).unpack()


def test_unknown_fields_are_ignored_and_unknown_types_and_versions_refused() -> None:
    pack = msgspec.msgpack.encode
    assert m.decode([b"MS\x01\x09", pack({"type": "ping", "sent": 2.0, "later": [1]})], m.FromClient) == m.Ping(2.0)
    for frames, code in (
        ([b"MS\x01\x00", pack({"type": "dance"})], "bad_message"),
        ([b"MS\x01\x00", pack({"type": "pong"})], "bad_message"),  # a broker's, not a client's
        ([b"MS\x02\x00", pack({"type": "ping"})], "version"),
        ([b"XX\x01\x00", pack({"type": "ping"})], "bad_message"),
        ([b"MS\x01\x00"], "bad_message"),
        ([], "bad_message"),
    ):
        with pytest.raises(m.ProtocolError) as caught:
            m.decode(frames, m.FromClient)
        assert caught.value.code == code


def test_values_out_of_bounds_are_refused() -> None:
    wild = [
        m.Cancel("x" * 65),
        m.Cancel(""),
        m.Credit(0),
        m.Credit(2**60),
        m.Submit("j", m.Generate(prompt="x" * 20_001)),
        m.Submit("j", m.Generate(prompt="x", temperature=float("nan"))),
        m.Submit("j", m.Generate(prompt="x", max_tokens=0)),
    ]
    for message in wild:
        with pytest.raises(m.ProtocolError):
            m.decode(m.encode(message), m.FromClient)
    with pytest.raises(ValueError, match="limit"):
        m.encode(m.Delta("j", 1, "x" * (m.MAX_MESSAGE + 1)))


def test_malformed_frames_raise_nothing_but_protocol_errors() -> None:
    chance = random.Random(0)
    bodies = [m.encode(sample)[1] for sample in SAMPLES]
    deep = [b"\x82\xa4type\xa4ping\xa5extra" + b"\x91" * 100_000, b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff"]
    read = 0
    for number in range(2_000):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 4))
            body = body or bytearray(b"\xc1")
        content = deep[number] if number < len(deep) else bytes(body)
        frames = [m.VERSION_FRAME, content] if number % 10 else [chance.randbytes(4)] * chance.randint(0, 4)
        for kind in KINDS:
            try:
                m.decode(frames, kind)
                read += 1
            except m.ProtocolError as error:
                assert str(error)
    assert read  # some are still messages: the test is not of noise alone


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name(n): m.encode(s)[1].hex() for n, s in enumerate(SAMPLES)}, indent=1) + "\n")
