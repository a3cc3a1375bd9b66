"""Locked, full, read-only and damaged databases: typed errors, nothing half-written, and life goes on
afterwards.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from parley.store import (
    EventStore,
    NewEvent,
    StoreBusy,
    StoreCorrupt,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from parley.store.errors import translate

A = NewEvent("said", {"n": 1})


def pragma(store: EventStore, statement: str) -> None:
    """Give the write connection, and those opened after it, a pragma."""
    event.listen(store._writing, "connect", lambda connection, _record: connection.execute(statement))
    store.transact(lambda transaction: transaction._connection.exec_driver_sql(statement))


def test_a_locked_database_is_busy_and_then_not(reopen: Any, tmp_path: Path) -> None:
    store = reopen(busy_ms=30)
    store.append("one", 0, [A])
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy) as caught:
        store.append("one", 1, [A])
    assert caught.value.retryable
    assert store.length("one") == 1, "reading goes on while the database is locked"
    other.execute("ROLLBACK")
    other.close()
    assert store.append("one", 1, [A]).first.sequence == 1


def test_a_full_database_keeps_what_it_has(store: EventStore) -> None:
    store.append("one", 0, [A])
    pages = store.query(sa.text("PRAGMA page_count"))[0][0]
    pragma(store, f"PRAGMA max_page_count = {pages}")
    futures = [store.append_async("one", n, [NewEvent("said", {"x": "y" * 2000})]) for n in range(1, 100)]
    first = next(error for future in futures if (error := future.exception(30)) is not None)
    assert isinstance(first, StoreFull)
    assert first.retryable
    kept = store.length("one")
    assert store.verify_stream("one") == kept
    pragma(store, "PRAGMA max_page_count = 100000")
    assert store.append("one", kept, [A]).first.sequence == kept


def test_a_read_only_database_says_so(store: EventStore) -> None:
    store.append("one", 0, [A])
    pragma(store, "PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly):
        store.append("one", 1, [A])
    assert store.length("one") == 1


@pytest.mark.parametrize("damage", ["header", "middle"])
def test_a_damaged_file_is_corrupt(store: EventStore, url: str, tmp_path: Path, damage: str) -> None:
    for number in range(60):
        store.append("one", number, [NewEvent("said", {"x": "y" * 500})])
    store.close()
    path = tmp_path / "store.sqlite"
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:100] = b"\xff" * 100
    else:
        content[4096 : len(content) // 4096 * 4096] = b"\xa5" * (len(content) // 4096 * 4096 - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt), EventStore.open(url) as damaged:
        damaged.verify_stream("one")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "database is locked", StoreBusy),
        ("SQLITE_FULL", "database or disk is full", StoreFull),
        ("SQLITE_READONLY_DBMOVED", "attempt to write a readonly database", StoreReadOnly),
        ("SQLITE_CORRUPT_VTAB", "database disk image is malformed", StoreCorrupt),
        ("SQLITE_NOTADB", "file is not a database", StoreCorrupt),
        ("SQLITE_IOERR_FSYNC", "disk I/O error", StoreUnavailable),
    ],
)
def test_what_sqlite_says_is_translated(name: str, text: str, expected: type[Exception]) -> None:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name  # type: ignore[misc]
    assert type(translate(error)) is expected


def test_mistakes_in_the_program_are_not_called_storage_errors() -> None:
    assert translate(ValueError("x")) is None
    assert translate(sqlite3.IntegrityError("UNIQUE constraint failed")) is None


def test_a_standby_is_refused_when_it_is_opened(postgres: Any) -> None:
    with postgres.database() as url:
        with postgres._admin() as admin:
            name = sa.make_url(url).database
            admin.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(StoreReadOnly, match="standby"):
            EventStore.open(url)
