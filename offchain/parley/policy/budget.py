"""A budget as a pure ledger: nothing is promised that was not reserved first.

The owner keeps `BudgetState` durably and replaces it in one step, under one lock or in one transaction;
`reserve` checks both limits against everything reserved and committed, concurrent negotiations included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from parley.policy.errors import BudgetEntryCommitted, BudgetEntryUnknown, BudgetExceeded
from parley.policy.facts import Exposure
from parley.terms.documents import Document, Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Address, Amount

_PPM = 1_000_000


class BudgetEntry(Part):
    """An amount (base units) bound for one deal. `key` is the negotiation id or whatever names the deal
    before it has one.
    """

    key: ShortText
    counterparty: Address
    amount: Amount
    status: Literal["reserved", "committed"]


class BudgetState(Document):
    """What is bound, sorted by key: equal ledgers have equal bytes."""

    schema_: Literal["parley/budget"] = Field(default="parley/budget", alias="schema")
    entries: Many[BudgetEntry] = ()

    def entry(self, key: str) -> BudgetEntry | None:
        return next((entry for entry in self.entries if entry.key == key), None)

    def bound(
        self, *, status: str | None = None, counterparty: str | None = None, without: str | None = None
    ) -> int:
        """Sum in base units of the entries that match."""
        return sum(
            entry.amount
            for entry in self.entries
            if (status is None or entry.status == status)
            and (counterparty is None or entry.counterparty == counterparty)
            and entry.key != without
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """`limit` in base units over everything; `per_counterparty_ppm` of it with any one counterparty
    (floored).
    """

    limit: int
    per_counterparty_ppm: int = _PPM

    def __post_init__(self) -> None:
        if self.limit < 0 or not 0 <= self.per_counterparty_ppm <= _PPM:
            raise BudgetExceeded(
                "A budget needs a limit of at least 0 and a share within 0 and 1 000 000 ppm"
            )

    @property
    def counterparty_limit(self) -> int:
        """Base units that any one counterparty may have at most."""
        return self.limit * self.per_counterparty_ppm // _PPM

    def available(self, state: BudgetState, counterparty: str, *, without: str | None = None) -> int:
        """Base units that a deal with `counterparty` may still take; `without` leaves its own reservation
        out.
        """
        everywhere = self.limit - state.bound(without=without)
        here = self.counterparty_limit - state.bound(counterparty=counterparty, without=without)
        return max(0, min(everywhere, here))

    def exposure(self, state: BudgetState, counterparty: str, *, without: str | None = None) -> Exposure:
        """The facts a rule needs about money bound elsewhere."""
        return Exposure(
            budget=self.limit,
            committed=state.bound(status="committed", without=without),
            reserved=state.bound(status="reserved", without=without),
            by_counterparty=state.bound(counterparty=counterparty, without=without),
        )

    def reserve(self, state: BudgetState, key: str, counterparty: Address, amount: int) -> BudgetState:
        """The ledger with `amount` reserved under `key`, in place of what was reserved under it before.

        Raises `BudgetExceeded`, and `BudgetEntryCommitted` where the key is committed; the ledger is
        unchanged then.
        """
        held = state.entry(key)
        if held is not None and held.status == "committed":
            raise BudgetEntryCommitted("The amount is committed already", key=key)
        available = self.available(state, counterparty, without=key)
        if amount < 0 or amount > available:
            raise BudgetExceeded(
                "The budget does not hold this amount",
                key=key,
                counterparty=counterparty,
                amount=str(amount),
                available=str(available),
                limit=str(self.limit),
                counterparty_limit=str(self.counterparty_limit),
            )
        return _put(state, BudgetEntry(key=key, counterparty=counterparty, amount=amount, status="reserved"))

    def commit(self, state: BudgetState, key: str) -> BudgetState:
        """The reservation became a signed deal. Committing twice changes nothing. Raises
        `BudgetEntryUnknown`.
        """
        held = _held(state, key)
        return (
            state
            if held.status == "committed"
            else _put(state, held.model_copy(update={"status": "committed"}))
        )

    def release(self, state: BudgetState, key: str) -> BudgetState:
        """The negotiation died: its reservation is free again. A key that is not there changes nothing, so
        that a release may be repeated. Raises `BudgetEntryCommitted`.
        """
        held = state.entry(key)
        if held is None:
            return state
        if held.status == "committed":
            raise BudgetEntryCommitted("The amount is committed", key=key)
        return BudgetState(entries=tuple(entry for entry in state.entries if entry.key != key))

    def refund(self, state: BudgetState, key: str, amount: int) -> BudgetState:
        """`amount` base units of a committed deal came back. Raises `BudgetEntryUnknown`,
        `BudgetExceeded`.
        """
        held = _held(state, key)
        if held.status != "committed" or not 0 <= amount <= held.amount:
            raise BudgetExceeded(
                "Only what was committed can come back", key=key, amount=str(amount), held=str(held.amount)
            )
        return _put(state, held.model_copy(update={"amount": held.amount - amount}))


def _held(state: BudgetState, key: str) -> BudgetEntry:
    held = state.entry(key)
    if held is None:
        raise BudgetEntryUnknown("Nothing is reserved under this key", key=key)
    return held


def _put(state: BudgetState, entry: BudgetEntry) -> BudgetState:
    others = [other for other in state.entries if other.key != entry.key]
    return BudgetState(entries=tuple(sorted((*others, entry), key=lambda kept: kept.key)))
