"""Typed refusals: what the state machine says to a message that it does not admit.

A refusal changes nothing. `effects` is empty for all of them but `Equivocation`, which hands out its proof.
"""

from __future__ import annotations

from typing import ClassVar

from parley.errors import ParleyError
from parley.negotiation.effects import EquivocationFound
from parley.terms.errors import ProfileInvalid as ProfileInvalid  # a profile is a document of terms


class NegotiationError(ParleyError):
    """Base of everything the negotiation room raises."""

    code = "negotiation"


class SpaceEmpty(NegotiationError):
    """Hard constraints that leave no outcome to negotiate about."""

    code = "negotiation.space-empty"
    status: ClassVar[int] = 422
    next_action = "Loosen the limits or constraints of the profile, or do not negotiate in this domain."


class SpaceTooEntangled(NegotiationError):
    """Issues that depend on one another in more combinations than can be looked at. `values`:
    `combinations`, `limit`.
    """

    code = "negotiation.space-too-entangled"
    status: ClassVar[int] = 422
    next_action = "Let fewer issues depend on each other, or name fewer and larger regions in the bonuses."


class SearchExhausted(NegotiationError):
    """A search ended by its bound before it found what it looked for. `values`: `looked_at`, `limit`."""

    code = "negotiation.search-exhausted"
    status: ClassVar[int] = 422
    next_action = "Loosen the constraints, raise the bound, or ask the solver of the policy room."


class NeedExceeded(NegotiationError):
    """A reservation of more units than are still needed. `values`: `key`, `quantity`, `available`."""

    code = "negotiation.need-exceeded"
    status: ClassVar[int] = 409
    next_action = "Ask for fewer units, or release a reservation that is no longer needed."


class StrategyUnknown(NegotiationError):
    """No strategy has this name, or its parameters do not fit. `values`: `strategy`, `problem`, `known`."""

    code = "negotiation.strategy-unknown"
    status: ClassVar[int] = 422
    next_action = "Name one of the known strategies and give it parameters of its schema."


class Refusal(NegotiationError):
    """A message that is not admissible in this state of this negotiation. The state is unchanged."""

    code = "negotiation.refused"
    status: ClassVar[int] = 409
    next_action = "Read the negotiation's next actions and send one of them."

    @property
    def effects(self) -> tuple[EquivocationFound, ...]:
        return ()


class WrongNegotiation(Refusal):
    code = "negotiation.wrong-negotiation"
    status = 422
    next_action = "Send the message to the negotiation that it names."


class WrongChain(Refusal):
    code = "negotiation.wrong-chain"
    status = 422
    next_action = "Sign under the chain id of the opening."


class WrongSequence(Refusal):
    code = "negotiation.wrong-sequence"
    next_action = (
        "Fetch the messages so far, and if your move is still wanted sign it anew on top of the last one."
    )


class WrongPrevious(Refusal):
    code = "negotiation.wrong-previous"
    next_action = "Fetch the messages so far and chain to the hash of the last one."


class SenderUnknown(Refusal):
    code = "negotiation.sender-unknown"
    status = 403
    next_action = "Only parties, gateways and reviewers of the opening speak here; open one of your own."


class PayloadMissing(Refusal):
    code = "negotiation.payload-missing"
    status = 422
    next_action = "Send the payload document beside the core."


class PayloadUnfit(Refusal):
    code = "negotiation.payload-unfit"
    status = 422
    next_action = "Send the payload that belongs to the performative."


class SentAtInvalid(Refusal):
    code = "negotiation.sent-at-invalid"
    status = 422
    next_action = "Set sent_at between the previous message's and the deadline; past it claim a timeout."


class NegotiationOver(Refusal):
    code = "negotiation.over"
    next_action = "Nothing more can be said here; open a new negotiation."


class StateForbids(Refusal):
    code = "negotiation.state-forbids"


class OnHold(Refusal):
    code = "negotiation.on-hold"
    next_action = "Wait until the hold is ended by resume, approve or refuse; a party may withdraw."


class NotOnHold(Refusal):
    code = "negotiation.not-on-hold"
    next_action = "Nothing is held; go on with the negotiation, or escalate first."


class NotYourTurn(Refusal):
    code = "negotiation.not-your-turn"
    next_action = "Wait for the party on turn; meanwhile you may query, inform, escalate or withdraw."


class NotAuthorised(Refusal):
    code = "negotiation.not-authorised"
    status = 403
    next_action = "Let someone send it whom the opening gives this right."


class OfferInvalid(Refusal):
    code = "negotiation.offer-invalid"
    status = 422
    next_action = "Give every issue of the domain exactly one value inside its range."


class OpaqueForbidden(Refusal):
    code = "negotiation.opaque-forbidden"
    status = 422
    next_action = "Send the offer in the open: somebody who has to read it here could not."


