"""Stores with a past: negotiations written in bulk, in the very form that a gateway writes them in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parley.gateway.governance.gate import decision_stream
from parley.gateway.live import stream_of
from parley.store import schema
from parley.store.codec import chain, encode
from parley.store.models import ZERO_CHAIN, NegotiationRow, NewEvent
from parley.store.private import parted
from parley.store.rows import values_of
from parley.store.service import EventStore
from parley.terms.values import Address, Hash32, keccak

LENGTH = 50
"""Messages of each negotiation; with a decision on each, so that there are twice as many events."""
NOW = 1_800_000_000
PARTIES = (("buyer", Address("0x" + "b0" * 20)), ("seller", Address("0x" + "5e" * 20)))


def negotiation(number: int) -> Hash32:
    """The id of a negotiation of the past."""
    return Hash32.of(keccak(b"old negotiation %d" % number))


def seeded(path: Path, negotiations: int, message: NewEvent, decision: NewEvent) -> EventStore:
    """An open store that holds so many negotiations, one after the other, by the same two parties, each made
    of these two events over and over.
    """
    EventStore.open(f"sqlite:///{path}").close()  # the schema is made by its migrations
    database = sqlite3.connect(path, isolation_level=None)
    # What is lost when this is cut short is made again.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN")
    rows = _events(negotiations, _texts(message), _texts(decision))
    marks = ", ".join("?" * len(schema.events.columns))
    database.executemany(f"INSERT INTO events VALUES ({marks})", rows)  # noqa: S608 - question marks
    for number in range(negotiations):
        for table, _, values in values_of(_row(number), (number + 1) * 2 * LENGTH * 1_024):
            names, places = ", ".join(values), ", ".join("?" * len(values))
            database.execute(
                f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - our own names
                tuple(values.values()),
            )
    database.execute("COMMIT")
    database.close()
    with path.open("rb") as written:
        os.fsync(written)  # so that nobody who is measured waits for these
    return EventStore.open(f"sqlite:///{path}")


Texts = tuple[str, str, str | None]
"""Kind, text and private text of an event."""


def _texts(event: NewEvent) -> Texts:
    public, private = parted(event.data, event.private, "seed")
    return event.kind, encode(public, "seed"), private


def _events(negotiations: int, message: Texts, decision: Texts) -> Iterator[tuple[Any, ...]]:
    position = 0
    for number in range(negotiations):
        name = negotiation(number)
        said, decided = (stream_of(name), ZERO_CHAIN), (decision_stream(name), ZERO_CHAIN)
        for sequence in range(LENGTH):
            after = []
            for (stream, before), (kind, text, private) in ((said, message), (decided, decision)):
                position += 1
                found = chain(before, stream, sequence, kind, NOW, text)
                after.append((stream, found))
                yield (position, stream, sequence, kind, text, NOW, found, private)
            said, decided = after


def _row(number: int) -> NegotiationRow:
    return NegotiationRow(
        id=negotiation(number),
        domain=Hash32.of(keccak(b"old domain")),
        status="counter",
        held=False,
        messages=1,
        opened_at=NOW,
        deadline=NOW + 86_400,
        updated_at=NOW,
        parties=PARTIES,
    )
