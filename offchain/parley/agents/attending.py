"""An agent's own part where things are sealed: it bids, ranks, draws, reveals, awards and accepts honestly.

Under the second price, and in fallback bargaining with sealed rankings, that is what serves it; a strategy
has nothing to add. Where shading pays (the first price) a person or another program bids with `SealedMoves`.
"""

from __future__ import annotations

from parley.agents.errors import BondNotOpen
from parley.agents.seals import SealedMoves
from parley.agents.session import NegotiationSession
from parley.negotiation.errors import ApprovalMissing
from parley.negotiation.protocols.honest import honest_bid, honest_ranking
from parley.negotiation.space import Space
from parley.terms.payloads import Award, Offer
from parley.terms.terms import terms_of


class HonestAttendance:
    """Does at most one thing at a time, whichever the machine lists for this agent."""

    def __init__(self, session: NegotiationSession, space: Space) -> None:
        self.session = session
        self._space = space
        self._moves = SealedMoves(session)
        self._draft: Award | None = None

    def act(self) -> str | None:
        """What was done, as a report's kind; None where nothing is this agent's to do.

        Raises what sealing, the guard and the machine refuse.
        """
        listed = self.session.actions()
        if "reveal" in listed:
            self._moves.reveal()
            return "revealed"
        if "commit" in listed:
            return self._seal()
        if "award" in listed:
            return self._award()
        if "accept" in listed:
            return self._answer()
        return None

    def _seal(self) -> str:
        session = self.session
        if session.state.sealed is None:
            self._moves.draw()
            return "drew"
        auction = session.domain.auction
        if auction is None:
            names = tuple(issue.name for issue in session.domain.issues)
            listed = [dict(zip(names, each, strict=True)) for each in session.state.sealed.candidates]
            self._moves.rank(honest_ranking(self._space, listed))
            return "ranked"
        bid = honest_bid(self._space, auction)
        if bid is None:
            session.withdraw("no bid is worth it")
            return "withdrew"
        self._moves.bid(bid)
        return "bid"

    def _award(self) -> str | None:
        """Awards what the rule gives where the profile can live with it; asks for the approval it needs
        once, and awards exactly what was approved.
        """
        session = self.session
        if self._draft is not None and self._draft.expires_at < session.wallet.clock():
            self._draft = None
        try:
            draft = self._draft = self._draft or self._moves.draft_award()
        except BondNotOpen:
            # Whoever reads the chain may be behind. If it stays so, anyone ends it after the award window.
            return None
        if not self._agreeable(draft):
            session.withdraw("no award is worth it")
            return "withdrew"
        try:
            self._moves.award(draft)
        except ApprovalMissing:
            terms = terms_of(session.domain, session.id, draft).hash()
            if "escalate" not in session.actions():
                raise
            session.escalate("an award over the threshold", terms)
            return "escalated"
        self._draft = None
        return "awarded"

    def _answer(self) -> str | None:
        session, offer = self.session, self.session.state.offer
        if offer is None:
            return None
        if not self._agreeable(offer.offer):
            session.reject("not worth it")
            return "rejected"
        session.accept()
        return "accepted"

    def _agreeable(self, offer: Offer) -> bool:
        values = self.session.domain.decode_values(offer.values)
        return self._space.agreeable(self._space.outcome(values))
