"""The moves that take a turn: propose, counter, accept, reject."""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Agreed, Effect, Ended, Held, OfferMade, TurnPassed
from parley.negotiation.errors import (
    NotAuthorised,
    NotYourTurn,
    OfferExpired,
    OfferInvalid,
    OfferUnknown,
    OwnOffer,
    RoundsExhausted,
    SentAtInvalid,
    StateForbids,
)
from parley.negotiation.gate import require_approval
from parley.negotiation.opaque import record_opaque
from parley.negotiation.protocols import drawing, last_word
from parley.negotiation.rules import Rules
from parley.negotiation.state import Hold, NegotiationState, PartyRecord, StandingOffer, Step
from parley.negotiation.status import Fallback, Reason, Status
from parley.negotiation.stops import new_round, pair_digest, record_offer, with_pair
from parley.terms.errors import TermsError
from parley.terms.message import Message, Performative
from parley.terms.payloads import Accept, Offer, Reject
from parley.terms.sealed import Sealed
from parley.terms.values import Hash32


def offer(
    rules: Rules, state: NegotiationState, message: Message, message_hash: Hash32, payload: Offer | Sealed
) -> Step:
    """propose or counter. One that is sealed counts as a move; nothing is known of its values."""
    role = _on_turn(rules, state, message)
    opening_move = message.core.performative is Performative.PROPOSE
    if opening_move != (state.status is Status.INIT):
        raise StateForbids(
            "The first offer is a propose, every later one a counter", status=state.status.value
        )
    drawing.require_drawn(state)
    if state.exhausted and not last_word.holds(rules, state, role):
        raise RoundsExhausted("No new offer after the last round", max_rounds=rules.max_rounds)
    core = message.core
    if core.expires_at and core.expires_at < core.sent_at:
        raise SentAtInvalid(
            "The offer expires before it is sent", expires_at=core.expires_at, sent_at=core.sent_at
        )
    at = rules.index[core.sender]
    if isinstance(payload, Sealed):
        return _sealed(rules, state, message, message_hash, payload)
    values, digest = _decode(rules, payload)
    if state.exhausted:
        return last_word.speak(rules, state, at, message, message_hash, payload, values, digest)
    record = record_offer(rules, state.records[at], values, digest, payload.final)
    records = (*state.records[:at], record, *state.records[at + 1 :])
    standing = StandingOffer(
        message_hash, role, core.sequence, core.payload, payload, payload.expires_at, values
    )
    status = Status.PROPOSED if opening_move else Status.COUNTER
    pair = pair_digest(records)
    pairs, looped = (state.pairs, False) if pair is None else with_pair(state.pairs, pair)
    state = state.changed(status=status, offer=standing, acceptances=(), records=records, pairs=pairs)
    made: Effect = OfferMade(role, message_hash, payload, core.sequence, values)
    if looped:
        return end(state, Status.TERMINATED, Reason.LOOP, rules.fallback, made)
    return _pass_turn(rules, state, made)


def _sealed(
    rules: Rules, state: NegotiationState, message: Message, message_hash: Hash32, payload: Sealed
) -> Step:
    core, at = message.core, rules.index[message.core.sender]
    if state.exhausted:
        record_opaque(rules, state.records[at], payload)
        return last_word.speak(rules, state, at, message, message_hash, None, (), None)
    record = record_opaque(rules, state.records[at], payload)
    standing = StandingOffer(
        message_hash, record.role, core.sequence, core.payload, None, core.expires_at, ()
    )
    status = Status.PROPOSED if core.performative is Performative.PROPOSE else Status.COUNTER
    records = (*state.records[:at], record, *state.records[at + 1 :])
    return _pass_turn(rules, state.changed(status=status, offer=standing, acceptances=(), records=records))


