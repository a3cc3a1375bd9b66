"""The sender: makes each intent happen once, through restarts, lost and stuck transactions, gaps and
reorganisations.

One tick does, in this order: see what was mined (and what a reorganisation un-mined), give nonces to what
waits and sign it, broadcast what the node may not have, replace what is stuck. Everything is in the store
before the node hears of it, so a crash at any point only means that the next tick does it again: the same
bytes, hence the same transaction.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parley.chain.broadcast import Broadcaster
from parley.chain.errors import ContractError, FeeCapReached
from parley.chain.escrow import Call
from parley.chain.intents import MAX_KEY, Intent, Intents, IntentStatus, Sent
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.observer import Observer
from parley.chain.transactions import Unsigned, sign, suggest_fees
from parley.errors import ParleyError
from parley.store import EventInvalid, EventStore, Transaction
from parley.terms.signing import Signer

_LOG = logging.getLogger("parley.chain")
_FILLER_GAS: Final = 30_000
FRESH_SECONDS: Final = 10
"""How long the simulation made when an intent was recorded stands in for another one before it is signed."""


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


class _Outrun(Exception):
    """Another process changed what this one was about to change; the next tick looks again."""


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
    ) -> None:
        self._store = store
        self._node = node
        self._signer = signer
        self._settings = settings or SenderSettings()
        self.guard = guard
        self.address = signer.address
        self.intents = Intents(store, node.chain_id(), signer.address)
        self._broadcaster = Broadcaster(
            store,
            node,
            self.intents,
            self._signed,
            stuck_seconds=self._settings.stuck_seconds,
            max_fee=self._settings.max_fee,
            nudge=nudge,
            nudge_seconds=self._settings.nudge_seconds,
        )
        self._ticking = threading.Lock()
        self._observer = Observer(store, node, self.intents, self.address, self._settings.confirmations)
        self.last_error: ParleyError | None = None

    # ------------------------------------------------------------------ intents

    def submit(self, key: str, call: Call, *, gas: int | None = None) -> Intent:
        """Record durably that a call shall be made, once; returns what is recorded under the key.

        Raises `IntentMismatch` when the key stands for another call, and the store's errors.
        """
        return self._store.transact(lambda transaction: self.record(transaction, key, call, gas=gas))

    def record(self, transaction: Transaction, key: str, call: Call, *, gas: int | None = None) -> Intent:
        """The same inside a transaction of the store, together with whatever else the caller records."""
        if not 0 < len(key) <= MAX_KEY:
            raise EventInvalid("The key of an intent has 1 to 200 characters.", key=key[:300])
        return self.intents.record(transaction, key, call, gas)

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
        queued = self.intents.in_status([IntentStatus.QUEUED], self._settings.batch)
        if not waiting and not queued:
            return Tick(revived=revived)
        mined = self._observer.observe(waiting, mined_nonce) if waiting else 0
        signed = self._sign(queued, mined_nonce)
        broadcast, replaced = self._broadcaster.push(mined_nonce, self._settings.batch)
        return Tick(signed, broadcast, mined, replaced, revived)

    # -------------------------------------------------------------------- signing

    def _sign(self, queued: list[Intent], mined_nonce: int) -> int:
        """Give nonces to what waits, gaps first, and sign it. Gaps that nothing fills get an empty
        transaction.
        """
        wanted = [intent for intent in queued if self._wanted(intent)]
        taken = self.intents.nonces(mined_nonce)
        if not wanted and not taken:
            return 0
        pending = max(self._node.nonce(self.address, "pending"), mined_nonce)
        highest = max(taken, default=pending - 1)
        gaps = [nonce for nonce in range(pending, highest) if nonce not in taken]
        if not wanted and not gaps:
            return 0
        fees = self._capped(suggest_fees(self._node))
        prepared: list[tuple[Intent, Sent]] = []
        following = max(pending, highest + 1)
        for intent in wanted:
            gas = self._gas(intent)
            if gas is None:
                continue
            if gaps:
                nonce = gaps.pop(0)
            else:
                nonce, following = following, following + 1
            prepared.append((intent, self._signed(intent.id, intent.to, intent.data, nonce, gas, fees)))
        prepared += [self._filler(nonce, fees) for nonce in gaps]

        def work(transaction: Transaction) -> None:
            if self.intents.nonces(mined_nonce, transaction) != taken:
                raise _Outrun
            for intent, sent in prepared:
                if not self.intents.mark(
                    transaction, intent, IntentStatus.SIGNED, nonce=sent.nonce, transaction=sent.hash
                ):
                    raise _Outrun
                self.intents.keep_signed(transaction, sent)

        try:
            if prepared:
                self._store.transact(work)
        except _Outrun:
            return 0
        return len(prepared)

    def _filler(self, nonce: int, fees: Fees) -> tuple[Intent, Sent]:
        """An empty transaction to the account itself, so that those with higher nonces can be mined."""
        _LOG.warning("nonce %d is a gap that holds up others; filling it", nonce)
        call = Call(self.address, b"", "fill")
        intent = self.submit(f"fill:{self.address}:{nonce}", call)
        return intent, self._signed(intent.id, intent.to, intent.data, nonce, _FILLER_GAS, fees)

    def _wanted(self, intent: Intent) -> bool:
        """Whether the effect is still missing. What the chain has already is done without a transaction."""
        if self.guard is None or self.guard(intent):
            return True
        self._store.transact(lambda transaction: self.intents.mark(transaction, intent, IntentStatus.DONE))
        return False

    def _gas(self, intent: Intent) -> int | None:
        """The gas limit; None when the call would revert, which fails the intent with the contract's
        error.
        """
        fresh = self._store.now() - intent.created_at <= FRESH_SECONDS
        estimate = intent.gas if fresh else None
        if estimate is None:
            try:
                estimate = self._node.estimate(intent.to, intent.data, sender=self.address, block="pending")
            except ContractError as error:
                refused = error
                self._store.transact(
                    lambda transaction: self.intents.mark(
                        transaction, intent, IntentStatus.FAILED, error=refused
                    )
                )
                return None
        return estimate + estimate * self._settings.gas_margin_percent // 100

    def _signed(self, intent: int, to: str, data: bytes, nonce: int, gas: int, fees: Fees) -> Sent:
        unsigned = Unsigned(self._node.chain_id(), nonce, to, 0, data, gas, fees)
        signed = sign(unsigned, self._signer)
        return Sent(signed.hash, intent, nonce, signed.raw, fees, gas, None, None)

    def _capped(self, fees: Fees) -> Fees:
        if self._node.latest().base_fee > self._settings.max_fee:
            raise FeeCapReached("Gas costs more than the sender may pay.", limit=self._settings.max_fee)
        limit = self._settings.max_fee
        return Fees(min(fees.max_fee, limit), min(fees.priority_fee, limit))
