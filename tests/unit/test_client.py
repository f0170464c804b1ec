"""What a client without a window does besides its sockets."""

from __future__ import annotations

import signal

import pytest

from meshscribe.backend.client import interrupts


def test_a_ctrl_c_that_a_library_has_caught_is_not_lost() -> None:
    with interrupts() as check:
        check()
        with pytest.raises(KeyboardInterrupt):  # where a library has `except BaseException: pass`
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
