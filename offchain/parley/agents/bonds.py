"""Bonds of bidders, looked at on the chain before an award counts on them.

The machine checks that every commitment names its bidder's bond; whether that deal is open only the chain
knows. A bond can be opened until the first commit window ends, so that one which is not open when the award
is due never will be.
"""

from __future__ import annotations

from collections.abc import Callable

from parley.agents.errors import BondNotOpen
from parley.agents.session import NegotiationSession
from parley.chain.escrow import EscrowContract, Status
from parley.negotiation.protocols.auction import SealedBids
from parley.terms.bonds import bond_deal_id
from parley.terms.remainder import Standing
from parley.terms.values import Hash32

_LIVE = frozenset((Status.OPEN, Status.REJECTED))


def on_chain(escrow: EscrowContract) -> Callable[[Hash32], Standing | None]:
    """How live deals stand, read from a node of one's own: `standings` of an agent's knowledge for those who
    do not take a gateway's word. None for a deal that is not open. Raises the errors of `parley.chain`.
    """

    def standing(deal_id: Hash32) -> Standing | None:
        state = escrow.state_of(deal_id)
        if state.status not in _LIVE:
            return None
        return Standing(state.milestone, state.locked, state.shift, state.seller_lost_bps)

    return standing


def unbonded(session: NegotiationSession) -> tuple[str, ...]:
    """The roles whose bids stand though their bond is not open, or nobody can tell; none where the domain
    asks for no bond.
    """
    protocol, domain = session.machine.protocol, session.domain
    if not isinstance(protocol, SealedBids) or protocol.auction.bond is None:
        return ()
    roles = [bid.role for bid in protocol.bids(session.state)]
    known = session.wallet.knowledge.standing
    return tuple(role for role in roles if known(bond_deal_id(domain, session.opening, role)) is None)


def require_bonds(session: NegotiationSession) -> None:
    """Raises `BondNotOpen` with the roles and bond deals where an award would count on a bond that is not
    there.
    """
    roles = unbonded(session)
    if roles:
        raise BondNotOpen(
            "bids stand whose bond is not open",
            roles=list(roles),
            bonds=[bond_deal_id(session.domain, session.opening, role) for role in roles],
        )
