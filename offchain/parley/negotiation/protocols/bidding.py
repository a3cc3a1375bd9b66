"""What a state of a sealed-bid auction says: phase, standing bids, the award that follows, next actions."""

from __future__ import annotations

from dataclasses import replace

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
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Reason
from parley.terms.domain import PPM
from parley.terms.protocols import Auction


class Bidding:
    """Reads states of one auction. Pure; changes nothing."""

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

    def overdue(self, state: NegotiationState, at: int) -> Reason | None:
        """Why a party may end it at `at` though neither deadline nor award has passed; None if it may not."""
        if self.phase(state, at) is not Phase.LAPSED:
            return None
        return Reason.NO_BIDS if self.outcome(state) is None else Reason.TIMEOUT

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


def forfeits(rules: Rules, state: NegotiationState) -> tuple[str, ...]:
    """The roles whose bond is lost: sealed and not revealed when the reveal window had passed, withdrawn with
    a bid sealed, an award refused or let go, or convicted of a fault. In the opening's order; the
    beneficiary's claim rests on it.
    """
    sealed = sealing.sealed_of(state)
    over = state.last_sent_at > sealing.reveal_by(rules, sealed)
    costly = (Out.WITHDRAWN, Out.REFUSED, Out.LAPSED, Out.FAULT)
    return tuple(seal.role for seal in sealed.seals if seal.out in costly or (seal.owed and over))
