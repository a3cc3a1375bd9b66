"""The schema: the migration makes exactly the tables the code uses, on both databases, and strangers are
refused.
"""

from __future__ import annotations

import functools
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from parley.store import EventStore, StoreConfig, StoreSchema, schema
from parley.store.codec import chain, encode
from parley.store.schema import HEAD, insert_new, metadata, upsert
from parley.store.transaction import Transaction


def test_the_migration_makes_the_tables_of_the_code(store: EventStore) -> None:
    with store._writing.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []


def insert_old(store: EventStore, said: list[tuple[str, dict[str, Any]]]) -> None:
    """Events of stream `s` as a version wrote them that kept nothing apart."""
    columns = [column.name for column in schema.events.columns if column.name != "private"]
    previous = "0x" + "00" * 32
    with store._writing.begin() as connection:
        for number, (kind, data) in enumerate(said):
            text = encode(data, "s")
            previous = chain(previous, "s", number, kind, 7, text)
            values = (number + 1, "s", number, kind, text, 7, previous)
            connection.execute(sa.insert(schema.events).values(dict(zip(columns, values, strict=True))))


def test_an_older_database_is_brought_forward_with_what_it_holds(url: str, monkeypatch: Any) -> None:
    from parley.store import ANY, DealRow, NewEvent, engine

    def row(number: int) -> DealRow:
        parties = (("buyer", "0xb"), ("seller", "0xs"))
        return DealRow(f"d{number}", "open", "0xt", 1, 1, 0, 1, parties)

    monkeypatch.setattr(engine, "TARGET", "0001")
    monkeypatch.setattr(engine, "HEAD", "0001")
    old = EventStore.open(url)
    insert_old(old, [("k", {"n": number}) for number in range(3)])
    for number in range(3):
        old.transact(functools.partial(Transaction.put_row, row=row(number)))
    with old._writing.begin() as connection:  # as the older version numbered them
        connection.exec_driver_sql("UPDATE deals SET position = position / 1024")
        connection.exec_driver_sql("UPDATE deal_parties SET position = position / 1024")
    old.close()
    monkeypatch.undo()
    with EventStore.open(url) as new:
        assert [event.data["n"] for event in new.read("s")] == [0, 1, 2]
        assert [item.deal_id for item in new.deals.page(limit=2).items] == ["d2", "d1"]
        new.append("s", ANY, [NewEvent("k", {"n": 3})], rows=[row(3)])
        assert [item.deal_id for item in new.deals.page().items] == ["d3", "d2", "d1", "d0"]
        assert new.leases.acquire("sender", "me", 1) is not None


def test_what_an_older_database_holds_can_be_erased(url: str, monkeypatch: Any) -> None:
    from parley.store import NewEvent, engine

    said = {"hash": "0x1", "message": {"core": {"n": 1}, "payload": {"salt": "0x5a17"}}}
    with monkeypatch.context() as older:
        older.setattr(engine, "TARGET", "0003")
        older.setattr(engine, "HEAD", "0003")
        with EventStore.open(url) as old:
            insert_old(old, [("message", said), ("other", {"n": 2})])
    with EventStore.open(url) as new:
        assert [event.data for event in new.read("s")] == [said, {"n": 2}]
        assert new.verify_stream("s") == 2
        assert new.erase(["s"], ("log", NewEvent("erased", {}))) == 1
        assert new.read("s")[0].data == {"hash": "0x1", "message": {"core": {"n": 1}}}
        assert new.verify_stream("s") == 2


def test_uniqueness_is_the_databases_own(store: EventStore, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        insert = "INSERT INTO events VALUES (?, 's', 0, 'k', '{}', 1, '0x', NULL)"
        other.execute(insert, (1,))
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(insert, (2,))
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(insert.replace("'s'", "'t'"), (1,))


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_and_upsert_compiles_for_postgresql(table: sa.Table) -> None:
    dialect: Any = postgresql.dialect()
    assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
    for index in table.indexes:
        CreateIndex(index).compile(dialect=dialect)
    assert "ON CONFLICT" in str(upsert("postgresql", table).compile(dialect=dialect))
    assert "DO NOTHING" in str(insert_new("postgresql", table).compile(dialect=dialect))


def test_the_file_is_written_ahead_and_synchronously(store: EventStore) -> None:
    with store._writing.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_newer_schema_is_refused(store: EventStore, url: str, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreSchema) as caught:
        EventStore.open(url)
    assert caught.value.values["found"] == "9999"


def test_another_programs_database_is_left_alone(url: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        other.execute("CREATE TABLE recipes (id INTEGER)")
    with pytest.raises(StoreSchema):
        EventStore.open(url)
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:", "sqlite:////no/such/folder/x.sqlite"],
)
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(StoreConfig):
        EventStore.open(url)
