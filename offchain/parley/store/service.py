"""The event store: the only truth of what happened off-chain, and where every room's state outlives a
crash.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from parley.store import rows as mapping
from parley.store import schema
from parley.store.codec import chain
from parley.store.engine import make_engine, migrate, parse_url, require_revision, require_writable
from parley.store.erasure import compact, erase_in
from parley.store.errors import StoreConfig, translate
from parley.store.events import Events
from parley.store.leases import Leases
from parley.store.models import (
    ZERO_CHAIN,
    AppendResult,
    DocumentPut,
    Lease,
    NewEvent,
    NewOutbox,
    OutboxItem,
    Row,
    StoredEvent,
    check_chain,
)
from parley.store.private import check_private
from parley.store.reader import Reader
from parley.store.statements import Statement
from parley.store.transaction import Transaction
from parley.store.turns import REVISION
from parley.store.views import Deals, Documents, Negotiations, Sessions
from parley.store.wakeup import Listener
from parley.store.writer import Writer

_LOG = logging.getLogger("parley.store")
T = TypeVar("T")
_FENCE: contextvars.ContextVar[Lease | None] = contextvars.ContextVar("parley-store-fence", default=None)


def wall_clock() -> int:
    """Unix seconds."""
    return int(time.time())


class EventStore:
    """Append-only streams with a global order, an outbox, documents and read models, in one database.

    Safe to use from any thread. Writes go through one thread and are acknowledged only when they are durable;
    from asyncio use `append_async` with `asyncio.wrap_future`. Close it, or use it as a context manager.
    """

    def __init__(self, writing: Engine, reading: Engine, clock: Callable[[], int], revision: str) -> None:
        self._writing = writing
        self._revision = revision
        self._reading = reading
        self._clock = clock
        self.dialect = writing.dialect.name
        self._subscribers: list[Callable[[], None]] = []
        self._subscribing = threading.Lock()
        self._reader = Reader(reading)
        self._events = Events(self._reader)
        # On PostgreSQL every process hears every commit, its own included; on SQLite only its own.
        shared = self.dialect == "postgresql"
        self._listener = Listener(reading, self._wake) if shared else None
        self._writer = Writer(writing, clock, (lambda: None) if shared else self._wake, revision)
        self.documents = Documents(self._reader, self.transact)
        self.negotiations = Negotiations(self._reader)
        self.deals = Deals(self._reader)
        self.sessions = Sessions(self._reader, self.transact)
        self.leases = Leases(lambda work: self._writer.submit(work).result(), self._reader, clock)

    @classmethod
    def open(cls, url: str, *, busy_ms: int = 5000, clock: Callable[[], int] = wall_clock) -> EventStore:
        """Open a database, creating or migrating its schema.

        `url` is `sqlite:///path` (or a PostgreSQL URL); `busy_ms` how long another process's lock is waited
        for; `clock` gives the unix seconds of `recorded_at`. Raises `StoreConfig`, `StoreSchema`,
        `StoreCorrupt`, `StoreReadOnly`, `StoreBusy`, `StoreFull`.
        """
        parsed = parse_url(url)
        try:
            writing = make_engine(parsed, busy_ms=busy_ms, read_only=False)
            reading = make_engine(parsed, busy_ms=busy_ms, read_only=True)
        except ImportError as error:
            raise StoreConfig(
                "The driver of this database is not installed.", driver=str(error.name)
            ) from None
        try:
            revision = migrate(writing)
            require_writable(writing)
        except Exception as error:
            writing.dispose()
            known = translate(error)
            if known is None or known is error:
                raise
            raise known from error
        return cls(writing, reading, clock, revision)

    # ----------------------------------------------------------------- writing

    def append_async(
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
        here: bool = False,
    ) -> Future[AppendResult]:
        """As `append`, at once: the future is done after the commit. With `here` a lone append, while commits
        are quick, is committed on this thread, for less than it costs to change threads twice.
        """
        work, puts, changed, others = tuple(outbox), tuple(documents), tuple(rows), tuple(beside)

        def job(transaction: Transaction) -> AppendResult:
            return transaction.append(
                stream,
                expected_sequence,
                events,
                outbox=work,
                documents=puts,
                rows=changed,
                beside=others,
                standing=standing,
                idempotency_key=idempotency_key,
            )

        return self._submit(job, atomic=True, here=here)

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
        """Append events to a stream, with their outbox work, documents and read-model rows; returns once
        durable.

        `beside` are events for the end of other streams, kept with these or not at all. `standing` names
        streams that must still have this many events (`StandingMoved` otherwise), so that what was decided on
        them cannot have changed before it is kept.

        `expected_sequence` is the sequence the first event will get: 0 for a new stream, the number of events
        so far otherwise, or `ANY`. A repeated `idempotency_key` with the same events returns what was stored
        the first time. Raises `SequenceConflict`, `IdempotencyMismatch`, `EventInvalid`, and the storage
        errors; then nothing was kept (`StoreUnavailable` alone leaves it open: repeat it with the same key).
        """
        return self.append_async(
            stream,
            expected_sequence,
            events,
            outbox=outbox,
            documents=documents,
            rows=rows,
            beside=beside,
            standing=standing,
            idempotency_key=idempotency_key,
        ).result()

    def transact_async(self, work: Callable[[Transaction], T]) -> Future[T]:
        """As `transact`, at once."""
        return self._submit(work)

    def _submit(
        self, work: Callable[[Transaction], T], *, atomic: bool = False, here: bool = False
    ) -> Future[T]:
        lease = _FENCE.get()
        if lease is None:
            return self._writer.submit(work, atomic=atomic, here=here)

        def fenced(transaction: Transaction) -> T:
            transaction.require_lease(lease)
            return work(transaction)

        return self._writer.submit(fenced, atomic=atomic)

    @contextlib.contextmanager
    def fenced(self, lease: Lease) -> Iterator[None]:
        """Everything that this thread writes inside is refused with `LeaseLost` once the lease is
        another's.
        """
        before = _FENCE.set(lease)
        try:
            yield
        finally:
            _FENCE.reset(before)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on the writer thread inside a transaction; returns its result once durable.

        If it raises, nothing of it is kept and the error comes out here. It must be quick and touch nothing
        but the transaction: every other writer waits for it. Never call the store from inside it.
        """
        return self.transact_async(work).result()

    # ----------------------------------------------------------------- reading

    def read(self, stream: str, after: int = -1, limit: int = 1000) -> list[StoredEvent]:
        """Events of a stream with a sequence above `after`, in order."""
        return self._events.of_stream(stream, after, limit)

    def read_all(self, stream: str, page: int = 1000) -> Iterator[StoredEvent]:
        """Every event of a stream, read page by page."""
        return self.read_all_after(stream, -1, page)

    def read_all_after(self, stream: str, after: int, page: int = 1000) -> Iterator[StoredEvent]:
        """Every event of a stream with a sequence above `after`, read page by page."""
        while True:
            found = self.read(stream, after, page)
            yield from found
            if len(found) < page:
                return
            after = found[-1].sequence

    def feed(self, after: int = 0, limit: int = 1000) -> list[StoredEvent]:
        """Events of all streams with a position above `after`, in the order they became durable, without
        gaps.
        """
        return self._events.of_all(after, limit)

    def length(self, stream: str) -> int:
        """How many events a stream has."""
        return self._events.length(stream)

    def last_position(self) -> int:
        """Position of the newest event; 0 for an empty store."""
        return self._events.last_position()

    def require_schema(self) -> None:
        """Raises `StoreSchema` where another version has changed the schema since this store was opened: then
        nothing is written through it any more.
        """
        require_revision(self._reader.all(sa.text(REVISION))[0][0], self._revision)

    def verify_stream(self, stream: str) -> int:
        """Recompute the hash chain of a stream; the number of events. Raises `StoreCorrupt` at the first that
        differs.
        """
        table = schema.events
        query = sa.select(table).where(table.c.stream == stream).order_by(table.c.sequence)
        previous, count = ZERO_CHAIN, 0
        while rows := self._reader.all(query.where(table.c.sequence >= count).limit(1000)):
            for row in rows:
                event = mapping.event_of(row)
                expected = chain(previous, stream, count, event.kind, event.recorded_at, row.data)
                check_chain(previous, event, expected)
                check_private(row.data, row.private, event)
                previous, count = event.stream_hash, count + 1
        return count

    def erase(
        self,
        streams: Sequence[str],
        record: tuple[str, NewEvent],
        *,
        positions: Sequence[int] = (),
        require: Callable[[Transaction], None] = lambda _: None,
    ) -> int:
        """Erase what is private in every event of `streams` and in the events at `positions`, and append
        `record` (a stream and what to say there) with it; how many events lost something. The chains verify
        as before.

        `require` looks once more, inside the transaction, whether this may be done, and raises if not. The
        text is gone from the tables at once and from the files after `compact`. Blocks until durable.
        """

        def work(transaction: Transaction) -> int:
            require(transaction)
            return erase_in(transaction, streams, positions, *record)

        return self.transact(work)

    def compact(self, *, whole: bool = False) -> bool:
        """Drop what the database files still hold of erased and replaced rows: SQLite's write-ahead log, and
        with `whole` every free page of the file. False where a reader was in the way: call again. Blocks.
        """
        return compact(self._writing, whole=whole)

    def query(self, statement: sa.Executable) -> list[Any]:
        """Rows of any select, from a read-only connection."""
        return self._reader.all(statement)

    def ask(self, statement: Statement, **values: Any) -> list[Any]:
        """Rows of a select that is asked often, from a read-only connection."""
        return self._reader.ask(statement, values)

    # ------------------------------------------------------------------ outbox

    def outbox_pending(self, limit: int = 100, topic: str | None = None) -> list[OutboxItem]:
        """Work that is not done and due, oldest first."""
        table = schema.outbox
        query = sa.select(table).where(table.c.done_at.is_(None), table.c.not_before <= self._clock())
        if topic is not None:
            query = query.where(table.c.topic == topic)
        return [mapping.outbox_of(row) for row in self._reader.all(query.order_by(table.c.id).limit(limit))]

    def outbox_done(self, item: int) -> None:
        """Record that the work with this id is done. Doing it twice is harmless."""
        table = schema.outbox

        def work(transaction: Transaction) -> None:
            done = sa.update(table).where(table.c.id == item, table.c.done_at.is_(None))
            transaction.execute(done.values(done_at=transaction.now))

        self.transact(work)

    def outbox_failed(self, item: int, error: str, retry_at: int) -> None:
        """Record a failed attempt; the work is offered again from `retry_at` on."""
        table = schema.outbox
        change = sa.update(table).where(table.c.id == item)
        values = {"attempts": table.c.attempts + 1, "error": error[:2000], "not_before": retry_at}
        self.transact(lambda transaction: transaction.execute(change.values(values)))

    # -------------------------------------------------------------- life cycle

    def now(self) -> int:
        """Unix seconds by the clock that dates this store's events."""
        return self._clock()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after commits of this process; returns what ends it.

        A wake-up only: it carries no data, may be merged, late or lost, and runs on a thread of the store. On
        SQLite commits of other processes do not cause it, and on PostgreSQL it costs what listening to every
        commit costs: end it when nobody waits. Read the feed from the last position seen, and now and then
        without being woken.
        """
        with self._subscribing:
            self._subscribers.append(callback)
        if self._listener is not None:
            self._listener.wait()

        def cancel() -> None:
            with self._subscribing:
                if callback not in self._subscribers:
                    return
                self._subscribers.remove(callback)
            if self._listener is not None:
                self._listener.leave()

        return cancel

    def _wake(self) -> None:
        with self._subscribing:
            found = tuple(self._subscribers)
        for callback in found:
            try:
                callback()
            except Exception:  # noqa: BLE001 - a subscriber must not stop the writer
                _LOG.exception("a subscriber of the store failed")

    def close(self) -> None:
        """Write what was accepted, then close. Later writes raise `StoreClosed`."""
        self._writer.close()
        if self._listener is not None:
            self._listener.close()
        self._reading.dispose()
        self._writing.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
