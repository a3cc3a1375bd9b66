"""Reads docs/promises.md: one section a promise, its machine-readable part in a fenced TOML block."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KNOWN_IDS = tuple(
    f"{letter}{number}"
    for letter, last in (("N", 13), ("G", 12), ("E", 7), ("S", 13), ("P", 11), ("C", 10))
    for number in range(1, last + 1)
)

_HEADING = re.compile(r"^### (?P<id>[A-Z]\d+) · (?P<title>.+)$")
_BLOCK_FIELDS = {"tests", "break"}
_BREAK_FIELDS = {"file", "old", "new", "test"}


class PageError(Exception):
    """The page cannot be read; says where and what."""


@dataclass(frozen=True)
class Break:
    """One line of one file, changed so that `test` must fail."""

    promise: str
    number: int
    file: str
    old: str
    new: str
    test: str

    @property
    def name(self) -> str:
        return f"{self.promise}.{self.number}"


@dataclass(frozen=True)
class Promise:
    id: str
    title: str
    meaning: str
    tests: tuple[str, ...]
    breaks: tuple[Break, ...]
    line: int


@dataclass(frozen=True)
class Page:
    promises: tuple[Promise, ...]
    not_built: tuple[str, ...]

    @property
    def breaks(self) -> tuple[Break, ...]:
        return tuple(one for promise in self.promises for one in promise.breaks)


def read_page(path: Path) -> Page:
    """Parses the page. Raises PageError for a section that has no prose, no block or a malformed one."""
    promises: list[Promise] = []
    not_built: list[str] = []
    heading: re.Match[str] | None = None
    heading_line = 0
    prose: list[str] = []
    block: list[str] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if block is not None:
            if line.strip() != "```":
                block.append(line)
                continue
            data = _toml(block, number)
            block = None
            if set(data) == {"not_built"}:
                not_built += data["not_built"]
            elif heading is None:
                raise PageError(f"line {number}: a block without a promise heading before it")
            else:
                promises.append(_promise(heading, heading_line, prose, data))
                heading = None
            continue
        if line.strip() == "```toml":
            block = []
        elif line.startswith("#"):
            if heading is not None:
                raise PageError(f"line {heading_line}: {heading['id']} has no toml block")
            heading, heading_line, prose = _HEADING.match(line), number, []
        elif line.strip():
            prose.append(line.strip())
    if heading is not None or block is not None:
        raise PageError("the last section has no complete toml block")
    return Page(tuple(promises), tuple(not_built))


def _toml(lines: list[str], number: int) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"the block that ends on line {number}: {error}") from error


def _promise(heading: re.Match[str], line: int, prose: list[str], data: dict[str, Any]) -> Promise:
    name = heading["id"]
    if not prose:
        raise PageError(f"line {line}: {name} does not say what it means here")
    if set(data) != _BLOCK_FIELDS or not data["tests"] or not data["break"]:
        raise PageError(f"line {line}: {name} wants tests and at least one [[break]], and nothing else")
    breaks = []
    for number, entry in enumerate(data["break"], start=1):
        if set(entry) != _BREAK_FIELDS:
            raise PageError(f"line {line}: {name}: a break wants exactly {sorted(_BREAK_FIELDS)}")
        breaks.append(Break(promise=name, number=number, **entry))
    return Promise(name, heading["title"], " ".join(prose), tuple(data["tests"]), tuple(breaks), line)
