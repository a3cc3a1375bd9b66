"""A coalition by a mediator: sealed rankings of its candidates, and fallback bargaining over them
(docs/spec.md, section 5).

The mediator picks what is ranked, so a space far too large to rank works too, and it decides nothing else:
the award is what the rankings give, and binds nobody before everyone has accepted it.
"""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Agreed, Called, Effect, Held, OfferMade, Revealed, TurnPassed
from parley.negotiation.errors import (
    AwardWrong,
    BondMissing,
    CandidatesInvalid,
    EscalationLimit,
    NotAuthorised,
    NotInProtocol,
    OfferExpired,
    OfferUnknown,
    RankingInvalid,
    StateForbids,
)
from parley.negotiation.gate import require_approval
from parley.negotiation.interventions import failed
from parley.negotiation.moves import end
from parley.negotiation.protocols import sealing
from parley.negotiation.protocols.fallback_bargaining import Settled, settle
from parley.negotiation.rules import Rules
from parley.negotiation.sealed import Phase, Seal, Sealed
from parley.negotiation.state import PAIR_BYTES, Hold, NegotiationState, Step
from parley.negotiation.status import Reason, Status
from parley.negotiation.stops import new_round
from parley.terms.canonical import document_hash
from parley.terms.message import Message
from parley.terms.payloads import Accept, Award, Call, Commit, Escalate, Payload, Reject, Reveal
from parley.terms.protocols import Mediation
from parley.terms.values import Address, Hash32

MEDIATOR = "mediator"
"""What stands for the mediator where a role is named; it is none of the domain's roles."""


