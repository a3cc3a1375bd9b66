"""Reads fields out of plain trees, each with the place that an error names."""

from __future__ import annotations

from typing import Any

from parley.interop.errors import SourceMalformed


def as_object(value: Any, at: str) -> dict[str, Any]:
    """`value`, if it is an object. Raises `SourceMalformed`."""
    if not isinstance(value, dict):
        raise SourceMalformed("An object is expected here", at=at, problem="not an object")
    return value


def as_list(value: Any, at: str) -> list[Any]:
    """`value`, if it is a list. Raises `SourceMalformed`."""
    if not isinstance(value, list):
        raise SourceMalformed("A list is expected here", at=at, problem="not a list")
    return value


def as_text(value: Any, at: str) -> str:
    """`value`, if it is a text. Raises `SourceMalformed`."""
    if not isinstance(value, str):
        raise SourceMalformed("A text is expected here", at=at, problem="not a text")
    return value


def field(value: dict[str, Any], name: str, at: str) -> Any:
    """A field that has to be there. Raises `SourceMalformed`."""
    if name not in value:
        raise SourceMalformed("A field is missing", at=f"{at}.{name}".lstrip("."), problem="missing")
    return value[name]
