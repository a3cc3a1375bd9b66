"""From old versions of a document to the one that is in use (docs/adr/0041-old-versions-are-read.md).

A step is a pure function from the JSON form of one version to that of the next. A document read through
steps keeps the hash of the bytes that it came in; a version without a path is a typed refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parley.terms.errors import SchemaVersionUnknown

Json = Mapping[str, Any]
Step = Callable[[Json], Json]

_STEPS: dict[tuple[str, int], Step] = {}


def register(schema: str, version: int) -> Callable[[Step], Step]:
    """Registers the step that makes version + 1 out of `version`. Each may be registered once."""

    def keep(step: Step) -> Step:
        if (schema, version) in _STEPS:
            raise ValueError(f"{schema} {version} has its step already")
        _STEPS[schema, version] = step
        return step

    return keep


def readable(schema: str, current: int) -> tuple[int, ...]:
    """The versions that can be read, oldest first: `current` and those with a path to it."""
    first = current
    while (schema, first - 1) in _STEPS:
        first -= 1
    return tuple(range(first, current + 1))


def check_readable(schema: str, version: int, current: int) -> None:
    """Raises `SchemaVersionUnknown` for a newer version, and for an old one without a path."""
    found = readable(schema, current)
    if version not in found:
        raise SchemaVersionUnknown(
            f"{schema} version {version} cannot be read here",
            document=schema,
            field="version",
            problem="unknown version",
            version=version,
            readable=list(found),
        )


def upgraded(value: Json, schema: str, current: int) -> Json:
    """`value`, which names its version, in the form of version `current`. Raises `SchemaVersionUnknown`."""
    version = value["version"]
    check_readable(schema, version, current)
    for step in range(version, current):
        value = {**_STEPS[schema, step](value), "version": step + 1}
    return value
