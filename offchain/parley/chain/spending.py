"""What the senders may spend on gas: a budget for each deal and each day, in wei, kept as events.

A transaction counts in full (gas limit times highest fee) from the moment it is signed, and with what it
really cost once it is mined deep enough. So the budget holds whatever the fees do in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parley.chain.errors import GasBudgetReached
from parley.chain.intents import Intent, Sent
from parley.chain.models import Receipt
from parley.store import ANY, EventStore, NewEvent, Transaction

DAY: Final = 86_400
PAID: Final = "gas.paid"


@dataclass(frozen=True, slots=True)
class GasBudget:
    """Most wei to spend on one deal and on one day (UTC); None: no limit."""

    per_deal: int | None = None
    per_day: int | None = None

    @property
    def limited(self) -> bool:
        return self.per_deal is not None or self.per_day is not None


def worst(sent: Sent) -> int:
    """The most that a signed transaction can cost, wei."""
    return sent.gas * sent.fees.max_fee


class Purse:
    """The ledger of one chain, shared by all senders on it."""

    def __init__(self, store: EventStore, chain_id: int, budget: GasBudget | None = None) -> None:
        self._store = store
        self._chain = chain_id
        self.budget = budget or GasBudget()
        self._read: dict[str, int] = {}  # events of each stream that were taken in
        self._spent: dict[str, dict[str, int]] = {}  # stream -> transaction -> wei

    def _day_stream(self, now: int) -> str:
        return f"gas:{self._chain}:{now // DAY}"

    def _subject_stream(self, subject: str) -> str:
        return f"gas:{self._chain}:{subject}"

    def spent_on(self, subject: str) -> int:
        """Wei spent on a deal (or an account), as far as it is mined deep enough."""
        return sum(self._known(self._subject_stream(subject)).values())

    def spent_today(self, now: int) -> int:
        """Wei spent on the day of `now`."""
        return sum(self._known(self._day_stream(now)).values())

    def _known(self, stream: str) -> dict[str, int]:
        held = self._spent.setdefault(stream, {})
        for event in self._store.read_all_after(stream, self._read.get(stream, -1)):
            held[str(event.data["transaction"])] = int(event.data["wei"])
            self._read[stream] = event.sequence
        return held

    def refusal(
        self, subjects: Iterable[str], cost: int, reserved: Reserved, now: int
    ) -> GasBudgetReached | None:
        """Why a transaction that can cost `cost` wei must wait; None when it may go."""
        among = list(subjects)
        if self.budget.per_day is not None:
            used = self.spent_today(now) + reserved.total
            if used + cost > self.budget.per_day:
                return _refused("day", self.budget.per_day, used, cost, (now // DAY + 1) * DAY)
        if self.budget.per_deal is not None:
            share = -(-cost // max(1, len(among)))
            for subject in among:
                used = self.spent_on(subject) + reserved.by_subject.get(subject, 0)
                if used + share > self.budget.per_deal:
                    return _refused("deal", self.budget.per_deal, used, share, None)
        return None

    def pay(self, transaction: Transaction, subjects: Iterable[str], receipt: Receipt) -> None:
        """Record what a mined transaction cost, once, on its day and in equal parts on its subjects."""
        wei, among = receipt.gas_used * receipt.gas_price, list(subjects)
        entries = [(self._day_stream(transaction.now), wei)]
        entries += [(self._subject_stream(subject), -(-wei // len(among))) for subject in among]
        for stream, amount in entries:
            if receipt.transaction not in self._known(stream):
                data = {"transaction": receipt.transaction, "wei": str(amount)}
                transaction.append(stream, ANY, [NewEvent(PAID, data)])


class Reserved:
    """What signed transactions may still cost, wei: in all, and by subject."""

    def __init__(self) -> None:
        self.total = 0
        self.by_subject: dict[str, int] = {}

    def add(self, subjects: Iterable[str], cost: int) -> None:
        among = list(subjects)
        self.total += cost
        for subject in among:
            self.by_subject[subject] = self.by_subject.get(subject, 0) + -(-cost // len(among))

    def merge(self, other: Reserved) -> None:
        """Take in what another account has reserved."""
        self.total += other.total
        for subject, cost in other.by_subject.items():
            self.by_subject[subject] = self.by_subject.get(subject, 0) + cost


def subject_of(intent: Intent) -> str:
    """What an intent is about: the deal or account that its key begins with."""
    return intent.key.partition(":")[0]


def _refused(scope: str, limit: int, used: int, wanted: int, until: int | None) -> GasBudgetReached:
    return GasBudgetReached(
        "The gas budget does not hold this transaction now.",
        scope=scope,
        limit=str(limit),
        used=str(used),
        wanted=str(wanted),
        until=until,
    )
