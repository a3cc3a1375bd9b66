"""What sealed bids and sealed rankings have in common: windows, commitments, reveals.

A commitment is the document hash of a later `Reveal`, so the reveal's signed core carries the very hash that
was committed to. The reveal names negotiation, party and round: repeating somebody else's commitment wins
nothing, since nobody else's document can be revealed under it. No commitment is admitted after a reveal,
because `sent_at` never goes back and the commit window is over, or complete, before the first reveal.
"""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Committed
from parley.negotiation.errors import (
    NotAuthorised,
    NotInProtocol,
    OfferInvalid,
    SealBroken,
    SealRepeated,
    StateForbids,
    WrongPhase,
)
from parley.negotiation.rules import Rules
from parley.negotiation.sealed import Phase, Seal, Sealed
from parley.negotiation.state import NegotiationState, StandingOffer, Step
from parley.negotiation.status import Status
from parley.terms.errors import TermsError
from parley.terms.message import Message
from parley.terms.payloads import Commit, Offer, Reveal
from parley.terms.protocols import Auction, Mediation
from parley.terms.values import Hash32


def windows_of(rules: Rules) -> Auction | Mediation:
    """The section of the domain with the lengths of the windows."""
    found = rules.domain.auction or rules.domain.mediation
    if found is None:
        raise NotInProtocol("This protocol seals nothing", protocol=rules.domain.protocol)
    return found


def sealed_of(state: NegotiationState) -> Sealed:
    """The sealed part of the state."""
    if state.sealed is None:
        raise NotInProtocol("This protocol seals nothing", status=state.status.value)
    return state.sealed


def commit_by(rules: Rules, sealed: Sealed) -> int:
    """Last second of the commit window (unix seconds)."""
    return sealed.started_at + windows_of(rules).commit_seconds


def reveal_by(rules: Rules, sealed: Sealed) -> int:
    """Last second of the reveal window (unix seconds)."""
    return commit_by(rules, sealed) + windows_of(rules).reveal_seconds


def award_by(rules: Rules, sealed: Sealed) -> int:
    """Last second in which others wait for an award (unix seconds)."""
    return reveal_by(rules, sealed) + windows_of(rules).award_seconds


def phase_until(rules: Rules, sealed: Sealed, phase: Phase) -> int | None:
    """When the phase ends by itself (unix seconds); None where it waits for a message."""
    ends = {Phase.COMMIT: commit_by, Phase.REVEAL: reveal_by, Phase.AWARD: award_by}
    return ends[phase](rules, sealed) if phase in ends else None


def require_phase(rules: Rules, state: NegotiationState, phase: Phase, *wanted: Phase) -> None:
    """Raises `WrongPhase` unless `phase` is one of `wanted`."""
    if phase not in wanted:
        raise WrongPhase(
            f"This is said in the phase {' or '.join(wanted)}, not in {phase.value}",
            phase=phase.value,
            until=phase_until(rules, sealed_of(state), phase),
        )


def sealing_party(rules: Rules, state: NegotiationState, message: Message) -> Seal:
    """The seal of the sender. Raises `NotAuthorised` for whoever seals nothing, `StateForbids` once out."""
    at = rules.index.get(message.core.sender)
    seal = None if at is None else sealed_of(state).seal_of(rules.roles[at])
    if seal is None:
        raise NotAuthorised("The sender seals nothing in this negotiation", sender=message.core.sender)
    if seal.out is not None:
        raise StateForbids("The sender has left", why=seal.out.value, status=state.status.value)
    return seal


def commit(state: NegotiationState, message: Message, payload: Commit, seal: Seal) -> Step:
    """Takes the commitment in; the phase was checked."""
    if seal.commitment is not None:
        raise SealRepeated("The sender committed in this round already", sequence=seal.sealed_at)
    sealed = sealed_of(state)
    sequence = message.core.sequence
    changed = replace(seal, commitment=payload.commitment, sealed_at=sequence)
    status = Status.PROPOSED if state.status is Status.INIT else state.status
    after = replace(state, status=status, moves=state.moves + 1, sealed=sealed.with_seal(changed))
    return Step(after, (Committed(seal.role, sequence),))


def check_reveal(state: NegotiationState, message: Message, payload: Reveal, seal: Seal) -> None:
    """Raises `SealBroken` unless the payload is what the sender committed to in this round."""
    if seal.commitment is None:
        raise SealBroken("The sender committed to nothing in this round", round=state.round)
    if seal.revealed:
        raise SealRepeated("The sender revealed in this round already", sequence=seal.sealed_at)
    if message.core.payload != seal.commitment:
        raise SealBroken(
            "Another document was committed to", committed=seal.commitment, revealed=message.core.payload
        )
    check_named(state, message, payload)


def check_named(state: NegotiationState, message: Message, payload: Reveal) -> None:
    """Raises `SealBroken` unless the reveal names this negotiation, its sender and the round."""
    named = (payload.negotiation, payload.party, payload.round)
    if named != (state.negotiation, message.core.sender, state.round):
        raise SealBroken(
            "The reveal is for another negotiation, party or round",
            negotiation=payload.negotiation,
            party=payload.party,
            round=payload.round,
        )


def decoded(rules: Rules, values: object) -> tuple[int | str, ...]:
    """Python values in the domain's order of issues. Raises `OfferInvalid`."""
    if not isinstance(values, dict):
        raise OfferInvalid("Values are an object", cause="terms.document-invalid")
    try:
        found = rules.domain.decode_values(values)
    except TermsError as error:
        raise OfferInvalid(error.message, cause=error.code, **error.values) from error
    return tuple(found[name] for name in rules.issue_names)


def encoded(rules: Rules, values: tuple[int | str, ...]) -> dict[str, int | str]:
    """JSON values of Python values in the domain's order of issues."""
    return rules.domain.encode_values(dict(zip(rules.issue_names, values, strict=True)))


def standing(
    message: Message, message_hash: Hash32, role: str, payload: Offer, values: tuple[int | str, ...]
) -> StandingOffer:
    """The award as the offer that is accepted."""
    core = message.core
    return StandingOffer(message_hash, role, core.sequence, core.payload, payload, payload.expires_at, values)


def check_award_time(rules: Rules, message: Message, payload: Offer) -> None:
    """Raises `OfferInvalid` unless the award stands for some time, at most `award_seconds`, and ends with the
    deadline.
    """
    sent_at = message.core.sent_at
    last = min(sent_at + windows_of(rules).award_seconds, rules.opening.deadline)
    if not sent_at <= payload.expires_at <= last or payload.final:
        raise OfferInvalid(
            "An award is not final, and expires within the award window and the deadline",
            cause="expires_at",
            expires_at=payload.expires_at,
            latest=last,
        )
