"""Raw rows into typed ones. A row that breaks the contract refuses the whole reading: a price list with a
hole is no price list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from parley.connectors.errors import RowInvalid, SourceTooLarge
from parley.connectors.snapshot import Row, Value
from parley.connectors.spec import SourceField, SourceSpec

_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_DECIMAL: Final = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?")
_MAX_AMOUNT: Final = 2**128 - 1
_MAX_TEXT: Final = 1_000
_MAX_TIME: Final = 2**53 - 1


def typed(spec: SourceSpec, rows: Iterable[Mapping[str, Any]]) -> dict[str, Row]:
    """The rows by key. Raw values are texts, as numbers were written, and booleans.

    Raises `RowInvalid`, also for a key that comes twice, and `SourceTooLarge`.
    """
    found: dict[str, Row] = {}
    for number, raw in enumerate(rows, 1):
        if number > spec.limits.max_rows:
            raise SourceTooLarge("The source has too many rows", source=spec.id, limit=spec.limits.max_rows)
        row = _row(spec, number, raw)
        key = str(row[spec.key])
        if key in found:
            raise _refused(spec, number, spec.key, "this key comes twice")
        found[key] = row
    return found


def _row(spec: SourceSpec, number: int, raw: Mapping[str, Any]) -> Row:
    row: dict[str, Value] = {}
    for field in spec.fields:
        given = raw.get(field.source)
        if given is None or given == "":
            if not field.optional:
                raise _refused(spec, number, field.name, "it is missing")
            continue
        try:
            row[field.name] = _value(field, given)
        except ValueError as error:
            raise _refused(spec, number, field.name, str(error)) from None
    return row


def _refused(spec: SourceSpec, number: int, field: str, problem: str) -> RowInvalid:
    return RowInvalid(
        f"row {number}, {field}: {problem}", source=spec.id, row=number, field=field, problem=problem
    )


def _value(field: SourceField, given: Any) -> Value:
    if field.type == "boolean":
        if given in (True, "true"):
            return True
        if given in (False, "false"):
            return False
        raise ValueError("not true or false")
    if not isinstance(given, str):
        raise ValueError(f"not {field.type}")
    if field.type == "integer":
        return _integer(given)
    if field.type == "amount":
        return _amount(given, field.decimals)
    if field.type == "time":
        return _time(given)
    return _text(given)


def _integer(given: str) -> int:
    if _INTEGER.fullmatch(given) is None:
        raise ValueError("not an integer of up to 15 digits")
    return int(given)


def _amount(given: str, decimals: int) -> int:
    """Base units of a decimal text, exactly: what would have to be rounded is refused."""
    found = _DECIMAL.fullmatch(given)
    if found is None:
        raise ValueError("not a decimal number, such as 12.50")
    fraction = (found[2] or "").rstrip("0")
    if len(fraction) > decimals:
        raise ValueError(f"more than {decimals} decimal places")
    amount = int(found[1] + fraction.ljust(decimals, "0"))
    if amount > _MAX_AMOUNT:
        raise ValueError("too large for an amount")
    return amount


def _time(given: str) -> int:
    if given.isascii() and given.isdecimal():
        if len(given) > 16 or int(given) > _MAX_TIME:
            raise ValueError("not a time")
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("not unix seconds or ISO 8601") from None
    if moment.tzinfo is None:
        raise ValueError("a time without its offset from UTC")
    return max(0, int(moment.timestamp()))


def _text(given: str) -> str:
    try:
        given.encode()
    except UnicodeEncodeError:
        raise ValueError("not Unicode text") from None
    if len(given) > _MAX_TEXT or "\0" in given:
        raise ValueError(f"not a text of up to {_MAX_TEXT} characters")
    return given
