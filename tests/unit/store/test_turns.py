"""Several processes on PostgreSQL: turns that join what waits, what each knows of the others' events, and who
hears of a commit.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from parley.store import ANY, NewEvent
from parley.store.turns import LOCK
from parley.store.wakeup import CHANNEL

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
A = NewEvent("said", {"n": 1})


def connected(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def test_what_others_wrote_is_taken_in_however_much_it_is(reopen: Any) -> None:
    stores, dice = (reopen(), reopen(), reopen()), random.Random(5)
    lengths = dict.fromkeys("abc", 0)
    for count in (1, 2, 1, 300, 1, 3, 254, 2, 255, 1, 256, 1):
        store, stream = dice.choice(stores), dice.choice("abc")
        store.append(stream, lengths[stream], [A] * count, beside=(("beside", [A]),))
        lengths[stream] += count
        for each in stores:  # a small one of each, on what it has heard of
            each.append("all", ANY, [A])
    events = stores[0].feed(limit=10_000)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert {stream: stores[1].verify_stream(stream) for stream in lengths} == lengths
    assert stores[2].verify_stream("all") == 36
    assert stores[2].verify_stream("beside") == 12


def test_another_database_behind_the_same_address_is_noticed(reopen: Any, url: str) -> None:
    """A back-up restored, or a standby that lacks the last commits, while the connection stays."""
    store = reopen()
    store.append("s", 0, [A, A, A])
    with connected(url) as other:
        other.execute("DELETE FROM events WHERE position = 3")
    assert store.append("s", ANY, [A]).first.position == 3
    with connected(url) as other:
        other.execute("DELETE FROM events WHERE position > 1")
    reopen().append("s", 1, [NewEvent("said", {"n": 2}), A])
    assert store.append("s", 3, [A]).first.position == 4
    assert store.verify_stream("s") == 4


def test_what_comes_while_others_have_their_turn_joins(reopen: Any, url: str) -> None:
    store = reopen()
    with connected(url) as other:
        with other.transaction():
            other.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            futures = [store.append_async("s", 0, [A])]
            until(lambda: other.execute(waiting).fetchone() == (1,))
            futures += [store.append_async("s", number, [A]) for number in range(1, 20)]
        assert [future.result(30).first.sequence for future in futures] == list(range(20))
        assert other.execute("SELECT count(DISTINCT xmin::text) FROM events").fetchone() == (1,)


def test_nobody_listens_where_nobody_waits(reopen: Any, url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("parley.store.wakeup.LINGER_SECONDS", 0.0)
    one, two = reopen(), reopen()
    one.append("s", 0, [A])
    with connected(url) as other:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"

        def listening() -> bool:
            return other.execute(query, ("LISTEN%",)).fetchone() != (0,)

        assert not listening()
        for number in (1, 2):  # as often as somebody comes
            woken = threading.Event()
            cancel = two.subscribe(woken.set)
            until(listening)
            one.append("s", number, [A])
            assert woken.wait(60)
            cancel()
            cancel()  # twice is once
            until(lambda: not listening())


def test_a_lease_that_is_kept_wakes_nobody_and_one_that_is_held_costs_no_write(reopen: Any, url: str) -> None:
    one, two = reopen(), reopen()
    with connected(url) as other:
        other.execute(f"LISTEN {CHANNEL}")
        one.leases.acquire("sender", "one", 10)
        one.leases.acquire("sender", "one", 10)
        before = other.execute("SELECT xmin FROM leases").fetchone()
        assert two.leases.acquire("sender", "two", 10) is None
        assert other.execute("SELECT xmin FROM leases").fetchone() == before
        one.append("s", 0, [A])
        other.execute(f"NOTIFY {CHANNEL}, 'end'")
        heard: list[str] = []
        while "end" not in heard:
            heard += [told.payload for told in other.notifies(timeout=60, stop_after=1)]
        assert heard == ["", "end"]


def test_reading_goes_on_where_connections_were_lost(reopen: Any, url: str) -> None:
    store = reopen()
    store.append("s", 0, [A])
    store.documents.get("d", "k")  # leaves a connection in the pool
    with connected(url) as other:

        def cut() -> None:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        cut()
        assert store.length("s") == 1
        cut()
        assert store.query(sa.text("SELECT count(*) FROM events"))[0][0] == 1
    assert store.length("s") == 1
