"""The way to the other side: through a gateway, or straight to a peer. A session does not know which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from parley.agents.calls import Held
from parley.agents.client import GatewayClient
from parley.agents.views import Receipt
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening

PAGE = 100


@dataclass(frozen=True, slots=True)
class DealOffer:
    """The seller's half of a deal: its open-by time, its kind-marked signature, and its bond's
    authorisation if any.
    """

    index: int
    open_by: int
    signature: str
    authorization: str | None = None


class Channel(Protocol):
    """Carries messages. Every call may be repeated: what was taken before is acknowledged again."""

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        """Hands over a negotiation with its message 0; the receipt, where the other side gives receipts."""

    def send(self, message: Message) -> Receipt | None:
        """Hands over one message."""

    def fetch(self, negotiation: str, after: int) -> Sequence[Held]:
        """The messages with a sequence above `after`; at least one whenever there is one."""

    def documents(self, negotiation: str) -> tuple[Domain, Opening]:
        """Domain and opening of a negotiation that someone else opened."""


class GatewayChannel:
    """Through a gateway."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        with self.client.tracing.span("send", message.core.negotiation, kind=message.core.performative.value):
            return self.client.open_negotiation(domain, opening, message).receipt

    def send(self, message: Message) -> Receipt | None:
        negotiation = message.core.negotiation
        with self.client.tracing.span("send", negotiation, kind=message.core.performative.value):
            return self.client.post_message(negotiation, message).receipt

    def fetch(self, negotiation: str, after: int) -> Sequence[Held]:
        return self.client.messages(negotiation, after, limit=PAGE)

    def documents(self, negotiation: str) -> tuple[Domain, Opening]:
        return self.client.documents(negotiation)

    def seller_signed(self, negotiation: str) -> Mapping[int, DealOffer]:
        """What the sellers of an agreed negotiation have signed, by index of the settlement."""
        found: dict[int, DealOffer] = {}
        for agreement in self.client.negotiation(negotiation).agreements:
            if agreement.seller_signature is not None and agreement.open_by is not None:
                found[agreement.index] = DealOffer(
                    agreement.index,
                    agreement.open_by,
                    agreement.seller_signature,
                    agreement.seller_authorization,
                )
        return found
