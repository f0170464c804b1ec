"""Fuzz one target, guided by coverage: `python tests/faults/fuzz.py wire -max_total_time=600`.

It begins with corpus/TARGET (or the folders that are named); what is found goes there, under a name that says what it
is. Needs atheris, which is made for Linux and macOS. The options are libFuzzer's."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["meshscribe"]):
    from targets import TARGETS


def main() -> None:
    name, *options = sys.argv[1:]
    if not any(not option.startswith("-") for option in options):
        options.append(str(Path(__file__).with_name("corpus") / name))
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
