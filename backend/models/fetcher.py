"""The process of one download: `python -m meshscribe.backend.models.fetcher FOLDER MODEL [--accept-licence]`.

It prints a DownloadReply in JSON a line, the last one about its end, and ends when its stdin does.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

import msgspec

from meshscribe.backend.engines.base import EngineError
from meshscribe.backend.serve.process import end_with_parent
from meshscribe.shared.messages import DownloadReply

from .store import get

EVERY = 0.1  # seconds between two reports of one phase


def fetch(folder: Path, model: str, accept_licence: bool) -> DownloadReply:
    """Get a model, with reports on stdout; how it ended."""
    said, last = 0.0, ""

    def progress(phase: str, done: int, total: int, unit: str) -> None:
        nonlocal said, last
        now = time.monotonic()
        if phase != last or done >= total or now - said > EVERY:
            said, last = now, phase
            _say(DownloadReply(model, "running", phase, done, total))

    try:
        get(folder, model, progress, lambda text: accept_licence)
    except EngineError as error:
        return DownloadReply(model, "failed", code=error.code, sentence=error.sentence[:2_000])
    except OSError as error:
        sentence = f"The download could not be written ({error.strerror or error}): make room and try again."
        return DownloadReply(model, "failed", code="no_space", sentence=sentence[:2_000])
    except Exception as error:  # for the person, a sentence; the rest goes to the log
        logging.exception("the download failed")
        sentence = f"The download failed ({type(error).__name__}): logs/download.stderr says more."
        return DownloadReply(model, "failed", code="internal", sentence=sentence)
    return DownloadReply(model, "ready")


def _say(reply: DownloadReply) -> None:
    print(msgspec.json.encode(reply).decode(), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("model")
    parser.add_argument("--accept-licence", action="store_true")
    options = parser.parse_args()
    end_with_parent()
    reply = fetch(options.folder, options.model, options.accept_licence)
    _say(reply)
    return 0 if reply.state == "ready" else 1


if __name__ == "__main__":
    sys.exit(main())
