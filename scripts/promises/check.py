"""The static half of the proof: the page, the tests and the breaks fit each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from collect import missing_test
from page import KNOWN_IDS, Break, Page, Promise


def problems(root: Path, page: Page) -> list[str]:
    """Everything that is wrong with the page, in words; empty when nothing is."""
    found: list[str] = []
    named = Counter([promise.id for promise in page.promises] + list(page.not_built))
    for identifier, count in sorted(named.items()):
        if identifier not in KNOWN_IDS:
            found.append(f"{identifier}: no promise has this id")
        elif count > 1:
            found.append(f"{identifier}: named {count} times")
    found += [
        f"{identifier}: neither built nor listed as not built"
        for identifier in KNOWN_IDS
        if not named[identifier]
    ]
    for promise in page.promises:
        found += _of_promise(root, promise)
    return found


def _of_promise(root: Path, promise: Promise) -> list[str]:
    found = [f"{promise.id}: {wrong}" for test in promise.tests if (wrong := missing_test(root, test))]
    for one in promise.breaks:
        found += [f"{one.name}: {wrong}" for wrong in _of_break(root, promise, one)]
    return found


def _of_break(root: Path, promise: Promise, one: Break) -> list[str]:
    found = []
    if one.test not in promise.tests:
        found.append(f"breaks {one.test}, which is not one of the promise's tests")
    if one.old == one.new or not one.old.strip() or "\n" in one.old + one.new:
        found.append("old and new must differ and stay on one line")
    path = root / one.file
    if not path.is_file():
        return [*found, f"there is no file {one.file}"]
    count = path.read_text(encoding="utf-8").count(one.old)
    if count != 1:
        found.append(f"{one.file} contains {one.old!r} {count} times, not once")
    return found
