"""The wire: golden bytes hold the format; malformed frames end in a ProtocolError and nothing else.

Where a change of messages.py is meant, and old clients still understand it: raise MINOR, keep the golden file
of the version before under its number, and `python tests/unit/test_messages.py` writes the golden file anew.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest

from meshscribe.backend.serve import orders as o
from meshscribe.shared import frames as f
from meshscribe.shared import messages as m
from meshscribe.shared import reports as r
from meshscribe.shared import tasks as t
from meshscribe.shared.mesh import Mesh

GOLDEN = Path(__file__).with_name("golden_messages.json")
FIRST = Path(__file__).with_name("golden_messages_1_0.json")
TRIANGLE = t.MeshData.pack(Mesh.build([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]))
OUTCOME = t.Outcome(finish="stop", model="starter", seed=7, tokens=9, masked_mass=0.5, facts={"parts": 2})
BOX = t.SceneObject(id="7", name="Chair", kind="chair", low=(0, 0, 0), high=(0.5, 0.5, 1))
KINDS = (m.FromClient, m.FromBroker, o.ToWorker, o.FromWorker)
SAMPLES: list[m.Message] = [
    m.Hello("c", name="Blender 5.2"),
    m.Submit("j", t.Generate(prompt="a chair", seed=7, temperature=0.0)),
    m.Submit("j", t.Describe(mesh=TRIANGLE, model="llama-mesh"), detached=True),
    m.Submit("j", t.Change(mesh=TRIANGLE, instruction="make it taller", seed=3), limit=60.0),
    m.Submit(
        "j", t.Ask(mesh=TRIANGLE, question="how tall?", dialogue=[("user", "what is it?"), ("assistant", "a cup")])
    ),
    m.Submit("j", t.Name(mesh=TRIANGLE)),
    m.Submit("j", t.Scene(objects=[BOX], about="missing")),
    m.Submit("j", t.Ground(objects=[BOX], phrase="the chair next to the window")),
    m.Cancel("j"),
    m.Credit(4096),
    m.Resume("j"),
    m.Resume("j", 120),
    m.Status(),
    m.Jobs(),
    m.Models(),
    m.Load("starter"),
    m.Unload(),
    m.Download("llama-mesh", accept_licence=True),
    m.StopDownload("llama-mesh"),
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
    m.Snapshot("j", 0, "v 1 2 3\n", "running", 8, start=120),
    m.Done("j", 2, OUTCOME),
    m.Done("j", 2, t.Outcome(finish="stop", ids=["7"])),
    m.Done("j", 2, t.Outcome(finish="stop", names=t.Names(object="chair", parts=["leg", "seat"]))),
    m.Error("busy", "The queue is full.", "j", retryable=True),
    m.Pong(1.5),
    m.StatusReply("s", workers=[r.WorkerStatus(pid=5, state="running", model="starter")]),
    m.StatusReply(
        "s",
        workers=[r.WorkerStatus(quiet=0.25)],
        counters=r.Counters(accepted=3, queue=r.Spread(count=3, median=0.5, p99=2.0, last=1.0)),
        connected=[r.ClientEntry(name="Blender 5.2", guest="anna", jobs=1)],
    ),
    m.ModelsReply([r.ModelEntry(name="starter", state="ready", size=17_000_000)]),
    m.DownloadReply("llama-mesh", "running", "download", 5, 10),
    m.DownloadReply("llama-mesh", "failed", code="licence_needed", sentence="Accept the licence first."),
    m.JobsReply([r.JobEntry(job="j", state="done", task="generate", prompt="a chair", created=1.5)]),
    m.Goodbye(),
    o.Start("j", t.Generate(prompt="a chair")),
    o.Abort("j"),
    o.Preload("starter"),
    o.Exit(),
    o.Ready(5, "starter", "cpu", 1 << 30),
    o.Output("j", "v 1 2 3\n", 8),
    o.Finished("j", OUTCOME),
    o.Failed("internal", "It broke.", "j"),
]


def name(number: int) -> str:
    return f"{number:02} {type(SAMPLES[number]).__name__}"


def kinds_of(message: m.Message) -> list[object]:
    return [kind for kind in KINDS if type(message) in get_args(kind)]


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=name)
def test_golden_bytes(number: int) -> None:
    golden = bytes.fromhex(json.loads(GOLDEN.read_text())[name(number)])
    version, body = f.encode(SAMPLES[number])
    assert (version, body) == (f.VERSION_FRAME, golden)
    assert kinds_of(SAMPLES[number])
    for kind in kinds_of(SAMPLES[number]):
        assert f.decode([version, golden], kind) == SAMPLES[number]


def test_messages_of_the_first_version_are_still_read() -> None:
    for number, (name, body) in enumerate(json.loads(FIRST.read_text()).items()):
        mine = [kind for kind in KINDS if name.split()[1] in {message.__name__ for message in get_args(kind)}]
        assert mine, number
        for kind in mine:
            again = f.encode(f.decode([b"MS\x01\x00", bytes.fromhex(body)], kind))[1]
            assert keeps(msgspec.msgpack.decode(again), msgspec.msgpack.decode(bytes.fromhex(body)))


def keeps(new: object, old: object) -> bool:
    """Whether all that was said before is said still; what is left out has to be empty."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(keeps(new[key], value) if key in new else not value for key, value in old.items())
    return new == old


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
    assert f.decode([b"MS\x01\x09", pack({"type": "ping", "sent": 2.0, "later": [1]})], m.FromClient) == m.Ping(2.0)
    for frames, code in (
        ([b"MS\x01\x00", pack({"type": "dance"})], "bad_message"),
        ([b"MS\x01\x00", pack({"type": "pong"})], "bad_message"),  # a broker's, not a client's
        ([b"MS\x02\x00", pack({"type": "ping"})], "version"),
        ([b"XX\x01\x00", pack({"type": "ping"})], "bad_message"),
        ([b"MS\x01\x00"], "bad_message"),
        ([], "bad_message"),
    ):
        with pytest.raises(f.ProtocolError) as caught:
            f.decode(frames, m.FromClient)
        assert caught.value.code == code


