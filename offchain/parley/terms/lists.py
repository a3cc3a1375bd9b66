"""Immutable sequences and mappings of documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from parley.terms.canonical import check_profile

T = TypeVar("T")


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list")
    return tuple(value)


def _profiled(value: Mapping[str, Any]) -> Mapping[str, Any]:
    check_profile(dict(value))
    return value


def _text(value: str) -> str:
    value.encode()
    return value


Many = Annotated[tuple[T, ...], BeforeValidator(_listed)]
"""A JSON list, a tuple in Python."""

Text = Annotated[str, AfterValidator(_text)]
"""Unicode text without lone surrogates: data, never parsed for terms."""

ShortText = Annotated[str, Field(max_length=256), AfterValidator(_text)]

Texts = Many[Text]

JsonObject = Annotated[Mapping[str, Any], AfterValidator(_profiled)]
"""An object of somebody else's schema, inside the JSON profile."""
