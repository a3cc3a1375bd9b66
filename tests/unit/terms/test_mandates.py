"""What a mandate covers, and the bytes in which the escrow takes one."""

from __future__ import annotations

from typing import Any

import pytest
import samples

from parley.terms.actions import Mandate
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.mandates import (
    Act,
    Role,
    mandate_signature,
    mandate_signature_parts,
    uncovered,
    worth,
)
from parley.terms.values import ZERO_ADDRESS, Address

DEAL: Deal = samples.agreement().deals[0]
AGENT = samples.signer("agent").address
OTHER = Address("0x" + "77" * 20)
NOW = 1_900_000_000


def mandate(**changes: Any) -> Mandate:
    fields: dict[str, Any] = {
        "principal": DEAL.buyer,
        "agent": AGENT,
        "role": Role.BUY,
        "token": DEAL.token,
        "deal_limit": worth(DEAL, Role.BUY),
        "budget": 10**12,
        "valid_from": NOW,
        "valid_until": NOW,
        "actions": int(Act.OPEN | Act.RECEIPT),
        "counterparty": ZERO_ADDRESS,
        "arbiter": ZERO_ADDRESS,
        "epoch": 0,
        "nonce": 1,
    }
    return Mandate(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"counterparty": DEAL.seller, "arbiter": DEAL.arbiter},
        {"deal_limit": 10**15},
        {"actions": 255},
        {"role": Role.SELL, "principal": DEAL.seller, "deal_limit": DEAL.price},
        {"role": Role.SELL, "principal": DEAL.seller, "deal_limit": 0},
    ],
)
def test_what_is_inside_every_limit_is_covered(changes: dict[str, Any]) -> None:
    assert uncovered(mandate(**changes), DEAL, Act.OPEN, NOW) == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"principal": OTHER}, "MandateOfAnother"),
        ({"role": Role.SELL}, "MandateOfAnother"),
        ({"role": 0}, "MandateRole"),
        ({"role": 3}, "MandateRole"),
        ({"actions": int(Act.RECEIPT)}, "MandateAction"),
        ({"actions": 0}, "MandateAction"),
        ({"valid_from": NOW + 1}, "MandateTime"),
        ({"valid_until": NOW - 1}, "MandateTime"),
        ({"token": ZERO_ADDRESS}, "MandateToken"),
        ({"counterparty": OTHER}, "MandateCounterparty"),
        ({"arbiter": OTHER}, "MandateArbiter"),
        ({"agent": DEAL.seller}, "MandateAgent"),
        ({"agent": DEAL.arbiter}, "MandateAgent"),
        ({"deal_limit": worth(DEAL, Role.BUY) - 1}, "MandateLimit"),
        ({"role": Role.SELL, "principal": DEAL.seller, "deal_limit": DEAL.price + 1}, "MandateLimit"),
    ],
)
def test_what_is_outside_one_limit_is_not(changes: dict[str, Any], error: str) -> None:
    assert error in uncovered(mandate(**changes), DEAL, Act.OPEN, NOW)


def test_a_buyers_limit_counts_fees_and_a_sellers_does_not() -> None:
    deal = DEAL.model_copy(update={"relay_fee": 7})
    assert worth(deal, Role.BUY) == deal.price + deal.arbiter_fee * len(deal.milestones) + 7
    assert worth(deal, Role.SELL) == deal.price


@pytest.mark.parametrize("of_agent", ["0x", "0x00" + "ab" * 65])
@pytest.mark.parametrize("of_principal", ["0x", "0x00" + "cd" * 65, "0x00" + "ef" * 65_534])
def test_a_mandate_signature_can_be_taken_apart(of_principal: str, of_agent: str) -> None:
    given = mandate()
    signature = mandate_signature(given, of_principal, of_agent)
    assert signature.startswith("0x01")
    assert mandate_signature_parts(signature) == (given, of_principal, of_agent)


def test_a_principals_signature_has_to_fit() -> None:
    with pytest.raises(SignatureInvalid):
        mandate_signature(mandate(), "0x" + "ef" * 65_536, "0x")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: "0x00" + s[4:],
        lambda s: "0x01",
        lambda s: s[: 4 + 2 * (13 * 32 + 1)],
        lambda s: s[: 4 + 2 * (13 * 32 + 2 + 10)],
        lambda s: s + "0",
        lambda s: "0x01" + "01" + s[6:],
        lambda s: s[:4] + "zz" + s[6:],
        lambda s: s[: 4 + 64 * 4] + "ff" * 32 + s[4 + 64 * 5 :],
    ],
    ids=["kind", "empty", "no length", "cut", "half a byte", "dirty address", "not hex", "limit too large"],
)
def test_anything_else_is_refused(spoil: Any) -> None:
    with pytest.raises(SignatureInvalid):
        mandate_signature_parts(spoil(mandate_signature(mandate(), "0x00" + "cd" * 65, "0x")))