def accept(rules: Rules, state: NegotiationState, message: Message, payload: Accept) -> Step:
    role = _on_turn(rules, state, message)
    standing = _answered(state, role, payload.offer)
    sent_at = message.core.sent_at
    if standing.expired(sent_at):
        raise OfferExpired("The offer has expired", expires_at=standing.expires_at, sent_at=sent_at)
    if role in state.acceptances:
        raise StateForbids("The sender accepted this offer already", role=role)
    acceptances = (*state.acceptances, role)
    state = replace(state, acceptances=acceptances)
    if len(acceptances) == len(rules.roles) - 1:
        if standing.content is not None:
            require_approval(rules, state, standing.content, sent_at)
        moves = state.moves + 1
        state = replace(
            state, status=Status.ACCEPTED, reason=Reason.AGREED, moves=moves, round=moves // len(rules.roles)
        )
        if standing.content is None:
            return Step(state, ())
        agreed = Agreed(standing.content, standing.message, message.core.sequence, sent_at)
        return Step(state, (agreed,))
    return _pass_turn(rules, state)


def reject(rules: Rules, state: NegotiationState, message: Message, payload: Reject) -> Step:
    role = _on_turn(rules, state, message)
    _answered(state, role, payload.offer)
    if payload.final:
        passed = last_word.passed_on(rules, state)
        return passed or end(state, Status.TERMINATED, Reason.REJECTED, None)
    if state.exhausted:
        raise RoundsExhausted("Only a final rejection after the last round", max_rounds=rules.max_rounds)
    return _pass_turn(rules, state)


def end(
    state: NegotiationState, status: Status, reason: Reason, fallback: Fallback | None, *before: Effect
) -> Step:
    """The state ended without agreement, no longer held."""
    return Step(
        replace(state, status=status, reason=reason, hold=None), (*before, Ended(status, reason, fallback))
    )


def _on_turn(rules: Rules, state: NegotiationState, message: Message) -> str:
    at = rules.index.get(message.core.sender)
    if at is None:
        raise NotAuthorised("Only a party can make this move", sender=message.core.sender)
    role = rules.roles[at]
    if role != state.turn:
        raise NotYourTurn("Another party is on turn", turn=state.turn, role=role)
    return role


def _answered(state: NegotiationState, role: str, cited: Hash32) -> StandingOffer:
    """The latest offer, if `cited` is it and `role` may answer it."""
    standing = state.offer
    if standing is None:
        raise StateForbids("There is no offer to answer yet", status=state.status.value)
    if cited != standing.message:
        raise OfferUnknown(
            "The answer cites another offer than the latest", cited=cited, latest=standing.message
        )
    if standing.role == role:
        raise OwnOffer("A party cannot answer its own offer", role=role)
    return standing


def _decode(rules: Rules, payload: Offer) -> tuple[tuple[int | str, ...], Hash32]:
    """The values in the domain's order, and the hash of their canonical form."""
    try:
        return rules.domain.decoded(payload.values)
    except TermsError as error:
        raise OfferInvalid(error.message, cause=error.code, **error.values) from error


def _pass_turn(rules: Rules, state: NegotiationState, *before: Effect) -> Step:
    """Counts the move, completes the round if it was its last, and applies the fallback after the last
    round.
    """
    moves = state.moves + 1
    turn = last_word.turn_after(rules, state)
    records: tuple[PartyRecord, ...] = state.records
    rounds = state.round
    if moves % len(rules.roles) == 0:
        rounds += 1
        records = new_round(records)
    state = state.changed(moves=moves, turn=turn, round=rounds, records=records)
    if rounds < rules.max_rounds or state.exhausted:
        return Step(state, (*before, TurnPassed(turn, rounds)))
    if rules.fallback is not Fallback.ESCALATE:
        return end(state, Status.TERMINATED, Reason.ROUNDS, rules.fallback, *before)
    held = last_word.begun(rules, replace(state, exhausted=True, hold=Hold(None, None)))
    return Step(held, (*before, TurnPassed(held.turn, rounds), Held(None, None)))
