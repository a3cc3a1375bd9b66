"""An approval covers exact terms, for one agent, by a reviewer, for half an hour."""

from __future__ import annotations

from typing import Any

import pytest

from parley.policy.approvals import approval_covers, check_approval, verify_approval
from parley.policy.errors import ApprovalInvalid
from parley.terms.message import Approval
from parley.terms.signing import LocalSigner
from parley.terms.values import ZERO_HASH, Address, Hash32

REVIEWER = LocalSigner((7).to_bytes(32, "big"))
AGENT = Address("0x" + "a9" * 20)
NEGOTIATION, TERMS = Hash32("0x" + "01" * 32), Hash32("0x" + "02" * 32)
FIELDS: dict[str, Any] = {
    "negotiation": NEGOTIATION,
    "terms_hash": TERMS,
    "agent": AGENT,
    "reviewer": REVIEWER.address,
    "granted": True,
    "reason": ZERO_HASH,
    "decided_at": 1_000,
    "expires_at": 2_800,
}


def approval(**changes: Any) -> Approval:
    return Approval(**{**FIELDS, **changes})


def covers(given: Approval, now: int = 1_500) -> bool:
    return approval_covers(
        given, negotiation=NEGOTIATION, terms=TERMS, agent=AGENT, reviewers=(REVIEWER.address,), now=now
    )


def test_it_covers_the_terms_until_it_expires() -> None:
    assert covers(approval(), now=1_000)
    assert covers(approval(), now=2_800)
    assert not covers(approval(), now=2_801)
    assert not covers(approval(), now=999)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"granted": False}, "refused"),
        ({"negotiation": TERMS}, "negotiation"),
        ({"terms_hash": NEGOTIATION}, "terms"),
        ({"agent": REVIEWER.address}, "agent"),
        ({"reviewer": AGENT}, "reviewer"),
        ({"expires_at": 2_801}, "validity"),
        ({"expires_at": 999}, "validity"),
    ],
)
def test_whatever_differs_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ApprovalInvalid) as caught:
        check_approval(
            approval(**changes),
            negotiation=NEGOTIATION,
            terms=TERMS,
            agent=AGENT,
            reviewers=(REVIEWER.address,),
            now=1_500,
        )
    assert caught.value.values["problem"] == problem
    assert not covers(approval(**changes))


def test_only_its_reviewer_can_sign_it() -> None:
    given = approval()
    signature = REVIEWER.sign_digest(given.digest(1))
    verify_approval(given, signature, 1)
    for other, chain in ((approval(terms_hash=NEGOTIATION), 1), (given, 2)):
        with pytest.raises(ApprovalInvalid):
            verify_approval(other, signature, chain)
