"""Getting signed transactions into the node's pool and keeping them there: first broadcast, repeats,
replacements.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

from parley.chain.errors import (
    FeeCapReached,
    NodeRefused,
    NonceTooLow,
    SenderUnfunded,
    TransactionKnown,
    TransactionUnderpriced,
)
from parley.chain.intents import Intent, Intents, IntentStatus, Sent
from parley.chain.models import Fees
from parley.chain.node import NodeClient
from parley.chain.transactions import suggest_fees
from parley.errors import ParleyError
from parley.store import EventStore, Transaction

_LOG = logging.getLogger("parley.chain")
_STUCK_A_TICK: Final = 20
CANCEL_GAS: Final = 21_000
"""Gas of a transaction that does nothing; no call of a contract has this limit."""


class SignedBy(Protocol):
    """Signs the call of an intent again."""

    def __call__(self, intent: int, to: str, data: bytes, nonce: int, gas: int, fees: Fees) -> Sent: ...


def bumped(old: Fees, suggested: Fees) -> Fees:
    """Fees of a replacement: at least an eighth (12.5 %) above the old ones, and what is usual now."""
    return Fees(
        max_fee=max(-(-old.max_fee * 9 // 8), suggested.max_fee),
        priority_fee=max(-(-old.priority_fee * 9 // 8), suggested.priority_fee),
    )


class Broadcaster:
    """Broadcasts for one account; `max_fee` is the most wei a gas a replacement may offer."""

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        intents: Intents,
        signed: SignedBy,
        *,
        stuck_seconds: int,
        max_fee: int,
        nudge: Callable[[], None] | None,
        nudge_seconds: int,
        void: Callable[[Intent], ParleyError | None],
        may_bump: Callable[[Intent, int], ParleyError | None],
    ) -> None:
        self._store = store
        self._node = node
        self._intents = intents
        self._signed = signed
        self._stuck_seconds = stuck_seconds
        self._max_fee = max_fee
        self._nudge = nudge
        self._nudge_seconds = nudge_seconds
        self._void = void
        self._may_bump = may_bump
        self.trouble: ParleyError | None = None

    def push(self, mined_nonce: int, limit: int) -> tuple[int, int]:
        """Broadcast what the node was not given yet, look after what is stuck; (broadcast, replaced).

        A refusal that only time or money cures is left in `trouble`; the intents keep waiting.
        """
        self.trouble = None
        signed = self._intents.in_status([IntentStatus.SIGNED], limit)
        waiting = [intent for intent in signed if intent.nonce is not None and intent.nonce >= mined_nonce]
        if not waiting:
            return 0, 0
        sent = self._intents.sent(waiting)
        newest = [
            (intent, found[-1])
            for intent in waiting
            if (found := [item for item in sent.get(intent.id, ()) if item.nonce == intent.nonce])
        ]
        fresh = [(intent, item) for intent, item in newest if item.broadcast_at is None]
        now = self._store.now()
        patience = now - self._stuck_seconds
        stuck = [
            (intent, item)
            for intent, item in newest
            if item.broadcast_at is not None and item.broadcast_at <= patience
        ]
        still = self._nudge is not None and any(
            item.broadcast_at is not None and item.broadcast_at <= now - self._nudge_seconds
            for _, item in newest
        )
        if not fresh and not stuck and not still:
            return 0, 0
        head = self._node.block_number()
        if still and all(item.broadcast_block in (None, head) for _, item in newest):
            self._call_nudge()
        broadcast, replaced = self._broadcast(fresh, head)
        for intent, item in stuck[:_STUCK_A_TICK]:
            replaced += self._unstick(intent, item, head)
        return broadcast, replaced

    def _broadcast(self, fresh: list[tuple[Intent, Sent]], head: int) -> tuple[int, int]:
        done: list[str] = []
        replaced = 0
        try:
            for intent, item in fresh:
                try:
                    if self._send(item):
                        done.append(item.hash)
                except TransactionUnderpriced as error:
                    self.trouble = error
                    replaced += self._replace(intent, item, head)
                except SenderUnfunded as error:
                    self.trouble = error
                    break  # what follows has higher nonces: it could not be mined either
                except NodeRefused as error:
                    self.trouble = error
        finally:
            self._intents.broadcast(done, head)
        return len(done), replaced

    def _send(self, item: Sent) -> bool:
        """True when the node has the transaction now."""
        try:
            self._node.send_raw(item.raw)
        except TransactionKnown:
            return True
        except NonceTooLow:
            return False  # mined meanwhile, or the nonce is used: the next look at the chain tells
        return True

    def _unstick(self, intent: Intent, item: Sent, head: int) -> int:
        known = self._node.transaction(item.hash)
        if known is None:
            _LOG.warning("the node lost transaction %s; sending it again", item.hash)
            self._broadcast([(intent, item)], head)
            return 0
        if known.block_number is not None:
            return 0
        if item.broadcast_block is not None and head > item.broadcast_block:
            reason = None if item.gas == CANCEL_GAS else self._void(intent)
            return self._replace(intent, item, head, reason)
        return 0

    def _call_nudge(self) -> None:
        """Transactions wait and no block comes: on a local chain its owner can make one."""
        if self._nudge is not None:
            self._nudge()

    def _replace(self, intent: Intent, item: Sent, head: int, reason: ParleyError | None = None) -> int:
        """The same call with the same nonce and a higher fee; whichever is mined, the intent happens once.
        With a `reason` not to make the call any more, nothing in its place.
        """
        fees = bumped(item.fees, suggest_fees(self._node))
        if fees.max_fee > self._max_fee:
            self.trouble = FeeCapReached(
                "A replacement would cost more than the sender may pay.",
                transaction=item.hash,
                wanted=str(fees.max_fee),
                limit=str(self._max_fee),
            )
            return 0
        cancelled = reason is not None or item.gas == CANCEL_GAS
        gas = CANCEL_GAS if cancelled else item.gas
        extra = gas * fees.max_fee - item.gas * item.fees.max_fee
        beyond = self._may_bump(intent, extra) if extra > 0 else None
        if beyond is not None:
            self.trouble = beyond
            return 0
        to, data = (self._intents.address, b"") if cancelled else (intent.to, intent.data)
        again = self._signed(intent.id, to, data, item.nonce, gas, fees)
        problem = intent.error if reason is None else reason

        def work(transaction: Transaction) -> bool:
            if not self._intents.mark(
                transaction, intent, IntentStatus.SIGNED, error=problem, transaction=again.hash
            ):
                return False
            self._intents.keep_signed(transaction, again)
            return True

        if not self._store.transact(work):
            return 0
        try:
            if self._send(again):
                self._intents.broadcast([again.hash], head)
        except NodeRefused as error:
            self.trouble = error
        return 1
