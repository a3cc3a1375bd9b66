"""Reading the bytes of a source: a CSV file, or JSON over HTTP. Both bounded in size and, over HTTP, time."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from parley.connectors.addresses import resolve_now
from parley.connectors.errors import RowInvalid, SourceTooLarge, SourceUnreachable
from parley.connectors.spec import CsvLocation, HttpLocation, SourceSpec

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Read:
    """Bytes of a source, and when they are said to be from (unix seconds; None: nobody says)."""

    content: bytes
    dated_at: int | None
    place: str


def read_file(spec: SourceSpec, location: CsvLocation) -> Read:
    """Raises `SourceUnreachable` and `SourceTooLarge`."""
    try:
        with Path(location.path).open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise SourceUnreachable("It is not a file", source=spec.id, reason="not a regular file")
            content = file.read(spec.limits.max_size + 1)
    except OSError as error:
        raise SourceUnreachable(
            "The file cannot be read", source=spec.id, reason=error.strerror or str(error)
        ) from None
    if len(content) > spec.limits.max_size:
        raise SourceTooLarge("The file is too large", source=spec.id, limit=spec.limits.max_size)
    return Read(content, int(found.st_mtime), location.path)


def fetch(
    spec: SourceSpec,
    location: HttpLocation,
    *,
    environment: Mapping[str, str] = os.environ,
    transport: httpx.BaseTransport | None = None,
    monotonic: Monotonic = time.monotonic,
) -> Read:
    """The answer to a GET: to the address that was checked, redirects not followed, no proxy of the
    environment asked. Raises `SourceUnreachable`, `SourceTooLarge`, `TargetRefused`.
    """
    limits, end = spec.limits, monotonic() + spec.limits.timeout_seconds
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    if location.token_from is not None:
        token = environment.get(location.token_from)
        if not token:
            raise SourceUnreachable(
                "The token of the source is not set", source=spec.id, reason=f"set {location.token_from}"
            )
        headers["authorization"] = f"Bearer {token}"
    try:
        target = resolve_now(location.url, local=location.local)
        with (
            httpx.Client(
                timeout=limits.timeout_seconds, follow_redirects=False, trust_env=False, transport=transport
            ) as client,
            client.stream(
                "GET",
                target.url,
                headers={**headers, "host": target.host},
                extensions={"sni_hostname": target.name},
            ) as answer,
        ):
            if answer.status_code != 200:
                raise SourceUnreachable(
                    "The source did not answer with data",
                    source=spec.id,
                    reason=f"status {answer.status_code}",
                )
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise SourceUnreachable("The answer is packed", source=spec.id, reason="content-encoding")
            content = bytearray()
            for part in answer.iter_bytes():
                content += part
                if len(content) > limits.max_size:
                    raise SourceTooLarge("The answer is too large", source=spec.id, limit=limits.max_size)
                if monotonic() > end:
                    raise SourceUnreachable("The answer takes too long", source=spec.id, reason="timeout")
            return Read(bytes(content), _dated(answer), target.host)
    except (httpx.HTTPError, OSError) as error:
        raise SourceUnreachable(
            "The source cannot be reached", source=spec.id, reason=type(error).__name__
        ) from None


def _dated(answer: httpx.Response) -> int | None:
    """`Last-Modified`, if the source gives it."""
    found = answer.headers.get("last-modified")
    try:
        return None if found is None else int(parsedate_to_datetime(found).timestamp())
    except (ValueError, OverflowError):
        return None


def csv_rows(spec: SourceSpec, content: bytes) -> Iterator[Mapping[str, Any]]:
    """Rows by the names in the header. Raises `RowInvalid`."""
    try:
        text = content.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines, [])
        if len(set(header)) != len(header):
            raise _bad(spec, 0, "two columns have one name")
        for number, line in enumerate(lines, 1):
            if len(line) != len(header):
                raise _bad(spec, number, f"{len(line)} columns where the header has {len(header)}")
            yield dict(zip(header, line, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise _bad(spec, 0, str(error)[:200]) from None


def json_rows(spec: SourceSpec, content: bytes, path: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The objects of the list at `path`, numbers as they were written. Raises `RowInvalid`."""
    try:
        found = json.loads(
            content, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise _bad(spec, 0, f"not JSON: {str(error)[:150]}") from None
    for step in path:
        if not isinstance(found, dict) or step not in found:
            raise _bad(spec, 0, f"there is nothing at {step[:60]}")
        found = found[step]
    if not isinstance(found, list):
        raise _bad(spec, 0, "the rows are not a list")
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise _bad(spec, number, "not an object")
        yield row


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice in one object")
    return found


def _bad(spec: SourceSpec, number: int, problem: str) -> RowInvalid:
    return RowInvalid(
        f"row {number}: {problem}" if number else problem,
        source=spec.id,
        row=number,
        field="",
        problem=problem,
    )
