"""Guests: the people who were invited to use this backend from other machines, by name, with their public keys.

The list is a file that a running broker looks at, so that `meshscribe invite` and `revoke` work with and without
one.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from meshscribe.shared.connection import NoConnectionError, read_private, write_private

from .keys import KeyPair

FILE = Path("keys", "guests.json")
MAX_GUESTS = 200
_decoder = msgspec.json.Decoder(dict[str, str])


def guests(folder: Path) -> dict[str, str]:
    """Public key by name. NoConnectionError where the file is not to be trusted."""
    try:
        return _decoder.decode(read_private(folder / FILE))
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError:
        sentence = f"{folder / FILE} is damaged: delete it and invite everybody anew."
        raise NoConnectionError("unreadable", sentence) from None


def invite(folder: Path, name: str) -> KeyPair:
    """Let somebody in: the pair of keys for them, of which only the public one is kept. ValueError, in a
    sentence, where that cannot be."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        raise ValueError(f"{name!r} is no name for a guest: use up to 40 letters, digits, dots and dashes.")
    known = guests(folder)
    if name in known:
        raise ValueError(f"{name} has an invitation: take it back first, with `meshscribe revoke {name}`.")
    if len(known) >= MAX_GUESTS:
        raise ValueError(f"There are {MAX_GUESTS} invitations already: take some back with `meshscribe revoke`.")
    pair = KeyPair.fresh()
    _write(folder, {**known, name: pair.public})
    return pair


def revoke(folder: Path, name: str) -> None:
    """Let somebody in no longer. A running broker ends their connections and jobs within half a second.
    ValueError where nobody has that name."""
    known = guests(folder)
    if name not in known:
        raise ValueError(f"Nobody called {name} is invited: {', '.join(sorted(known)) or 'there are no invitations'}.")
    del known[name]
    _write(folder, known)


def stamp(folder: Path) -> tuple[int, int] | None:
    """Changes whenever the list does; None where there is none."""
    try:
        state = (folder / FILE).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino


def _write(folder: Path, known: dict[str, str]) -> None:
    (folder / FILE).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(known)))
