"""What may be said to `meshscribe`, and the checks that need no backend. One sentence says what is wrong."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

from meshscribe import __version__
from meshscribe.shared.obj import DIALECTS

WRONG_USE = 2  # exit status
MAX_PROMPT, MAX_NAME = 20_000, 200  # characters; Prompt and Word of shared/messages.py
WHOLE, NUMBER = "is not a whole number from {} to {}", "is not a number from {:g} to {:g}"
FRAME = "is not x,y,z,extent as `meshscribe codec` prints it"

Parser = argparse.ArgumentParser


def parser() -> Parser:
    made = _Parser(
        prog="meshscribe",
        description="Write meshes from words and read meshes into words.",
        epilog="The first command that needs the backend starts it; it ends by itself when it is idle.",
    )
    made.add_argument("--version", action="version", version=f"meshscribe {__version__}")
    commands = made.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, words, fill in (
        ("generate", "make meshes from a prompt", _generate),
        ("describe", "say what a mesh file shows", _describe),
        ("codec", "show a mesh file as the text that models read and write", _codec),
        ("scene", "answer a question about the objects of a scene file, or find some", _scene),
        ("models", "list the models, or get one", _models),
        ("servers", "list, add or ask the servers whose models may be used", _servers),
        ("jobs", "list the newest jobs, also of other clients", _json),
        ("fetch", "print the text of a job, also of one whose client has gone", _fetch),
        ("serve", "run the backend in this terminal", _serve),
        ("stop", "end the backend", lambda one: None),
        ("invite", "let somebody on another machine in: prints one line for them to paste", _invite),
        ("revoke", "take an invitation back, at once", _revoke),
        ("top", "show what the backend is doing, until Ctrl-C", _top),
        ("doctor", "say what this machine has and whether the backend works", _json),
    ):
        fill(commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}."))
    return made


class _Parser(Parser):
    def error(self, message: str):
        print(f"{self.prog}: {message} (`{self.prog} --help` shows the options).", file=sys.stderr)
        sys.exit(WRONG_USE)


# ------------------------------------------------------------------------------------------------- the commands


def _generate(one: Parser) -> None:
    one.add_argument("prompt", type=_prompt, help="what to make, such as 'a round table with four legs'")
    _which(one)
    one.add_argument(
        "--seed", metavar="N", type=_whole(0, 2**62), help="the same seed makes the same mesh (default: a random one)"
    )
    one.add_argument(
        "--count", metavar="N", type=_whole(1, 1000), default=1, help="how many meshes, with seeds one after another"
    )
    one.add_argument(
        "--temperature", metavar="T", type=_number(0, 5), default=0.7, help="variety; 0: the likeliest mesh (0.7)"
    )
    one.add_argument("--max-tokens", metavar="N", type=_whole(1, 131_072), help="at most this many tokens a mesh")
    one.add_argument(
        "--format", metavar="LIST", type=_formats, default=["obj"], help="obj, glb, ply; several with commas (obj)"
    )
    one.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("."),
        help="folder for the files, made where it is not (here)",
    )
    one.add_argument("--json", action="store_true", help="print one JSON object a mesh")


def _describe(one: Parser) -> None:
    one.add_argument("file", type=Path, help="a mesh file: obj, glb, ply, stl, off, ...")
    _which(one)
    one.add_argument("--ask", metavar="TEXT", type=_text(MAX_PROMPT), help="a question about the mesh")
    one.add_argument(
        "--form",
        choices=("short", "long", "prompt"),
        default="short",
        help="a sentence, all that is known, or words that would make such a mesh (short)",
    )
    one.add_argument("--facts", action="store_true", help="only what can be computed: no model, no backend")
    one.add_argument(
        "--views",
        metavar="N",
        type=_whole(0, 8),
        default=0,
        help="show the model N pictures of it (for models that see)",
    )
    _json(one)


def _scene(one: Parser) -> None:
    one.add_argument("file", type=Path, help="a scene file with several named objects: glb, gltf, obj, ...")
    _which(one)
    which = one.add_mutually_exclusive_group()
    which.add_argument("--ask", metavar="TEXT", type=_text(MAX_PROMPT), help="a question: what is on the table?")
    which.add_argument("--find", metavar="TEXT", type=_text(MAX_PROMPT), help="which objects: the chair by the window")
    which.add_argument("--about", choices=("describe", "missing", "tasks"), default="describe", help="(describe)")
    _json(one)


def _codec(one: Parser) -> None:
    one.add_argument("file", type=Path, help="a mesh file; with --decode also the text that was printed for one")
    one.add_argument("--dialect", choices=sorted(DIALECTS), help="the form of the text (parts)")
    one.add_argument("--decode", action="store_true", help="the way back: an OBJ, in the original place and size")
    frame = one.add_mutually_exclusive_group()
    frame.add_argument("--frame", type=_frame, metavar="X,Y,Z,EXTENT", help="where the text belongs, as was printed")
    frame.add_argument("--like", type=Path, metavar="FILE", help="where the text belongs: the mesh it was made from")


def _models(one: Parser) -> None:
    one.add_argument("action", nargs="?", choices=("list", "get", "quantize"), default="list")
    one.add_argument("name", nargs="?", help="what to get (a known name, or owner/name@commit) or to save quantized")
    one.add_argument("--accept-licence", action="store_true", help="accept the licence without being asked")
    _json(one)


def _servers(one: Parser) -> None:
    one.add_argument("action", nargs="?", choices=("list", "add", "key", "check", "remove"), default="list")
    one.add_argument("name", nargs="?", type=_text(32), help="what to call it; then it is a --model")
    one.add_argument("url", nargs="?", type=_text(500), help="its address, such as http://studio:8000/v1")
    one.add_argument("--model", metavar="NAME", type=_text(150), help="which of its models (the first)")
    one.add_argument(
        "--family", choices=("general", "llama-mesh", "starter"), default="", help="how it is asked (by its name)"
    )
    one.add_argument(
        "--views", metavar="N", type=_whole(0, 8), default=0, help="pictures that it is shown of what it describes"
    )
    one.add_argument("--key-from", metavar="VARIABLE", type=_text(100), help="the key is in the environment")
    one.add_argument("--yes", action="store_true", help="accept what leaves this machine without being asked")
    _json(one)


def _fetch(one: Parser) -> None:
    one.add_argument("job", type=_text(64), help="its id, as `meshscribe jobs` lists it")


def _serve(one: Parser) -> None:
    one.add_argument(
        "--port", metavar="N", type=_whole(0, 65_535), default=0, help="a TCP port of this machine (0: a free one)"
    )
    one.add_argument(
        "--host",
        metavar="ADDRESS",
        type=_text(255),
        help="let invited people on other machines in at this address of ours (0.0.0.0: at all); needs --port",
    )
    one.add_argument(
        "--workers", metavar="N", type=_whole(1, 64), help="processes that hold a model (default: one for each GPU)"
    )
    one.add_argument("--parent-pid", metavar="N", type=_whole(1, 2**31 - 1), help="end when this process ends")
    one.add_argument(
        "--idle", metavar="MINUTES", type=_number(0, 1e6), help="end after this many minutes without work (0: never)"
    )


def _invite(one: Parser) -> None:
    one.add_argument("name", nargs="?", type=_text(40), help="who: letters, digits, dots, dashes; without it, a list")
    one.add_argument(
        "--address",
        metavar="HOST:PORT",
        type=_text(255),
        help="where this machine is reached (default: what the running backend knows)",
    )


def _revoke(one: Parser) -> None:
    one.add_argument("name", type=_text(40), help="whose invitation")


def _top(one: Parser) -> None:
    one.add_argument("--once", action="store_true", help="show it once")


def _which(one: Parser) -> None:
    one.add_argument(
        "--model",
        metavar="NAME",
        type=_model,
        default="starter",
        help="a known model, or a checkpoint folder (starter)",
    )


def _json(one: Parser) -> None:
    one.add_argument("--json", action="store_true", help="print JSON")


# --------------------------------------------------------------------------------------------------- the values


def _whole(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text[:40]} {WHOLE.format(low, high)}")
        return value

    return check


def _number(low: float, high: float) -> Callable[[str], float]:
    def check(text: str) -> float:
        value = _float(text)
        if not low <= value <= high:  # nor is nan
            raise argparse.ArgumentTypeError(f"{text[:40]} {NUMBER.format(low, high)}")
        return value

    return check


def _float(text: str) -> float:
    """Not a number where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _frame(text: str) -> tuple[float, ...]:
    numbers = tuple(_float(number) for number in text.split(","))
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or numbers[3] <= 0:
        raise argparse.ArgumentTypeError(f"{text[:40]} {FRAME}")
    return numbers