class OpaqueOffer(Refusal):
    """The terms are sealed to the parties, and what was asked needs them."""

    code = "negotiation.opaque-offer"
    next_action = "Ask one of the parties: only they can read the sealed offer."


class OfferUnknown(Refusal):
    code = "negotiation.offer-unknown"
    next_action = "Cite the message hash of the latest offer."


class OfferExpired(Refusal):
    code = "negotiation.offer-expired"
    next_action = "Counter with a fresh offer, or claim the timeout."


class OwnOffer(Refusal):
    code = "negotiation.own-offer"
    next_action = "Counter with another offer or withdraw; only the others can answer your own offer."


class OfferWasFinal(Refusal):
    code = "negotiation.offer-was-final"
    next_action = "You called your last offer final: accept, reject or withdraw."


class RepeatLimit(Refusal):
    code = "negotiation.repeat-limit"
    status = 422
    next_action = "Concede at least the minimum on some issue, or accept, reject or withdraw."


class QueryLimit(Refusal):
    code = "negotiation.query-limit"
    status = 429
    next_action = "Ask again in the next round, or make your move."


class EscalationLimit(Refusal):
    code = "negotiation.escalation-limit"
    status = 429
    next_action = "You escalated in this round already: make your move or withdraw."


class RoundsExhausted(Refusal):
    code = "negotiation.rounds-exhausted"
    next_action = "The rounds are used up: accept, reject with final, or withdraw."


class TimeoutTooEarly(Refusal):
    code = "negotiation.timeout-too-early"
    next_action = "Wait until sent_at is past the deadline or past the expiry of the latest offer."


class ApprovalMismatch(Refusal):
    code = "negotiation.approval-mismatch"
    status = 422
    next_action = "Decide on the terms hash that was escalated, with an expiry that is not past."


class FaultUnproven(Refusal):
    code = "negotiation.fault-unproven"
    status = 422
    next_action = (
        "Give two different messages, both signed by one sender, for one sequence of this negotiation."
    )


class NotInProtocol(Refusal):
    code = "negotiation.not-in-protocol"
    status = 422
    next_action = "This protocol has no such performative; docs/spec.md section 5 lists those it has."


class WrongPhase(Refusal):
    """`values`: `phase` at the message's `sent_at`, and `until` (unix seconds) where it ends by itself."""

    code = "negotiation.wrong-phase"
    next_action = "Commit in the commit window, reveal once it is over, award once all seals are open."


class SealRepeated(Refusal):
    code = "negotiation.seal-repeated"
    next_action = "One commitment a party and round: reveal it when the commit window is over."


class SealBroken(Refusal):
    code = "negotiation.seal-broken"
    status = 422
    next_action = "Reveal exactly the document whose hash you committed to, for this party and round."


class BondMissing(Refusal):
    code = "negotiation.bond-missing"
    status = 422
    next_action = "Name the id of your bond deal in the commitment, and have it opened first."


class RankingInvalid(Refusal):
    code = "negotiation.ranking-invalid"
    status = 422
    next_action = "Rank positions of the mediator's list, each at most once, best first."


class CandidatesInvalid(Refusal):
    code = "negotiation.candidates-invalid"
    status = 422
    next_action = "Call with distinct candidates of the domain, within the limit, not the same list again."


class AwardWrong(Refusal):
    """`values`: what the revealed bids or rankings give."""

    code = "negotiation.award-wrong"
    status = 422
    next_action = "Award exactly what the rule of the domain gives."


class ApprovalMissing(Refusal):
    """`values`: the `terms` hash that a reviewer has to approve first."""

    code = "negotiation.approval-missing"
    next_action = "Escalate with this terms hash, and wait for a reviewer of the opening to approve it."


class NoProgress(Refusal):
    code = "negotiation.no-progress"
    next_action = "No bid improved in the last round, or no round is left: award, or withdraw."


class DrawOpen(Refusal):
    code = "negotiation.draw-open"
    next_action = "Commit and reveal your lot first; nobody proposes before the draw is done."


class ReplayFailed(NegotiationError):
    """A transcript that the machine does not admit. `sequence` names the first message that fails."""

    code = "negotiation.replay-failed"
    status = 422
    next_action = "The transcript is not one of this negotiation; ask for it again or treat it as forged."


class Equivocation(Refusal):
    """A second, different message of one sender for a sequence that it has used: refused, and kept as
    proof.
    """

    code = "negotiation.equivocation"
    next_action = "Keep both messages as proof; a party or a gateway may send fault."

    def __init__(self, found: EquivocationFound) -> None:
        super().__init__(
            "Two different messages of one sender for the same step",
            sender=found.sender,
            sequence=found.sequence,
            first=found.first,
            second=found.second,
        )
        self.found = found

    @property
    def effects(self) -> tuple[EquivocationFound, ...]:
        return (self.found,)
