"""The invitation: one line that lets a client on another machine in. It holds that client's secret key, so it is
passed on like a password; the backend keeps the public key only."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

import msgspec
from zmq.utils import z85

from .connection import Connection

PREFIX = "meshscribe-invitation:"
LONGEST = 2_000  # characters


class _Content(msgspec.Struct, array_like=True):
    endpoint: str
    server_key: bytes  # 32 bytes each
    public_key: bytes
    secret_key: bytes


def write(connection: Connection) -> str:
    """The line for a connection."""
    keys = (z85.decode(key) for key in (connection.server_key, connection.public_key, connection.secret_key))
    body = msgspec.msgpack.encode(_Content(connection.endpoint, *keys))
    return PREFIX + base64.urlsafe_b64encode(body + zlib.crc32(body).to_bytes(4)).decode().rstrip("=")


def read(line: str) -> Connection:
    """The connection in a line, however it was wrapped or quoted on its way. ValueError, in a sentence, where it
    is none, or not whole."""
    text = re.sub(r"[\s>\"'`]", "", line[: 2 * LONGEST])
    start = text.find(PREFIX)
    if start < 0:
        raise ValueError(f"This is no invitation: it begins with {PREFIX}")
    code = text[start + len(PREFIX) :][:LONGEST]
    try:
        whole = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        body, check = whole[:-4], whole[-4:]
        content = msgspec.msgpack.decode(body, type=_Content)
        keys = [z85.encode(key).decode() for key in (content.server_key, content.public_key, content.secret_key)]
    except (binascii.Error, msgspec.MsgspecError, ValueError, RecursionError):
        check, keys = b"", []
    if not keys or check != zlib.crc32(body).to_bytes(4) or {len(key) for key in keys} != {40}:
        raise ValueError("The invitation is not whole: paste all of its line.")
    if not re.fullmatch(r"tcp://[^/\s]+:\d{1,5}", content.endpoint):
        raise ValueError("The invitation leads nowhere: ask for a new one.")
    return Connection(endpoint=content.endpoint, server_key=keys[0], public_key=keys[1], secret_key=keys[2])
