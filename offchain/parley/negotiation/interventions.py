"""What anyone may do out of turn: ask, hold, decide on a hold, withdraw, claim a timeout, stop, prove a
fault.
"""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Approved, Asked, Ended, Held, Resumed
from parley.negotiation.errors import (
    ApprovalMismatch,
    EscalationLimit,
    FaultUnproven,
    NotAuthorised,
    NotOnHold,
    QueryLimit,
    RoundsExhausted,
    TimeoutTooEarly,
)
from parley.negotiation.gate import awaits_approval
from parley.negotiation.moves import end
from parley.negotiation.rules import Rules
from parley.negotiation.state import GrantedApproval, Hold, NegotiationState, PartyRecord, Step
from parley.negotiation.status import Reason, Status
from parley.terms.message import Message
from parley.terms.payloads import Approve, Escalate, Fault, Refuse
from parley.terms.values import Address, Hash32


def ask(rules: Rules, state: NegotiationState, message: Message) -> Step:
    """query or inform."""
    at = _party(rules, message)
    if state.exhausted:
        raise RoundsExhausted("No questions after the last round", max_rounds=rules.max_rounds)
    record = state.records[at]
    if record.queries >= rules.max_queries:
        raise QueryLimit(
            "Too many queries and answers of this party in this round", max_queries=rules.max_queries
        )
    state = _with_record(state, at, record._replace(queries=record.queries + 1))
    return Step(state, (Asked(rules.roles[at], message.core.sequence),))


def withdraw(rules: Rules, state: NegotiationState, message: Message) -> Step:
    """Where everybody has to agree: one that leaves ends it."""
    _party(rules, message)
    return end(state, Status.TERMINATED, Reason.WITHDRAWN, None)


def escalate(rules: Rules, state: NegotiationState, message: Message, payload: Escalate) -> Step:
    at = _party(rules, message)
    awaited = awaits_approval(rules, state, message.core.sent_at) if state.exhausted else None
    if state.exhausted and (awaited is None or payload.terms != awaited):
        raise RoundsExhausted(
            "After the last round only terms that wait for an approval are escalated",
            max_rounds=rules.max_rounds,
            terms=awaited,
        )
    record = state.records[at]
    if record.escalations >= 1:
        raise EscalationLimit("This party escalated in this round already", round=state.round)
    state = _with_record(state, at, record._replace(escalations=record.escalations + 1))
    sender = message.core.sender
    return Step(replace(state, hold=Hold(sender, payload.terms)), (Held(sender, payload.terms),))


def resume(rules: Rules, state: NegotiationState, message: Message) -> Step:
    hold = _hold(state)
    sender = message.core.sender
    allowed = sender in rules.reviewers or sender == hold.by
    if hold.by is None and (not rules.reviewers or state.last_word is not None):
        # Nobody was named to end a hold by the fallback, and only the party on turn can answer what is on the
        # table; or the escalation path has put somebody on turn for a last word.
        at = rules.index.get(sender)
        allowed = allowed or (at is not None and rules.roles[at] == state.turn)
    if not allowed:
        raise NotAuthorised("Only whoever escalated, or a reviewer, can resume", sender=sender)
    return Step(replace(state, hold=None), (Resumed(sender),))


def approve(rules: Rules, state: NegotiationState, message: Message, payload: Approve) -> Step:
    reviewer = message.core.sender
    _decided(rules, state, message, payload.terms)
    if payload.expires_at < message.core.sent_at:
        raise ApprovalMismatch(
            "The approval expires before it is sent",
            expires_at=payload.expires_at,
            sent_at=message.core.sent_at,
        )
    granted = GrantedApproval(payload.terms, reviewer, payload.expires_at)
    state = replace(state, hold=None, approvals=(*state.approvals, granted))
    return Step(state, (Approved(payload.terms, reviewer, payload.expires_at), Resumed(reviewer)))


