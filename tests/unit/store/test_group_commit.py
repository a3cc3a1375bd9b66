"""The writer thread: many callers, few commits, and nobody pays for another's mistake."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from parley.store import (
    ANY,
    DealRow,
    EventInvalid,
    EventStore,
    NewEvent,
    SequenceConflict,
    StoreFull,
    Transaction,
    schema,
)

A = NewEvent("said", {"n": 1})


class Gate:
    """Holds the writer thread inside a write until the test lets it go, so that what follows forms one
    group.
    """

    def __init__(self, store: EventStore) -> None:
        self._entered, self._open = threading.Event(), threading.Event()
        self.held = store.transact_async(self._wait)
        assert self._entered.wait(10)

    def _wait(self, _transaction: Transaction) -> None:
        self._entered.set()
        assert self._open.wait(30)

    def open(self) -> None:
        self._open.set()


def commits_of(store: EventStore) -> list[int]:
    counted: list[int] = []
    event.listen(store._writing, "commit", lambda _connection: counted.append(1))
    return counted


def test_concurrent_appends_share_commits(store: EventStore) -> None:
    gate = Gate(store)
    counted = commits_of(store)
    futures = [store.append_async(f"s{n % 7}", n // 7, [A]) for n in range(210)]
    gate.open()
    positions = [future.result(30).first.position for future in futures]
    assert positions == list(range(1, 211))
    assert len(counted) <= 3


def test_a_conflict_fails_alone(store: EventStore) -> None:
    gate = Gate(store)
    good = [store.append_async("one", 0, [A]), store.append_async("one", 1, [A])]
    bad = [
        store.append_async("one", 1, [A]),
        store.append_async("one", 9, [A]),
        store.append_async("x", 0, [NewEvent("k", {"f": 0.5})]),
    ]
    good.append(store.append_async("one", 2, [A]))
    gate.open()
    assert [future.result(30).first.sequence for future in good] == [0, 1, 2]
    assert [type(future.exception(30)) for future in bad] == [
        SequenceConflict,
        SequenceConflict,
        EventInvalid,
    ]
    assert store.verify_stream("one") == 3


def test_failing_work_is_undone_and_the_rest_of_its_group_is_kept(store: EventStore) -> None:
    def spoiled(transaction: Transaction) -> None:
        transaction.append("one", 1, [A], idempotency_key="k")
        transaction.execute(
            sa.insert(schema.documents), {"kind": "d", "key": "k", "body": "{}", "stored_at": 1}
        )
        raise KeyError("changed its mind")

    gate = Gate(store)
    first = store.append_async("one", 0, [A])
    failing = store.transact_async(spoiled)
    second = store.append_async("one", 1, [NewEvent("said", {"n": 2})], idempotency_key="k")
    gate.open()
    assert first.result(30).first.position == 1
    with pytest.raises(KeyError):
        failing.result(30)
    assert (second.result(30).first.position, second.result().duplicate) == (2, False)
    assert store.documents.get("d", "k") is None
    assert store.verify_stream("one") == 2


def test_a_member_that_the_database_refuses_fails_alone(store: EventStore) -> None:
    """An integrity error inside one member leaves the others, and the writer goes on."""

    def twice(transaction: Transaction) -> None:
        row = {"kind": "d", "key": "k", "body": "{}", "stored_at": 1}
        transaction.execute(sa.insert(schema.documents), row)
        transaction.execute(sa.insert(schema.documents), row)

    gate = Gate(store)
    first = store.append_async("one", 0, [A])
    failing = store.transact_async(twice)
    gate.open()
    assert first.result(30).first.sequence == 0
    assert isinstance(failing.exception(30), sa.exc.IntegrityError)
    assert store.append("one", 1, [A]).first.sequence == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # whose pages can be limited
def test_too_large_a_member_fails_alone_when_the_disk_fills(store: EventStore) -> None:
    _limit_pages(store, extra=24)
    gate = Gate(store)
    small = [store.append_async("one", 0, [A])]
    large = store.append_async("big", 0, [NewEvent("said", {"x": "y" * 400_000})])
    small.append(store.append_async("one", 1, [A]))
    gate.open()
    assert [future.result(30).first.sequence for future in small] == [0, 1]
    assert isinstance(large.exception(30), StoreFull)
    assert store.verify_stream("one") == 2
    assert store.length("big") == 0


def _limit_pages(store: EventStore, extra: int) -> None:
    def limit(connection: Any, _record: Any = None) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + extra}")

    event.listen(store._writing, "connect", limit)
    store.transact(lambda transaction: limit(transaction._connection.connection.dbapi_connection))


def test_many_threads_append_to_one_stream_without_loss(store: EventStore) -> None:
    def work(number: int) -> list[int]:
        return [
            store.append("one", ANY, [NewEvent("said", {"by": number})]).first.sequence for _ in range(25)
        ]

    with ThreadPoolExecutor(8) as pool:
        taken = [sequence for part in pool.map(work, range(8)) for sequence in part]
    assert sorted(taken) == list(range(200))
    assert store.verify_stream("one") == 200


def test_two_stores_on_one_file_see_each_other(reopen: Any) -> None:
    one, two = reopen(), reopen()
    one.append("s", 0, [A])
    two.append("s", 1, [A])
    assert one.append("s", ANY, [A]).first.position == 3
    with pytest.raises(SequenceConflict):
        two.append("s", 2, [A])
    assert two.verify_stream("s") == 3


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_commit_wakes_subscribers_of_other_processes(reopen: Any) -> None:
    one, two = reopen(), reopen()
    woken = threading.Event()
    two.subscribe(woken.set)
    one.append("s", 0, [A])
    assert woken.wait(30)
    assert two.length("s") == 1


def test_a_value_that_the_database_does_not_take_fails_alone(postgres: Any) -> None:
    with postgres.database() as url, EventStore.open(url) as store:
        gate = Gate(store)
        row = DealRow("d\x00", "open", "0xt", 1, 0, 0, 0, (("buyer", "0xb"),))
        good = [store.append_async(f"s{number}", 0, (A,)) for number in range(2)]
        bad = store.append_async("s9", 0, (A,), rows=(row,))
        gate.open()
        with pytest.raises(EventInvalid):
            bad.result(20)
        assert [future.result(20).first.sequence for future in good] == [0, 0]
        assert store.length("s9") == 0
