"""Reads the project's pages: fenced blocks with their language and marks, and inline code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The specification and the decisions describe; nothing in them is meant to be typed.
PAGES = tuple(
    page
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    if page.name not in ("spec.md", "promises.md") and page.parent.name != "adr"
)

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    marks: frozenset[str]
    text: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, *marks = found["info"].split() or [""]
        yield Block(page, text.count("\n", 0, found.start()) + 1, language, frozenset(marks), found["body"])


def inline_code(page: Path) -> Iterator[str]:
    yield from _INLINE.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
