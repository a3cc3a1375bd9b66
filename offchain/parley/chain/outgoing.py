"""Giving nonces to what waits, and signing it: simulated first, joined where cheaper, within the budget.

Everything here happens before the node hears of a transaction. What the simulation refuses fails with the
contract's own error and is never sent; what the budget does not hold waits, and says so once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from parley.chain.batching import SPARE_GAS, Batcher, Unit
from parley.chain.contract_error import ContractError
from parley.chain.errors import GasBudgetReached, IntentMismatch
from parley.chain.escrow import Call
from parley.chain.intents import CARRIER, Intent, Intents, IntentStatus, Sent
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.spending import Purse, Reserved, subject_of, worst
from parley.errors import ParleyError
from parley.store import EventStore, Transaction

_LOG = logging.getLogger("parley.chain")
FILLER_GAS: Final = 30_000
SignCall = Callable[[int, str, bytes, int, int, Fees], Sent]
Waited = Callable[[Transaction, Intent, ParleyError], None]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A unit that may go: its gas limit."""

    unit: Unit
    gas: int


class _Outrun(Exception):
    """Another process changed what this one was about to change; the next tick looks again."""


class Outgoing:
    """Signs for one account. `guard` says whether an intent's effect is still missing on the chain, `waited`
    is told, in the transaction that records it, of an intent that waits for budget.
    """

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        intents: Intents,
        address: str,
        signed: SignCall,
        *,
        margin_percent: int,
        batcher: Batcher | None,
        purse: Purse | None,
    ) -> None:
        self._store = store
        self._node = node
        self._intents = intents
        self._address = address
        self._signed = signed
        self._margin = margin_percent
        self._batcher = batcher
        self._purse = purse
        self.guard: Callable[[Intent], bool] | None = None
        self.waited: Waited | None = None

    def sign(
        self, queued: list[Intent], mined_nonce: int, fees_now: Callable[[], Fees], reserved: Reserved
    ) -> int:
        """Give nonces to what waits, gaps first, and sign it. Gaps that nothing fills get an empty
        transaction. How many were signed.
        """
        wanted = [intent for intent in self._dissolved(queued) if self._wanted(intent)]
        taken = self._intents.nonces(mined_nonce)
        if not wanted and not taken:
            return 0
        pending = max(self._node.nonce(self._address, "pending"), mined_nonce)
        highest = max(taken, default=pending - 1)
        gaps = [nonce for nonce in range(pending, highest) if nonce not in taken]
        if not wanted and not gaps:
            return 0
        fees = fees_now()
        prepared: list[tuple[Unit, Sent]] = []
        following = max(pending, highest + 1)
        for ready in self._ready(wanted, fees, reserved):
            if gaps:
                nonce = gaps.pop(0)
            else:
                nonce, following = following, following + 1
            call = ready.unit.call
            sent = self._signed(ready.unit.intents[0].id, call.to, call.data, nonce, ready.gas, fees)
            prepared.append((ready.unit, sent))
        prepared += [self._filler(nonce, fees) for nonce in gaps]
        return self._keep(prepared, taken, mined_nonce) if prepared else 0

    def _keep(self, prepared: list[tuple[Unit, Sent]], taken: set[int], mined_nonce: int) -> int:
        def work(transaction: Transaction) -> None:
            if self._intents.nonces(mined_nonce, transaction) != taken:
                raise _Outrun
            for unit, sent in prepared:
                carrier = unit.intents[0]
                if unit.joined:
                    carrier = self._intents.carry(transaction, unit.call, unit.intents, sent.hash)
                changes: dict[str, Any] = {"nonce": sent.nonce, "transaction": sent.hash}
                if not self._intents.mark(transaction, carrier, IntentStatus.SIGNED, **changes):
                    raise _Outrun
                self._intents.keep_signed(transaction, replace(sent, intent=carrier.id))

        try:
            self._store.transact(work)
        except (_Outrun, IntentMismatch):
            return 0
        return sum(len(unit.intents) for unit, _ in prepared)

    def _filler(self, nonce: int, fees: Fees) -> tuple[Unit, Sent]:
        """An empty transaction to the account itself, so that those with higher nonces can be mined."""
        _LOG.warning("nonce %d is a gap that holds up others; filling it", nonce)
        call = Call(self._address, b"", "fill")
        key = f"fill:{self._address}:{nonce}"
        intent = self._store.transact(lambda write: self._intents.record(write, key, call))
        return Unit((intent,), call), self._signed(intent.id, call.to, b"", nonce, FILLER_GAS, fees)

    def _wanted(self, intent: Intent) -> bool:
        """Whether the effect is still missing. What the chain has already is done without a transaction."""
        if self.guard is None or self.guard(intent):
            return True
        self._store.transact(lambda transaction: self._intents.mark(transaction, intent, IntentStatus.DONE))
        return False

    def _dissolved(self, queued: list[Intent]) -> list[Intent]:
        """Batches that lost their nonce to somebody else end; their items wait on their own again."""
        batches = [intent for intent in queued if intent.key.startswith(CARRIER)]
        for carrier in batches:
            self._dissolve(carrier)
        return [intent for intent in queued if intent not in batches]

    def _dissolve(self, carrier: Intent) -> None:
        def work(transaction: Transaction) -> None:
            if self._intents.mark(transaction, carrier, IntentStatus.DONE):
                self._intents.follow(transaction, carrier, IntentStatus.QUEUED, transaction=None, gas=None)

        self._store.transact(work)

    # ------------------------------------------------------- gas and the budget

    def _ready(self, wanted: list[Intent], fees: Fees, reserved: Reserved) -> list[_Prepared]:
        """The units that may go now. A batch that the budget does not hold is tried item by item."""
        if self._batcher is None:
            units = [Unit((intent,), Call(intent.to, intent.data, "")) for intent in wanted]
        else:
            units = self._batcher.units(wanted, self._store.now())
        found: list[_Prepared] = []
        for unit in units:
            if unit.joined:
                ready = self._batch(unit, fees, reserved)
                singles = unit.intents if ready is None else ()
            else:
                ready, singles = None, unit.intents
            for intent in singles:
                one = self._single(intent, fees, reserved)
                found += [one] if one is not None else []
            found += [ready] if ready is not None else []
        return found

    def _single(self, intent: Intent, fees: Fees, reserved: Reserved) -> _Prepared | None:
        unit = Unit((intent,), Call(intent.to, intent.data, ""))
        if intent.status is IntentStatus.WAITING and intent.gas is not None:
            refused = self._refused(unit, self._limit(intent.gas), fees, reserved)
            if refused is not None:
                return None  # as before; nobody needs to be told or asked again
        estimate = self._estimate(intent)
        if estimate is None:
            return None
        gas = self._limit(estimate)
        refused = self._refused(unit, gas, fees, reserved)
        if refused is not None:
            self._wait(intent, refused, estimate)
            return None
        reserved.add((subject_of(intent),), gas * fees.max_fee)
        return _Prepared(unit, gas)

    def _batch(self, unit: Unit, fees: Fees, reserved: Reserved) -> _Prepared | None:
        """The batch less what would fail in it; None where its items have to go one by one."""
        batcher = self._batcher
        if batcher is None:
            return None
        try:
            current, gas = self._sound(unit, batcher)
            if current is None or not current.joined:
                return None if current is None else self._single(current.intents[0], fees, reserved)
            gas = self._limit_of_batch(self._measured(current, batcher)) if gas is None else gas
        except ContractError:
            return None
        if self._refused(current, gas, fees, reserved) is not None:
            return None
        reserved.add([subject_of(intent) for intent in current.intents], gas * fees.max_fee)
        return _Prepared(current, gas)

    def _sound(self, unit: Unit, batcher: Batcher) -> tuple[Unit | None, int | None]:
        """The batch without what would fail in it, and the gas limit with which that was seen.

        Where the gas of such items is known from before, the batch is run with the limit that it will have:
        that shows in one execution that the limit suffices, for which an estimate takes some twenty. Without
        a limit (None) it was run with all the gas there is, and has to be estimated.
        """
        current: Unit | None = unit
        guess = True
        while current is not None and current.joined:
            expected = batcher.expected(current) if guess else None
            gas = None if expected is None else self._limit_of_batch(expected)
            try:
                failing = batcher.failures(current, self._address, gas)
            except ContractError:
                if gas is None:
                    raise
                guess = False  # perhaps only the limit was too low
                continue
            if not failing:
                return current, gas
            for place, error in failing.items():
                self._fail(current.intents[place], error)
            current = batcher.without(current, set(failing))
        return current, None

    def _measured(self, unit: Unit, batcher: Batcher) -> int:
        estimate = self._node.estimate(unit.call.to, unit.call.data, sender=self._address, block="pending")
        batcher.learn(unit, estimate)
        return estimate

    def _limit_of_batch(self, estimate: int) -> int:
        return max(self._limit(estimate), estimate + SPARE_GAS)

    def _estimate(self, intent: Intent) -> int | None:
        """The gas that the call takes; None when it would revert, which fails the intent with the contract's
        error.
        """
        try:
            return self._node.estimate(intent.to, intent.data, sender=self._address, block="pending")
        except ContractError as error:
            self._fail(intent, error)
            return None

    def _limit(self, estimate: int) -> int:
        return estimate + estimate * self._margin // 100

    def _fail(self, intent: Intent, error: ContractError) -> None:
        self._store.transact(
            lambda transaction: self._intents.mark(transaction, intent, IntentStatus.FAILED, error=error)
        )

    def _refused(self, unit: Unit, gas: int, fees: Fees, reserved: Reserved) -> GasBudgetReached | None:
        if self._purse is None or not self._purse.budget.limited:
            return None
        subjects = [subject_of(intent) for intent in unit.intents]
        return self._purse.refusal(subjects, gas * fees.max_fee, reserved, self._store.now())

    def _wait(self, intent: Intent, refused: GasBudgetReached, estimate: int) -> None:
        """Say once that the intent waits for budget; it stays and goes when the budget holds it."""
        if intent.status is IntentStatus.WAITING:
            return
        _LOG.warning("%s waits for the gas budget of the %s", intent.key, refused.values["scope"])

        def work(transaction: Transaction) -> None:
            marked = self._intents.mark(
                transaction, intent, IntentStatus.WAITING, error=refused, gas=estimate
            )
            if marked and self.waited is not None:
                self.waited(transaction, intent, refused)

        self._store.transact(work)


def reserved_by(intents: Intents, limit: int) -> Reserved:
    """What the signed transactions of an account may still cost."""
    found = Reserved()
    waiting = intents.in_status([IntentStatus.SIGNED, IntentStatus.MINED], limit)
    sent = intents.sent(waiting)
    for intent in waiting:
        newest = [worst(item) for item in sent.get(intent.id, ()) if item.nonce == intent.nonce]
        if newest:
            items = intents.items(intent) or [intent]
            found.add([subject_of(item) for item in items], max(newest))
    return found
