"""What a reviewer is shown is what the signature will bind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from parley.agents.approvals import ApprovalRequest
from parley.sandbox.demo.errors import RequestForged
from parley.sandbox.demo.question import question_of
from parley.scenarios.compute_lease import compute_lease
from parley.terms.errors import DocumentInvalid
from parley.terms.terms import Terms
from parley.terms.values import Address, Hash32

LEASE = compute_lease(12)
SELLER = LEASE.seller("lambdalabs")


@pytest.fixture
def request_(make_terms: Callable[..., dict[str, Any]]) -> ApprovalRequest:
    terms = Terms.parse(
        {
            "schema": "parley/terms",
            "version": 1,
            "negotiation": "0x" + "11" * 32,
            "domain": LEASE.domain(SELLER).hash(),
            "fixed": {"law": "somewhere"},
            "values": make_terms(),
            "salt": "0x" + "22" * 16,
        }
    )
    return ApprovalRequest(
        negotiation=Hash32("0x" + "11" * 32),
        terms_hash=terms.hash(),
        agent=Address("0x" + "33" * 20),
        counterparty=Address("0x" + "44" * 20),
        price=4_064_000_000,
        terms=terms.as_json(),
        findings=({"rule": "approval-over-4000", "reason": "A deal over 4000.00 USD needs a person."},),
        asked_at=1,
    )


def test_it_shows_terms_price_counterparty_rules_and_risk(request_: ApprovalRequest) -> None:
    shown = "\n".join(f"{label}: {text}" for label, text in question_of(request_, SELLER, 600_000).rows())
    assert "seller: lambdalabs" in shown
    assert "0x" + "44" * 20 in shown
    assert "price: 4 064.00 USD" in shown
    assert "1600 h A100-80GB at 2.54, day 14, community, on delivery" in shown
    assert "rule: approval-over-4000: A deal over 4000.00 USD needs a person." in shown
    assert "risk: 29 % of the budget of 14 000.00 USD" in shown
    assert "0.6000 of 1, a newcomer's" in shown
    assert request_.terms_hash[:18] in shown


@pytest.mark.parametrize("payment", ["upfront", "half_half", "on_delivery"])
def test_every_way_of_payment_has_its_risk(request_: ApprovalRequest, payment: str) -> None:
    values = {**request_.terms["values"], "payment": payment}
    terms = Terms.parse({**request_.terms, "values": values})
    asked = dataclasses.replace(request_, terms=terms.as_json(), terms_hash=terms.hash())
    assert len(set(question_of(asked, SELLER, 900_000).risks)) == 4


@pytest.mark.parametrize(
    "forged", [{"price": 1}, {"terms_hash": Hash32("0x" + "55" * 32)}], ids=["price", "hash"]
)
def test_a_request_that_shows_other_terms_is_refused(
    request_: ApprovalRequest, forged: dict[str, Any]
) -> None:
    with pytest.raises(RequestForged):
        question_of(dataclasses.replace(request_, **forged), SELLER, 600_000)


def test_cheaper_terms_than_those_asked_for_are_refused(request_: ApprovalRequest) -> None:
    values = {**request_.terms["values"], "usd_per_gpu_hour": "2530000"}
    shown = {**request_.terms, "values": values}
    with pytest.raises(RequestForged):
        question_of(dataclasses.replace(request_, terms=shown, price=4_048_000_000), SELLER, 600_000)


def test_terms_that_are_none_are_refused(request_: ApprovalRequest) -> None:
    with pytest.raises(DocumentInvalid):
        question_of(dataclasses.replace(request_, terms={"values": {}}), SELLER, 600_000)
