"""What someone may do next: the same answer in the gateway, in a client and in an error."""

from __future__ import annotations

from parley.negotiation.protocols.choose import NegotiationProtocol
from parley.negotiation.rules import Rules
from parley.negotiation.state import NegotiationState
from parley.terms.performative import Performative
from parley.terms.values import Address

_ORDER = tuple(performative.wire for performative in Performative)


def actions_of(
    rules: Rules, protocol: NegotiationProtocol, state: NegotiationState, address: Address, now: int | None
) -> tuple[str, ...]:
    """Names of the performatives `address` may send, in the order of their numbers.

    `now` (unix seconds) stands for the `sent_at` of the next message; without it nothing is assumed late.
    Content is not judged: a counter that is listed can still repeat too often. Nothing is listed for a
    stranger or when it is over.
    """
    opening = rules.opening
    if not state.live:
        return ()
    at = state.last_sent_at if now is None else max(now, state.last_sent_at)
    late = at > opening.deadline
    if state.sequence == 0:
        return ("open",) if address == opening.initiator and not late else ()
    found: set[str] = set()
    if address in rules.index or address == opening.mediator:
        found |= _speaker_actions(rules, protocol, state, address, at)
    if address in rules.gateways:
        found |= {"timeout", "control", "fault"}
    if address in rules.reviewers and state.held and not late:
        found |= {"resume", "approve", "refuse"}
    return tuple(name for name in _ORDER if name in found)


def _speaker_actions(
    rules: Rules, protocol: NegotiationProtocol, state: NegotiationState, address: Address, at: int
) -> set[str]:
    """Of a party, or of the mediator."""
    found = {"fault"}
    place = rules.index.get(address)
    role = None if place is None else rules.roles[place]
    late = at > rules.opening.deadline
    expired = state.offer is not None and state.offer.expired(at)
    if late or expired or protocol.overdue(state, at) is not None:
        found.add("timeout")
    if late:
        return found
    own = protocol.actions(state, role, at)
    hold = state.hold
    if hold is not None:
        path_or_nobody = not rules.reviewers or state.last_word is not None
        by_fallback = hold.by is None and path_or_nobody and role == state.turn
        if by_fallback or hold.by == address:
            found.add("resume")
        return found | (own & {"withdraw"})
    if place is not None and not state.exhausted and state.records[place].queries < rules.max_queries:
        found |= {"query", "inform"}
    return found | own
