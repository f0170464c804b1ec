"""What README and docs/ say is true: commands that exist, links that lead somewhere, the families that there are."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from meshscribe.backend.arguments import parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path) -> None:
    for line in re.findall(r"^(?:    |\$ )meshscribe (.*)$", page.read_text(), re.MULTILINE):
        words = shlex.split(line.partition(">")[0], comments=True)
        assert parser().parse_args(words).command == words[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_know_no_machine(page: Path) -> None:
    assert not re.search(r"/(work|tmp|root|home|opt)/|https?://[^ )]*(pypi|index)", page.read_text())


def test_readme_lists_the_starters_families() -> None:
    listed = (ROOT / "README.md").read_text().split("<!-- families -->")[1].split("<!-- /families -->")[0]
    assert re.findall(r"\w+", listed) == list(json.loads((ROOT / "backend/starter/families.json").read_text()))
