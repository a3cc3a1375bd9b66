"""Exits that a party asked for are called when they are due, once, by whichever process settles then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_escrow import FakeEscrow, Market, text_hash

from parley.settlement import Settlement
from parley.settlement.errors import ActionMisdirected, ActionUnsupported
from parley.terms.actions import Delivery


def run(settlement: Settlement, ticks: int = 6) -> None:
    for _ in range(ticks):
        settlement.tick()


def opened(settlement: Settlement, market: Market) -> Any:
    signed = market.signed()
    settlement.submit(signed.deal, signed.buyer, signed.seller)
    run(settlement)
    return signed


def calls(settlement: Settlement, deal_id: str, name: str) -> int:
    return sum(sent.purpose == name for sent in settlement.deal(deal_id).transactions)


def delivered(settlement: Settlement, market: Market, signed: Any) -> None:
    sent = Delivery(
        deal_id=signed.deal_id,
        milestone=0,
        delivery=1,
        deliverable=text_hash("thing"),
        fee=0,
        valid_until=2**40 - 1,
    )
    settlement.act(signed.deal_id, sent, market.action(sent, market.seller))
    run(settlement)


def test_silence_pays_the_seller_that_asked_for_it(
    settlement: Settlement, market: Market, chain: FakeEscrow, clock: Any
) -> None:
    signed = opened(settlement, market)
    seller = market.seller.address
    assert settlement.call_exits(signed.deal_id, seller, ["silence"]) == ("silence",)
    delivered(settlement, market, signed)
    assert settlement.deal(signed.deal_id).status == "delivered"
    since = settlement.deal(signed.deal_id).chain.since
    clock.now = since + 60
    run(settlement)
    assert calls(settlement, signed.deal_id, "silence") == 0, "the window is still open"
    clock.now = since + 61
    run(settlement)
    assert settlement.deal(signed.deal_id).status == "settled"
    assert calls(settlement, signed.deal_id, "silence") == 1
    clock.now += 10_000
    sent = len(chain.accepted)
    run(settlement)
    assert len(chain.accepted) == sent


def test_a_missed_deadline_is_claimed_after_a_restart(
    settlement: Settlement, market: Market, clock: Any, again: Callable[[], Settlement]
) -> None:
    signed = opened(settlement, market)
    settlement.call_exits(signed.deal_id, market.buyer.address, ["default", "lapse"])
    clock.now = signed.deal.milestones[0].deliver_by + 1
    restarted = again()
    run(restarted)
    assert calls(restarted, signed.deal_id, "default") == 1


def test_nobody_is_served_that_did_not_ask_or_took_it_back(
    settlement: Settlement, market: Market, clock: Any
) -> None:
    signed = opened(settlement, market)
    settlement.call_exits(signed.deal_id, market.buyer.address, ["default"])
    assert settlement.call_exits(signed.deal_id, market.seller.address, ["silence"]) == ("silence", "default")
    assert settlement.call_exits(signed.deal_id, market.buyer.address, []) == ("silence",)
    clock.now = signed.deal.milestones[0].deliver_by + 1
    run(settlement)
    assert calls(settlement, signed.deal_id, "default") == 0
    with pytest.raises(ActionMisdirected):
        settlement.call_exits(signed.deal_id, "0x" + "99" * 20, ["default"])
    with pytest.raises(ActionUnsupported):
        settlement.call_exits(signed.deal_id, market.buyer.address, ["confiscate"])
