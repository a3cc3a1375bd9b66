"""Which protocol a domain names, and what the machine asks of every one of them."""

from __future__ import annotations

from typing import Protocol

from parley.negotiation.protocols.alternating import Alternating
from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.rules import Rules
from parley.negotiation.state import NegotiationState, Step
from parley.negotiation.status import Reason
from parley.terms.message import Message
from parley.terms.payloads import Escalate, Payload
from parley.terms.values import Address, Hash32


class NegotiationProtocol(Protocol):
    """A protocol's own rules. Pure; every refusal is a `Refusal` and changes nothing."""

    def initial(self, state: NegotiationState) -> NegotiationState:
        """The state before message 0."""

    def apply(
        self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Payload
    ) -> Step:
        """A message that this protocol gives its own meaning."""

    def withdraw(self, state: NegotiationState, message: Message, role: str | None) -> Step:
        """A party (or the mediator, `role` None) leaves."""

    def escalate(self, state: NegotiationState, message: Message, payload: Escalate) -> Step:
        """Somebody puts it on hold."""

    def convicted(self, state: NegotiationState, message: Message, culprit: Address) -> Step:
        """Somebody the opening knows signed two different messages for one step."""

    def overdue(self, state: NegotiationState, at: int) -> Reason | None:
        """Why time is over at `at`, beside the deadline and the expiry of an offer."""

    def actions(self, state: NegotiationState, role: str | None, at: int) -> set[str]:
        """What a party (or the mediator, `role` None) may send at `at`, when nothing is held."""


def protocol_of(rules: Rules) -> NegotiationProtocol:
    """The protocol that the domain of these rules names."""
    if rules.domain.auction is not None:
        return SealedBids(rules, rules.domain.auction)
    if rules.domain.mediation is not None:
        return Mediated(rules, rules.domain.mediation)
    return Alternating(rules)
