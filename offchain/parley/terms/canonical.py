"""The strict JSON profile and its canonical bytes (RFC 8785 restricted by docs/spec.md section 1).

Inside the profile (ASCII keys, no floats, integers within ±(2^53 - 1)) orjson with sorted keys writes
exactly what RFC 8785 asks for; a property test compares it with an independent implementation.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

import orjson

from parley.terms.errors import DocumentTooLarge, JsonInvalid
from parley.terms.values import MAX_SAFE_INTEGER, Hash32, keccak

MAX_DEPTH: Final = 16
MAX_BYTES: Final = 1 << 20
"""Largest single document, bytes; bundles have a limit of their own."""

_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def check_profile(value: Any, max_depth: int = MAX_DEPTH) -> None:
    """Raises `JsonInvalid` unless `value` holds only what the profile allows. Depth counts objects and
    lists.
    """
    level: list[Any] = [value]
    depth = 0
    while level:
        deeper: list[Any] = []
        containers = False
        for item in level:
            kind = type(item)
            if kind is str:
                continue
            if isinstance(item, dict):
                containers = True
                _check_keys(item)
                deeper += item.values()
            elif isinstance(item, list | tuple):
                containers = True
                deeper += item
            elif kind is not int or not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                _check_scalar(item)
        depth += containers
        if depth > max_depth:
            raise JsonInvalid(f"nested deeper than {max_depth} levels", limit=max_depth)
        level = deeper


def _check_keys(item: dict[Any, Any]) -> None:
    try:
        ascii_only = "".join(item).isascii()
    except TypeError:
        ascii_only = False
    if not ascii_only:
        raise JsonInvalid("object keys must be ASCII strings")


def _check_scalar(item: Any) -> None:
    if item is None or isinstance(item, bool | str):
        return
    if isinstance(item, float):
        raise JsonInvalid("floating-point numbers are not allowed", value=str(item))
    if type(item) is not int:
        raise JsonInvalid("not a JSON value", kind=type(item).__name__)
    if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
        raise JsonInvalid("integer outside ±(2^53 - 1); send it as a string", value=str(item)[:80])


def loads_unique(raw: bytes | str, max_bytes: int = MAX_BYTES) -> Any:
    """Parsed JSON without duplicate keys, exponents, signed zeros or BOM. Depth, keys and floats are still
    unchecked.

    Raises `JsonInvalid`, `DocumentTooLarge`.
    """
    if isinstance(raw, str):
        try:
            raw = raw.encode()
        except UnicodeEncodeError:
            raise JsonInvalid("text holds a lone surrogate") from None
    if len(raw) > max_bytes:
        raise DocumentTooLarge("document too large", size=len(raw), limit=max_bytes)
    try:
        value = orjson.loads(raw)
        # Written again to the same bytes, it cannot have had duplicate keys or numbers in another spelling.
        # White space between tokens says nothing, and what is left of texts without theirs is compared too.
        if raw.translate(None, _WHITE) == orjson.dumps(value).translate(None, _WHITE):
            return value
        if _has_no_duplicates(raw, value):
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise JsonInvalid(f"not valid JSON: {error}") from None
    return _loads_slowly(raw)


def parse_json(raw: bytes | str, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The JSON value of `raw`, wholly inside the profile. Raises `JsonInvalid`, `DocumentTooLarge`."""
    value = loads_unique(raw, max_bytes)
    check_profile(value, max_depth)
    return value


def canonical_bytes(value: Any, max_depth: int = MAX_DEPTH) -> bytes:
    """RFC 8785 bytes of a JSON value inside the profile. Raises `JsonInvalid`."""
    check_profile(value, max_depth)
    return dump_canonical(value)


def dump_canonical(value: Any) -> bytes:
    """Canonical bytes of a value known to be inside the profile; lone surrogates are still refused."""
    try:
        return orjson.dumps(value, option=_SORTED)
    except orjson.JSONEncodeError as error:
        raise JsonInvalid(f"cannot be written as JSON: {error}") from None


def document_hash(value: Any) -> Hash32:
    """Keccak-256 of the canonical bytes. Raises `JsonInvalid`."""
    return Hash32.of(keccak(canonical_bytes(value)))


_WHITE: Final = b" \t\n\r"
_UNSURE: Final = (b" :", b"\n:", b"\t:", b"\r:", b"-0")


def _has_no_duplicates(raw: bytes, value: Any) -> bool:
    """True only if no key occurs twice; False when that needs a closer look.

    Every key is followed by `":`, when no white space stands before a colon. So there are at least as many
    of these as keys were written, and as many keys were written as are left in the value or more. Minus
    zero is looked at closely too.
    """
    for mark in _UNSURE:
        if mark in raw:
            return False
    keys = 0
    rest = [value]
    while rest:
        item = rest.pop()
        kind = type(item)
        if kind is dict:
            keys += len(item)
            rest += item.values()
        elif kind is list:
            rest += item
    return keys == raw.count(b'":')


def _loads_slowly(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_int=_plain_integer,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:
        raise JsonInvalid(f"not valid JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonInvalid("duplicate key", key=key[:80])
            seen.add(key)
    return found


def _no_float(text: str) -> NoReturn:
    raise JsonInvalid("floats, exponents, NaN and infinities are not allowed", value=text[:80])


def _plain_integer(text: str) -> int:
    if len(text) > 17 or text == "-0":
        raise JsonInvalid("integer outside ±(2^53 - 1); send it as a string", value=text[:80])
    return int(text)
