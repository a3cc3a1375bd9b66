"""Text form of stored JSON and the hash chain over it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

from parley.store.errors import EventInvalid, StoreCorrupt

MAX_DATA: Final = 4 * 1024 * 1024
"""Largest JSON text of one event, document or payload, in bytes."""

_OPTIONS: Final = orjson.OPT_SORT_KEYS


def _check(value: Any, where: str) -> None:
    """Refuse floats (their text differs between implementations) and keys that are not text."""
    if isinstance(value, float):
        raise EventInvalid("Stored JSON has no floats.", at=where)
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise EventInvalid("Keys of stored JSON are text.", at=where)
            if isinstance(item, (dict, list, tuple, float)):
                _check(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if isinstance(item, (dict, list, tuple, float)):
                _check(item, f"{where}[{index}]")


def _plain(value: dict[str, Any]) -> bool:
    """Whether all that is in it is of the very types that JSON has here, and no float; keys were seen to."""
    waiting: list[Any] = [value]
    for container in waiting:
        for item in container.values() if type(container) is dict else container:
            kind = type(item)
            if kind is dict or kind is list or kind is tuple:
                waiting.append(item)
            elif kind is not str and not isinstance(item, (str, int)) and item is not None:
                return False
    return True


def encode(value: Mapping[str, Any], where: str, *, plain: bool = False) -> str:
    """Sorted, compact JSON of an object; `plain` says that it is known to hold no floats.

    Raises `EventInvalid` for floats, integers beyond 64 bits, anything that is not JSON, and more than
    `MAX_DATA` bytes.
    """
    body = value if isinstance(value, dict) else dict(value)
    try:
        text = orjson.dumps(body, option=_OPTIONS)
    except (TypeError, ValueError, RecursionError) as error:
        with contextlib.suppress(RecursionError):
            _check(body, where)
        raise EventInvalid("The value is not JSON that can be stored.", at=where, reason=str(error)) from None
    if not plain and not _plain(body):
        _check(body, where)
    if len(text) > MAX_DATA:
        raise EventInvalid("The value is too large to store.", at=where, size=len(text), maximum=MAX_DATA)
    return text.decode()


def decode(text: str) -> dict[str, Any]:
    """The object of a stored text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise StoreCorrupt("A stored text is not JSON.", text=text[:100]) from None
    if not isinstance(value, dict):
        raise StoreCorrupt("A stored text is not an object.", text=text[:100])
    return value


def chain(previous: str, stream: str, sequence: int, kind: str, recorded_at: int, data: str) -> str:
    """Hash of an event over its predecessor: SHA-256 of `previous`, the length-prefixed header and the
    data.
    """
    header = orjson.dumps([stream, sequence, kind, recorded_at])
    digest = hashlib.sha256(bytes.fromhex(previous[2:]))
    digest.update(len(header).to_bytes(8, "big"))
    digest.update(header)
    digest.update(data.encode())
    return "0x" + digest.hexdigest()


def fingerprint(stream: str, items: list[tuple[str, str]]) -> str:
    """What an idempotency key stands for: SHA-256 of the stream and the (kind, data text) of every event, in
    hex.
    """
    return hashlib.sha256(orjson.dumps([stream, items])).hexdigest()
