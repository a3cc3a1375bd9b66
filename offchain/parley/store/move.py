"""Moving a store from SQLite to PostgreSQL: copied in pages, resumable at any point, and believed only after
both hash chains were computed again and every row was compared.

The source is locked whole for as long as it takes, so nothing can be live on it. A target that is not done
names a schema that no version opens, and so does a source that has moved: neither can be served by mistake.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from parley.store import schema
from parley.store.codec import chain
from parley.store.engine import make_engine, migrate, parse_url
from parley.store.errors import (
    StoreBusy,
    StoreConfig,
    StoreCorrupt,
    StoreError,
    StoreLive,
    StoreSchema,
    StoreUnfinished,
    translate,
)
from parley.store.leases import is_gone
from parley.store.models import ZERO_CHAIN, check_chain
from parley.store.private import check_private
from parley.store.rows import event_of
from parley.store.schema import HEAD, MOVED, MOVING

PAGE: Final = 2_000
BUSY_MS: Final = 2_000
_WRITERS: Final = 0x7061726C6579  # the lock under which every process appends
_EVENTS: Final = schema.events
_OTHERS: Final = tuple(table for table in schema.metadata.sorted_tables if table is not _EVENTS)

Report = Callable[[str, int], None]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What is the same on both sides. `digest` sums up the hashes of all events, in any order; `resumed` says
    how many events an earlier attempt had copied.
    """

    events: int
    streams: int
    digest: str
    rows: Mapping[str, int]
    resumed: int


def move(source: str, target: str, report: Report = lambda *_: None) -> Moved:
    """Moves everything from the SQLite database at `source` to the PostgreSQL database at `target`.

    `report` is told which table is being copied and how many rows are. Raises `StoreLive` where a process
    uses either, `StoreConfig` and `StoreSchema` for databases that do not suit, `StoreUnfinished` where the
    target holds something else, `StoreCorrupt` where a hash chain does not verify or a row differs.
    """
    with _source(source) as old, _target(target, old) as new:
        resumed = _last(new)
        _copy_events(old, new, resumed, report)
        for table in _OTHERS:
            _copy_table(old, new, table, report)
        _same_events(old, new)
        counted = {table.name: _same_rows(old, new, table) for table in _OTHERS}
        before, after = _digest(old), _digest(new)
        if before != after:
            raise StoreCorrupt("The hash chains of both databases differ.", source=before, target=after)
        _set_sequences(new)
        _name_schema(new, HEAD)
        new.commit()
        _name_schema(old, MOVED)
        old.commit()
    return Moved(after[0], after[1], after[2], {**counted, "events": after[0]}, resumed)


# ------------------------------------------------------------------ both ends


@contextlib.contextmanager
def _source(url: str) -> Iterator[sa.Connection]:
    """The whole source, locked against every other process. Raises `StoreLive`."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreConfig("A store moves from SQLite.", given=parsed.get_backend_name())
    engine = sa.create_engine(
        parsed.set(query={"mode": "rw", "uri": "true"}, database=f"file:{parsed.database}"),
        connect_args={"timeout": BUSY_MS / 1000, "isolation_level": None},
    )
    with _typed(), contextlib.ExitStack() as ending:
        ending.callback(engine.dispose)
        connection = ending.enter_context(engine.connect())
        try:
            # Set before the file is read, this mode needs the lock that every open connection shares.
            connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
            connection.exec_driver_sql("PRAGMA synchronous = FULL")
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        except sa.exc.SQLAlchemyError as error:
            if isinstance(translate(error), StoreBusy):
                raise StoreLive("A process uses the source.", database=parsed.database) from None
            raise
        _require_schema(connection, (HEAD,))
        _require_no_leases(connection)
        yield connection


@contextlib.contextmanager
def _target(url: str, source: sa.Connection) -> Iterator[sa.Connection]:
    """The target with its schema, held against writers. Raises `StoreLive` and `StoreUnfinished`."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise StoreConfig("A store moves to PostgreSQL.", given=parsed.get_backend_name())
    with _typed(), contextlib.ExitStack() as ending:
        engine = make_engine(parsed, busy_ms=BUSY_MS, read_only=False)
        ending.callback(engine.dispose)
        connection = ending.enter_context(engine.connect())
        others = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).scalar()
        if others:
            raise StoreLive("A process uses the target.", connections=int(others))
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_WRITERS})")
        connection.commit()
        if _schema_of(connection) is None:
            migrate(engine)
            _name_schema(connection, MOVING)
            connection.commit()
        elif _schema_of(connection) != MOVING:
            raise StoreUnfinished("The target is in use already, or was.", schema=_schema_of(connection))
        _require_beginning(source, connection)
        yield connection


