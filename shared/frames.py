"""Messages to frames and back.

A message on the wire is two frames: `MAGIC + major + minor` (4 bytes) and one msgpack map with the struct's tag
under "type". Unknown fields are ignored, an unknown type is a ProtocolError. All sizes are bounded by the
decoder, before memory is taken. Text from a model is data here: it is never evaluated.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

import msgspec

from .messages import MAJOR, MINOR, Message
from .tasks import MAX_MESSAGE, Id

MAGIC = b"MS"
VERSION_FRAME = MAGIC + bytes((MAJOR, MINOR))
OVERHEAD = 1 << 10  # bytes that a piece of text costs besides its own, so that credit bounds the number of messages too


class ProtocolError(ValueError):
    """Frames that are no message of this protocol; `code` is "version" or "bad_message". `job` is the job that
    the message named, where that could be read."""

    def __init__(self, code: Literal["version", "bad_message"], sentence: str, job: str | None = None):
        super().__init__(sentence)
        self.code, self.job = code, job


class _Addressed(msgspec.Struct):
    job: Id | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = functools.cache(msgspec.msgpack.Decoder)


def cost(text: str) -> int:
    """What a Delta or Snapshot with this text takes from the client's credit, in bytes."""
    return len(text.encode()) + OVERHEAD


def encode(message: Message, limit: int = MAX_MESSAGE) -> list[bytes]:
    """The two frames of a message. ValueError where it is larger than `limit` bytes."""
    body = _encoder.encode(message)
    if len(body) > limit:
        raise ValueError(f"The message has {len(body):,} bytes; the limit is {limit:,}.")
    return [VERSION_FRAME, body]


def decode(frames: list[bytes], kind: Any) -> Any:
    """The message in two frames, as one of the union `kind`: FromClient or FromBroker. ProtocolError."""
    if len(frames) != 2 or len(frames[0]) != 4 or frames[0][:2] != MAGIC:
        raise ProtocolError("bad_message", "These frames are not a MeshScribe message.")
    if frames[0][2] != MAJOR:
        raise ProtocolError(
            "version",
            f"The other side speaks protocol {frames[0][2]}, this side {MAJOR}: update the older one.",
        )
    try:
        return _decoder(kind).decode(frames[1])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError("bad_message", f"The message could not be read: {error}.", _job(frames[1])) from None


def _job(body: bytes) -> str | None:
    try:
        return _decoder(_Addressed).decode(body).job
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
