"""One quantity over many negotiations: what is still needed, or still there to sell, and never promised
twice.

The truth is in the sessions themselves: an own offer that stands may be accepted at any moment and binds
what it names, an agreement binds it for good, and an offer that was countered binds nothing. So nothing has
to be kept beside the transcripts, and a restart finds the same allotment again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.agents.session import NegotiationSession
from parley.agents.wallet import Wallet
from parley.negotiation.coordination import Book, Need, Share, Talk, plan
from parley.negotiation.status import Status
from parley.policy.budget import Budget, BudgetState
from parley.terms.issues import IssueValue
from parley.terms.values import Address

UNLIMITED = Budget(limit=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Purchase:
    """How a buyer divides its need: `price_issue` names the amount issue with the price of one unit,
    `ceiling` is the most it ever pays for one, base units.
    """

    price_issue: str
    ceiling: int


class Allotment:
    """Shared by all negotiations of one agent. Not thread-safe: one thread drives them all.

    With `purchase` the need is divided among the live talks, cheapest first, and a talk whose share is
    nothing waits; without it every talk may ask for whatever is left.
    """

    def __init__(self, need: Need, wallet: Wallet, purchase: Purchase | None = None) -> None:
        self.need = need
        self._wallet = wallet
        self._purchase = purchase
        self._sessions: dict[str, NegotiationSession] = {}

    def follow(self, session: NegotiationSession) -> None:
        """Counts a negotiation in. Repeating it changes nothing."""
        self._sessions[session.id] = session

    def ready(self, session: NegotiationSession) -> bool:
        """Whether `session` should take its turn now, or wait for what the others bring."""
        shares = self._shares()
        share = shares.get(session.id)
        if share is None or share.quantity > 0 or self.remaining < self.need.least:
            return True
        return not any(other.quantity > 0 for other in shares.values())

    def admits(self, session: NegotiationSession, values: Mapping[str, IssueValue]) -> bool:
        """Whether these values keep within what the negotiation may bind."""
        quantity = int(values[self.need.issue])
        room = self._book().room(session.id, _other(session))
        if quantity > room.quantity:
            return False
        share = self._shares().get(session.id)
        if share is None or self._purchase is None:
            return True
        price = int(values[self._purchase.price_issue]) * quantity
        return quantity <= share.quantity and price <= min(share.money, room.money)

    @property
    def remaining(self) -> int:
        """Units that no agreement covers."""
        return self.need.total - sum(
            self._quantity(session) for session in self._sessions.values() if _agreed(session)
        )

    def _shares(self) -> dict[str, Share]:
        if self._purchase is None:
            return {}
        talks = [self._talk(session) for session in self._sessions.values() if session.state.live]
        return plan(self._book(), talks, self._purchase.ceiling)

    def _book(self) -> Book:
        quantities = {
            str(session.id): self._quantity(session)
            for session in self._sessions.values()
            if _binding(session)
        }
        return Book(self.need, self._wallet.guard.budget or UNLIMITED, self._ledger(), quantities)

    def _ledger(self) -> BudgetState:
        """The wallet's ledger, with the money of an agreement committed from the agreement on."""
        agreed = {session.id for session in self._sessions.values() if _agreed(session)}
        kept = self._wallet.journal.budget()
        entries = tuple(
            entry.model_copy(update={"status": "committed"}) if entry.key in agreed else entry
            for entry in kept.entries
        )
        return BudgetState(entries=entries)

    def _quantity(self, session: NegotiationSession) -> int:
        values = session.standing_values
        return 0 if values is None else int(values[self.need.issue])

    def _talk(self, session: NegotiationSession) -> Talk:
        """What the other side's offers tell: its last price, and the most units it named."""
        theirs = [
            session.domain.decode_values(made.offer.values)
            for made in session.offers
            if made.role != session.role
        ]
        if not theirs or self._purchase is None:
            return Talk(session.id, _other(session))
        return Talk(
            session.id,
            _other(session),
            ask=int(theirs[-1][self._purchase.price_issue]),
            capacity=max(int(values[self.need.issue]) for values in theirs),
        )


def _agreed(session: NegotiationSession) -> bool:
    return session.state.status is Status.ACCEPTED


def _binding(session: NegotiationSession) -> bool:
    standing = session.state.offer
    return _agreed(session) or (
        session.state.live and standing is not None and standing.role == session.role
    )


def _other(session: NegotiationSession) -> Address:
    mine = session.wallet.address
    return next(party.address for party in session.opening.parties if party.address != mine)
