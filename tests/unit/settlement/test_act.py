"""Actions on an open deal: by whom, for which deal, once; and what their failure leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from fake_escrow import FakeEscrow, Market, text_hash

from parley.chain.escrow_errors import WrongStatus
from parley.settlement import Settlement
from parley.settlement.errors import (
    ActionMisdirected,
    ActionUnsupported,
    DealNotOpen,
    DealUnknown,
    SignatureMissing,
    SignatureRefused,
)
from parley.store import EventStore
from parley.terms.actions import Cancellation, Delivery, Dispute, Epoch, Receipt, Split
from parley.terms.values import ZERO_HASH

THING = text_hash("weights.bin")


def run(settlement: Settlement, ticks: int = 8) -> None:
    for _ in range(ticks):
        settlement.tick()


@pytest.fixture
def signed(settlement: Settlement, market: Market) -> Any:
    found = market.signed()
    settlement.submit(found.deal, found.buyer, found.seller)
    return found


@pytest.fixture
def deal_id(settlement: Settlement, signed: Any) -> str:
    run(settlement)
    return str(signed.deal_id)


def delivery(deal_id: str, **changes: Any) -> Delivery:
    values = {
        "deal_id": deal_id,
        "milestone": 0,
        "delivery": 1,
        "deliverable": THING,
        "fee": 0,
        "valid_until": 2_000_000_000,
    }
    return Delivery(**{**values, **changes})


def receipt(deal_id: str) -> Receipt:
    return Receipt(deal_id=deal_id, milestone=0, deliverable=THING, fee=0, valid_until=2_000_000_000)


def test_delivered_and_paid(settlement: Settlement, market: Market, deal_id: str, chain: FakeEscrow) -> None:
    sent = delivery(deal_id)
    settlement.act(deal_id, sent, market.action(sent, market.seller))
    run(settlement)
    view = settlement.deal(deal_id)
    assert (view.status, view.chain.deliverable) == ("delivered", THING)
    paid = receipt(deal_id)
    accepted = settlement.act(deal_id, paid, market.action(paid, market.buyer))
    assert (accepted.purpose, accepted.duplicate) == ("accept_delivery", False)
    assert settlement.deal(deal_id).status == "delivered", "only the indexer says that it is settled"
    run(settlement)
    view = settlement.deal(deal_id)
    assert (view.status, view.chain.to_seller, view.chain.returned) == ("settled", 1000, 100)
    assert [(m.state, m.amount) for m in view.milestones] == [("paid", 1000)]
    assert view.next_actions("buyer", chain.blocks[-1].timestamp) == ()
    assert [sent.purpose for sent in view.transactions] == ["open", "deliver", "accept_delivery"]


def test_the_same_action_again_is_the_first_one(
    settlement: Settlement, market: Market, deal_id: str, chain: FakeEscrow
) -> None:
    sent = delivery(deal_id)
    for expected in (False, True):
        assert settlement.act(deal_id, sent, market.action(sent, market.seller)).duplicate is expected
    run(settlement)
    assert settlement.act(deal_id, sent, market.action(sent, market.seller)).duplicate
    run(settlement)
    assert len(chain.accepted) == 2


def test_only_the_right_account_acts(settlement: Settlement, market: Market, deal_id: str) -> None:
    sent = delivery(deal_id)
    with pytest.raises(SignatureRefused):
        settlement.act(deal_id, sent, market.action(sent, market.buyer))
    with pytest.raises(SignatureMissing):
        settlement.act(deal_id, sent, "0x")
    other = delivery(ZERO_HASH)
    with pytest.raises(ActionMisdirected):
        settlement.act(deal_id, other, market.action(other, market.seller))
    dispute = Dispute(
        deal_id=deal_id,
        party="0x" + "99" * 20,
        milestone=0,
        evidence=THING,
        fee=0,
        valid_until=2_000_000_000,
    )
    with pytest.raises(ActionMisdirected):
        settlement.act(deal_id, dispute, "0x00")
    with pytest.raises(ActionUnsupported):
        settlement.act(deal_id, Epoch(party=market.buyer.address, epoch=1, valid_until=2_000_000_000), "0x00")
    with pytest.raises(ActionUnsupported):
        settlement.exit(deal_id, "party")
    with pytest.raises(DealUnknown):
        settlement.act(ZERO_HASH, sent, "0x00")


def test_nothing_but_a_cancellation_before_it_is_open(
    settlement: Settlement, market: Market, signed: Any, chain: FakeEscrow
) -> None:
    sent = delivery(signed.deal_id)
    with pytest.raises(DealNotOpen) as caught:
        settlement.act(signed.deal_id, sent, market.action(sent, market.seller))
    assert caught.value.retryable
    cancel = Cancellation(
        deal_id=signed.deal_id, party=market.buyer.address, fee=0, valid_until=2_000_000_000
    )
    settlement.act(signed.deal_id, cancel, market.action(cancel, market.buyer))


def test_what_the_contract_would_refuse_is_not_kept(
    settlement: Settlement, market: Market, deal_id: str, store: EventStore
) -> None:
    paid = receipt(deal_id)
    settlement.act(deal_id, paid, market.action(paid, market.buyer))
    run(settlement)
    before = store.last_position()
    sent = delivery(deal_id)
    with pytest.raises(WrongStatus):
        settlement.act(deal_id, sent, market.action(sent, market.seller))
    assert store.last_position() == before


def test_an_action_that_fails_later_is_said(
    settlement: Settlement, market: Market, deal_id: str, store: EventStore, clock: Any
) -> None:
    sent, paid = delivery(deal_id), receipt(deal_id)
    settlement.act(deal_id, paid, market.action(paid, market.buyer))
    settlement.act(deal_id, sent, market.action(sent, market.seller))
    clock.now += 60
    run(settlement)
    view = settlement.deal(deal_id)
    assert view.status == "settled"
    (failed,) = [item for item in view.transactions if item.purpose == "deliver"]
    assert failed.status in ("failed", "reverted")
    kinds = [event.kind for event in store.read(f"deal:{deal_id}")]
    assert kinds == ["deal.submitted", "action.submitted", "action.submitted", "action.failed"]
    run(settlement)
    assert store.length(f"deal:{deal_id}") == 4, "said once"


def test_a_split_needs_both(settlement: Settlement, market: Market, deal_id: str) -> None:
    split = Split(
        deal_id=deal_id,
        milestone=0,
        status=1,
        locked=1100,
        to_seller=600,
        to_buyer=500,
        to_arbiter=0,
        nonce=1,
        fee=0,
        valid_until=2_000_000_000,
    )
    both = market.action(split, market.buyer), market.action(split, market.seller)
    for buyer, seller in ((both[0], both[0]), (both[1], both[0]), (both[0], "0x")):
        with pytest.raises((SignatureRefused, SignatureMissing)):
            settlement.split(deal_id, split, buyer, seller)
    assert settlement.split(deal_id, split, *both).purpose == "split"


def test_a_timed_exit_needs_nobody(settlement: Settlement, deal_id: str, chain: FakeEscrow) -> None:
    accepted = settlement.exit(deal_id, "default")
    assert accepted.purpose == "default"
    assert settlement.exit(deal_id, "default").duplicate
    run(settlement)
    assert len(chain.accepted) == 2
