"""Every link in README and docs leads somewhere, and every decision page has its four parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors a page offers, by GitHub's rule: lower case, punctuation dropped, blanks to hyphens."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {link}, which has no such heading"


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_decision_has_its_four_parts(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {int(page.stem[:4])}. ")
    for part in ("**Context.**", "**Consequences.**", "**What would change our minds.**"):
        if page.stem != "0026-out-of-scope" or part != "**Consequences.**":
            assert part in text, f"{page.name} lacks {part}"


def test_decisions_are_numbered_without_gaps_and_all_listed() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert all(f"]({page.name})" in index for page in DECISIONS)


def test_each_out_of_scope_item_has_its_reason() -> None:
    text = (ROOT / "docs" / "adr" / "0026-out-of-scope.md").read_text()
    for item in ("Trusted execution environments", "Differential privacy", "Barter", "Market making"):
        assert f"**{item}" in text


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_every_room_has_its_line(page: str) -> None:
    package = ROOT / "offchain" / "parley"
    rooms = {folder.name for folder in package.iterdir() if (folder / "__init__.py").is_file()}
    named = set(re.findall(r"^\| `([a-z]+)` \|", (ROOT / page).read_text(), re.MULTILINE))
    assert named - {"scripts", "tests", "docs"} == rooms
