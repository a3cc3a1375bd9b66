"""From a negotiation played in memory to the deals that its parties would sign."""

from __future__ import annotations

from parley.evidence.merkle import transcript_root
from parley.negotiation.simulation import Match
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.values import Hash32


def deals_of(match: Match) -> tuple[Deal, ...]:
    """What both sides of each settlement would sign after this negotiation; empty without agreement."""
    offer = match.state.offer
    if not match.result().agreed or offer is None:
        return ()
    chain = match.opening.chain_id
    hashes: list[Hash32] = [message.core.message_hash(chain) for message in match.messages]
    return derive_deals(
        match.domain,
        match.opening,
        offer.offer,
        transcript_root(hashes),
        len(hashes),
        match.state.last_sent_at,
    )
