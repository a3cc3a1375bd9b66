"""The sealed-bid request for quotes (contract net) as a protocol of the machine (docs/spec.md, section 5)."""

from __future__ import annotations

from dataclasses import replace

from parley.negotiation.effects import Agreed, Called, Effect, Held, Left, OfferMade, Revealed, TurnPassed
from parley.negotiation.errors import (
    AwardWrong,
    BondMissing,
    EscalationLimit,
    NoProgress,
    NotAuthorised,
    NotInProtocol,
    OfferExpired,
    OfferInvalid,
    OfferUnknown,
    StateForbids,
)
from parley.negotiation.gate import require_approval
from parley.negotiation.moves import end
from parley.negotiation.protocols import sealing
from parley.negotiation.protocols.scoring import (
    Bid,
    Outcome,
    Pricing,
    decide,
    penalty_of,
    price_issue,
    pricing_of,
)
from parley.negotiation.rules import Rules
from parley.negotiation.sealed import Out, Phase, Seal, Sealed
from parley.negotiation.state import Hold, NegotiationState, Step
from parley.negotiation.status import Reason, Status
from parley.negotiation.stops import new_round
from parley.terms.bonds import bond_deal_id
from parley.terms.domain import PPM
from parley.terms.errors import TermsError
from parley.terms.message import Message
from parley.terms.payloads import Accept, Award, Call, Commit, Escalate, Payload, Reject, Reveal
from parley.terms.protocols import Auction
from parley.terms.values import Hash32


