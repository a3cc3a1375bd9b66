"""The thread: it moves what was submitted, waits out trouble, and stops when told."""

from __future__ import annotations

import threading

from fake_escrow import FakeEscrow, Market

from parley.settlement import Settlement, SettlementWorker
from parley.store import EventStore


def until(store: EventStore, deal_id: str, status: str) -> bool:
    """Wait for a status in the read model, woken by the store's own commits."""
    reached = threading.Event()

    def look() -> None:
        row = store.deals.get(deal_id)
        if row is not None and row.status == status:
            reached.set()

    cancel = store.subscribe(look)
    look()
    found = reached.wait(20)
    cancel()
    return found


def test_it_settles_without_being_asked(settlement: Settlement, market: Market, store: EventStore) -> None:
    worker = SettlementWorker(settlement, store, idle=0.01).start()
    try:
        signed = market.signed()
        settlement.submit(signed.deal, signed.buyer, signed.seller)
        assert until(store, signed.deal_id, "open")
        assert worker.healthy
    finally:
        worker.stop()
    assert not worker.healthy


def test_it_outlives_a_dead_node(
    settlement: Settlement, market: Market, store: EventStore, chain: FakeEscrow
) -> None:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    failing, back = threading.Event(), threading.Event()
    chain.down()
    plain = dict(chain.before)

    def note(params: list[object]) -> object:
        failing.set()
        if back.is_set():
            return None
        return plain["eth_blockNumber"](params)

    for name in plain:
        chain.before[name] = note
    worker = SettlementWorker(settlement, store, idle=0.01, patience=0.05).start()
    try:
        assert failing.wait(10)
        back.set()
        assert until(store, signed.deal_id, "open")
    finally:
        worker.stop()


def test_others_can_tell_whether_anyone_settles(settlement: Settlement, store: EventStore) -> None:
    idle = SettlementWorker(settlement, store)
    assert not idle.anyone()
    worker = SettlementWorker(settlement, store, idle=0.01, beside=(lambda: bool(done.set()),))
    done = threading.Event()
    worker.start()
    try:
        assert done.wait(20), "what is beside is done too"
        assert idle.anyone()
    finally:
        worker.stop()
    assert not idle.anyone()
