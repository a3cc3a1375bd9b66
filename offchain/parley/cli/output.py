"""How the command line shows errors and results."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import orjson

from parley.errors import ParleyError


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON object on standard output, for machines."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()


def print_failure(error: ParleyError) -> None:
    """What went wrong, with which values, and what to do, on standard error."""
    lines = [f"parley: {error.message} [{error.code}]"]
    lines += [f"  {key}: {value}" for key, value in error.values.items()]
    lines.append(f"  next: {error.next_action}")
    if error.retryable:
        lines.append("  the same command may succeed later")
    print("\n".join(lines), file=sys.stderr)
