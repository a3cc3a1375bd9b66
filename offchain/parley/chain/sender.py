"""The sender: makes each intent happen once, through restarts, lost and stuck transactions, gaps and
reorganisations.

One tick does, in this order: see what was mined (and what a reorganisation un-mined), give nonces to what
waits and sign it, broadcast what the node may not have, replace what is stuck. Everything is in the store
before the node hears of it, so a crash at any point only means that the next tick does it again: the same
bytes, hence the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from parley.chain.batching import Batcher
from parley.chain.broadcast import Broadcaster
from parley.chain.errors import ContractError, FeeCapReached, Withdrawn
from parley.chain.escrow import Call
from parley.chain.intents import MAX_KEY, Intent, Intents, IntentStatus, Sent
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.observer import Observer
from parley.chain.outgoing import Outgoing, Waited, reserved_by
from parley.chain.spending import Purse, Reserved, subject_of
from parley.chain.transactions import Unsigned, sign, suggest_fees
from parley.errors import ParleyError
from parley.store import EventInvalid, EventStore, Transaction
from parley.terms.signing import Signer


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """`stuck_seconds` without being mined, while blocks pass, leads to a replacement; `max_fee` is wei a
    gas.
    """

    confirmations: int = 0
    stuck_seconds: int = 30
    nudge_seconds: int = 2
    max_fee: int = 500 * 10**9
    batch: int = 200
    gas_margin_percent: int = 25


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick did, in numbers of intents."""

    signed: int = 0
    broadcast: int = 0
    mined: int = 0
    replaced: int = 0
    revived: int = 0

    def __add__(self, other: Tick) -> Tick:
        return Tick(
            self.signed + other.signed,
            self.broadcast + other.broadcast,
            self.mined + other.mined,
            self.replaced + other.replaced,
            self.revived + other.revived,
        )


