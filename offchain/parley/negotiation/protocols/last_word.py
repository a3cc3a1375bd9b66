"""The escalation path: what happens when the rounds are over and the domain ranks who may still speak.

After the last round the first role of the path may make one last offer; the others only accept or finally
reject it. A final rejection hands the last word to the next role of the path, and after the last one it is
over. So a deadlock goes to those who carry the outcome, in the order they agreed on beforehand, and still
nobody is bound without accepting.
"""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Held, OfferMade, TurnPassed
from parley.negotiation.rules import Rules
from parley.negotiation.sealed import LastWord
from parley.negotiation.state import Hold, NegotiationState, StandingOffer, Step
from parley.negotiation.status import Status
from parley.terms.message import Message
from parley.terms.payloads import Offer
from parley.terms.values import Hash32


def begun(rules: Rules, state: NegotiationState) -> NegotiationState:
    """The state held by the fallback, with the first role of the path on turn; unchanged without a path."""
    if not rules.path:
        return state
    return replace(state, last_word=LastWord(0), turn=rules.path[0])


def holds(rules: Rules, state: NegotiationState, role: str) -> bool:
    """Whether `role` may make its last offer now."""
    word = state.last_word
    return word is not None and not word.given and rules.path[word.at] == role


def speak(
    rules: Rules,
    state: NegotiationState,
    at: int,
    message: Message,
    message_hash: Hash32,
    payload: Offer | None,
    values: tuple[int | str, ...],
    digest: Hash32 | None,
) -> Step:
    """The last offer: repeats and loops are past, so it may be an old one. No `payload`: it is sealed."""
    core = message.core
    role = rules.roles[at]
    word = state.last_word or LastWord(0)
    record = state.records[at]._replace(values=values or None, digest=digest, final=True)
    offer = StandingOffer(message_hash, role, core.sequence, core.payload, payload, core.expires_at, values)
    state = replace(
        state,
        status=Status.COUNTER,
        offer=offer,
        acceptances=(),
        records=(*state.records[:at], record, *state.records[at + 1 :]),
        last_word=replace(word, given=True),
        moves=state.moves + 1,
    )
    state = replace(state, turn=turn_after(rules, state), round=state.moves // len(rules.roles))
    passed = TurnPassed(state.turn, state.round)
    if payload is None:
        return Step(state, (passed,))
    return Step(state, (OfferMade(role, message_hash, payload, core.sequence, values), passed))


def passed_on(rules: Rules, state: NegotiationState) -> Step | None:
    """After a final rejection: the last word with the next role of the path, held; None when none is left."""
    word = state.last_word
    if word is None or word.at + 1 >= len(rules.path):
        return None
    word = LastWord(word.at + 1)
    turn = rules.path[word.at]
    moves = state.moves + 1
    state = replace(
        state, last_word=word, turn=turn, hold=Hold(None, None), moves=moves, round=moves // len(rules.roles)
    )
    return Step(state, (TurnPassed(turn, state.round), Held(None, None)))


def turn_after(rules: Rules, state: NegotiationState) -> str:
    """Who moves next: the next party in order; on the escalation path those with an answer to give only."""
    turn = rules.role_after(state.turn)
    if state.last_word is None or state.offer is None:
        return turn
    done = {state.offer.role, *state.acceptances}
    for _ in rules.roles:
        if turn not in done:
            return turn
        turn = rules.role_after(turn)
    return turn