def _text(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not 0 < len(text) <= limit:
            raise argparse.ArgumentTypeError(f"has {len(text):,} characters, not 1 to {limit:,}")
        try:
            text.encode()
        except UnicodeEncodeError:  # bytes that were no text in this terminal's encoding
            raise argparse.ArgumentTypeError("is not text") from None
        return text

    return check


def _prompt(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("empty: say what to make, such as 'a round table'")
    return _text(MAX_PROMPT)(text)


def _model(text: str) -> str:
    """A folder as the backend finds it, which runs elsewhere."""
    from .models.store import CATALOG, PRECISIONS

    name, colon, precision = _text(MAX_NAME)(text).rpartition(":")
    if precision not in PRECISIONS:
        name, colon, precision = text, "", ""
    folder = os.path.abspath(os.path.expanduser(name))
    if name not in CATALOG and os.path.isfile(os.path.join(folder, "config.json")):
        name = folder
    return _text(MAX_NAME)(name + colon + precision)


def _formats(text: str) -> list[str]:
    from .meshfiles import FORMATS

    names = [name.strip().lower() for name in text.split(",")]
    if unknown := [name for name in names if name not in FORMATS]:
        raise argparse.ArgumentTypeError(f"there is no format '{unknown[0][:40]}', only {', '.join(FORMATS)}")
    return names
