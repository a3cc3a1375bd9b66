"""What happens inside one write transaction: appends, documents, outbox and read models, all kept or none.

Several writes share a transaction (group commit). Rows are gathered and inserted together by `flush`;
sequences, positions and hash chains are computed here, so a conflict is found before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Executable

from parley.store import rows as mapping
from parley.store import schema
from parley.store.codec import chain, encode, fingerprint
from parley.store.errors import (
    EventInvalid,
    IdempotencyMismatch,
    LeaseLost,
    SequenceConflict,
    StandingMoved,
)
from parley.store.models import (
    ANY,
    ZERO_CHAIN,
    AppendResult,
    DocumentPut,
    Lease,
    NewEvent,
    NewOutbox,
    Row,
    StoredEvent,
)
from parley.store.private import parted
from parley.store.statements import Compiled, Statement, insert_of, parameter

_MAX_STREAM: Final = 200
_MAX_KIND: Final = 64
_HEADS: Final = 50_000
_ROWS: Final = 1_024

_LEASE: Final = Statement(
    sa.select(schema.leases.c.holder, schema.leases.c.token).where(schema.leases.c.name == parameter("name"))
)

Texts = tuple[str, str, str | None]
"""Kind, the JSON text that the chain covers, and the text kept apart."""


def _texts(stream: str, events: Sequence[NewEvent]) -> list[Texts]:
    """Kind, JSON text and private text of every event, checked."""
    if not 0 < len(stream) <= _MAX_STREAM:
        raise EventInvalid("A stream's name has 1 to 200 characters.", stream=stream[:300])
    if not events:
        raise EventInvalid("An append has at least one event.", stream=stream)
    for event in events:
        if not 0 < len(event.kind) <= _MAX_KIND:
            raise EventInvalid(
                "An event's kind has 1 to 64 characters.", stream=stream, kind=event.kind[:100]
            )
    return [_text(event, f"{stream}:{event.kind}") for event in events]


def _text(event: NewEvent, where: str) -> Texts:
    plain = event.plain
    if not event.private:
        return event.kind, encode(event.data, where, plain=plain), None
    public, private = parted(event.data, event.private, where, plain=plain)
    return event.kind, encode(public, where, plain=plain), private


def _names(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns]


class Statements:
    """The compiled statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        event, key = schema.events, schema.idempotency
        name = dialect.name
        self.insert_event = insert_of(event, dialect)
        self.insert_key = insert_of(key, dialect)
        self.head = Compiled(
            sa.select(event.c.sequence, event.c.stream_hash)
            .where(event.c.stream == sa.bindparam("stream", type_=sa.String))
            .order_by(event.c.sequence.desc())
            .limit(1),
            dialect,
        )
        self.last_position = Compiled(sa.select(sa.func.coalesce(sa.func.max(event.c.position), 0)), dialect)
        self.insert_document = Compiled(
            schema.insert_new(name, schema.documents), dialect, _names(schema.documents)
        )
        self.insert_outbox = Compiled(
            schema.insert_new(name, schema.outbox), dialect, [c for c in _names(schema.outbox) if c != "id"]
        )
        self.upserts = {
            table.name: Compiled(schema.upsert(name, table, keep), dialect, _names(table))
            for table, keep in mapping.READ_MODELS.items()
        }
        self.find_key = Compiled(
            sa.select(key.c.fingerprint, key.c.stream, key.c.first_sequence, key.c.last_sequence).where(
                key.c.key == sa.bindparam("key", type_=sa.String)
            ),
            dialect,
        )
        self.read_range = Compiled(
            sa.select(event)
            .where(event.c.stream == sa.bindparam("stream", type_=sa.String))
            .where(event.c.sequence.between(sa.bindparam("first"), sa.bindparam("last")))
            .order_by(event.c.sequence),
            dialect,
        )


class Heads:
    """Last sequence and hash of recently written streams, and the last position with its hash. Valid while
    nobody else commits.
    """

    def __init__(self) -> None:
        self.streams: dict[str, tuple[int, str]] = {}
        self.position: int | None = None
        self.newest = ""

    def clear(self) -> None:
        self.streams.clear()
        self.position = None
        self.newest = ""

    def follow(self, rows: Sequence[tuple[int, str, int, str]]) -> None:
        """Takes in events from the one at `position` on, each as position, stream, sequence and hash. Where
        that one is not what it was, nothing known is true of this database.
        """
        if not rows or (rows[0][0], rows[0][3]) != (self.position, self.newest):
            self.clear()
            return
        for position, stream, sequence, stream_hash in rows[1:]:
            if stream in self.streams:
                self.streams[stream] = (sequence, stream_hash)
            self.position, self.newest = position, stream_hash

    def put(self, stream: str, sequence: int, stream_hash: str) -> None:
        if len(self.streams) >= _HEADS:
            self.streams.pop(next(iter(self.streams)))
        self.streams[stream] = (sequence, stream_hash)


