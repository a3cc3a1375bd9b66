"""What the gateway asks of a settlement. `settling` implements it over `parley.settlement`; a test may
bring its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from parley.terms.actions import (
    Action,
    Cancellation,
    Delivery,
    Dispute,
    Receipt,
    Refund,
    Rejection,
    Ruling,
    Split,
)
from parley.terms.deal import Deal
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
EXITS = frozenset(("silence", "close_rejected", "lapse", "default"))


@dataclass(frozen=True, slots=True)
class Submitted:
    """A deal handed over for opening. Signatures carry the kind byte; authorisations are 65 bytes."""

    deal: Deal
    deal_id: Hash32
    negotiation: str | None
    buyer_signature: str
    seller_signature: str
    buyer_authorization: str | None
    seller_authorization: str | None
    transactions: tuple[str, ...]

    def role_of(self, agent: Address) -> str | None:
        """buyer, seller, arbiter or relayer."""
        deal = self.deal
        roles = {deal.relayer: "relayer", deal.arbiter: "arbiter", deal.seller: "seller", deal.buyer: "buyer"}
        return roles.get(agent)

    @property
    def readers(self) -> frozenset[str]:
        """Who may see it."""
        deal = self.deal
        return frozenset((deal.buyer, deal.seller, deal.arbiter, deal.relayer)) - {ZERO_ADDRESS}


class DealDesk(Protocol):
    """Blocking calls, safe from any thread. Each refuses, typed, before it stores anything."""

    def check(self, deal: Deal) -> None:
        """Raises for a deal that the escrow could not open now."""

    def submit(
        self,
        deal: Deal,
        buyer_signature: str,
        seller_signature: str,
        buyer_authorization: str | None,
        seller_authorization: str | None,
        negotiation: str | None,
    ) -> Submitted:
        """Records the deal durably for opening, once per deal id."""
        ...

    def submitted(self, deal_id: str) -> Submitted | None: ...

    def of_negotiation(self, negotiation: str) -> list[Submitted]: ...

    def view(self, deal_id: str) -> dict[str, Any]:
        """JSON: deal_id, status, milestone, deliverable, deal, transactions, milestones, money."""
        ...

    def next_actions(self, deal_id: str, agent: Address, now: int) -> tuple[str, ...]: ...

    def act(self, deal_id: str, action: Action, signature: str) -> None: ...

    def split(self, deal_id: str, split: Split, buyer_signature: str, seller_signature: str) -> None: ...

    def exit(self, deal_id: str, name: str) -> None: ...

    def reputation(self, agent: Address, now: int) -> dict[str, Any]:
        """JSON: agent, score_ppm, deals, counterparties."""
        ...

    def check_chain(self) -> dict[str, Any]:
        """Raises when the chain cannot be reached or is not the one that was configured."""
        ...

    def close(self) -> None: ...
