"""The real Permit2, permits, mandates and amendments, signed in Python and checked on Anvil."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ape
import pytest

from parley.terms.actions import Mandate, MandateRevocation
from parley.terms.deal import Deal, Milestone, checksum_address
from parley.terms.funding import (
    PERMIT2,
    FundingKind,
    permit2_digest,
    permit2_funding,
    permit_digest,
    permit_funding,
)
from parley.terms.mandates import Act, Role, mandate_signature, worth
from parley.terms.remainder import Difference, Standing, difference, remaining
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Signature

ARTIFACT = Path(__file__).parents[2] / "contracts" / "test" / "permit2" / "permit2.json"
UNIT = 10**6
ALLOWANCE = (int(FundingKind.ALLOWANCE), b"")


@pytest.fixture(scope="module")
def permit2(chain: Any, accounts: Any) -> str:
    """Permit2 at its own address, put there by the factory that every Anvil has."""
    made = json.loads(ARTIFACT.read_text())
    place = checksum_address(PERMIT2)
    if not chain.provider.get_code(place):
        data = bytes.fromhex(made["salt"][2:] + made["initCode"][2:])
        accounts[0].transfer(checksum_address(made["factory"]), 0, data=data)
    assert len(chain.provider.get_code(place)) == 9152
    return place


def hexed(signature: bytes) -> Signature:
    return Signature.of(signature)


def paying(market: Any, agent: Any, deal: Deal, amount: int, nonce: int) -> tuple[int, bytes]:
    place = (market.chain.chain_id, Address(market.escrow.address.lower()))
    digest = permit2_digest(deal, *place, amount, nonce)
    return (int(FundingKind.PERMIT2), permit2_funding(nonce, hexed(agent.sign(digest))))


def standing(market: Any, deal: Deal) -> Standing:
    word = market.state(deal)
    return Standing(int(word.milestone), int(word.locked), int(word.shift), int(word.sellerLostBps))


def amendment_of(market: Any, deal: Deal, **changes: Any) -> Deal:
    now = standing(market, deal)
    parts = remaining(deal, now)
    fields = {
        "price": sum(part.amount for part in parts),
        "milestones": parts,
        "amends": market.id_of(deal),
        "amends_milestone": now.milestone,
        "amends_locked": now.locked,
        **changes,
    }
    return market.deal(**fields)  # type: ignore[no-any-return]


def test_a_deal_and_its_amendment_are_paid_through_permit2(market: Any, permit2: str) -> None:
    for agent in (market.buyer, market.seller):
        market.token.approve(permit2, 2**256 - 1, sender=agent.account)
    deal = market.deal()
    market.escrow.open(
        deal.as_abi(),
        b"",
        b"",
        paying(market, market.buyer, deal, deal.buyer_lock, 7),
        paying(market, market.seller, deal, deal.seller_bond, 2**255),
        sender=market.relayer.account,
    )
    market.check_money(deal)

    price = deal.price + 50 * UNIT
    amendment = amendment_of(
        market,
        deal,
        price=price,
        milestones=(Milestone(amount=price, deliver_by=deal.milestones[0].deliver_by),),
        seller_bond=deal.seller_bond - UNIT,
    )
    assert difference(deal, standing(market, deal), amendment) == Difference(50 * UNIT, -UNIT)
    market.escrow.amend(
        deal.as_abi(),
        amendment.as_abi(),
        b"",
        market.consent(market.seller, amendment),
        paying(market, market.buyer, amendment, 50 * UNIT, 8),
        ALLOWANCE,
        sender=market.relayer.account,
    )
    assert (market.status(deal), market.status(amendment)) == (5, 1)
    market.check_money(deal, amendment)


def test_a_permit_pays_although_a_stranger_submitted_it_first(market: Any) -> None:
    deal = market.deal(seller_bond=0, arbiter=ZERO_ADDRESS, arbiter_fee=0)
    market.approve(market.buyer, 0)
    escrow = Address(market.escrow.address.lower())
    digest = permit_digest(
        bytes(market.token.DOMAIN_SEPARATOR()),
        market.buyer.address,
        escrow,
        deal.price,
        int(market.token.nonces(market.buyer.account)),
        deal.open_by,
    )
    signature = market.buyer.sign(digest)
    market.token.permit(
        market.buyer.account,
        escrow,
        deal.price,
        deal.open_by,
        signature[64],
        signature[:32],
        signature[32:64],
        sender=market.stranger.account,
    )
    funding = (int(FundingKind.PERMIT), permit_funding(deal.price, deal.open_by, hexed(signature)))
    market.escrow.open(
        deal.as_abi(),
        market.consent(market.buyer, deal),
        market.consent(market.seller, deal),
        funding,
        ALLOWANCE,
        sender=market.relayer.account,
    )
    assert market.status(deal) == 1


def test_an_agent_opens_under_a_mandate_until_it_is_revoked(market: Any) -> None:
    deal = market.deal()
    mandate = Mandate(
        principal=market.buyer.address,
        agent=market.stranger.address,
        role=Role.BUY,
        token=deal.token,
        deal_limit=worth(deal, Role.BUY),
        budget=3 * worth(deal, Role.BUY),
        valid_from=0,
        valid_until=deal.open_by,
        actions=int(Act.OPEN),
        counterparty=market.seller.address,
        arbiter=ZERO_ADDRESS,
        epoch=0,
        nonce=9,
    )
    granted = "0x" + market.consent(market.buyer, mandate).hex()
    market.approve(market.buyer, 10 * deal.buyer_lock)
    market.approve(market.seller, 10 * deal.seller_bond)

    def opened(deal: Deal) -> None:
        by_agent = "0x" + market.consent(market.stranger, deal).hex()
        market.escrow.open(
            deal.as_abi(),
            bytes.fromhex(mandate_signature(mandate, granted, by_agent)[2:]),
            market.consent(market.seller, deal),
            ALLOWANCE,
            ALLOWANCE,
            sender=market.relayer.account,
        )

    opened(deal)
    assert market.status(deal) == 1
    digest = market.digest(mandate)
    assert tuple(market.escrow.mandateOf(digest)) == (deal.buyer_lock, False)

    revocation = MandateRevocation(
        mandate=Hash32.of(digest), principal=market.buyer.address, fee=0, valid_until=deal.open_by
    )
    market.escrow.revokeMandate(
        mandate.as_abi(),
        0,
        deal.open_by,
        market.consent(market.buyer, revocation),
        sender=market.relayer.account,
    )
    with ape.reverts(market.escrow.MandateVoid):
        opened(market.deal())
    assert tuple(market.escrow.mandateOf(digest)) == (deal.buyer_lock, True)
