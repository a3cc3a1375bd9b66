"""One buyer in several negotiations at once: who is asked for how much, and nothing promised twice.

`Book` is the ledger: a quantity and an amount of money are reserved together before an offer leaves or
one is accepted, so that any subset of the outstanding offers may be taken at the same moment without
exceeding need, budget or the share of one counterparty. `plan` divides what is still needed among the
live talks. Both are pure; the owner keeps the book durably and replaces it under one lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from parley.negotiation.errors import NeedExceeded
from parley.policy.budget import Budget, BudgetState
from parley.policy.facts import Exposure
from parley.terms.values import Address


@dataclass(frozen=True, slots=True)
class Need:
    """`total` units of `issue` are wanted, in lots of at least `least` and multiples of `step`."""

    issue: str
    total: int
    step: int = 1
    least: int = 1

    def whole(self, quantity: int) -> int:
        """The largest admissible quantity up to `quantity`; 0 when it is below the least."""
        lots = quantity // self.step * self.step
        return lots if lots >= self.least else 0


@dataclass(frozen=True, slots=True)
class Room:
    """What the next offer or acceptance of one talk may bind at most: units, base units of money, and the
    facts about money bound elsewhere that a policy needs.
    """

    quantity: int
    money: int
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Book:
    """Outstanding and final promises. `quantities` are by talk, reserved and committed alike; money is in
    `ledger`.
    """

    need: Need
    budget: Budget
    ledger: BudgetState = field(default_factory=BudgetState)
    quantities: Mapping[str, int] = field(default_factory=dict)

    def room(self, key: str, counterparty: Address) -> Room:
        """What the talk `key` may bind, its own reservation not counted."""
        elsewhere = sum(quantity for other, quantity in self.quantities.items() if other != key)
        return Room(
            quantity=self.need.whole(max(0, self.need.total - elsewhere)),
            money=self.budget.available(self.ledger, counterparty, without=key),
            exposure=self.budget.exposure(self.ledger, counterparty, without=key),
        )

    def reserve(self, key: str, counterparty: Address, quantity: int, money: int) -> Book:
        """The book with both reserved under `key`, in place of its earlier reservation.

        Raises `NeedExceeded` or the errors of `Budget.reserve`; nothing is reserved then.
        """
        room = self.room(key, counterparty)
        if quantity < 0 or quantity > room.quantity:
            raise NeedExceeded(
                "More units than are still needed", key=key, quantity=quantity, available=room.quantity
            )
        ledger = self.budget.reserve(self.ledger, key, counterparty, money)
        return self._with(ledger, {**self.quantities, key: quantity})

    def commit(self, key: str) -> Book:
        """The reservation became an agreement."""
        return self._with(self.budget.commit(self.ledger, key), self.quantities)

    def release(self, key: str) -> Book:
        """Nothing of this talk is outstanding any more: its offer was countered, or it ended without
        agreement.
        """
        ledger = self.budget.release(self.ledger, key)
        return self._with(ledger, {other: held for other, held in self.quantities.items() if other != key})

    @property
    def committed(self) -> int:
        """Units that agreements cover."""
        return sum(
            self.quantities.get(entry.key, 0) for entry in self.ledger.entries if entry.status == "committed"
        )

    @property
    def remaining(self) -> int:
        """Units that no agreement covers yet."""
        return self.need.total - self.committed

    @property
    def unspent(self) -> int:
        """Base units of the budget that no agreement has taken."""
        return self.budget.limit - self.ledger.bound(status="committed")

    def _with(self, ledger: BudgetState, quantities: Mapping[str, int]) -> Book:
        return Book(self.need, self.budget, ledger, MappingProxyType(dict(quantities)))


@dataclass(frozen=True, slots=True)
class Talk:
    """What is known of a live talk: `ask` the other side's last unit price in base units, `capacity` the
    most units it has offered; None while it has said nothing.
    """

    key: str
    counterparty: Address
    ask: int | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the need a talk should bargain for: at most `quantity` units for at most `money` base
    units together. A share of 0 units waits: others cover the need, unless they fail.
    """

    quantity: int
    money: int


def plan(book: Book, talks: Iterable[Talk], ceiling: int) -> dict[str, Share]:
    """Shares for the live talks.

    While no one has named a price the need is divided evenly. Then the cheapest gets as much as it can
    deliver and the budget allows with one counterparty, the next the rest, and so on; ties fall by key.
    `ceiling` is the most ever paid for a unit. The money of a share leaves the others what they are
    expected to cost, so that a dear agreement made early does not leave the rest of the need unpaid.
    """
    live = sorted(talks, key=lambda talk: (talk.ask is not None, talk.ask or 0, talk.key))
    if not live:
        return {}
    left = max(0, book.remaining)
    quantities: dict[str, int] = {}
    unknown = [talk for talk in live if talk.ask is None]
    for at, talk in enumerate(unknown):
        even = -(-left // (len(live) - at))
        quantities[talk.key] = _most(book, talk, min(left, _up(even, book.need.step)), ceiling)
        left -= quantities[talk.key]
    for talk in live[len(unknown) :]:
        quantities[talk.key] = _most(book, talk, left, ceiling)
        left -= quantities[talk.key]
    return {
        talk.key: Share(quantities[talk.key], _money(book, live, quantities, talk, ceiling)) for talk in live
    }


def _most(book: Book, talk: Talk, wanted: int, ceiling: int) -> int:
    expected = _expected(talk, ceiling)
    room = book.budget.available(
        BudgetState(entries=tuple(e for e in book.ledger.entries if e.status == "committed")),
        talk.counterparty,
    )
    able = wanted if talk.capacity is None else min(wanted, talk.capacity)
    return book.need.whole(min(able, room // max(1, expected)))


def _money(book: Book, live: list[Talk], quantities: Mapping[str, int], talk: Talk, ceiling: int) -> int:
    quantity = quantities[talk.key]
    others = sum(quantities[other.key] * _expected(other, ceiling) for other in live if other.key != talk.key)
    fair = book.unspent * quantity // max(1, book.remaining)
    return min(max(fair, book.unspent - others), quantity * ceiling)


def _expected(talk: Talk, ceiling: int) -> int:
    """Base units a unit will cost at most: what is asked now, and never more than the ceiling."""
    return ceiling if talk.ask is None else min(talk.ask, ceiling)


def _up(quantity: int, step: int) -> int:
    return -(-quantity // step) * step
