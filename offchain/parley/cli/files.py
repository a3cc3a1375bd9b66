"""Reading files that come from anywhere."""

from __future__ import annotations

from pathlib import Path

from parley.cli.errors import FileTooLarge, FileUnusable

MAX_BYTES = 128 * 1024 * 1024


def read_limited(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a file, pipe or device, as long as it has at most `limit` bytes: no more is ever read.

    Raises FileUnusable, FileTooLarge.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise FileUnusable("The file cannot be read.", path=str(path), reason=error.strerror) from None
    if len(content) > limit:
        raise FileTooLarge("The file is too large.", path=str(path), limit=limit)
    return content
