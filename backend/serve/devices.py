"""The places where workers run: one for each graphics card, told by the environment which is its own."""

from __future__ import annotations

import os
import shutil
import subprocess

VARIABLE = "CUDA_VISIBLE_DEVICES"  # which torch (ROCm's too) and llama.cpp heed
ASKED = 10.0  # seconds that the driver may take


def cards() -> list[str]:
    """The cards that this process may use, by their number or name."""
    if (told := os.environ.get(VARIABLE)) is not None:
        return [card.strip() for card in told.split(",") if card.strip() not in ("", "-1")]
    if (program := shutil.which("nvidia-smi")) is None:
        return []
    try:
        asked = [program, "--query-gpu=index", "--format=csv,noheader"]
        listed = subprocess.run(asked, capture_output=True, text=True, timeout=ASKED, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in listed.stdout.splitlines() if line.strip().isdigit()]


def places(workers: int | None = None) -> list[tuple[str, dict[str, str]]]:
    """A name and an environment for each worker: one for a card, or so many `workers`, that share the cards. A single
    worker keeps what it finds."""
    found = cards()
    count = workers or len(found) or 1
    names = ["worker", *(f"worker-{number}" for number in range(2, count + 1))]
    if count == 1 or not found:
        return [(name, {}) for name in names]
    return [(name, {VARIABLE: found[place % len(found)]}) for place, name in enumerate(names)]
