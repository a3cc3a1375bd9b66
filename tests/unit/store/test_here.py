"""A lone append may be committed by whoever asks for it, and only where nobody has to wait for that."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from parley.store import ANY, EventStore, NewEvent, SequenceConflict, StoreClosed, writer
from parley.store.transaction import Transaction

A = NewEvent("said", {"n": 1})
PATIENCE = 100_000
"""Milliseconds that the writer waits while another process has the database."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "here.sqlite"


@pytest.fixture
def store(file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store on SQLite whose commits all count as quick, after its first write."""
    monkeypatch.setattr(writer, "_QUICK", float("inf"))
    with EventStore.open(f"sqlite:///{file}", busy_ms=PATIENCE) as opened:
        opened.append("first", 0, (A,))
        yield opened


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """On which threads appends are made."""
    seen: list[str] = []
    append = Transaction.append

    def noted(*given: Any, **named: Any) -> Any:
        seen.append(threading.current_thread().name)
        return append(*given, **named)

    monkeypatch.setattr(Transaction, "append", noted)
    return seen


def test_a_lone_append_is_durable_on_return(store: EventStore, file: Path, threads: list[str]) -> None:
    kept = store.append_async("one", 0, (A, A), here=True)
    assert kept.done()
    assert [event.sequence for event in kept.result().events] == [0, 1]
    assert threads == [threading.current_thread().name]
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT count(*) FROM events WHERE stream = 'one'").fetchone() == (2,)
    assert store.append("one", 2, (A,)).first.position == 4  # the writer's thread goes on from there
    assert store.verify_stream("one") == 3


def test_it_keeps_nothing_of_what_is_refused(store: EventStore) -> None:
    with pytest.raises(SequenceConflict):
        store.append_async("one", 5, (A,), here=True).result()
    assert store.append_async("one", 0, (A,), here=True).result().first.position == 2


def test_where_commits_are_slow_the_writer_does_it(
    store: EventStore, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_QUICK", 0.0)
    store.append_async("one", 0, (A,), here=True).result()
    assert threads == ["parley-store-writer"]


def test_it_waits_in_line_where_others_wait(store: EventStore, threads: list[str]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        begun.set()
        go_on.wait(10)  # without an end, whoever does not wait in line would wait here for ever

    held = store.transact_async(hold)
    begun.wait()
    kept = store.append_async("one", 0, (A,), here=True)
    assert not kept.done()
    go_on.set()
    held.result()
    assert kept.result().first.sequence == 0
    assert threads == ["parley-store-writer"]


def test_nobody_waits_here_for_another_process(store: EventStore, file: Path, threads: list[str]) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(store.append_async, "one", 0, (A,), here=True)
        try:
            kept = asked.result(timeout=20)  # long before the patience ends
            assert not kept.done()
        finally:
            other.execute("COMMIT")
            other.close()
    assert kept.result().first.sequence == 0
    assert threads == ["parley-store-writer"]
    assert store.append_async("one", 1, (A,), here=True).done()
    store.append("one", 2, (A,))
    connection: Any = store._writer._connection
    raw = connection.connection.dbapi_connection
    assert raw.execute("PRAGMA busy_timeout").fetchone() == (PATIENCE,)  # the writer is as patient as before


def test_both_ways_together_lose_and_repeat_nothing(store: EventStore) -> None:
    def write(number: int) -> int:
        return store.append_async("all", ANY, (A,), here=number % 2 == 0).result().first.sequence

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, range(200)))
    assert sorted(found) == list(range(200))
    assert store.verify_stream("all") == 200


def test_nothing_is_written_after_the_end(file: Path, store: EventStore) -> None:
    store.close()
    with pytest.raises(StoreClosed):
        store.append_async("one", 0, (A,), here=True)
