"""A budget as a pure ledger: nothing is promised that was not reserved first.

The owner keeps `BudgetState` durably and replaces it in one step, under one lock or in one transaction;
`reserve` checks both limits against everything reserved and committed, concurrent negotiations included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from parley.policy.errors import BudgetEntryCommitted, BudgetEntryUnknown, BudgetExceeded
from parley.policy.facts import Exposure
from parley.terms.documents import Document, Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Address, Amount

_PPM = 1_000_000
PART = "/"
"""Stands between a key and the address of a further counterparty."""


class BudgetEntry(Part):
    """An amount (base units) bound for one counterparty of one negotiation. `key` is the negotiation id or
    whatever names the deal before it has one; what further counterparties of it are paid stands under the key
    with their address behind it.
    """

    key: ShortText
    counterparty: Address
    amount: Amount
    status: Literal["reserved", "committed"]

    def belongs(self, key: str) -> bool:
        """Whether it is bound for what `key` names."""
        return self.key == key or self.key.startswith(f"{key}{PART}")


class BudgetState(Document):
    """What is bound, sorted by key: equal ledgers have equal bytes."""

    schema_: Literal["parley/budget"] = Field(default="parley/budget", alias="schema")
    entries: Many[BudgetEntry] = ()

    def entry(self, key: str) -> BudgetEntry | None:
        return next((entry for entry in self.entries if entry.key == key), None)

    def entries_of(self, key: str) -> tuple[BudgetEntry, ...]:
        """All that is bound under the key, whoever it is for."""
        return tuple(entry for entry in self.entries if entry.belongs(key))

    def bound(
        self, *, status: str | None = None, counterparty: str | None = None, without: str | None = None
    ) -> int:
        """Sum in base units of the entries that match."""
        return sum(
            entry.amount
            for entry in self.entries
            if (status is None or entry.status == status)
            and (counterparty is None or entry.counterparty == counterparty)
            and (without is None or not entry.belongs(without))
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
        return self.reserve_each(state, key, {counterparty: amount})

    def reserve_each(self, state: BudgetState, key: str, amounts: Mapping[Address, int]) -> BudgetState:
        """The ledger with the amount of each counterparty reserved under `key`, in place of all that was
        reserved under it before. Every amount is held against its own counterparty's limit.

        Raises as `reserve`, and then nothing of it is reserved.
        """
        if any(entry.status == "committed" for entry in state.entries_of(key)):
            raise BudgetEntryCommitted("The amount is committed already", key=key)
        state = _without(state, key)
        for at, (counterparty, amount) in enumerate(amounts.items()):
            available = self.available(state, counterparty)
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
            part = f"{key}{PART}{counterparty}" if at else key
            state = _put(
                state, BudgetEntry(key=part, counterparty=counterparty, amount=amount, status="reserved")
            )
        return state

    def commit(self, state: BudgetState, key: str) -> BudgetState:
        """The reservation became a signed deal, or the deals of a bundle. Committing twice changes nothing.
        Raises `BudgetEntryUnknown`.
        """
        _held(state, key)
        for held in state.entries_of(key):
            if held.status != "committed":
                state = _put(state, held.model_copy(update={"status": "committed"}))
        return state

    def release(self, state: BudgetState, key: str) -> BudgetState:
        """The negotiation died: its reservation is free again. A key that is not there changes nothing, so
        that a release may be repeated. Raises `BudgetEntryCommitted`.
        """
        if any(entry.status == "committed" for entry in state.entries_of(key)):
            raise BudgetEntryCommitted("The amount is committed", key=key)
        return _without(state, key)

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


def _without(state: BudgetState, key: str) -> BudgetState:
    if not state.entries_of(key):
        return state
    return BudgetState(entries=tuple(entry for entry in state.entries if not entry.belongs(key)))


def _put(state: BudgetState, entry: BudgetEntry) -> BudgetState:
    others = [other for other in state.entries if other.key != entry.key]
    return BudgetState(entries=tuple(sorted((*others, entry), key=lambda kept: kept.key)))
