"""Amendments: remaining milestones only, bound to the deal and the state that they replace."""

from __future__ import annotations

from typing import Any

import pytest
import samples

from parley.terms.amendment import amendment_opening, check_amendment
from parley.terms.deal import Deal
from parley.terms.derivation import Amended, derive_deals
from parley.terms.domain import Domain
from parley.terms.errors import DealInvalid, DerivationFailed, DocumentInvalid, IssueValuesInvalid
from parley.terms.opening import Opening
from parley.terms.payloads import Offer
from parley.terms.values import ZERO_HASH, Address, Hash32

AGREED = samples.agreement()
LATER = samples.OPENED_AT + 5_000
LOCKED = Amended(milestone=1, locked=77)


def _whole(**changes: Any) -> Domain:
    """The lease in two halves, its schedule marked as the whole one."""
    halves = samples.lease_settlement()["milestones"]["of"]["half_half"]
    settlement = samples.lease_settlement(milestones=halves, remaining=True, **changes)
    return Domain.parse(samples.lease_domain_json(settlements=[settlement]))


def _opening(domain: Domain) -> Opening:
    deal = AGREED.deals[0]
    return amendment_opening(
        AGREED.opening,
        deal.deal_id(AGREED.opening.chain_id, AGREED.opening.escrow),
        domain=domain.hash(),
        first="seller",
        initiator=deal.buyer,
        opened_at=LATER,
        deadline=LATER + domain.limits.deadline_seconds,
        nonce=Hash32("0x" + "5e" * 32),
        epochs={"buyer": 3},
    )


def _derived(domain: Domain, offer: Offer = AGREED.offer, amended: Amended = LOCKED) -> tuple[Deal, ...]:
    return derive_deals(domain, _opening(domain), offer, ZERO_HASH, 3, LATER, amended=amended)


def test_the_remaining_milestones_and_what_they_sum_to() -> None:
    domain = _whole()
    values = {**AGREED.offer.values, "rate": "1200000", "hours": 101}
    with pytest.raises(IssueValuesInvalid, match="hours"):
        _derived(domain, AGREED.offer.model_copy(update={"values": values}))
    plain = samples.lease_settlement(milestones=samples.lease_settlement()["milestones"]["of"]["half_half"])
    whole = derive_deals(
        Domain.parse(samples.lease_domain_json(settlements=[plain])),
        AGREED.opening.model_copy(
            update={"domain": Domain.parse(samples.lease_domain_json(settlements=[plain])).hash()}
        ),
        AGREED.offer,
        ZERO_HASH,
        3,
        samples.OPENED_AT + 10,
    )[0]
    (deal,) = _derived(domain)
    assert len(deal.milestones) == len(whole.milestones) - 1
    assert deal.price == whole.milestones[1].amount == sum(part.amount for part in deal.milestones)
    assert (deal.amends_milestone, deal.amends_locked, deal.buyer_epoch) == (1, 77, 3)
    first = _derived(domain, amended=Amended(milestone=0, locked=9))[0]
    assert (len(first.milestones), first.price) == (2, whole.price)
    with pytest.raises(DerivationFailed, match="no milestone"):
        _derived(domain, amended=Amended(milestone=2, locked=9))


def test_a_domain_of_the_remaining_work_is_taken_as_it_is() -> None:
    settlement = samples.lease_settlement()
    (deal,) = _derived(Domain.parse(samples.lease_domain_json(settlements=[settlement])))
    assert deal.price == AGREED.deals[0].price


def test_one_deal_replaces_one_deal() -> None:
    two = [samples.lease_settlement(), samples.lease_settlement()]
    with pytest.raises(DerivationFailed, match="one deal"):
        _derived(Domain.parse(samples.lease_domain_json(settlements=two)))
    with pytest.raises(DocumentInvalid):
        _whole().parse({**_whole().as_json(), "settlements": [samples.lease_settlement(remaining=False)]})


def test_both_sides_see_what_is_replaced() -> None:
    current = AGREED.deals[0].model_copy(update={"milestones": _two(AGREED.deals[0])})
    place = (AGREED.opening.chain_id, AGREED.opening.escrow)
    (made,) = _derived(_whole())
    new = made.model_copy(update={"amends": current.deal_id(*place)})
    check_amendment(current, new, LOCKED, *place)
    other = Address("0x" + "9a" * 20)
    for field, value in (
        ("amends", ZERO_HASH), ("amends_milestone", 0), ("amends_locked", 78), ("buyer", other),
        ("seller", other), ("token", other),
    ):  # fmt: skip
        with pytest.raises(DerivationFailed, match=field):
            check_amendment(current, new.model_copy(update={field: value}), LOCKED, *place)
    check_amendment(current, new, LOCKED, *place, now=LATER)
    with pytest.raises(DealInvalid, match="time to open"):
        check_amendment(current, new, LOCKED, *place, now=new.open_by + 1)
    past = Amended(milestone=2, locked=77)
    with pytest.raises(DerivationFailed, match="milestone left"):
        check_amendment(current, new.model_copy(update={"amends_milestone": 2}), past, *place)


def _two(deal: Deal) -> Any:
    half = deal.price // 2
    return tuple(
        deal.milestones[0].model_copy(update={"amount": amount}) for amount in (half, deal.price - half)
    )