def test_values_out_of_bounds_are_refused() -> None:
    wild = [
        m.Cancel("x" * 65),
        m.Cancel(""),
        m.Credit(0),
        m.Credit(2**60),
        m.Ping(float("nan")),
        m.Ping(float("inf")),
        m.Submit("j", t.Generate(prompt="x" * 20_001)),
        m.Submit("j", t.Generate(prompt="x", temperature=float("nan"))),
        m.Submit("j", t.Generate(prompt="x", max_tokens=0)),
    ]
    for message in wild:
        with pytest.raises(f.ProtocolError):
            f.decode(f.encode(message), m.FromClient)
    with pytest.raises(ValueError, match="limit"):
        f.encode(m.Delta("j", 1, "x" * (t.MAX_MESSAGE + 1)))


def test_malformed_frames_raise_nothing_but_protocol_errors() -> None:
    chance = random.Random(0)
    bodies = [f.encode(sample)[1] for sample in SAMPLES]
    deep = [b"\x82\xa4type\xa4ping\xa5extra" + b"\x91" * 100_000, b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff"]
    read = 0
    for number in range(2_000):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 4))
            body = body or bytearray(b"\xc1")
        content = deep[number] if number < len(deep) else bytes(body)
        frames = [f.VERSION_FRAME, content] if number % 10 else [chance.randbytes(4)] * chance.randint(0, 4)
        for kind in KINDS:
            try:
                f.decode(frames, kind)
                read += 1
            except f.ProtocolError as error:
                assert str(error)
    assert read  # some are still messages: the test is not of noise alone


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name(n): f.encode(s)[1].hex() for n, s in enumerate(SAMPLES)}, indent=1) + "\n")
