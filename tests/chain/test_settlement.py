"""The good path: both sign, the deal opens, the seller delivers, the buyer's receipt or its silence pays."""

from __future__ import annotations

import ape
import pytest

from parley.terms.actions import Delivery, Receipt
from parley.terms.deal import Milestone
from parley.terms.values import ZERO_ADDRESS, Hash32

CLOSED, OPEN, DELIVERED = 5, 1, 2
UNIT, DAY, HOUR = 10**6, 86_400, 3_600


def test_a_receipt_pays_the_seller(market):
    deal = market.deal()
    market.open(deal)
    assert market.status(deal) == OPEN
    # The price, and the arbiter's fee of either side; the seller's is inside its bond.
    assert market.state(deal).locked == 100 * UNIT + 2 * UNIT + 10 * UNIT

    deliverable = market.deliver(deal)
    assert market.status(deal) == DELIVERED

    market.escrow.settle(deal.as_abi(), 0, deliverable, 0, 0, b"", sender=market.buyer.account)
    assert market.status(deal) == CLOSED
    assert market.money(market.seller) == 1_100 * UNIT
    assert market.money(market.buyer) == 900 * UNIT
    assert market.account(market.seller).settledAsSeller == 1
    assert market.account(market.buyer).settledAsBuyer == 1
    market.check_money()


def test_python_and_solidity_give_a_deal_the_same_id(market):
    deal = market.deal(payout=3, nonce=2**256 - 1)
    assert "0x" + bytes(market.escrow.dealIdOf(deal.as_abi())).hex() == market.id_of(deal)


def test_neither_agent_needs_gas(market):
    """One signature of the buyer agrees to the deal and pays for it; a relayer submits all for a fee."""
    deal = market.deal(relay_fee=UNIT, seller_bond=0, arbiter=ZERO_ADDRESS)
    nonces = market.buyer.account.nonce, market.seller.account.nonce
    market.escrow.open(
        deal.as_abi(),
        b"",
        market.consent(market.seller, deal),
        market.authorization(market.buyer, deal, deal.buyer_lock + deal.relay_fee),
        (0, b""),
        sender=market.relayer.account,
    )

    deliverable, until = b"\xab" * 32, market.now + HOUR
    what = {"deal_id": market.id_of(deal), "milestone": 0, "deliverable": Hash32.of(deliverable)}
    delivery = Delivery(**what, delivery=1, fee=0, valid_until=until)
    market.escrow.deliver(
        deal.as_abi(),
        0,
        1,
        deliverable,
        0,
        until,
        market.consent(market.seller, delivery),
        sender=market.relayer.account,
    )
    receipt = Receipt(**what, fee=0, valid_until=until)
    market.escrow.settle(
        deal.as_abi(),
        0,
        deliverable,
        0,
        until,
        market.consent(market.buyer, receipt),
        sender=market.relayer.account,
    )
    assert market.status(deal) == CLOSED
    assert (market.buyer.account.nonce, market.seller.account.nonce) == nonces
    assert market.account(market.relayer).balance == UNIT
    assert market.money(market.seller) == 1_100 * UNIT
    assert market.money(market.buyer) == 899 * UNIT
    market.check_money()


def test_both_sides_can_fund_by_authorization(market):
    deal = market.deal()
    market.escrow.open(
        deal.as_abi(),
        b"",
        b"",
        market.authorization(market.buyer, deal, deal.buyer_lock),
        market.authorization(market.seller, deal, deal.seller_bond),
        sender=market.stranger.account,
    )
    assert market.status(deal) == OPEN
    assert market.held() == deal.buyer_lock + deal.seller_bond


def test_milestones_are_paid_one_by_one(market):
    now = market.now
    deal = market.deal(
        price=90 * UNIT,
        milestones=(
            Milestone(amount=20 * UNIT, deliver_by=now + DAY),
            Milestone(amount=30 * UNIT, deliver_by=now + 2 * DAY),
            Milestone(amount=40 * UNIT, deliver_by=now + 3 * DAY),
        ),
    )
    market.open(deal)
    paid = 0
    for index, part in enumerate(deal.milestones):
        deliverable = market.deliver(deal, what=f"part {index}", milestone=index)
        market.escrow.settle(deal.as_abi(), index, deliverable, 0, 0, b"", sender=market.buyer.account)
        paid += part.amount
        last = index == len(deal.milestones) - 1
        bond = 0 if last else deal.seller_bond
        assert market.money(market.seller) == 1_000 * UNIT + paid - bond
        assert market.status(deal) == (CLOSED if last else OPEN)
        market.check_money(deal)
    assert market.state(deal).locked == 0


