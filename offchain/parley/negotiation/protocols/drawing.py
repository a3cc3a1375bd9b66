"""The draw of the first proposer: everyone commits to a lot, then everyone reveals it (an option of the
opening).

The first proposer is the party at keccak256(salt 1 ‖ … ‖ salt n) mod n, with the salts of the reveals in the
opening's order. Nobody knows another lot before all have committed, so nobody can steer the draw; whoever
does not like what it would give can only stay silent, and then nothing has been offered yet.
"""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Committed, Drawn, Effect, Revealed, TurnPassed
from parley.negotiation.errors import DrawOpen, NotAuthorised, NotInProtocol, SealBroken, SealRepeated
from parley.negotiation.protocols.sealing import check_named
from parley.negotiation.rules import Rules
from parley.negotiation.sealed import Lot
from parley.negotiation.state import NegotiationState, Step
from parley.terms.message import Message
from parley.terms.payloads import Commit, Reveal
from parley.terms.values import keccak


def begun(rules: Rules, state: NegotiationState) -> NegotiationState:
    """The initial state with an empty lot for each party, where the opening draws."""
    if rules.opening.draw is None:
        return state
    return replace(state, draw=tuple(Lot(role) for role in rules.roles))


def pending(state: NegotiationState) -> bool:
    """Whether the draw is still to be finished."""
    return bool(state.draw) and any(lot.secret is None for lot in state.draw)


def require_drawn(state: NegotiationState) -> None:
    """Raises `DrawOpen` while a lot is still hidden."""
    if pending(state):
        raise DrawOpen("The first proposer is still being drawn", status=state.status.value)


def commit(rules: Rules, state: NegotiationState, message: Message, payload: Commit) -> Step:
    """A party seals its lot."""
    at, lot = _lot(rules, state, message)
    if lot.commitment is not None:
        raise SealRepeated("The sender committed to its lot already", sequence=message.core.sequence)
    if payload.bond is not None:
        raise SealBroken("A lot takes no bond", named=payload.bond)
    state = _with_lot(state, at, replace(lot, commitment=payload.commitment))
    return Step(state, (Committed(lot.role, message.core.sequence),))


def reveal(rules: Rules, state: NegotiationState, message: Message, payload: Reveal) -> Step:
    """A party opens its lot, once all have committed."""
    at, lot = _lot(rules, state, message)
    if any(each.commitment is None for each in state.draw):
        raise DrawOpen("Not everyone has committed to a lot yet", status=state.status.value)
    if lot.secret is not None:
        raise SealRepeated("The sender revealed its lot already", sequence=message.core.sequence)
    if message.core.payload != lot.commitment or payload.values is not None or payload.ranking is not None:
        raise SealBroken(
            "Another lot was committed to", committed=lot.commitment, revealed=message.core.payload
        )
    check_named(state, message, payload)
    state = _with_lot(state, at, replace(lot, secret=payload.salt))
    opened: Effect = Revealed(lot.role, message.core.sequence, True)
    if pending(state):
        return Step(state, (opened,))
    first = drawn(rules, state)
    return Step(replace(state, turn=first), (opened, Drawn(first), TurnPassed(first, state.round)))


def drawn(rules: Rules, state: NegotiationState) -> str:
    """The role that the revealed lots give."""
    secrets = b"".join(bytes.fromhex(lot.secret[2:]) for lot in state.draw if lot.secret is not None)
    return rules.roles[int.from_bytes(keccak(secrets)) % len(rules.roles)]


def actions(state: NegotiationState, role: str) -> set[str]:
    """`commit` or `reveal`, whichever the party in `role` still owes."""
    lot = next(lot for lot in state.draw if lot.role == role)
    if lot.commitment is None:
        return {"commit"}
    all_in = all(each.commitment is not None for each in state.draw)
    return {"reveal"} if all_in and lot.secret is None else set()


def _lot(rules: Rules, state: NegotiationState, message: Message) -> tuple[int, Lot]:
    if not state.draw:
        raise NotInProtocol("The opening draws nothing", performative=message.core.performative.wire)
    at = rules.index.get(message.core.sender)
    if at is None:
        raise NotAuthorised("Only a party draws", sender=message.core.sender)
    return at, state.draw[at]


def _with_lot(state: NegotiationState, at: int, lot: Lot) -> NegotiationState:
    return replace(state, draw=(*state.draw[:at], lot, *state.draw[at + 1 :]))
