"""From SQLite to PostgreSQL: everything arrives, nothing else is served, and doubts end it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parley.store import ANY, DealRow, EventStore, NewEvent, NewOutbox, StoreCorrupt, StoreSchema, schema
from parley.store.engine import make_engine, parse_url
from parley.store.errors import StoreConfig, StoreLive, StoreUnfinished
from parley.store.move import move

SECRET = "a payload to erase"


def fill(store: EventStore, first: int, count: int) -> None:
    for number in range(first, first + count):
        said = NewEvent("said", {"n": number, "text": SECRET}, private=("text",))
        row = DealRow(f"d{number}", "open", "0xt", number, 0, 0, 0, (("buyer", "0xb"),))
        store.append(
            f"s{number % 3}",
            ANY,
            (said, NewEvent("plain", {"n": number, "ü": "\\u0000 é"})),
            rows=(row,),
            outbox=(NewOutbox("t", str(number), {"n": number}),),
            idempotency_key=f"k{number}",
        )


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    with EventStore.open(url) as store:
        fill(store, 0, 25)
    return url


@pytest.fixture
def target(postgres: Any) -> Iterator[str]:
    with postgres.database(empty=True) as url:
        yield url


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: Any) -> None:
    monkeypatch.setattr("parley.store.move.PAGE", 7)


def at(url: str, statement: str) -> Any:
    engine = make_engine(parse_url(url), busy_ms=1_000, read_only=False)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(statement)
        answer = found.all() if found.returns_rows else None
    engine.dispose()
    return answer


def test_everything_arrives_and_goes_on_there(source: str, target: str) -> None:
    with EventStore.open(source) as store:
        before = store.feed(limit=1_000)
        store.erase(("s0",), ("log", NewEvent("erased", {"stream": "s0"})))
    found = move(source, target)
    assert (found.events, found.streams, found.resumed) == (51, 4, 0)
    assert found.rows["deals"] == found.rows["outbox"] == 25
    assert found.rows["idempotency"] == 16  # fingerprints of what was erased are gone too
    with EventStore.open(target) as store:
        after = store.feed(limit=1_000)
        assert [event.stream_hash for event in after[:50]] == [event.stream_hash for event in before]
        assert sum(store.verify_stream(name) for name in ("s0", "s1", "s2", "log")) == 51
        assert SECRET not in str([event for event in after if event.stream == "s0"])
        assert [event.data for event in after if event.stream == "s1"] == [
            event.data for event in before if event.stream == "s1"
        ]
        fill(store, 25, 2)  # sequences, positions and numbers of rows go on
        assert store.last_position() == 55
        assert len({item.id for item in store.outbox_pending(1_000)}) == 27
        assert store.append("s9", 0, (NewEvent("x", {}),), idempotency_key="k9x").duplicate is False
    with pytest.raises(StoreSchema, match="moved to another"):
        EventStore.open(source)
    with pytest.raises(StoreSchema, match="has been moved"):
        move(source, target)


def test_it_goes_on_where_it_broke_off_and_takes_in_what_changed_meanwhile(source: str, target: str) -> None:
    class Broken(Exception):
        pass

    def breaks(table: str, rows: int) -> None:
        if (table, rows) >= ("events", 21):
            raise Broken

    with pytest.raises(Broken):
        move(source, target, breaks)
    with pytest.raises(StoreUnfinished):
        EventStore.open(target)
    with EventStore.open(source) as store:  # the old gateway is served for another day
        fill(store, 25, 5)
        store.erase(("s1",), ("log", NewEvent("erased", {"stream": "s1"})))
        store.transact(lambda transaction: transaction.execute(sa.update(schema.deals).values(locked="7")))
    found = move(source, target)
    assert (found.resumed, found.events) == (21, 61)
    with EventStore.open(target) as store:
        row = store.deals.get("d3")
        assert row is not None
        assert row.locked == 7
        assert SECRET not in str([event for event in store.feed(limit=1_000) if event.stream == "s1"])


def test_a_database_in_use_is_refused(source: str, target: str) -> None:
    with EventStore.open(source), pytest.raises(StoreLive, match="source"):
        move(source, target)
    with EventStore.open(source) as store:
        store.leases.acquire("settlement", "elsewhere/1/ab", 600)
    with pytest.raises(StoreLive, match="lease"):
        move(source, target)
    at(source, "DELETE FROM leases")
    engine = make_engine(parse_url(target), busy_ms=1_000, read_only=False)
    with contextlib.closing(engine.connect()), pytest.raises(StoreLive, match="target"):
        move(source, target)
    engine.dispose()
    assert move(source, target).events == 50


def test_nobody_can_begin_to_use_the_source_meanwhile(source: str, target: str) -> None:
    tried: list[str] = []

    def attempt(table: str, rows: int) -> None:
        if not tried:
            with contextlib.suppress(Exception):
                EventStore.open(source, busy_ms=10).close()
                tried.append("opened")
            tried.append("tried")

    move(source, target, attempt)
    assert tried == ["tried"]


Damage = Callable[[str, str], None]


def edit_source(source: str, target: str) -> None:
    at(source, "UPDATE events SET data = replace(data, '\"n\":4', '\"n\":5') WHERE position = 9")


def edit_target(source: str, target: str) -> None:
    def breaks(table: str, rows: int) -> None:
        if table != "events":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, breaks)
    at(target, "UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 9")


@pytest.mark.parametrize("damage", [edit_source, edit_target])
def test_what_does_not_verify_is_not_moved(source: str, target: str, damage: Damage) -> None:
    damage(source, target)
    with pytest.raises(StoreCorrupt):
        move(source, target)
    with pytest.raises(StoreUnfinished):
        EventStore.open(target)
    EventStore.open(source).close()


def test_databases_that_do_not_suit(source: str, target: str, postgres: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreConfig):
        move(target, target)
    with pytest.raises(StoreConfig):
        move(source, source)
    with pytest.raises(StoreConfig):
        move(f"sqlite:///{tmp_path}/none.sqlite", target)
    assert not (tmp_path / "none.sqlite").exists()
    with postgres.database() as used, pytest.raises(StoreUnfinished):
        move(source, used)
    at(source, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreSchema, match="another version"):
        move(source, target)


def test_another_log_is_not_mixed_in(source: str, target: str, tmp_path: Path) -> None:
    def breaks(table: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source, target, breaks)
    other = f"sqlite:///{tmp_path}/other.sqlite"
    with EventStore.open(other) as store:
        store.append("different", 0, (NewEvent("x", {}),))
    with pytest.raises(StoreUnfinished, match="another log"):
        move(other, target)
