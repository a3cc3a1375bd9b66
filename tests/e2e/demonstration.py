"""Starting the demonstration so that whatever it starts can be found again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DEMO = [sys.executable, "-m", "parley.cli", "demo"]
MARK = "DEMONSTRATION_UNDER_TEST"


def environment(mark: str, temporary: Path) -> dict[str, str]:
    """Every process that the demonstration starts inherits the mark; temporary folders are made in one
    place.
    """
    found = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return {**found, MARK: mark, "TMPDIR": str(temporary)}


def alive(mark: str) -> list[int]:
    """Living processes that carry the mark, whatever became of their parents."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                continue
    return found