class Transaction:
    """One open write transaction. Handed to `EventStore.transact`; never kept beyond the call."""

    def __init__(
        self, connection: sa.Connection, cursor: Any, statements: Statements, heads: Heads, now: int
    ) -> None:
        self._connection = connection
        self._cursor = cursor
        self._sql = statements
        self._heads = heads
        self.now = now
        self.news = False  # whether others may wait for what is written; a lease that is kept is no news
        self._rows = 0
        self._events: list[tuple[Any, ...]] = []
        self._keys: list[dict[str, Any]] = []
        self._seen: dict[str, tuple[str, AppendResult]] = {}
        self._upserts: dict[tuple[str, ...], tuple[Compiled, dict[str, Any]]] = {}

    # ------------------------------------------------------------------ events

    def append(
        self,
        stream: str,
        expected_sequence: int,
        events: Sequence[NewEvent],
        *,
        outbox: Iterable[NewOutbox] = (),
        documents: Iterable[DocumentPut] = (),
        rows: Iterable[Row] = (),
        beside: Iterable[tuple[str, Sequence[NewEvent]]] = (),
        standing: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
    ) -> AppendResult:
        """Append events whose first gets `expected_sequence` (`ANY`: the next one, whatever it is).

        `beside` are events for the end of other streams, kept with these or not at all; `standing` are
        streams that must still have this many events. Raises `EventInvalid`, `SequenceConflict`,
        `StandingMoved`, `IdempotencyMismatch`; each before anything is written.
        """
        texts = _texts(stream, events)
        others = [(other, more, _texts(other, more)) for other, more in beside]
        puts = [(put, encode(put.body, f"{put.kind}:{put.key}")) for put in documents]
        work = [(item, encode(item.payload, f"{item.topic}:{item.key}")) for item in outbox]
        mark = ""
        if idempotency_key is not None:
            mark = fingerprint(
                stream, [(event.kind, encode(event.data, stream)) for event in events]
            )  # private texts are salted anew each time
            known = self._known(idempotency_key, mark)
            if known is not None:
                return known
        sequence = self._head(stream)[0]
        if expected_sequence not in (ANY, sequence + 1):
            raise SequenceConflict(
                "The stream has moved on.", stream=stream, expected=expected_sequence, actual=sequence + 1
            )
        for other, length in (standing or {}).items():
            actual = self._head(other)[0] + 1
            if actual != length:
                raise StandingMoved(
                    "What was decided on has changed.", stream=other, expected=length, actual=actual
                )
        changed = [item for row in rows for item in mapping.values_of(row, self._place(len(events)))]
        # Nothing below this line can be refused.
        result = AppendResult(self._extend(stream, events, texts))
        for other, more, more_texts in others:
            self._extend(other, more, more_texts)
        if idempotency_key is not None:
            self._remember(idempotency_key, mark, result)
        for put, text in puts:
            self._put_document(put, text)
        for item, text in work:
            self._put_outbox(item, text)
        for table, key, values in changed:
            self._gather(self._sql.upserts[table], (table, *key), values)
        return result

    def _extend(
        self, stream: str, events: Sequence[NewEvent], texts: Sequence[Texts]
    ) -> tuple[StoredEvent, ...]:
        sequence, previous = self._head(stream)
        position = self._position()
        self.news = True
        stored: list[StoredEvent] = []
        for event, (kind, text, private) in zip(events, texts, strict=True):
            sequence, position = sequence + 1, position + 1
            previous = chain(previous, stream, sequence, kind, self.now, text)
            stored.append(StoredEvent(position, stream, sequence, kind, event.data, self.now, previous))
            self._events.append(
                (position, stream, sequence, kind, text, self.now, previous, private)  # the table's columns
            )
        self._heads.put(stream, sequence, previous)
        self._heads.position, self._heads.newest = position, previous
        return tuple(stored)

    def _head(self, stream: str) -> tuple[int, str]:
        found = self._heads.streams.get(stream)
        if found is None:
            row = self._sql.head.one(self._cursor, {"stream": stream})
            found = (-1, ZERO_CHAIN) if row is None else (int(row[0]), str(row[1]))
            self._heads.put(stream, *found)
        return found

    def _position(self) -> int:
        if self._heads.position is None:
            row = self._sql.last_position.one(self._cursor, {})
            self._heads.position = int(row[0]) if row is not None else 0
        return self._heads.position

    def _place(self, ahead: int = 0) -> int:
        """A cursor for a new row of a read model: in the order of events, and different for the rows of one
        append, so that no page ends between two that compare equal.
        """
        self._rows += 1
        return (self._position() + ahead) * _ROWS + self._rows % _ROWS

    def _known(self, key: str, mark: str) -> AppendResult | None:
        if not 0 < len(key) <= _MAX_STREAM:
            raise EventInvalid("An idempotency key has 1 to 200 characters.", key=key[:300])
        if key in self._seen:
            held, result = self._seen[key]
            events = result.events
        else:
            row = self._sql.find_key.one(self._cursor, {"key": key})
            if row is None:
                return None
            held = str(row[0])
            found = self._sql.read_range.all(
                self._cursor, {"stream": row[1], "first": row[2], "last": row[3]}
            )
            events = tuple(mapping.event_of(item) for item in found)
        if held != mark:
            raise IdempotencyMismatch("The idempotency key was used for something else.", key=key)
        return AppendResult(events, duplicate=True)

    def _remember(self, key: str, mark: str, result: AppendResult) -> None:
        self._seen[key] = (mark, result)
        self._keys.append(
            {
                "key": key,
                "fingerprint": mark,
                "stream": result.first.stream,
                "first_sequence": result.first.sequence,
                "last_sequence": result.last.sequence,
            }
        )

    # ------------------------------------------------- documents, outbox, rows

    def put_document(self, put: DocumentPut) -> None:
        """Keep a document; an existing one under the same key stays."""
        self._put_document(put, encode(put.body, f"{put.kind}:{put.key}"))

    def _put_document(self, put: DocumentPut, text: str) -> None:
        values = {"kind": put.kind, "key": put.key, "body": text, "stored_at": self.now}
        self._gather(self._sql.insert_document, ("documents", put.kind, put.key), values, first=True)

    def put_outbox(self, item: NewOutbox) -> None:
        """Add outbox work; an item with the same topic and key stays as it is."""
        self._put_outbox(item, encode(item.payload, f"{item.topic}:{item.key}"))

    def _put_outbox(self, item: NewOutbox, text: str) -> None:
        values = {
            "topic": item.topic,
            "key": item.key,
            "payload": text,
            "created_at": self.now,
            "not_before": 0,
            "attempts": 0,
            "error": None,
            "done_at": None,
        }
        self._gather(self._sql.insert_outbox, ("outbox", item.topic, item.key), values, first=True)

    def put_row(self, row: Row) -> None:
        """Insert or replace a row of a read model. Its cursor `position` is the one it was first inserted
        at.
        """
        for table, key, values in mapping.values_of(row, self._place()):
            self._gather(self._sql.upserts[table], (table, *key), values)

    def _gather(
        self, statement: Compiled, key: tuple[str, ...], values: dict[str, Any], *, first: bool = False
    ) -> None:
        if first and key in self._upserts:
            return
        self.news = True
        self._upserts[key] = (statement, values)

    # ------------------------------------------------------------------ leases

    def require_lease(self, lease: Lease) -> None:
        """Raises `LeaseLost` unless nobody else has taken the lease since. An expired lease that nobody
        took is still good: the token is what counts, not the clock.
        """
        found = self.ask(_LEASE, name=lease.name)
        held = found[0] if found else None
        if held is None or int(held.token) != lease.token:
            holder = None if held is None else str(held.holder)
            raise LeaseLost("The lease was taken over.", lease=lease.name, token=lease.token, holder=holder)

    # ---------------------------------------------------------------- free use

    def execute(self, statement: Executable, values: Any = None) -> sa.CursorResult[Any]:
        """Run any SQLAlchemy statement after everything gathered so far."""
        self.flush()
        result: Any = self._connection.execute(statement, values)
        return result  # type: ignore[no-any-return]

    def ask(self, statement: Statement, **values: Any) -> list[Any]:
        """The rows of a select that is asked often, after everything gathered so far."""
        self.flush()
        found = statement.on(self._connection.dialect).all(self._cursor, values)
        return statement.rows(found)

    def run(self, statement: Statement, **values: Any) -> int:
        """Run a statement that is run often, after everything gathered so far; how many rows it changed."""
        self.flush()
        return statement.on(self._connection.dialect).count(self._cursor, values)

    def flush(self) -> None:
        """Write what was gathered."""
        events, keys, upserts = self._events, self._keys, self._upserts
        self._events, self._keys, self._upserts = [], [], {}
        self._sql.insert_event.run_rows(self._cursor, events)
        self._sql.insert_key.run_many(self._cursor, keys)
        for statement, values in upserts.values():
            statement.run(self._cursor, values)

    def mark(self) -> dict[str, tuple[str, AppendResult]]:
        """Writes what was gathered and sets a mark; what `restore` needs to forget everything after it."""
        self.flush()
        self._cursor.execute("SAVEPOINT member")
        return dict(self._seen)

    def release(self) -> None:
        """Keep what was done since `mark`."""
        self._cursor.execute("RELEASE SAVEPOINT member")

    def restore(self, mark: dict[str, tuple[str, AppendResult]]) -> None:
        """Undo and forget everything since `mark`."""
        self._cursor.execute("ROLLBACK TO SAVEPOINT member")
        self._cursor.execute("RELEASE SAVEPOINT member")
        self._events, self._keys, self._upserts, self._seen = [], [], {}, mark
        self._heads.clear()
