"""Reading events: what is asked most, by prepared selects."""

from __future__ import annotations

import sqlalchemy as sa

from parley.store import schema
from parley.store.models import StoredEvent
from parley.store.reader import Reader, parameter
from parley.store.rows import event_of


class Events:
    """The events of one store."""

    def __init__(self, reader: Reader) -> None:
        table = schema.events
        stream, after, limit = (
            parameter("stream"),
            parameter("after", sa.Integer),
            parameter("limit", sa.Integer),
        )
        of_stream = sa.select(table).where(table.c.stream == stream, table.c.sequence > after)
        self._of_stream = reader.prepare(of_stream.order_by(table.c.sequence).limit(limit))
        of_all = sa.select(table).where(table.c.position > after)
        self._of_all = reader.prepare(of_all.order_by(table.c.position).limit(limit))
        newest = sa.select(table.c.sequence).where(table.c.stream == stream)
        self._newest = reader.prepare(newest.order_by(table.c.sequence.desc()).limit(1))
        self._last = reader.prepare(sa.select(sa.func.max(table.c.position).label("last")))

    def of_stream(self, stream: str, after: int, limit: int) -> list[StoredEvent]:
        """Those of a stream with a sequence above `after`, in order."""
        return [event_of(row) for row in self._of_stream.all(stream=stream, after=after, limit=limit)]

    def of_all(self, after: int, limit: int) -> list[StoredEvent]:
        """Those of all streams with a position above `after`, in order."""
        return [event_of(row) for row in self._of_all.all(after=after, limit=limit)]

    def length(self, stream: str) -> int:
        """How many a stream has."""
        found = self._newest.one(stream=stream)
        return 0 if found is None else int(found[0]) + 1

    def last_position(self) -> int:
        """Position of the newest; 0 where there is none."""
        found = self._last.one()
        return 0 if found is None or found[0] is None else int(found[0])
