"""Leases: one holder at a time, taken over when it is gone, and no write of a holder that was passed by."""

from __future__ import annotations

from typing import Any

import pytest

from parley.store import ANY, EventStore, LeaseLost, NewEvent

A = NewEvent("said", {"n": 1})


def test_one_holder_at_a_time(reopen: Any, clock: Any) -> None:
    one, two = reopen(), reopen()
    lease = one.leases.acquire("sender", "one", 10)
    assert (lease.holder, lease.token, lease.expires_at) == ("one", 1, clock.now + 10)
    assert two.leases.acquire("sender", "two", 10) is None
    assert two.leases.acquire("indexer", "two", 10).token == 1
    clock.now += 10
    assert two.leases.acquire("sender", "two", 10) is None
    assert one.leases.acquire("sender", "one", 10).token == 1  # renewed: the same hands


def test_a_holder_that_is_gone_is_followed_by_another(reopen: Any, clock: Any) -> None:
    one, two = reopen(), reopen()
    one.leases.acquire("sender", "one", 10)
    clock.now += 11
    assert two.leases.acquire("sender", "two", 10).token == 2
    assert one.leases.acquire("sender", "one", 10) is None


def test_what_is_given_up_is_free_at_once(reopen: Any) -> None:
    one, two = reopen(), reopen()
    lease = one.leases.acquire("sender", "one", 1_000)
    one.leases.release(lease)
    assert two.leases.acquire("sender", "two", 10).token == 2
    one.leases.release(lease)  # lost already: nothing happens
    assert one.leases.acquire("sender", "one", 10) is None


def test_a_paused_holder_writes_nothing_after_another_took_over(reopen: Any, clock: Any) -> None:
    one, two = reopen(), reopen()
    lease = one.leases.acquire("sender", "one", 10)
    with one.fenced(lease):
        one.append("sent", ANY, [A])
    clock.now += 11
    with one.fenced(lease):
        one.append("sent", ANY, [A])  # expired, but nobody took it: still the newest token
    two.leases.acquire("sender", "two", 10)
    with one.fenced(lease):
        with pytest.raises(LeaseLost) as lost:
            one.append("sent", ANY, [A])
        with pytest.raises(LeaseLost):
            one.transact(lambda transaction: transaction.append("sent", ANY, [A]))
    assert lost.value.values == {"lease": "sender", "token": 1, "holder": "two"}
    assert one.length("sent") == 2
    one.append("other", ANY, [A])  # what needs no lease goes on


def test_a_refused_write_harms_nobody_in_its_group(store: EventStore) -> None:
    lease = store.leases.acquire("sender", "one", 10)
    assert lease is not None
    store.leases.release(lease)
    taken = store.leases.acquire("sender", "two", 10)
    assert taken is not None
    futures = []
    for number in range(20):
        with store.fenced(taken if number % 2 else lease):
            futures.append(store.append_async("sent", ANY, [A]))
    kept = [future.exception() is None for future in futures]
    assert kept == [bool(number % 2) for number in range(20)]
    assert store.verify_stream("sent") == 10
