"""Several negotiations over one quantity: who is asked for how much now, who waits, and when to leave.

Nothing here is kept. What is promised follows from the sessions and the wallet's ledger, which are durable:
an own offer that stands may be accepted at any moment and binds what it names, an agreement binds for good,
and an offer that was countered binds nothing. A restart finds the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from parley.agents.session import NegotiationSession
from parley.agents.wallet import Wallet
from parley.negotiation.coordination import Book, Need, Share, Talk, plan
from parley.negotiation.status import Status
from parley.policy.budget import Budget, BudgetState
from parley.terms.issues import IssueValue
from parley.terms.values import Address

Values = Mapping[str, IssueValue]
Sessions = Callable[[], Iterable[NegotiationSession]]
UNLIMITED = Budget(limit=2**128 - 1)
PATIENCE = 2
"""Seconds that a buyer waits for the slowest of its counterparties before it goes on without it."""


class Turn(Enum):
    """What to do with a turn."""

    TAKE = "take"
    WAIT = "wait"
    LEAVE = "leave"


class Pace(Protocol):
    """Lets an agent's negotiations take account of each other."""

    def turn(self, session: NegotiationSession) -> Turn: ...

    def admits(self, session: NegotiationSession, values: Values) -> bool: ...


class Independent:
    """Each negotiation for itself; the wallet's budget still binds them all."""

    def turn(self, session: NegotiationSession) -> Turn:
        return Turn.TAKE

    def admits(self, session: NegotiationSession, values: Values) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Purchase:
    """How a buyer divides its need: `price_issue` names the amount issue with the price of one unit,
    `ceiling` is the most it ever pays for one, base units.
    """

    price_issue: str
    ceiling: int


class SharedNeed:
    """One quantity over all negotiations of an agent, never promised twice.

    With `purchase` the need is divided among the live negotiations, cheapest first, and one whose share is
    nothing waits; without it (a seller's stock) each may ask for whatever is left. A buyer goes in rounds: a
    negotiation waits until the others have answered, or `patience` seconds, so that no quantity is bound in
    offers that are about to be countered.
    """

    def __init__(
        self,
        need: Need,
        wallet: Wallet,
        sessions: Sessions,
        purchase: Purchase | None = None,
        patience: int = PATIENCE,
    ) -> None:
        self.need = need
        self._wallet = wallet
        self._sessions = sessions
        self._purchase = purchase
        self._patience = patience
        self._moment: tuple[object, ...] = ()
        self._seen: tuple[Book, dict[str, Share]] | None = None

    def turn(self, session: NegotiationSession) -> Turn:
        """LEAVE when nothing is left, or when every live negotiation only waits for the others."""
        if self.need.whole(max(0, self.remaining)) == 0:
            return Turn.LEAVE
        if self._purchase is None:
            return Turn.TAKE
        if self._ahead(session):
            return Turn.WAIT
        shares = self._now()[1]
        if shares[session.id].quantity:
            return Turn.TAKE
        stuck = all(other.my_turn and not shares[other.id].quantity for other in self._live())
        return Turn.LEAVE if stuck else Turn.WAIT

    def _ahead(self, session: NegotiationSession) -> bool:
        """Whether another negotiation of the same round still waits for its answer, and not for long."""
        made, now = _own_offers(session), self._wallet.clock()
        return any(
            not other.my_turn
            and not other.state.held
            and _own_offers(other) <= made
            and now - other.state.last_sent_at <= self._patience
            for other in self._live()
            if other is not session
        )

    def admits(self, session: NegotiationSession, values: Values) -> bool:
        """Whether `values` stay within this negotiation's share and what is promised nowhere else."""
        quantity = int(values[self.need.issue])
        book, shares = self._now()
        room = book.room(session.id, _other(session))
        if quantity > room.quantity:
            return False
        if self._purchase is None:
            return True
        share = shares[session.id]
        price = int(values[self._purchase.price_issue]) * quantity
        return quantity <= share.quantity and price <= min(share.money, room.money)

    @property
    def remaining(self) -> int:
        """Units that no agreement covers."""
        agreed = (session for session in self._sessions() if _agreed(session))
        return self.need.total - sum(self._quantity(session) for session in agreed)

    def book(self) -> Book:
        """What is promised now, in units and money."""
        sessions = list(self._sessions())
        quantities = {str(session.id): self._quantity(session) for session in sessions if _binding(session)}
        committed = {str(session.id) for session in sessions if _agreed(session)}
        # The money of an agreement counts as committed from the agreement on, not only from the signature.
        entries = tuple(
            entry.model_copy(update={"status": "committed"}) if entry.key in committed else entry
            for entry in self._wallet.journal.budget().entries
        )
        budget = self._wallet.guard.budget or UNLIMITED
        return Book(self.need, budget, BudgetState(entries=entries), quantities)

    def _live(self) -> list[NegotiationSession]:
        return [session for session in self._sessions() if session.state.live]

    def _now(self) -> tuple[Book, dict[str, Share]]:
        """Book and shares, computed again only when a negotiation or the ledger has moved."""
        ledger = self._wallet.journal.budget()
        moment = (ledger, *((session.id, session.state.sequence) for session in self._sessions()))
        if self._seen is None or moment != self._moment:
            book = self.book()
            ceiling = 0 if self._purchase is None else self._purchase.ceiling
            self._seen = book, plan(book, [self._talk(session) for session in self._live()], ceiling)
            self._moment = moment
        return self._seen

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
        capacity = max(int(values[self.need.issue]) for values in theirs)
        return Talk(session.id, _other(session), int(theirs[-1][self._purchase.price_issue]), capacity)


def _own_offers(session: NegotiationSession) -> int:
    return sum(made.role == session.role for made in session.offers)


def _agreed(session: NegotiationSession) -> bool:
    return session.state.status is Status.ACCEPTED


def _binding(session: NegotiationSession) -> bool:
    standing = session.state.offer
    return _agreed(session) or (session.state.live and standing is not None and standing.role == session.role)


def _other(session: NegotiationSession) -> Address:
    mine = session.wallet.address
    return next(party.address for party in session.opening.parties if party.address != mine)
