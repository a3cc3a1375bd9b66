"""Strategies as they are written on a command line: `name`, or `name:param=value,param=value`."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from parley.negotiation.strategies import STRATEGIES, Strategy, make_strategy
from parley.sandbox.errors import StrategyUnreadable

MAX_TEXT = 4_096


def strategy_of(text: str) -> Strategy:
    """The strategy that `text` names. A value is JSON (`0.5` is refused by the schema where an integer is
    wanted); where the schema wants a text, what is written is taken as it is.

    Raises `StrategyUnreadable` for a text of another form, `StrategyUnknown` for a name or parameters that
    do not exist.
    """
    if len(text) > MAX_TEXT:
        raise StrategyUnreadable("The strategy is too long", strategy=text[:80], problem="length")
    name, colon, rest = text.partition(":")
    if not colon:
        return make_strategy(name)
    if not rest:
        raise StrategyUnreadable("Nothing follows the colon", strategy=text[:80], problem="parameters")
    return make_strategy(name, params_of(rest, _texts(name)))


def params_of(text: str, texts: Collection[str] = ()) -> dict[str, Any]:
    """Parameters as they are written; those named in `texts` are taken as texts. Raises
    `StrategyUnreadable`.
    """
    params: dict[str, Any] = {}
    for part in _parts(text):
        key, equals, value = part.partition("=")
        if not equals or not key or key in params:
            raise StrategyUnreadable(
                "A parameter is written once as name=value", strategy=text[:80], problem=part[:80]
            )
        params[key] = value if key in texts else _value(value)
    return params


def _texts(name: str) -> set[str]:
    """The parameters whose JSON form is a string: names and amounts."""
    known = STRATEGIES.get(name)
    if known is None:
        return set()
    properties = known[1].model_json_schema().get("properties", {})
    return {key for key, schema in properties.items() if schema.get("type") == "string"}


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _parts(text: str) -> list[str]:
    """Split at commas outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(text):
        if character == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
