"""Every sentence that the add-on can say about a failure is a heading of docs/troubleshooting.md."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = {"InstallError", "_fail", "Trouble", "ValueError", "explain"}
SENTENCES = {"GONE", "ADDON", "NO_MESH"}


def pieces(node: ast.expr) -> list[str]:
    """The fixed parts of a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [each.value for each in node.values if isinstance(each, ast.Constant)]
    return []


def said() -> list[tuple[str, list[str]]]:
    found = []
    for path in sorted((ROOT / "blender_addon").glob("*.py")) + sorted((ROOT / "blender_addon" / "ui").glob("*.py")):
        if path.name in ("command.py", "geometry.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            values: list[ast.expr] = []
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in CALLS:
                values = node.args
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in SENTENCES:
                values = [node.value]
            elif isinstance(node, ast.FunctionDef) and node.name == "explain":
                values = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
            found += [(path.name, parts) for value in values if (parts := pieces(value)) and " " in "".join(parts)]
    return found


def test_every_sentence_is_in_the_guide():
    headings = [line[4:] for line in (ROOT / "docs/troubleshooting.md").read_text().splitlines() if line[:4] == "### "]
    found = said()
    assert len(found) > 15
    for where, parts in found:
        fixed = [part.strip() for part in parts if len(part.strip()) > 3]
        assert any(all(part in heading for part in fixed) for heading in headings), (where, parts)