def refuse(rules: Rules, state: NegotiationState, message: Message, payload: Refuse) -> Step:
    _decided(rules, state, message, payload.terms)
    return end(state, Status.TERMINATED, Reason.REFUSED, None)


def timeout(rules: Rules, state: NegotiationState, message: Message, overdue: Reason | None) -> Step:
    """`overdue` is the protocol's own reason why time is over at the message's `sent_at`, if it has one."""
    sender = message.core.sender
    sent_at = message.core.sent_at
    late = sent_at > rules.opening.deadline
    expired = state.offer is not None and state.offer.expired(sent_at)
    if sender not in rules.gateways:
        _speaker(rules, message)
        if not late and not expired and overdue is None:
            raise TimeoutTooEarly(
                "Neither the deadline nor the latest offer has passed",
                sent_at=sent_at,
                deadline=rules.opening.deadline,
                offer_expires_at=0 if state.offer is None else state.offer.expires_at,
            )
    if late:
        return end(state, Status.TERMINATED, Reason.DEADLINE, rules.fallback)
    if expired:
        return end(state, Status.TERMINATED, Reason.OFFER_EXPIRED, rules.fallback)
    if overdue is not None:
        return end(state, Status.TERMINATED, overdue, rules.fallback)
    return end(state, Status.TERMINATED, Reason.TIMEOUT, rules.fallback)


def control(rules: Rules, state: NegotiationState, message: Message) -> Step:
    if message.core.sender not in rules.gateways:
        raise NotAuthorised("Only a gateway of the opening can stop it", sender=message.core.sender)
    return end(state, Status.TERMINATED, Reason.CONTROL, None)


def convicted(rules: Rules, state: NegotiationState, message: Message, payload: Fault) -> Address:
    """The sender that the proof convicts. The two messages' signatures are checked by `admit`; here only that
    they belong together.
    """
    sender = message.core.sender
    if sender not in rules.gateways:
        _speaker(rules, message)
    first, second = payload.first.core, payload.second.core
    if first.negotiation != state.negotiation or second.negotiation != state.negotiation:
        raise FaultUnproven("The messages belong to another negotiation", negotiation=state.negotiation)
    if first.sender != second.sender or first.sender not in rules.sender_index:
        raise FaultUnproven("The messages are not two of one known sender", sender=first.sender)
    if first.sequence != second.sequence:
        raise FaultUnproven(
            "The messages stand at different steps", first=first.sequence, second=second.sequence
        )
    if first == second:
        raise FaultUnproven("The two messages are the same", sequence=first.sequence)
    return first.sender


def failed(state: NegotiationState, culprit: Address) -> Step:
    """Ended by the equivocation of `culprit`."""
    state = replace(state, status=Status.FAILED, reason=Reason.EQUIVOCATION, hold=None, culprit=culprit)
    ended = Ended(Status.FAILED, Reason.EQUIVOCATION, None, culprit)
    return Step(state, (ended,))


def _speaker(rules: Rules, message: Message) -> None:
    """A party, or the mediator."""
    if message.core.sender != rules.opening.mediator:
        _party(rules, message)


def _party(rules: Rules, message: Message) -> int:
    at = rules.index.get(message.core.sender)
    if at is None:
        raise NotAuthorised("Only a party can do this", sender=message.core.sender)
    return at


def _with_record(state: NegotiationState, at: int, record: PartyRecord) -> NegotiationState:
    return replace(state, records=(*state.records[:at], record, *state.records[at + 1 :]))


def _hold(state: NegotiationState) -> Hold:
    if state.hold is None:
        raise NotOnHold("The negotiation is not on hold")
    return state.hold


def _decided(rules: Rules, state: NegotiationState, message: Message, terms: Hash32) -> None:
    hold = _hold(state)
    if message.core.sender not in rules.reviewers:
        raise NotAuthorised("Only a reviewer of the opening can decide", sender=message.core.sender)
    if hold.terms is not None and hold.terms != terms:
        raise ApprovalMismatch("Other terms were escalated", escalated=hold.terms, decided=terms)
