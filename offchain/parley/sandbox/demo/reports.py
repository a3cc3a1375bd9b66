"""What the agents' processes say: one JSON object a line, read as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson


class Reports:
    """Follows the output of several processes, each line once, whole lines only."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._offsets = dict.fromkeys(files, 0)

    def new(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(process, report) of every line since the last call; lines that are no reports are left out."""
        for name, path in self._files.items():
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._offsets[name])
                data = file.read()
            whole = data.rfind(b"\n") + 1
            self._offsets[name] += whole
            for line in data[:whole].splitlines():
                report = _report(line)
                if report is not None:
                    yield name, report


def _report(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and "kind" in found else None
