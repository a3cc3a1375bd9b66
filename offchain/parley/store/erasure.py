"""Erasing: what is private in events, from the tables and from the files they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from parley.store import schema
from parley.store.errors import translate
from parley.store.models import ANY, NewEvent
from parley.store.transaction import Transaction


def erase_in(
    transaction: Transaction,
    streams: Sequence[str],
    positions: Sequence[int],
    stream: str,
    record: NewEvent,
) -> int:
    """Erases inside one transaction and appends `record` to `stream`; how many events lost something."""
    events, keys = schema.events, schema.idempotency
    erased = transaction.execute(
        sa.update(events)
        .where(
            sa.or_(events.c.stream.in_(streams), events.c.position.in_(positions)),
            events.c.private.is_not(None),
        )
        .values(private=None)
    ).rowcount
    # A fingerprint is a hash without a salt: what it stands for could be guessed from it.
    transaction.execute(sa.delete(keys).where(keys.c.stream.in_(streams)))
    transaction.append(stream, ANY, (record,))
    return int(erased)


def compact(engine: Engine, *, whole: bool) -> bool:
    """See `EventStore.compact`."""
    raw: Any = engine.raw_connection()
    try:
        if engine.dialect.name == "postgresql":
            raw.rollback()
            raw.driver_connection.autocommit = True
            try:
                raw.cursor().execute(f"VACUUM {'FULL' if whole else ''} events")
            finally:
                raw.driver_connection.autocommit = False
            return True
        cursor = raw.cursor()
        if whole:
            cursor.execute("VACUUM")
        return int(cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]) == 0
    except Exception as error:
        known = translate(error)
        if known is None or known is error:
            raise
        raise known from error
    finally:
        raw.close()
