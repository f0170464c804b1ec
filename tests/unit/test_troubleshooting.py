"""Every sentence about a failure that the panel can show is a heading of docs/troubleshooting.md, word for word; and no
heading is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEAKERS = [  # whose sentences reach the panel: over the wire, or from the add-on itself
    "shared/connection.py",
    "shared/frames.py",
    "shared/invitation.py",
    "shared/link.py",
    "backend/serve/*.py",
    "backend/engines/*.py",
    "backend/models/*.py",
    "backend/worker.py",
    "blender_addon/*.py",
    "blender_addon/ui/*.py",
]
WORDS = 3  # a sentence has
NO_FAILURES = re.compile(  # sentences that are something else
    r"Count from 1|Which colour|ALTER TABLE|About|Everything is taken|Paste the invitation|What you make|MeshScribe in"
    r"|The job was cancelled|No answer within|The first answer held|Mended or left out|It says|Its answer was empty"
    r"|Cut off|\.\.\. tokens a second|Not connected to|Getting \.|\.\.\.(: \.\.\.)? vertices"
)


def sentences(path: Path) -> Iterator[str]:
    """The strings of a module that are sentences, with "..." for what is filled in; no docstrings, no logs."""
    tree = ast.parse(path.read_text())
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            passed |= {id(each) for each in ast.walk(node)} - {id(node)}
        elif isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", "") == "log":
            passed |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if len(re.findall(r"[\w']+", shape(text))) < WORDS or text.endswith("..."):
            continue  # a label
        if re.match(r"([A-Z]|\.\.\.).* .*\.$", shape(text)):
            yield shape(text)


def shape(text: str) -> str:
    """A sentence as a heading has it."""
    return re.sub(r"\{[^{}]*\}[.]?$", "...", re.sub(r"\{[^{}]*\}(?!\.?$)", "...", text.strip()))


def collected() -> dict[str, str]:
    """Sentence -> where it is said."""
    found: dict[str, str] = {}
    for pattern in SPEAKERS:
        for path in sorted(ROOT.glob(pattern)):
            found |= {text: str(path.relative_to(ROOT)) for text in sentences(path) if not NO_FAILURES.match(text)}
    return found


def headings() -> set[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    return {line[4:] for line in page.splitlines() if line.startswith("### ")}


def test_every_sentence_has_its_heading():
    assert {text: where for text, where in collected().items() if text not in headings()} == {}


def test_every_heading_is_said():
    assert headings() - set(collected()) == set()
