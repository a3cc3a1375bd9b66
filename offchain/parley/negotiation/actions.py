"""What someone may do next: the same answer in the gateway, in a client and in an error."""

from __future__ import annotations

from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Status
from parley.terms.domain import Domain
from parley.terms.opening import Opening
from parley.terms.values import Address


def next_actions(
    state: NegotiationState,
    opening: Opening,
    address: Address,
    domain: Domain | None = None,
    now: int | None = None,
) -> tuple[str, ...]:
    """Names of the performatives `address` may send, in the order of their numbers.

    `now` (unix seconds) stands for the `sent_at` of the next message; without it nothing is assumed late.
    `domain` tells the limit of queries; without it a query is listed as long as the state allows one. Content
    is not judged: a counter that is listed can still repeat too often. Nothing is listed for a stranger or
    when it is over.
    """
    if not state.live:
        return ()
    found: set[str] = set()
    at = next((i for i, party in enumerate(opening.parties) if party.address == address), None)
    late = now is not None and now > opening.deadline
    if state.sequence == 0:
        return ("open",) if address == opening.initiator and not late else ()
    if at is not None:
        found |= _party_actions(state, opening, at, domain, now, late)
    if address in opening.gateways:
        found |= {"timeout", "control", "fault"}
    if address in opening.reviewers and state.held and not late:
        found |= {"resume", "approve", "refuse"}
    return tuple(name for name in _ORDER if name in found)


_ORDER = (
    "propose",
    "counter",
    "accept",
    "reject",
    "query",
    "inform",
    "withdraw",
    "escalate",
    "resume",
    "approve",
    "refuse",
    "timeout",
    "control",
    "fault",
)


def _party_actions(
    state: NegotiationState, opening: Opening, at: int, domain: Domain | None, now: int | None, late: bool
) -> set[str]:
    found = {"fault"}
    role = opening.parties[at].role
    expired = now is not None and state.offer is not None and state.offer.expired(now)
    if late or expired:
        found.add("timeout")
    if late:
        return found
    found.add("withdraw")
    if state.hold is not None:
        by_fallback = state.hold.by is None and not opening.reviewers and role == state.turn
        if by_fallback or state.hold.by == opening.parties[at].address:
            found.add("resume")
        return found
    record = state.records[at]
    if not state.exhausted:
        if record.escalations == 0:
            found.add("escalate")
        if domain is None or record.queries < domain.limits.max_queries:
            found |= {"query", "inform"}
    if role == state.turn:
        found |= _turn_actions(state, role, record.final, expired)
    return found


def _turn_actions(state: NegotiationState, role: str, final: bool, expired: bool) -> set[str]:
    if state.status is Status.INIT:
        return {"propose"}
    found: set[str] = set()
    if not state.exhausted and not final:
        found.add("counter")
    if state.offer is not None and state.offer.role != role:
        found.add("reject")
        if not expired:
            found.add("accept")
    return found
