"""Alternating offers for two to n parties as a protocol of the machine (docs/spec.md, section 5)."""

from __future__ import annotations

from parley.negotiation import interventions, moves
from parley.negotiation.errors import NotInProtocol
from parley.negotiation.gate import awaits_approval
from parley.negotiation.protocols import drawing, last_word
from parley.negotiation.rules import Rules
from parley.negotiation.state import NegotiationState, Step
from parley.negotiation.status import Reason, Status
from parley.terms.message import Message
from parley.terms.payloads import Accept, Award, Commit, Escalate, Offer, Payload, Reject, Reveal
from parley.terms.sealed import Sealed
from parley.terms.values import Address, Hash32


class Alternating:
    """Parties take turns in the opening's order; an offer that all others accept is the agreement."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def initial(self, state: NegotiationState) -> NegotiationState:
        """The state before message 0, with the lots to draw where the opening draws."""
        return drawing.begun(self.rules, state)

    def apply(
        self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Payload
    ) -> Step:
        """One of this protocol's own messages. Raises a `Refusal`."""
        match payload:
            case Award():
                pass
            case Offer() | Sealed():
                return moves.offer(self.rules, state, message, message_hash, payload)
            case Accept():
                return moves.accept(self.rules, state, message, payload)
            case Reject():
                return moves.reject(self.rules, state, message, payload)
            case Commit():
                return drawing.commit(self.rules, state, message, payload)
            case Reveal():
                return drawing.reveal(self.rules, state, message, payload)
        raise NotInProtocol(
            "Alternating offers know no such message", performative=message.core.performative.wire
        )

    def withdraw(self, state: NegotiationState, message: Message, role: str | None) -> Step:
        """Unanimity is none without one of them."""
        return interventions.withdraw(self.rules, state, message)

    def escalate(self, state: NegotiationState, message: Message, payload: Escalate) -> Step:
        """Any party, once a round."""
        return interventions.escalate(self.rules, state, message, payload)

    def convicted(self, state: NegotiationState, message: Message, culprit: Address) -> Step:
        """Nobody goes on with one that contradicts itself."""
        return interventions.failed(state, culprit)

    def overdue(self, state: NegotiationState, at: int) -> Reason | None:
        """Nothing but the deadline and the offer's expiry is ever over."""
        return None

    def actions(self, state: NegotiationState, role: str | None, at: int) -> set[str]:
        """The performatives of this protocol that the party in `role` may send at `at`."""
        if role is None:
            return set()
        found = {"withdraw"}
        record = state.record_of(role)
        over = state.exhausted and awaits_approval(self.rules, state, at) is None
        if not over and record.escalations == 0:
            found.add("escalate")
        if drawing.pending(state):
            return found | drawing.actions(state, role)
        if role != state.turn:
            return found
        if state.status is Status.INIT:
            return found | {"propose"}
        spoken = state.exhausted and not last_word.holds(self.rules, state, role)
        if not spoken and (state.exhausted or not record.final):
            found.add("counter")
        if state.offer is not None and state.offer.role != role:
            found.add("reject")
            if not state.offer.expired(at) and role not in state.acceptances:
                found.add("accept")
        return found
