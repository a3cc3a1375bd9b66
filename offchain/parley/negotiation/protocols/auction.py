"""The sealed-bid request for quotes (contract net) as a protocol of the machine (docs/spec.md, section 5)."""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Agreed, Called, Effect, Held, Left, OfferMade, Revealed, TurnPassed
from parley.negotiation.errors import (
    AwardWrong,
    BondMissing,
    EscalationLimit,
    FaultUnproven,
    NoProgress,
    NotAuthorised,
    NotInProtocol,
    OfferExpired,
    OfferInvalid,
    OfferUnknown,
    StateForbids,
)
from parley.negotiation.gate import require_approval
from parley.negotiation.interventions import failed
from parley.negotiation.moves import end
from parley.negotiation.protocols import sealing
from parley.negotiation.protocols.bidding import Bidding
from parley.negotiation.sealed import Out, Phase
from parley.negotiation.state import Hold, NegotiationState, Step
from parley.negotiation.status import Reason, Status
from parley.negotiation.stops import new_round
from parley.terms.bonds import bond_deal_id
from parley.terms.errors import TermsError
from parley.terms.message import Message
from parley.terms.payloads import Accept, Award, Call, Commit, Escalate, Payload, Reject, Reveal
from parley.terms.values import Address, Hash32


class SealedBids(Bidding):
    """Commit, reveal, award, accept. Bidders act in any order within the windows; only the requester awards,
    and only what the rule gives.
    """

    def apply(
        self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Payload
    ) -> Step:
        """One of this protocol's own messages. Raises a `Refusal`."""
        match payload:
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
            case Call():
                return self._call(state, message, payload)
        raise NotInProtocol("Sealed bids know no such message", performative=message.core.performative.wire)

    def _commit(self, state: NegotiationState, message: Message, payload: Commit) -> Step:
        seal = sealing.sealing_party(self.rules, state, message)
        sealing.require_phase(self.rules, state, self.phase(state, message.core.sent_at), Phase.COMMIT)
        if self.auction.bond is not None:
            wanted = bond_deal_id(self.rules.domain, self.rules.opening, seal.role)
            if payload.bond != wanted:
                raise BondMissing(
                    "The commitment does not name the bidder's bond", wanted=wanted, named=payload.bond
                )
        elif payload.bond is not None:
            raise BondMissing("The domain asks for no bond", wanted=None, named=payload.bond)
        return sealing.commit(state, message, payload, seal)

    def _reveal(self, state: NegotiationState, message: Message, payload: Reveal) -> Step:
        seal = sealing.sealing_party(self.rules, state, message)
        sealing.require_phase(self.rules, state, self.phase(state, message.core.sent_at), Phase.REVEAL)
        sealing.check_reveal(state, message, payload, seal)
        values = sealing.decoded(self.rules, payload.values)
        order = 0 if seal.sealed_at is None else seal.sealed_at
        try:
            counts = self._improves(seal, self._bid(seal.role, order, values))
        except TermsError as error:
            raise OfferInvalid(error.message, cause=error.code, **error.values) from error
        changed = replace(seal, revealed=True)
        if counts or seal.values is None:
            changed = replace(changed, order=order, digest=message.core.payload, values=values)
        sealed = sealing.sealed_of(state)
        sealed = replace(sealed.with_seal(changed), improved=sealed.improved or counts)
        state = replace(state, moves=state.moves + 1, sealed=sealed)
        return self._go_on(state, message, Revealed(seal.role, message.core.sequence, counts))

    def _award(self, state: NegotiationState, message: Message, message_hash: Hash32, payload: Award) -> Step:
        sent_at = message.core.sent_at
        self._require_requester(message)
        sealing.require_phase(self.rules, state, self.phase(state, sent_at), Phase.AWARD)
        sealing.check_award_time(self.rules, message, payload)
        state, left = self._without_lapsed(state)
        expected = self.award_values(state)
        if expected is None or (payload.winner, dict(payload.values)) != expected:
            winner, awarded = expected or (None, {})
            raise AwardWrong("The revealed bids give another award", winner=winner, awarded=awarded)
        require_approval(self.rules, state, payload, sent_at)
        values = sealing.decoded(self.rules, dict(payload.values))
        requester = self.auction.requester
        offer = sealing.standing(message, message_hash, requester, payload, values)
        sealed = replace(sealing.sealed_of(state), winner=expected[0])
        state = replace(state, offer=offer, sealed=sealed, moves=state.moves + 1, turn=expected[0])
        made = OfferMade(requester, message_hash, payload, message.core.sequence, values)
        return Step(state, (*left, made, TurnPassed(expected[0], state.round)))

    def _accept(self, state: NegotiationState, message: Message, payload: Accept) -> Step:
        role = self._winner(state, message, payload.offer)
        sent_at = message.core.sent_at
        offer = state.offer
        if offer is None or offer.expired(sent_at):
            raise OfferExpired("The award has expired", sent_at=sent_at)
        state = replace(
            state, acceptances=(role,), status=Status.ACCEPTED, reason=Reason.AGREED, moves=state.moves + 1
        )
        return Step(state, (Agreed(offer.offer, offer.message, message.core.sequence, sent_at),))

    def _reject(self, state: NegotiationState, message: Message, payload: Reject) -> Step:
        role = self._winner(state, message, payload.offer)
        return self._lose(replace(state, moves=state.moves + 1), message, role, Out.REFUSED)

    def _call(self, state: NegotiationState, message: Message, payload: Call) -> Step:
        """Another round, the iterated contract net. Standing bids stay good, and can only get better."""
        sent_at = message.core.sent_at
        self._require_requester(message)
        if payload.candidates:
            raise OfferInvalid("A requester's call lists no candidates", cause="candidates")
        sealing.require_phase(self.rules, state, self.phase(state, sent_at), Phase.AWARD)
        sealed = sealing.sealed_of(state)
        if state.offer is not None:
            raise StateForbids("An award was made: award again, or withdraw", status=state.status.value)
        if state.round + 1 >= self.rules.max_rounds or not sealed.improved:
            raise NoProgress(
                "No further round",
                round=state.round,
                max_rounds=self.rules.max_rounds,
                better=sealed.improved,
            )
        unrevealed = tuple(seal.role for seal in sealed.seals if seal.owed)
        seals = tuple(
            replace(seal, out=Out.WITHDRAWN) if seal.role in unrevealed else seal.renewed()
            for seal in sealed.seals
        )
        renewed = replace(sealed, started_at=sent_at, seals=seals, improved=False)
        if sealing.reveal_by(self.rules, renewed) >= self.rules.opening.deadline:
            raise NoProgress(
                "The windows of another round pass the deadline", deadline=self.rules.opening.deadline
            )
        rounds = state.round + 1
        records = new_round(state.records)
        state = replace(state, status=Status.COUNTER, round=rounds, sealed=renewed, records=records)
        left = tuple(Left(role, Out.WITHDRAWN.value) for role in unrevealed)
        return Step(state, (*left, Called(rounds, ())))

    def withdraw(self, state: NegotiationState, message: Message, role: str | None) -> Step:
        """The requester ends it; a bidder leaves, and the auction goes on without it."""
        if role is None or role == self.auction.requester:
            return end(state, Status.TERMINATED, Reason.WITHDRAWN, None)
        seal = sealing.sealing_party(self.rules, state, message)
        if sealing.sealed_of(state).winner == role and state.offer is not None:
            return self._lose(state, message, role, Out.REFUSED)
        bidding = seal.commitment is not None or seal.values is not None
        return self._lose(state, message, role, Out.WITHDRAWN if bidding else Out.DECLINED)

    def escalate(self, state: NegotiationState, message: Message, payload: Escalate) -> Step:
        """The requester before its award, the winner of an award before it answers: once a round each. Nobody
        holds what another one has a window to meet.
        """
        at = self.rules.index.get(message.core.sender)
        role = None if at is None else self.rules.roles[at]
        phase = self.phase(state, message.core.sent_at)
        sealing.require_phase(self.rules, state, phase, Phase.AWARD, Phase.ANSWER)
        asked = sealing.sealed_of(state).winner if phase is Phase.ANSWER else self.auction.requester
        if at is None or role != asked:
            raise NotAuthorised("Only whoever is to award or to answer escalates", sender=message.core.sender)
        record = state.records[at]
        if record.escalations >= 1:
            raise EscalationLimit("This party escalated in this round already", round=state.round)
        record = record._replace(escalations=record.escalations + 1)
        records = (*state.records[:at], record, *state.records[at + 1 :])
        sender = message.core.sender
        held = replace(state, records=records, hold=Hold(sender, payload.terms))
        return Step(held, (Held(sender, payload.terms),))

    def convicted(self, state: NegotiationState, message: Message, culprit: Address) -> Step:
        """A bidder that contradicts itself is out, and its bond lost: or every loser could undo the auction
        by convicting itself. Anyone else's contradiction ends it.
        """
        at = self.rules.index.get(culprit)
        role = None if at is None else self.rules.roles[at]
        seal = None if role is None else sealing.sealed_of(state).seal_of(role)
        if role is None or seal is None:
            return failed(state, culprit)
        if seal.out is Out.FAULT:
            raise FaultUnproven("The sender is convicted already", sender=culprit)
        return self._lose(state, message, role, Out.FAULT)

    def _require_requester(self, message: Message) -> None:
        party = self.rules.opening.party_of_role(self.auction.requester)
        if message.core.sender != party.address:
            raise NotAuthorised("Only the requester can do this", sender=message.core.sender)

    def _winner(self, state: NegotiationState, message: Message, cited: Hash32) -> str:
        role = sealing.sealing_party(self.rules, state, message).role
        if state.offer is None:
            raise StateForbids("There is no award to answer", status=state.status.value)
        if role != sealing.sealed_of(state).winner:
            raise NotAuthorised("Only the winner answers the award", sender=message.core.sender)
        if cited != state.offer.message:
            raise OfferUnknown("The answer cites something else", cited=cited, latest=state.offer.message)
        return role

    def _without_lapsed(self, state: NegotiationState) -> tuple[NegotiationState, tuple[Effect, ...]]:
        """The state without a winner that let its award expire."""
        sealed = sealing.sealed_of(state)
        seal = None if sealed.winner is None else sealed.seal_of(sealed.winner)
        if state.offer is None or seal is None:
            return state, ()
        sealed = replace(sealed.with_seal(replace(seal, out=Out.LAPSED)), winner=None)
        return replace(state, offer=None, sealed=sealed), (Left(seal.role, Out.LAPSED.value),)

    def _lose(self, state: NegotiationState, message: Message, role: str, why: Out) -> Step:
        sealed = sealing.sealed_of(state)
        seal = sealed.seal_of(role)
        if seal is None:
            raise NotAuthorised("The sender seals nothing in this negotiation", sender=message.core.sender)
        sealed = sealed.with_seal(replace(seal, out=why))
        if sealed.winner == role:
            sealed = replace(sealed, winner=None)
            state = replace(state, offer=None, turn=self.auction.requester)
        return self._go_on(replace(state, sealed=sealed), message, Left(role, why.value))

    def _go_on(self, state: NegotiationState, message: Message, *before: Effect) -> Step:
        """Ends it where too few bids can still count."""
        sealed = sealing.sealed_of(state)
        at = message.core.sent_at
        inside = [seal for seal in sealed.seals if seal.out is None]
        phase = self.phase(state, at)
        hopeless = phase is not Phase.ANSWER and len(inside) < self.auction.min_bids
        if hopeless or (phase is Phase.LAPSED and self.outcome(state) is None):
            return end(state, Status.TERMINATED, Reason.NO_BIDS, self.rules.fallback, *before)
        return Step(state, before)