class Sender:
    """Sends for one account on one chain. `guard` says whether an intent's effect is still missing on
    chain.
    """

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        signer: Signer,
        settings: SenderSettings | None = None,
        *,
        guard: Callable[[Intent], bool] | None = None,
        nudge: Callable[[], None] | None = None,
        batcher: Batcher | None = None,
        purse: Purse | None = None,
    ) -> None:
        self._store = store
        self._node = node
        self._signer = signer
        self._settings = settings or SenderSettings()
        self.address = signer.address
        self.intents = Intents(store, node.chain_id(), signer.address)
        self.purse = purse or Purse(store, node.chain_id())
        self._reserved: Callable[[], Reserved] = lambda: reserved_by(self.intents, self._settings.batch)
        self._outgoing = Outgoing(
            store,
            node,
            self.intents,
            self.address,
            self._signed,
            margin_percent=self._settings.gas_margin_percent,
            batcher=batcher,
            purse=self.purse,
        )
        self._outgoing.guard = guard
        self._broadcaster = Broadcaster(
            store,
            node,
            self.intents,
            self._signed,
            stuck_seconds=self._settings.stuck_seconds,
            max_fee=self._settings.max_fee,
            nudge=nudge,
            nudge_seconds=self._settings.nudge_seconds,
            void=self._void,
            may_bump=self._may_bump,
        )
        self._ticking = threading.Lock()
        self._observer = Observer(
            store,
            node,
            self.intents,
            self.address,
            self._settings.confirmations,
            purse=self.purse,
            failed_in=None if batcher is None else batcher.failed_in,
        )
        self.last_error: ParleyError | None = None

    def watch(
        self,
        guard: Callable[[Intent], bool] | None = None,
        waited: Waited | None = None,
        reserved: Callable[[], Reserved] | None = None,
    ) -> None:
        """What is asked before a transaction is signed, who is told of intents that wait for budget, and what
        all accounts together may still spend.
        """
        self._outgoing.guard = guard or self._outgoing.guard
        self._outgoing.waited = waited or self._outgoing.waited
        self._reserved = reserved or self._reserved

    # ------------------------------------------------------------------ intents

    def submit(self, key: str, call: Call) -> Intent:
        """Record durably that a call shall be made, once; returns what is recorded under the key.

        Raises `IntentMismatch` when the key stands for another call, and the store's errors.
        """
        return self._store.transact(lambda transaction: self.record(transaction, key, call))

    def record(self, transaction: Transaction, key: str, call: Call) -> Intent:
        """The same inside a transaction of the store, together with whatever else the caller records."""
        if not 0 < len(key) <= MAX_KEY:
            raise EventInvalid("The key of an intent has 1 to 200 characters.", key=key[:300])
        return self.intents.record(transaction, key, call)

    def get(self, key: str) -> Intent | None:
        """The intent under a key."""
        return self.intents.get(key)

    def retry(self, key: str) -> bool:
        """Queue an intent again that failed, was reverted, or found its effect on the chain that is gone by
        now.

        False when there is nothing to queue.
        """
        return self._store.transact(lambda transaction: self.requeue(transaction, key))

    def requeue(self, transaction: Transaction, key: str) -> bool:
        """The same inside a transaction of the store."""
        intent = self.intents.get(key, transaction)
        if intent is None or intent.status not in (
            IntentStatus.FAILED,
            IntentStatus.REVERTED,
            IntentStatus.DONE,
        ):
            return False
        # A reverted transaction has used its nonce for good; nothing of it can be sent again.
        names = ("nonce", "transaction", "block_number", "block_hash", "gas")
        fresh = dict.fromkeys(names)
        return self.intents.mark(transaction, intent, IntentStatus.QUEUED, **fresh)

    # --------------------------------------------------------------------- tick

    def tick(self) -> Tick:
        """Move everything one step. Raises the node's and the store's errors; then nothing is lost."""
        with self._ticking:
            try:
                done = self._tick()
            except ParleyError as error:
                self.last_error = error
                raise
            self.last_error = self._broadcaster.trouble
            return done

    def _tick(self) -> Tick:
        mined_nonce = self._node.nonce(self.address, "latest")
        revived = self._observer.revive(mined_nonce)
        waiting = self.intents.in_status([IntentStatus.SIGNED, IntentStatus.MINED], self._settings.batch)
        queued = self.intents.in_status([IntentStatus.QUEUED, IntentStatus.WAITING], self._settings.batch)
        if not waiting and not queued:
            return Tick(revived=revived)
        mined = self._observer.observe(waiting, mined_nonce) if waiting else 0
        signed = self._outgoing.sign(
            queued, mined_nonce, lambda: self._capped(suggest_fees(self._node)), self.reserved()
        )
        broadcast, replaced = self._broadcaster.push(mined_nonce, self._settings.batch)
        return Tick(signed, broadcast, mined, replaced, revived)

    # -------------------------------------------------------------------- signing

    def _void(self, intent: Intent) -> ParleyError | None:
        """Why a transaction that is stuck can only revert any more; None while it may still do its work. Only
        the next one of the account is judged: what comes later may build on it.
        """
        if self._outgoing.guard is not None and not self._outgoing.guard(intent):
            return Withdrawn("What the transaction was for has happened.", key=intent.key)
        if intent.nonce != self._node.nonce(self.address, "latest") or not intent.data:
            return None
        try:
            self._node.call(intent.to, intent.data, sender=self.address)
        except ContractError as error:
            return None if error.retryable else error
        return None

    def _may_bump(self, intent: Intent, extra: int) -> ParleyError | None:
        """Why a replacement that may cost `extra` wei more is beyond the budget; None when it is not."""
        if not self.purse.budget.limited:
            return None
        subjects = [subject_of(item) for item in self.intents.items(intent) or [intent]]
        return self.purse.refusal(subjects, extra, self.reserved(), self._store.now())

    def reserved(self) -> Reserved:
        """What the signed transactions of all accounts on this chain may still cost."""
        if not self.purse.budget.limited:
            return Reserved()
        return self._reserved()

    def _signed(self, intent: int, to: str, data: bytes, nonce: int, gas: int, fees: Fees) -> Sent:
        unsigned = Unsigned(self._node.chain_id(), nonce, to, 0, data, gas, fees)
        signed = sign(unsigned, self._signer)
        return Sent(signed.hash, intent, nonce, signed.raw, fees, gas, None, None)

    def _capped(self, fees: Fees) -> Fees:
        if self._node.latest().base_fee > self._settings.max_fee:
            raise FeeCapReached("Gas costs more than the sender may pay.", limit=self._settings.max_fee)
        limit = self._settings.max_fee
        return Fees(min(fees.max_fee, limit), min(fees.priority_fee, limit))
