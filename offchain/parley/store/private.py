"""Values kept apart from their event, so that they can be erased while the hash chain still verifies.

The text of the event holds, under `~`, the paths of what was taken out and the SHA-256 of the private text;
the private text holds the values and 128 random bits, without which a few possible prices could be tried
against the hash.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from parley.store.codec import decode, encode
from parley.store.errors import EventInvalid, StoreCorrupt
from parley.store.models import StoredEvent

MARK: Final = "~"
SALT_BYTES: Final = 16


def parted(
    data: Mapping[str, Any], paths: Sequence[str], where: str, *, plain: bool = False
) -> tuple[dict[str, Any], str | None]:
    """`data` without the values at `paths`, but with their hash; and the private text, None where none of
    the paths is in `data`.

    Raises `EventInvalid` for values that cannot be stored and for data that uses the reserved key.
    """
    if MARK in data:
        raise EventInvalid("The key is reserved.", at=where, key=MARK)
    public = dict(data)
    taken = {path: value for path in paths if (value := _take(public, path.split("."))) is not None}
    if not taken:
        return public, None
    text = encode({"salt": secrets.token_hex(SALT_BYTES), "values": taken}, where, plain=plain)
    public[MARK] = {"paths": sorted(taken), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    return public, text


def _take(inside: dict[str, Any], steps: list[str]) -> Any:
    """Removes and returns the value at `steps`, copying what is changed on the way."""
    for step in steps[:-1]:
        below = inside.get(step)
        if not isinstance(below, dict):
            return None
        inside[step] = inside = dict(below)
    return inside.pop(steps[-1], None)


def joined(data: dict[str, Any], private: str | None) -> tuple[dict[str, Any], bool]:
    """`data` as it was appended, and whether something was erased from it since."""
    mark = data.pop(MARK, None)
    if mark is None:
        return data, False
    if private is None:
        return data, True
    for path, value in decode(private)["values"].items():
        inside, steps = data, path.split(".")
        for step in steps[:-1]:
            inside = inside[step]
        inside[steps[-1]] = value
    return data, False


def check_private(text: str, private: str | None, event: StoredEvent) -> None:
    """Raises `StoreCorrupt` unless the private text is the one whose hash stands in the event's text. One
    that is gone is not an error: that is what erasing does.
    """
    if private is None:
        return
    mark = orjson.loads(text).get(MARK)
    found = hashlib.sha256(private.encode()).hexdigest()
    if mark is None or mark["sha256"] != found:
        raise StoreCorrupt(
            "What was kept apart from an event is not what was appended.",
            stream=event.stream,
            sequence=event.sequence,
            computed=found,
        )