def _schema_of(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _require_schema(connection: sa.Connection, wanted: tuple[str, ...]) -> None:
    found = _schema_of(connection)
    if found == MOVED:
        raise StoreSchema(
            "This database has been moved.",
            next_action="Serve the database that it was moved to.",
            found=found,
        )
    if found not in wanted:
        raise StoreSchema(
            "The source has another version's schema.",
            next_action="Start this version's gateway on it once, stop it, and move then.",
            found=found,
            known=HEAD,
        )


def _require_no_leases(connection: sa.Connection) -> None:
    """A lease of another machine that has not expired: somebody works on a copy of this file."""
    table = schema.leases
    now = connection.exec_driver_sql("SELECT unixepoch()").scalar() or 0
    for row in connection.execute(sa.select(table).where(table.c.expires_at >= int(now))):
        if not is_gone(row.holder):
            raise StoreLive("A process holds a lease of the source.", lease=row.name, holder=row.holder)


def _require_beginning(source: sa.Connection, target: sa.Connection) -> None:
    """What the target holds from an earlier attempt is the beginning of the same log."""
    last = _last(target)
    for position in (1, last) if last else ():
        query = sa.select(_EVENTS.c.stream, _EVENTS.c.stream_hash).where(_EVENTS.c.position == position)
        if source.execute(query).first() != target.execute(query).first():
            raise StoreUnfinished("The target holds another log.", position=position)


def _name_schema(connection: sa.Connection, name: str) -> None:
    table = sa.table("alembic_version", sa.column("version_num"))
    connection.execute(sa.update(table).values(version_num=name))


@contextlib.contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except (sa.exc.SQLAlchemyError, StoreError) as error:
        known = translate(error)
        if known is None or known is error:
            raise
        raise known from error


# ------------------------------------------------------------------- copying


def _last(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.max(_EVENTS.c.position))).scalar() or 0)


def _copy_events(old: sa.Connection, new: sa.Connection, after: int, report: Report) -> None:
    query = sa.select(_EVENTS).order_by(_EVENTS.c.position).limit(PAGE)
    while rows := old.execute(query.where(_EVENTS.c.position > after)).all():
        new.execute(sa.insert(_EVENTS), [dict(row._mapping) for row in rows])
        new.commit()  # from here on another attempt goes on after this page
        after = int(rows[-1].position)
        report("events", after)


def _copy_table(old: sa.Connection, new: sa.Connection, table: sa.Table, report: Report) -> None:
    """Rows that change are copied whole each time: an attempt before may have seen older ones."""
    new.execute(sa.delete(table))
    count = 0
    for page in _pages(old, table):
        new.execute(sa.insert(table), [dict(row._mapping) for row in page])
        count += len(page)
        report(table.name, count)
    new.commit()


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[list[Any]]:
    """The table in pages, in the order of its primary key."""
    key = list(table.primary_key)
    query = sa.select(table).order_by(*key).limit(PAGE)
    last: Row | None = None
    while True:
        rows = list(
            connection.execute(query if last is None else query.where(sa.tuple_(*key) > sa.tuple_(*last)))
        )
        if not rows:
            return
        yield rows
        last = tuple(sa.literal(getattr(rows[-1], column.name), column.type) for column in key)


def _set_sequences(new: sa.Connection) -> None:
    """Numbers that PostgreSQL gives out go on after those copied."""
    for table in _OTHERS:
        column = table.autoincrement_column
        if column is not None and column.autoincrement is True:
            new.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"  # noqa: S608
                f" greatest(1, (SELECT coalesce(max({column.name}), 0) FROM {table.name})),"
                f" (SELECT count(*) > 0 FROM {table.name}))"
            )


# ----------------------------------------------------------------- comparing


def _same_events(old: sa.Connection, new: sa.Connection) -> None:
    """Every row, column by column. What was erased in the source after it was copied is erased here too."""
    for before, after in zip(_pages(old, _EVENTS), _pages(new, _EVENTS), strict=True):
        for one, other in zip(before, after, strict=True):
            if tuple(one) == tuple(other):
                continue
            if one.private is not None or tuple(one)[:-1] != tuple(other)[:-1]:
                raise StoreCorrupt("An event differs.", position=one.position, stream=one.stream)
            new.execute(sa.update(_EVENTS).where(_EVENTS.c.position == one.position).values(private=None))
    new.commit()


def _same_rows(old: sa.Connection, new: sa.Connection, table: sa.Table) -> int:
    before, after = _sum(old, table), _sum(new, table)
    if before != after:
        raise StoreCorrupt("The rows of a table differ.", table=table.name, source=before, target=after)
    return before[0]


def _sum(connection: sa.Connection, table: sa.Table) -> tuple[int, str]:
    """How many rows, and a digest that does not depend on their order."""
    count, total = 0, 0
    for page in _pages(connection, table):
        for row in page:
            total += int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest())
        count += len(page)
    counted = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    if counted != count:  # were a page left out, it would be left out on both sides
        raise StoreCorrupt("A table cannot be read whole.", table=table.name, rows=counted, read=count)
    return count, f"{total % 2**256:064x}"


def _digest(connection: sa.Connection) -> tuple[int, int, str]:
    """Events, streams and the sum of all hashes, each computed anew from its content and the one before."""
    key = (_EVENTS.c.stream, _EVENTS.c.sequence)
    query = sa.select(_EVENTS).order_by(*key).limit(PAGE)
    count, streams, total = 0, 0, 0
    stream, sequence, previous = "", -1, ZERO_CHAIN
    while True:
        after = sa.tuple_(*key) > sa.tuple_(sa.literal(stream), sa.literal(sequence))
        rows = connection.execute(query.where(after)).all()
        if not rows:
            return count, streams, f"{total % 2**256:064x}"
        for row in rows:
            event = event_of(row)
            if event.stream != stream:
                stream, sequence, previous, streams = event.stream, -1, ZERO_CHAIN, streams + 1
            sequence += 1
            expected = chain(previous, stream, sequence, event.kind, event.recorded_at, row.data)
            check_chain(previous, event, expected)
            check_private(row.data, row.private, event)
            previous, count = event.stream_hash, count + 1
            total += int(previous, 16)
