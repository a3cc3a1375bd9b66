"""What the gateway asks of a settlement. `settling` implements it over `parley.settlement`; a test may
bring its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from parley.chain.escrow import Opening
from parley.terms.actions import (
    Action,
    Cancellation,
    Delivery,
    Dispute,
    Epoch,
    Mandate,
    MandateRevocation,
    Receipt,
    Refund,
    Rejection,
    Ruling,
    Split,
    SplitRevocation,
    Withdrawal,
)
from parley.terms.deal import Deal
from parley.terms.evidence_actions import EvidenceSubmission
from parley.terms.remainder import Standing
from parley.terms.values import ZERO_ADDRESS, Address, Hash32

ROUTES: Mapping[str, type[Action]] = {
    "delivery": Delivery,
    "receipt": Receipt,
    "rejection": Rejection,
    "dispute": Dispute,
    "ruling": Ruling,
    "refund": Refund,
    "cancellation": Cancellation,
}
ACCOUNT_ACTIONS: tuple[type[Action], ...] = (Withdrawal, Epoch, MandateRevocation)
"""What an account signs about itself and no deal."""
EXITS = frozenset(("silence", "close_rejected", "lapse", "default"))


@dataclass(frozen=True, slots=True)
class Submitted:
    """A deal handed over for opening. Signatures carry the kind byte; authorisations are 65 bytes. `agents`
    are those that signed it under a mandate.
    """

    deal: Deal
    deal_id: Hash32
    negotiation: str | None
    buyer_signature: str
    seller_signature: str
    buyer_authorization: str | None
    seller_authorization: str | None
    transactions: tuple[str, ...]
    agents: frozenset[str] = frozenset()

    def role_of(self, agent: Address) -> str | None:
        """buyer, seller, arbiter, relayer, or agent (of a side)."""
        deal = self.deal
        roles = {deal.relayer: "relayer", deal.arbiter: "arbiter", deal.seller: "seller", deal.buyer: "buyer"}
        return roles.get(agent) or ("agent" if agent in self.agents else None)

    @property
    def readers(self) -> frozenset[str]:
        """Who may see it."""
        deal = self.deal
        named = frozenset((deal.buyer, deal.seller, deal.arbiter, deal.relayer)) - {ZERO_ADDRESS}
        return named | self.agents


class DealDesk(Protocol):
    """Blocking calls, safe from any thread. Each refuses, typed, before it stores anything."""

    def check(self, deal: Deal) -> None:
        """Raises for a deal that the escrow could not open now."""

    def check_signature(self, deal: Deal, role: str, signature: str) -> None:
        """Raises unless buyer or seller, or an agent under a mandate, signed the deal."""

    def submit(
        self, opening: Opening, negotiation: str | None = None, replaces: Deal | None = None
    ) -> Submitted:
        """Records a deal, an instant one or an amendment of `replaces` durably, once per deal id."""
        ...

    def submit_linked(
        self, openings: Sequence[Opening], negotiation: str | None = None
    ) -> tuple[Submitted, ...]:
        """The same for deals that open together or not at all."""
        ...

    def standing(self, deal_id: str) -> Standing | None:
        """How a live deal stands, for what amends it; None when it is not live."""
        ...

    def submitted(self, deal_id: str) -> Submitted | None: ...

    def of_negotiation(self, negotiation: str) -> list[Submitted]: ...

    def shown(self, deal_id: str, agent: Address, now: int) -> tuple[dict[str, Any], tuple[str, ...]]:
        """JSON: deal_id, status, milestone, deliverable, deal, transactions, milestones, money; and the names
        of what `agent` can do next.
        """
        ...

    def act(self, deal_id: str, action: Action, signature: str) -> None: ...

    def split(self, deal_id: str, split: Split, buyer_signature: str, seller_signature: str) -> None: ...

    def revoke_split(
        self, deal_id: str, split: Split, revocation: SplitRevocation, signature: str
    ) -> None: ...

    def exit(self, deal_id: str, name: str) -> None: ...

    def submit_evidence(self, deal_id: str, evidence: EvidenceSubmission, signature: str) -> None: ...

    def call_exits(self, deal_id: str, party: Address, exits: Sequence[str]) -> tuple[str, ...]:
        """Has these timed exits called for a party when they are due; what is wanted of all parties now."""
        ...

    def act_for_account(self, action: Action, signature: str, mandate: Mandate | None) -> dict[str, Any]:
        """Records a withdrawal, an epoch or the end of a mandate; JSON: subject, purpose, status."""
        ...

    def of_account(self, account: str) -> list[dict[str, Any]]:
        """What was recorded so: JSON of purpose, status, transaction, block, error."""
        ...

    def reputation(self, agent: Address, now: int) -> dict[str, Any]:
        """JSON: agent, score_ppm, deals, counterparties."""
        ...

    def check_chain(self) -> dict[str, Any]:
        """Raises when the chain cannot be reached or is not the one that was configured."""
        ...

    def close(self) -> None: ...
