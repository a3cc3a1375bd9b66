"""The buyer says no: a rejection inside the review window is free and stops every timer that pays."""

from __future__ import annotations

import ape

from parley.terms.actions import Rejection
from parley.terms.values import ZERO_ADDRESS, Hash32

DELIVERED, REJECTED, CLOSED = 2, 3, 5
UNIT, HOUR = 10**6, 3_600


def test_an_undisputed_rejection_closes_at_the_signed_share(market, opened):
    deal = opened()
    market.deliver(deal)
    market.reject(deal)
    assert market.status(deal) == REJECTED
    rejected_at = market.now

    market.wait_until(rejected_at + deal.dispute_window)
    with ape.reverts(market.escrow.TooEarly):
        market.escrow.closeRejected(deal.as_abi(), sender=market.stranger.account)
    market.wait_until(rejected_at + deal.dispute_window + 1)
    market.escrow.closeRejected(deal.as_abi(), sender=market.stranger.account)

    assert market.status(deal) == CLOSED
    # 2 500 bps of 100 tokens; bond and fees went back to where they came from.
    assert market.money(market.seller) == 1_025 * UNIT
    assert market.money(market.buyer) == 975 * UNIT
    assert market.record(market.seller).rejectionsUndisputed == 1
    market.check_money()


def test_without_an_arbiter_a_rejection_is_final_at_once(market):
    deal = market.deal(arbiter=ZERO_ADDRESS, seller_bond=0)
    market.open(deal)
    market.deliver(deal)
    market.reject(deal)
    with ape.reverts(market.escrow.NoArbiter):
        market.dispute(deal)
    market.escrow.closeRejected(deal.as_abi(), sender=market.buyer.account)
    assert market.money(market.seller) == 1_025 * UNIT
    market.check_money()


def test_a_rejection_comes_in_time_or_not_at_all(market, opened):
    deal = opened()
    market.deliver(deal)
    market.wait_until(market.now + deal.review_window + 1)
    with ape.reverts(market.escrow.TooLate):
        market.reject(deal)


def test_silence_no_longer_pays_after_a_rejection(market, opened):
    deal = opened()
    market.deliver(deal)
    market.reject(deal)
    market.wait(deal.review_window * 10)
    with ape.reverts(market.escrow.WrongStatus):
        market.escrow.settleBySilence(deal.as_abi(), sender=market.seller.account)


def test_the_seller_may_deliver_again(market, opened):
    """A second delivery starts a fresh review; a rejection of the first is no rejection of the second."""
    deal = opened()
    market.deliver(deal)
    market.reject(deal)
    better = market.deliver(deal, what="a better one", delivery=2)
    assert market.status(deal) == DELIVERED
    with ape.reverts(market.escrow.DeliveryMismatch):
        market.reject(deal, delivery=1)
    market.escrow.settle(deal.as_abi(), 0, better, 0, 0, b"", sender=market.buyer.account)
    assert market.money(market.seller) == 1_100 * UNIT


def test_the_fifth_delivery_is_refused(market, opened):
    deal = opened()
    for number in range(1, 5):
        market.deliver(deal, what=f"try {number}", delivery=number)
    with ape.reverts(market.escrow.DeliveryLimit):
        market.deliver(deal, what="try 5", delivery=5)


def test_a_signed_rejection_can_be_relayed_for_a_fee(market, opened):
    deal = opened()
    market.approve(market.buyer, UNIT)
    market.escrow.deposit(market.token, market.buyer.account, UNIT, sender=market.buyer.account)
    market.deliver(deal)
    reason = b"\x33" * 32
    rejection = Rejection(
        deal_id=market.id_of(deal),
        milestone=0,
        delivery=1,
        reason=Hash32.of(reason),
        fee=UNIT // 10,
        valid_until=market.now + HOUR,
    )
    market.escrow.reject(
        deal.as_abi(),
        0,
        1,
        reason,
        rejection.fee,
        rejection.valid_until,
        market.consent(market.buyer, rejection),
        sender=market.relayer.account,
    )
    assert market.status(deal) == REJECTED
    assert market.account(market.relayer).balance == UNIT // 10
    assert market.account(market.buyer).balance == UNIT - UNIT // 10
    market.check_money(deal)


def test_only_the_buyer_rejects(market, opened):
    deal = opened()
    market.deliver(deal)
    for agent in (market.seller, market.arbiter, market.stranger):
        with ape.reverts(market.escrow.SignatureInvalid):
            market.escrow.reject(deal.as_abi(), 0, 1, b"\x11" * 32, 0, 0, b"", sender=agent.account)
