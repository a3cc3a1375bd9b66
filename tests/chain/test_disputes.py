"""Disputes: the arbiter divides one milestone and earns a fee from the loser; a silent one earns nothing."""

from __future__ import annotations

import ape
import pytest

from parley.terms.actions import Ruling
from parley.terms.deal import Milestone
from parley.terms.values import Hash32

OPEN, DISPUTED, CLOSED = 1, 4, 5
UNIT, DAY, HOUR = 10**6, 86_400, 3_600
WHY = b"\x44" * 32


def disputed(market, **changes):
    deal = market.deal(**changes)
    market.open(deal)
    market.deliver(deal)
    market.reject(deal)
    market.dispute(deal)
    assert market.status(deal) == DISPUTED
    return deal


@pytest.mark.parametrize(
    ("seller_bps", "seller_gets", "buyer_gets"),
    [
        # Of 100 tokens; the fee of 2 is paid in proportion to what each side lost.
        (10_000, 1_100 * UNIT, 898 * UNIT),
        (0, 998 * UNIT, 1_000 * UNIT),
        (7_000, 1_070 * UNIT - 600_000, 930 * UNIT - 1_400_000),
        (5_000, 1_049 * UNIT, 949 * UNIT),
    ],
)
def test_a_ruling_divides_the_milestone_and_the_loser_pays(market, seller_bps, seller_gets, buyer_gets):
    deal = disputed(market)
    market.escrow.rule(deal.as_abi(), 0, seller_bps, WHY, 0, 0, b"", sender=market.arbiter.account)
    assert market.status(deal) == CLOSED
    assert market.money(market.seller) == seller_gets
    assert market.money(market.buyer) == buyer_gets
    assert market.account(market.arbiter).balance == 2 * UNIT
    assert market.record(market.arbiter).ruled == 1
    market.check_money()


def test_who_lost_is_counted(market):
    deal = disputed(market)
    market.escrow.rule(deal.as_abi(), 0, 9_000, WHY, 0, 0, b"", sender=market.arbiter.account)
    assert market.account(market.buyer).disputesLost == 1
    assert market.account(market.seller).disputesLost == 0
    assert market.record(market.seller).disputesWon == 1


def test_the_next_milestone_goes_on_and_time_stood_still(market):
    now = market.now
    deal = disputed(
        market,
        milestones=(
            Milestone(amount=60 * UNIT, deliver_by=now + DAY),
            Milestone(amount=40 * UNIT, deliver_by=now + 2 * DAY),
        ),
    )
    market.wait(DAY)
    market.escrow.rule(deal.as_abi(), 0, 5_000, WHY, 0, 0, b"", sender=market.arbiter.account)
    state = market.state(deal)
    assert (state.status, state.milestone) == (OPEN, 1)
    # The dispute took a day, and the deadlines moved with it.
    assert state.shift >= DAY
    market.wait_until(now + 2 * DAY + DAY // 2)
    second = market.deliver(deal, milestone=1)
    market.escrow.settle(deal.as_abi(), 1, second, 0, 0, b"", sender=market.buyer.account)
    assert market.money(market.seller) == 1_000 * UNIT + 30 * UNIT + 40 * UNIT - UNIT
    market.check_money()


def test_a_silent_arbiter_lapses(market):
    deal = disputed(market)
    disputed_at = market.now
    market.wait_until(disputed_at + deal.ruling_window)
    with ape.reverts(market.escrow.TooEarly):
        market.escrow.lapse(deal.as_abi(), sender=market.stranger.account)
    market.wait_until(disputed_at + deal.ruling_window + 1)
    market.escrow.lapse(deal.as_abi(), sender=market.stranger.account)
    assert market.status(deal) == CLOSED
    # 5 000 bps, as both had signed; the fees went back.
    assert market.money(market.seller) == 1_050 * UNIT
    assert market.money(market.buyer) == 950 * UNIT
    assert market.money(market.arbiter) == 1_000 * UNIT
    assert market.record(market.arbiter).lapsed == 1
    market.check_money()


def test_a_late_ruling_is_refused(market):
    deal = disputed(market)
    market.wait_until(market.now + deal.ruling_window + 1)
    with ape.reverts(market.escrow.TooLate):
        market.escrow.rule(deal.as_abi(), 0, 1, WHY, 0, 0, b"", sender=market.arbiter.account)


def test_a_signed_ruling_can_be_relayed(market):
    """The arbiter's fee of the ruling pays for its relaying: it needs neither gas nor a balance."""
    deal = disputed(market)
    ruling = Ruling(
        deal_id=market.id_of(deal),
        milestone=0,
        seller_bps=10_000,
        rationale=Hash32.of(WHY),
        fee=UNIT // 2,
        valid_until=market.now + HOUR,
    )
    market.escrow.rule(
        deal.as_abi(),
        0,
        ruling.seller_bps,
        WHY,
        ruling.fee,
        ruling.valid_until,
        market.consent(market.arbiter, ruling),
        sender=market.relayer.account,
    )
    assert market.account(market.arbiter).balance == 2 * UNIT - UNIT // 2
    assert market.account(market.relayer).balance == UNIT // 2
    market.check_money()


def test_only_the_arbiter_rules_and_only_a_party_disputes(market, opened):
    deal = opened()
    market.deliver(deal)
    market.reject(deal)
    with ape.reverts(market.escrow.NotParty):
        market.dispute(deal, by=market.stranger)
    market.dispute(deal, by=market.buyer)
    for agent in (market.buyer, market.seller, market.stranger):
        with ape.reverts(market.escrow.SignatureInvalid):
            market.escrow.rule(deal.as_abi(), 0, 10_000, WHY, 0, 0, b"", sender=agent.account)


def test_a_receipt_ends_a_dispute(market):
    deal = disputed(market)
    market.escrow.settle(deal.as_abi(), 0, b"\x55" * 32, 0, 0, b"", sender=market.buyer.account)
    assert market.status(deal) == CLOSED
    assert market.money(market.seller) == 1_100 * UNIT
    assert market.money(market.arbiter) == 1_000 * UNIT
    market.check_money()