class Mediated:
    """Call, commit, reveal, award, accept by all. The mediator calls and awards; it is no party."""

    def __init__(self, rules: Rules, mediation: Mediation) -> None:
        self.rules = rules
        self.mediation = mediation

    @property
    def mediator(self) -> Address:
        """The account of the mediator; `check_opening` made sure that there is one."""
        found = self.rules.opening.mediator
        if found is None:
            raise NotInProtocol("The opening names no mediator", protocol=self.rules.domain.protocol)
        return found

    def initial(self, state: NegotiationState) -> NegotiationState:
        """The state before message 0, with an empty seal for each party and no candidates yet."""
        seals = tuple(Seal(role) for role in self.rules.roles)
        return replace(
            state, sealed=Sealed(started_at=self.rules.opening.opened_at, seals=seals, called=False)
        )

    def phase(self, state: NegotiationState, at: int) -> Phase:
        """Where it stands at `at` (unix seconds). Lapsed: somebody's seal is missing for good."""
        sealed = sealing.sealed_of(state)
        if state.offer is not None:
            return Phase.LAPSED if state.offer.expired(at) else Phase.ANSWER
        if not sealed.called:
            return Phase.CALL
        if any(seal.commitment is None for seal in sealed.seals):
            return Phase.COMMIT if at <= sealing.commit_by(self.rules, sealed) else Phase.LAPSED
        if any(seal.owed for seal in sealed.seals):
            return Phase.REVEAL if at <= sealing.reveal_by(self.rules, sealed) else Phase.LAPSED
        return Phase.AWARD if at <= sealing.award_by(self.rules, sealed) else Phase.LAPSED

    def settled(self, state: NegotiationState) -> Settled | None:
        """What the revealed rankings give; None where they share no candidate or one is missing."""
        ranked = {seal.role: seal.ranking for seal in sealing.sealed_of(state).seals if seal.revealed}
        rankings = [ranked.get(role) for role in self.rules.domain.roles]
        complete = [ranking for ranking in rankings if ranking is not None]
        return settle(complete) if len(complete) == len(rankings) else None

    def award_values(self, state: NegotiationState) -> dict[str, int | str] | None:
        """The JSON values that an award has to carry now; None while there is none to make."""
        found = self.settled(state)
        if found is None:
            return None
        return sealing.encoded(self.rules, sealing.sealed_of(state).candidates[found.candidate])

    # ------------------------------------------------------------------ moves

    def apply(
        self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Payload
    ) -> Step:
        """One of this protocol's own messages. Raises a `Refusal`."""
        match payload:
            case Call():
                return self._call(state, message, payload)
            case Commit():
                return self._commit(state, message, payload)
            case Reveal():
                return self._reveal(state, message, payload)
            case Award():
                return self._award(state, message, message_hash, payload)
            case Accept():
                return self._accept(state, message, payload)
            case Reject():
                return self._reject(state, message, payload)
        raise NotInProtocol("A mediator's call knows none such", performative=message.core.performative.wire)

    def _call(self, state: NegotiationState, message: Message, payload: Call) -> Step:
        self._require_mediator(message)
        sealing.require_phase(self.rules, state, self.phase(state, message.core.sent_at), Phase.CALL)
        limit = self.mediation.max_candidates
        candidates = tuple(sealing.decoded(self.rules, dict(values)) for values in payload.candidates)
        if not 1 <= len(candidates) <= limit or len(set(candidates)) != len(candidates):
            raise CandidatesInvalid(
                "Candidates are distinct, at least one and not above the limit",
                candidates=len(candidates),
                max_candidates=limit,
            )
        listed = document_hash({"candidates": sorted(document_hash(dict(v)) for v in payload.candidates)})
        mark = bytes.fromhex(listed[2:])[:PAIR_BYTES]
        if mark in _marks(state.pairs):
            raise CandidatesInvalid("The same candidates were ranked before", candidates=len(candidates))
        sealed = sealing.sealed_of(state)
        sealed = replace(
            sealed,
            started_at=message.core.sent_at,
            called=True,
            seals=tuple(Seal(seal.role) for seal in sealed.seals),
            candidates=candidates,
            listed=message.core.payload,
        )
        if sealing.reveal_by(self.rules, sealed) >= self.rules.opening.deadline:
            raise CandidatesInvalid(
                "The windows of this round pass the deadline", deadline=self.rules.opening.deadline
            )
        status = Status.PROPOSED if state.status is Status.INIT else Status.COUNTER
        state = replace(state, status=status, pairs=state.pairs + mark, sealed=sealed, moves=state.moves + 1)
        return Step(state, (Called(state.round, candidates),))

    def _commit(self, state: NegotiationState, message: Message, payload: Commit) -> Step:
        seal = sealing.sealing_party(self.rules, state, message)
        sealing.require_phase(self.rules, state, self.phase(state, message.core.sent_at), Phase.COMMIT)
        if payload.bond is not None:
            raise BondMissing("The domain asks for no bond", wanted=None, named=payload.bond)
        return sealing.commit(state, message, payload, seal)

    def _reveal(self, state: NegotiationState, message: Message, payload: Reveal) -> Step:
        seal = sealing.sealing_party(self.rules, state, message)
        sealing.require_phase(self.rules, state, self.phase(state, message.core.sent_at), Phase.REVEAL)
        sealing.check_reveal(state, message, payload, seal)
        sealed = sealing.sealed_of(state)
        ranking = payload.ranking
        known = len(sealed.candidates)
        if ranking is None or len(set(ranking)) != len(ranking) or any(at >= known for at in ranking):
            raise RankingInvalid("A ranking lists positions of candidates, each once", candidates=known)
        changed = replace(seal, revealed=True, ranking=ranking, digest=message.core.payload)
        state = replace(state, moves=state.moves + 1, sealed=sealed.with_seal(changed))
        opened = Revealed(seal.role, message.core.sequence, bool(ranking))
        if all(each.revealed for each in sealing.sealed_of(state).seals) and self.settled(state) is None:
            return self._round_over(state, Reason.NO_OVERLAP, opened)
        return Step(state, (opened,))

    def _award(self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Award) -> Step:
        sent_at = message.core.sent_at
        self._require_mediator(message)
        sealing.require_phase(self.rules, state, self.phase(state, sent_at), Phase.AWARD)
        sealing.check_award_time(self.rules, message, payload)
        expected = self.award_values(state)
        if expected is None or payload.winner is not None or dict(payload.values) != expected:
            raise AwardWrong("The rankings give another agreement", winner=None, awarded=expected or {})
        require_approval(self.rules, state, payload, sent_at)
        values = sealing.decoded(self.rules, expected)
        offer = sealing.standing(message, message_hash, MEDIATOR, payload, values)
        first = self.rules.roles[0]
        state = replace(state, offer=offer, acceptances=(), moves=state.moves + 1, turn=first)
        made = OfferMade(MEDIATOR, message_hash, payload, message.core.sequence, values)
        return Step(state, (made, TurnPassed(first, state.round)))

    def _accept(self, state: NegotiationState, message: Message, payload: Accept) -> Step:
        role = self._answering(state, message, payload.offer)
        sent_at = message.core.sent_at
        offer = state.offer
        if offer is None or offer.expired(sent_at):
            raise OfferExpired("The award has expired", sent_at=sent_at)
        acceptances = (*state.acceptances, role)
        state = replace(state, acceptances=acceptances, moves=state.moves + 1)
        waiting = [each for each in self.rules.roles if each not in acceptances]
        if waiting:
            return Step(replace(state, turn=waiting[0]), (TurnPassed(waiting[0], state.round),))
        state = replace(state, status=Status.ACCEPTED, reason=Reason.AGREED, round=state.round + 1)
        return Step(state, (Agreed(offer.offer, offer.message, message.core.sequence, sent_at),))

    def _reject(self, state: NegotiationState, message: Message, payload: Reject) -> Step:
        self._answering(state, message, payload.offer)
        state = replace(state, moves=state.moves + 1)
        if payload.final:
            return end(state, Status.TERMINATED, Reason.REJECTED, None)
        return self._round_over(state, Reason.ROUNDS)

    def withdraw(self, state: NegotiationState, message: Message, role: str | None) -> Step:
        """A coalition of all is none without one of them, and needs its mediator until it agrees."""
        if role is None:
            self._require_mediator(message)
        return end(state, Status.TERMINATED, Reason.WITHDRAWN, None)

    def escalate(self, state: NegotiationState, message: Message, payload: Escalate) -> Step:
        """The mediator before its award, any party before it accepts one: once a round each."""
        sender = message.core.sender
        phase = self.phase(state, message.core.sent_at)
        sealing.require_phase(self.rules, state, phase, Phase.AWARD, Phase.ANSWER)
        at = self.rules.index.get(sender)
        sealed = sealing.sealed_of(state)
        if phase is Phase.AWARD:
            self._require_mediator(message)
            used, sealed = sealed.escalations, replace(sealed, escalations=sealed.escalations + 1)
        elif at is None:
            raise NotAuthorised("Only a party holds what it is to accept", sender=sender)
        else:
            record = state.records[at]
            used, record = record.escalations, record._replace(escalations=record.escalations + 1)
            state = replace(state, records=(*state.records[:at], record, *state.records[at + 1 :]))
        if used >= 1:
            raise EscalationLimit("The sender escalated in this round already", round=state.round)
        held = replace(state, sealed=sealed, hold=Hold(sender, payload.terms))
        return Step(held, (Held(sender, payload.terms),))

    def convicted(self, state: NegotiationState, message: Message, culprit: Address) -> Step:
        """A coalition of all is none with one that contradicts itself."""
        return failed(state, culprit)

    def overdue(self, state: NegotiationState, at: int) -> Reason | None:
        """Why a party or the mediator may end it at `at` though the deadline has not passed."""
        return Reason.TIMEOUT if self.phase(state, at) is Phase.LAPSED else None

    # ---------------------------------------------------------------- actions

    def actions(self, state: NegotiationState, role: str | None, at: int) -> set[str]:
        """The performatives of this protocol that the party in `role` (None: the mediator) may send at
        `at`.
        """
        sealed = sealing.sealed_of(state)
        phase = self.phase(state, at)
        found = {"withdraw"}
        if role is None:
            if phase is Phase.CALL:
                found.add("call")
            if phase is Phase.AWARD:
                found |= {"award"} if sealed.escalations else {"award", "escalate"}
            return found
        seal = sealed.seal_of(role)
        if phase is Phase.COMMIT and seal is not None and seal.commitment is None:
            found.add("commit")
        if phase is Phase.REVEAL and seal is not None and seal.owed:
            found.add("reveal")
        if phase is Phase.ANSWER and role not in state.acceptances:
            found |= {"accept", "reject"}
        if phase is Phase.ANSWER and state.record_of(role).escalations == 0:
            found.add("escalate")
        return found

    # ---------------------------------------------------------------- private

    def _require_mediator(self, message: Message) -> None:
        if message.core.sender != self.mediator:
            raise NotAuthorised("Only the mediator can do this", sender=message.core.sender)

    def _answering(self, state: NegotiationState, message: Message, cited: Hash32) -> str:
        role = sealing.sealing_party(self.rules, state, message).role
        if state.offer is None:
            raise StateForbids("There is no award to answer", status=state.status.value)
        if cited != state.offer.message:
            raise OfferUnknown("The answer cites something else", cited=cited, latest=state.offer.message)
        if role in state.acceptances:
            raise StateForbids("The sender accepted it already", role=role)
        return role

    def _round_over(self, state: NegotiationState, reason: Reason, *before: Effect) -> Step:
        """Back to the mediator for other candidates, or the end after the last round."""
        rounds = state.round + 1
        sealed = replace(
            sealing.sealed_of(state), called=False, candidates=(), listed=None, winner=None, escalations=0
        )
        sealed = replace(sealed, seals=tuple(Seal(seal.role) for seal in sealed.seals))
        state = replace(
            state, round=rounds, sealed=sealed, offer=None, acceptances=(), records=new_round(state.records)
        )
        if rounds >= self.rules.max_rounds:
            return end(state, Status.TERMINATED, reason, self.rules.fallback, *before)
        return Step(state, before)


def _marks(pairs: bytes) -> set[bytes]:
    return {pairs[at : at + PAIR_BYTES] for at in range(0, len(pairs), PAIR_BYTES)}