class SealedBids:
    """Commit, reveal, award, accept. Bidders act in any order within the windows; only the requester awards,
    and only what the rule gives.
    """

    def __init__(self, rules: Rules, auction: Auction) -> None:
        self.rules = rules
        self.auction = auction
        self.pricing: Pricing = pricing_of(rules.domain, auction)
        self._price_at = rules.issue_names.index(auction.price)

    def initial(self, state: NegotiationState) -> NegotiationState:
        """The state before message 0, with an empty seal for each bidder."""
        seals = tuple(Seal(role) for role in self.rules.roles if role != self.auction.requester)
        sealed = Sealed(started_at=self.rules.opening.opened_at, seals=seals, called=True)
        return replace(state, turn=self.auction.requester, sealed=sealed)

    def phase(self, state: NegotiationState, at: int) -> Phase:
        """Where it stands at `at` (unix seconds)."""
        sealed = sealing.sealed_of(state)
        if state.offer is not None and not state.offer.expired(at):
            return Phase.ANSWER
        inside = [seal for seal in sealed.seals if seal.out is None]
        if at <= sealing.commit_by(self.rules, sealed) and any(seal.commitment is None for seal in inside):
            return Phase.COMMIT
        if at <= sealing.reveal_by(self.rules, sealed) and any(seal.owed for seal in inside):
            return Phase.REVEAL
        late = state.offer is None and at > sealing.award_by(self.rules, sealed)
        return Phase.LAPSED if late or self.outcome(state) is None else Phase.AWARD

    def bids(self, state: NegotiationState) -> tuple[Bid, ...]:
        """The standing bids: revealed, of bidders that are still in and owe no reveal."""
        return tuple(
            self._bid(seal.role, seal.order, seal.values)
            for seal in sealing.sealed_of(state).seals
            if seal.out is None and not seal.owed and seal.values is not None and seal.order is not None
        )

    def outcome(self, state: NegotiationState) -> Outcome | None:
        """Winner and price by the revealed bids; None while too few count. A winner that let its award
        expire is left out.
        """
        sealed = sealing.sealed_of(state)
        lapsed = sealed.winner if state.offer is not None else None
        return decide(self.pricing, (bid for bid in self.bids(state) if bid.role != lapsed))

    def award_values(self, state: NegotiationState) -> tuple[str, dict[str, int | str]] | None:
        """The role and the JSON values that an award has to carry now; None while there is none to make."""
        outcome = self.outcome(state)
        if outcome is None:
            return None
        seal = sealing.sealed_of(state).seal_of(outcome.winner.role)
        if seal is None or seal.values is None:
            return None
        values = list(seal.values)
        values[self._price_at] = outcome.price
        return outcome.winner.role, sealing.encoded(self.rules, tuple(values))

    # ------------------------------------------------------------------ moves

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
        record = replace(record, escalations=record.escalations + 1)
        records = (*state.records[:at], record, *state.records[at + 1 :])
        sender = message.core.sender
        held = replace(state, records=records, hold=Hold(sender, payload.terms))
        return Step(held, (Held(sender, payload.terms),))

    def overdue(self, state: NegotiationState, at: int) -> Reason | None:
        """Why a party may end it at `at` though neither deadline nor award has passed; None if it may not."""
        if self.phase(state, at) is not Phase.LAPSED:
            return None
        return Reason.NO_BIDS if self.outcome(state) is None else Reason.TIMEOUT

    # ---------------------------------------------------------------- actions

    def actions(self, state: NegotiationState, role: str | None, at: int) -> set[str]:
        """The performatives of this protocol that the party in `role` may send at `at`."""
        sealed = sealing.sealed_of(state)
        phase = self.phase(state, at)
        if role is None:
            return set()
        if role == self.auction.requester:
            found = {"withdraw"}
            if phase is Phase.AWARD:
                found.add("award")
                if state.offer is None and state.round + 1 < self.rules.max_rounds and sealed.improved:
                    found.add("call")
                found |= self._escalations(state, role)
            return found
        seal = sealed.seal_of(role)
        if seal is None or seal.out is not None:
            return set()
        found = {"withdraw"}
        if phase is Phase.COMMIT and seal.commitment is None:
            found.add("commit")
        if phase is Phase.REVEAL and seal.owed:
            found.add("reveal")
        if state.offer is not None and sealed.winner == role:
            found.add("reject")
            if phase is Phase.ANSWER:
                found |= {"accept"} | self._escalations(state, role)
        return found

    @staticmethod
    def _escalations(state: NegotiationState, role: str) -> set[str]:
        return {"escalate"} if state.record_of(role).escalations == 0 else set()

    # ---------------------------------------------------------------- private

    def _bid(self, role: str, order: int, values: tuple[int | str, ...]) -> Bid:
        named = dict(zip(self.rules.issue_names, values, strict=True))
        price = values[self._price_at]
        penalty = penalty_of(self.rules.domain, self.auction, named)
        return Bid(role, order, price if isinstance(price, int) else 0, penalty)

    def _improves(self, seal: Seal, bid: Bid) -> bool:
        """Whether the bid counts, and by at least the minimum concession more than the one that stands."""
        if not self.pricing.admissible(bid):
            return False
        if seal.values is None or seal.order is None:
            return True
        before = self._bid(seal.role, seal.order, seal.values)
        if not self.pricing.admissible(before):
            return True
        now, then = self.pricing.effective(bid), self.pricing.effective(before)
        issue = price_issue(self.rules.domain, self.auction)
        least = self.rules.min_concession_ppm * (issue.max - issue.min)
        return self.pricing.better(now, then) and abs(now - then) * PPM >= least

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


def forfeits(rules: Rules, state: NegotiationState) -> tuple[str, ...]:
    """The roles whose bond is lost: sealed and not revealed when the reveal window had passed, withdrawn with
    a bid sealed, or an award refused or let go. In the opening's order; the beneficiary's claim rests on it.
    """
    sealed = sealing.sealed_of(state)
    over = state.last_sent_at > sealing.reveal_by(rules, sealed)
    costly = (Out.WITHDRAWN, Out.REFUSED, Out.LAPSED)
    return tuple(seal.role for seal in sealed.seals if seal.out in costly or (seal.owed and over))
