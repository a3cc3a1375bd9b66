"""Batches on a real chain: what one item meets in the block is told from the rest; each deal opens once."""

from __future__ import annotations

from pathlib import Path

from market import Market, run

from parley.settlement import Settlement
from parley.store import EventStore
from parley.terms.actions import Delivery, Receipt
from parley.terms.values import Hash32

THING = Hash32("0x" + "44" * 32)
FOREVER = 2**40 - 1


def test_one_item_of_a_batch_fails_in_the_block_and_the_others_do_not(market: Market, tmp_path: Path) -> None:
    with EventStore.open(f"sqlite:///{tmp_path}/s.sqlite") as store:
        settlement = market.settlement(store)
        market.anvil.automine(False)
        late = {1: {"open_by": market.now() + 300}}
        signed = [market.deal(nonce, **late.get(nonce, {})) for nonce in range(4)]
        for item in signed:
            settlement.submit(item.deal, item.buyer, item.seller)
        settlement.tick()
        market.anvil.travel(301)
        market.anvil.automine(True)
        for place, item in enumerate(signed):
            run(settlement, item.deal_id, "failed" if place == 1 else "open")
        views = [settlement.deal(item.deal_id) for item in signed]
        assert len({view.transactions[0].hash for view in views}) == 1
        assert [view.transactions[0].status for view in views] == [
            "confirmed",
            "failed",
            "confirmed",
            "confirmed",
        ]
        assert views[1].transactions[0].error["code"] == "contract.open-by-passed"  # type: ignore[index]
        assert [market.openings(item.deal_id) for item in signed] == [1, 0, 1, 1]
        receipts_in_one(market, settlement, [signed[0].deal_id, signed[2].deal_id])


def receipts_in_one(market: Market, settlement: Settlement, deals: list[str]) -> None:
    """Deliveries go one by one, the receipts together."""
    at = {"milestone": 0, "fee": 0, "valid_until": FOREVER, "deliverable": THING}
    for deal_id in deals:
        sent = Delivery(deal_id=deal_id, delivery=1, **at)
        settlement.act(deal_id, sent, market.sign(sent, market.seller))
    for deal_id in deals:
        run(settlement, deal_id, "delivered")
    for deal_id in deals:
        paid = Receipt(deal_id=deal_id, **at)
        settlement.act(deal_id, paid, market.sign(paid, market.buyer))
    for deal_id in deals:
        run(settlement, deal_id, "open")
    views = [settlement.deal(deal_id) for deal_id in deals]
    assert [view.chain.milestone for view in views] == [1, 1]
    assert len({view.transactions[-1].hash for view in views}) == 1
