"""What an agent that amends a deal has to know before it signs: the deal it signed, and how that stands."""

from __future__ import annotations

from dataclasses import dataclass

from parley.agents.errors import GuardRefused
from parley.agents.journal import Journal
from parley.agents.knowledge import Knowledge
from parley.terms.amendment import check_amendment
from parley.terms.deal import Deal
from parley.terms.derivation import Amended
from parley.terms.opening import Opening
from parley.terms.remainder import Standing, difference
from parley.terms.values import Address


@dataclass(frozen=True, slots=True)
class Replaced:
    """The deal that an amendment replaces, from the agent's own journal, and its state on the chain."""

    deal: Deal
    standing: Standing

    @property
    def amended(self) -> Amended:
        """What the derivation binds."""
        return Amended(self.standing.milestone, self.standing.locked)

    def check(self, amendment: Deal, opening: Opening, now: int) -> None:
        """Raises DerivationFailed or DealInvalid for an amendment that the escrow would refuse."""
        check_amendment(self.deal, amendment, self.amended, opening.chain_id, opening.escrow, now)

    def outflow(self, amendment: Deal, address: Address) -> int:
        """Base units that leave this account: the difference only, and nothing where it gets some back."""
        moved = difference(self.deal, self.standing, amendment)
        if address == amendment.buyer:
            return max(0, moved.buyer)
        return max(0, moved.seller) if address == amendment.seller else 0


def replaced(opening: Opening, journal: Journal, knowledge: Knowledge) -> Replaced | None:
    """What the opening amends; None where it amends nothing.

    Raises GuardRefused for a deal this key never signed, or one whose state nobody can tell.
    """
    if opening.amends is None:
        return None
    signed = journal.deals().get(opening.amends)
    if signed is None:
        raise GuardRefused("the deal to amend is none that this key signed", deal_id=opening.amends)
    standing = knowledge.standing(opening.amends)
    if standing is None:
        raise GuardRefused("how the deal to amend stands on the chain is not known", deal_id=opening.amends)
    return Replaced(signed.deal, standing)
