"""Test 25: the corpus of the fuzzer, with every case that was ever found; and the fuzzer itself, for a while."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from targets import TARGETS
from tools import FULL

FUZZER = Path(__file__).with_name("fuzz.py")
CORPUS = Path(__file__).with_name("corpus")


@pytest.mark.parametrize("case", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_case(case: Path) -> None:
    TARGETS[case.parent.name](case.read_bytes())


def test_every_target_has_a_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.timeout(1200)
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not made for every platform")
@pytest.mark.parametrize("target", TARGETS if FULL else ["stream", "meshfile"])
def test_25_fuzz(target: str, scale: Callable[[int, int], int], figure: Callable[..., None], tmp_path: Path) -> None:
    """What is found lies in a file whose name the output says: it belongs into the corpus."""
    path = os.pathsep.join([str(FUZZER.parent), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, str(FUZZER), target, f"-max_total_time={scale(1, 150)}", "-max_len=4096", "-seed=1",
         f"-artifact_prefix={tmp_path}/", str(tmp_path), str(CORPUS / target)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-2_000:] + ran.stderr[-3_000:]
    figure(target=target, runs=int(ran.stderr.rsplit("Done ", 1)[1].split()[0]))
