"""How a deal ends without its goods: default, walk-away, cancellation, split, and deals that never open."""

from __future__ import annotations

import ape

from parley.terms.actions import Cancellation, Epoch, Refund, Split, SplitRevocation

OPEN, CLOSED, CANCELLED = 1, 5, 6
UNIT, DAY, HOUR = 10**6, 86_400, 3_600
ANYONE = "0x0000000000000000000000000000000000000000"


def split_of(market, deal, **changes):
    state = market.state(deal)
    fields = {
        "deal_id": market.id_of(deal),
        "milestone": int(state.milestone),
        "status": int(state.status),
        "locked": int(state.locked),
        "to_seller": 70 * UNIT,
        "to_buyer": int(state.locked) - 70 * UNIT,
        "to_arbiter": 0,
        "nonce": 1,
        "fee": 0,
        "valid_until": market.now + HOUR,
    }
    return Split(**{**fields, **changes})


def test_a_missed_deadline_refunds_the_buyer_and_costs_the_bond(market, opened):
    deal = opened()
    deadline = deal.milestones[0].deliver_by
    market.wait_until(deadline)
    with ape.reverts(market.escrow.TooEarly):
        market.escrow.refund(deal.as_abi(), ANYONE, 0, 0, 0, b"", sender=market.stranger.account)
    market.wait_until(deadline + 1)
    market.escrow.refund(deal.as_abi(), ANYONE, 0, 0, 0, b"", sender=market.stranger.account)
    assert market.status(deal) == CLOSED
    assert market.money(market.buyer) == 1_010 * UNIT
    assert market.money(market.seller) == 990 * UNIT
    assert market.account(market.seller).defaulted == 1
    market.check_money()


def test_a_delivery_in_time_stops_the_refund(market, opened):
    deal = opened()
    market.wait_until(deal.milestones[0].deliver_by)
    market.deliver(deal)
    market.wait(DAY)
    with ape.reverts(market.escrow.WrongStatus):
        market.escrow.refund(deal.as_abi(), ANYONE, 0, 0, 0, b"", sender=market.buyer.account)


def test_a_seller_that_walks_away_pays_its_signed_share(market, opened):
    deal = opened()
    market.escrow.refund(deal.as_abi(), market.seller.account, 0, 0, 0, b"", sender=market.seller.account)
    # 4 000 bps of a bond of 10 tokens.
    assert market.money(market.buyer) == 1_004 * UNIT
    assert market.money(market.seller) == 996 * UNIT
    assert market.record(market.seller).walkedAway == 1
    market.check_money()


def test_the_buyer_cancels_for_free_until_the_agreed_time(market, opened):
    deal = opened(cancel_by=market.now + HOUR)
    market.escrow.refund(deal.as_abi(), market.buyer.account, 0, 0, 0, b"", sender=market.buyer.account)
    assert market.money(market.buyer) == market.money(market.seller) == 1_000 * UNIT
    assert market.record(market.buyer).cancelled == 1

    late = opened(cancel_by=market.now + HOUR)
    market.wait_until(late.cancel_by + 1)
    with ape.reverts(market.escrow.TooLate):
        market.escrow.refund(late.as_abi(), market.buyer.account, 0, 0, 0, b"", sender=market.buyer.account)


def test_a_signed_walk_away_can_be_relayed(market, opened):
    deal = opened()
    refund = Refund(
        deal_id=market.id_of(deal),
        party=market.seller.address,
        milestone=0,
        fee=0,
        valid_until=market.now + HOUR,
    )
    market.escrow.refund(
        deal.as_abi(),
        market.seller.account,
        0,
        0,
        refund.valid_until,
        market.consent(market.seller, refund),
        sender=market.relayer.account,
    )
    assert market.status(deal) == CLOSED


def test_a_split_closes_on_exact_amounts(market, opened):
    deal = opened()
    market.deliver(deal)
    split = split_of(market, deal, to_arbiter=UNIT, to_buyer=41 * UNIT)
    market.escrow.split(
        deal.as_abi(),
        split.as_abi(),
        market.consent(market.buyer, split),
        market.consent(market.seller, split),
        sender=market.stranger.account,
    )
    assert market.status(deal) == CLOSED
    assert market.money(market.seller) == 990 * UNIT + 70 * UNIT
    assert market.money(market.arbiter) == 1_001 * UNIT
    assert market.money(market.buyer) == 1_000 * UNIT - 61 * UNIT
    market.check_money()


def test_a_split_fits_one_moment_only(market, opened):
    deal = opened()
    split = split_of(market, deal)
    signatures = market.consent(market.buyer, split), market.consent(market.seller, split)
    market.deliver(deal)
    with ape.reverts(market.escrow.SplitMismatch):
        market.escrow.split(deal.as_abi(), split.as_abi(), *signatures, sender=market.seller.account)
    assert market.status(deal) != CLOSED


def test_a_signed_split_can_be_taken_back(market, opened):
    deal = opened()
    split = split_of(market, deal)
    signatures = market.consent(market.buyer, split), market.consent(market.seller, split)
    revocation = SplitRevocation(
        split="0x" + market.digest(split).hex(), party=market.buyer.address, valid_until=market.now + HOUR
    )
    market.escrow.revokeSplit(
        deal.as_abi(),
        split.as_abi(),
        market.buyer.account,
        revocation.valid_until,
        market.consent(market.buyer, revocation),
        sender=market.relayer.account,
    )
    with ape.reverts(market.escrow.SplitSpent):
        market.escrow.split(deal.as_abi(), split.as_abi(), *signatures, sender=market.seller.account)
    assert market.status(deal) == OPEN


def test_a_cancelled_deal_never_opens(market):
    deal = market.deal()
    cancellation = Cancellation(
        deal_id=market.id_of(deal), party=market.seller.address, fee=0, valid_until=market.now + HOUR
    )
    market.escrow.cancel(
        deal.as_abi(),
        market.seller.account,
        0,
        cancellation.valid_until,
        market.consent(market.seller, cancellation),
        sender=market.relayer.account,
    )
    assert market.status(deal) == CANCELLED
    with ape.reverts(market.escrow.WrongStatus):
        market.open(deal)


def test_a_new_epoch_kills_everything_unopened(market, opened):
    running, waiting = opened(), market.deal()
    epoch = Epoch(party=market.buyer.address, epoch=1, valid_until=market.now + HOUR)
    market.escrow.advanceEpoch(
        market.buyer.account,
        1,
        epoch.valid_until,
        market.consent(market.buyer, epoch),
        sender=market.relayer.account,
    )
    with ape.reverts(market.escrow.EpochStale):
        market.open(waiting)
    # What was open goes on, and a deal signed in the new epoch opens.
    market.deliver(running)
    market.open(market.deal(buyer_epoch=1))