def test_silence_pays_after_the_review_window(market, opened):
    deal = opened()
    market.deliver(deal)
    delivered_at = market.now

    market.wait_until(delivered_at + deal.review_window)
    with ape.reverts(market.escrow.TooEarly):
        market.escrow.settleBySilence(deal.as_abi(), sender=market.stranger.account)

    market.wait_until(delivered_at + deal.review_window + 1)
    market.escrow.settleBySilence(deal.as_abi(), sender=market.stranger.account)
    assert market.status(deal) == CLOSED
    assert market.money(market.seller) == 1_100 * UNIT
    assert market.account(market.buyer).bySilence == 1
    market.check_money()


def test_payouts_may_stay_inside(market):
    """Bit 0 of `payout` credits the seller's internal balance instead of sending."""
    deal = market.deal(payout=1)
    market.open(deal)
    market.escrow.settle(deal.as_abi(), 0, market.deliver(deal), 0, 0, b"", sender=market.buyer.account)
    assert market.account(market.seller).balance == 110 * UNIT
    assert market.token.balanceOf(market.seller.account) == 990 * UNIT
    market.check_money()


def test_a_deal_needs_both_signatures(market):
    deal = market.deal()
    market.approve(market.buyer, deal.buyer_lock)
    market.approve(market.seller, deal.seller_bond)
    good = [market.consent(market.buyer, deal), market.consent(market.seller, deal)]
    other = market.deal()
    cases = {
        "nobody signed": [b"", b""],
        "the seller did not": [good[0], b""],
        "the buyer did not": [b"", good[1]],
        "the buyer signed another deal": [market.consent(market.buyer, other), good[1]],
        "they are swapped": [good[1], good[0]],
        "a stranger signed": [good[0], market.consent(market.stranger, deal)],
    }
    for why, signatures in cases.items():
        with ape.reverts(market.escrow.SignatureInvalid):
            market.escrow.open(deal.as_abi(), *signatures, (0, b""), (0, b""), sender=market.relayer.account)
        assert market.held() == 0, why


def test_a_deal_opens_once(market, opened):
    deal = opened()
    with ape.reverts(market.escrow.WrongStatus):
        market.open(deal)
    market.escrow.settle(deal.as_abi(), 0, market.deliver(deal), 0, 0, b"", sender=market.buyer.account)
    with ape.reverts(market.escrow.WrongStatus):
        market.open(deal)


def test_a_receipt_is_for_what_it_names(market, opened):
    """Signed for one deliverable it does not pay for another, and it is no use twice."""
    deal = opened()
    market.deliver(deal)
    receipt = Receipt(
        deal_id=market.id_of(deal),
        milestone=0,
        deliverable=Hash32.of(b"\xcd" * 32),
        fee=0,
        valid_until=market.now + HOUR,
    )
    signature = market.consent(market.buyer, receipt)
    with ape.reverts(market.escrow.SignatureInvalid):
        market.escrow.settle(
            deal.as_abi(), 0, b"\xef" * 32, 0, receipt.valid_until, signature, sender=market.seller.account
        )
    arguments = (deal.as_abi(), 0, b"\xcd" * 32, 0, receipt.valid_until, signature)
    market.escrow.settle(*arguments, sender=market.seller.account)
    with ape.reverts(market.escrow.WrongStatus):
        market.escrow.settle(*arguments, sender=market.seller.account)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"price": 0}, "PriceZero"),
        ({"open_by": 1}, "OpenByPassed"),
        ({"review_window": 0}, "WindowOutOfRange"),
        ({"rejected_seller_bps": 10_001}, "BpsOutOfRange"),
        ({"seller_bond": 1}, "BondBelowFees"),
        ({"payout": 8}, "PayoutUnknown"),
        ({"buyer_epoch": 1}, "EpochStale"),
        ({"milestones": ()}, "MilestoneCount"),
        ({"milestones": (Milestone(amount=1, deliver_by=2**40 - 1),)}, "MilestonesSum"),
        ({"milestones": (Milestone(amount=100 * UNIT, deliver_by=1),)}, "DeadlineBeforeOpening"),
    ],
)
def test_a_deal_that_cannot_work_does_not_open(market, change, error):
    with ape.reverts(getattr(market.escrow, error)):
        market.open(market.deal(**change))
    assert market.held() == 0
