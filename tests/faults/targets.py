"""What is fuzzed: everything that reads bytes from outside. A target returns, whatever the bytes, or it has a bug."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from meshscribe.backend import meshfiles
from meshscribe.backend.serve import orders
from meshscribe.backend.serve.check import fault
from meshscribe.shared import invitation
from meshscribe.shared.frames import VERSION_FRAME, ProtocolError, decode, encode
from meshscribe.shared.messages import FromBroker, FromClient, Submit
from meshscribe.shared.stream import StreamReader
from meshscribe.shared.tasks import MAX_MESSAGE

SUFFIXES = (".obj", ".glb", ".ply", ".stl", ".off")


def wire(data: bytes) -> None:
    """A message, as each side reads it; what was read says the same when it is written again."""
    for kind in (FromClient, FromBroker, orders.ToWorker, orders.FromWorker):
        try:
            message = decode([VERSION_FRAME, data], kind)
        except ProtocolError as error:
            assert str(error).endswith(".")
            continue
        again = encode(message, 2 * MAX_MESSAGE)
        assert encode(decode(again, kind), 2 * MAX_MESSAGE) == again
        if isinstance(message, Submit):
            assert not (wrong := fault(message.request)) or wrong.endswith(".")


def stream(data: bytes) -> None:
    """Text of a model, cut anywhere: the mesh is valid, and the cuts make no difference."""
    text = data.decode("utf-8", "replace")
    whole, pieces = StreamReader(), StreamReader()
    whole.feed(text)
    step = 1 + (data[0] if data else 0) % 40
    for start in range(0, len(text), step):
        pieces.feed(text[start : start + step])
    for reader in (whole, pieces):
        reader.close()
        reader.mesh().check()
    assert (whole.vertices, whole.faces, whole.problems) == (pieces.vertices, pieces.faces, pieces.problems)


def meshfile(data: bytes) -> None:
    """A mesh file of a format that the first byte chooses: a valid mesh, or a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mesh" + SUFFIXES[data[0] % len(SUFFIXES)] if data else "mesh.obj")
        path.write_bytes(data[1:])
        with contextlib.suppress(ValueError):  # FileError is one
            meshfiles.load(path).check()


def invited(data: bytes) -> None:
    """A pasted invitation."""
    with contextlib.suppress(ValueError):
        invitation.read(data.decode("utf-8", "replace"))


TARGETS: dict[str, Callable[[bytes], None]] = {each.__name__: each for each in (wire, stream, meshfile, invited)}
