"""Bonds of sealed-bid auctions, as deals: nothing that the escrow does not know already.

A bidder buys from the beneficiary, for the bond, the statement that its bid was not revealed. If the
beneficiary does not make it in time, anyone refunds the bidder; a false one the bidder rejects, and the
arbiter decides. The requester is no side of it, so the bond never goes to the requester.
"""

from __future__ import annotations

from parley.terms.deal import Deal, Milestone
from parley.terms.derivation import deal_nonce
from parley.terms.domain import Domain
from parley.terms.errors import DerivationFailed
from parley.terms.opening import Opening, check_opening
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Hash32

FIRST_BOND = 1 << 128
"""Where the nonces of bond deals begin, far beyond any settlement."""


def bond_deal(domain: Domain, opening: Opening, role: str) -> Deal:
    """The bond deal of the bidder in `role`: open by the end of the first commit window.

    Raises `DerivationFailed` where the domain asks for no bond or `role` does not bid, `OpeningInvalid`.
    """
    check_opening(domain, opening)
    auction = domain.auction
    bond = None if auction is None else auction.bond
    if auction is None or bond is None or role == auction.requester:
        raise DerivationFailed("this role puts up no bond", field="bond", problem="role")
    bidder = opening.party_of_role(role)
    at = [party.role for party in opening.parties].index(role)
    open_by = opening.opened_at + auction.commit_seconds
    return Deal(
        buyer=bidder.address,
        seller=bond.beneficiary,
        arbiter=bond.arbiter,
        relayer=bond.relayer,
        token=bond.token,
        price=bond.amount,
        seller_bond=bond.arbiter_fee,
        arbiter_fee=bond.arbiter_fee,
        relay_fee=bond.relay_fee,
        open_by=open_by,
        cancel_by=0,
        review_window=bond.review_window,
        dispute_window=bond.dispute_window,
        ruling_window=bond.ruling_window,
        rejected_seller_bps=0 if bond.arbiter != ZERO_ADDRESS else 10_000,
        lapsed_seller_bps=0,
        walk_away_bps=0,
        payout=0,
        milestones=(Milestone(amount=bond.amount, deliver_by=opening.deadline + bond.claim_seconds),),
        terms_hash=opening.negotiation_id(),
        transcript_root=ZERO_HASH,
        transcript_length=0,
        bundle=ZERO_HASH,
        amends=ZERO_HASH,
        amends_milestone=0,
        amends_locked=0,
        buyer_epoch=bidder.epoch,
        seller_epoch=0,
        nonce=deal_nonce(opening.negotiation_id(), FIRST_BOND + at),
    )


def bond_deal_id(domain: Domain, opening: Opening, role: str) -> Hash32:
    """The id that the commitment of `role` has to name."""
    return bond_deal(domain, opening, role).deal_id(opening.chain_id, opening.escrow)
