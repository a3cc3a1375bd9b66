"""Seeing what became of the sender's transactions: mined, deep enough, reverted, reorganised away, or
displaced.
"""

from __future__ import annotations

import logging
from typing import Final

from parley.chain.intents import ON_CHAIN, Intent, Intents, IntentStatus
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.errors import ParleyError
from parley.store import EventStore, Transaction

_LOG = logging.getLogger("parley.chain")
_PATIENCE: Final = 3
"""Looks in which a used nonce shows no receipt of ours before the intent gets another nonce."""


class Observer:
    """Observes the transactions of one account; `confirmations` is how many blocks must lie on top."""

    def __init__(
        self, store: EventStore, node: NodeClient, intents: Intents, address: str, confirmations: int
    ) -> None:
        self._store = store
        self._node = node
        self._intents = intents
        self._address = address
        self._confirmations = confirmations
        self._missing: dict[int, int] = {}

    def revive(self, mined_nonce: int) -> int:
        """Transactions at or above the account's nonce are not on the chain (any more): they wait again."""
        gone = self._intents.above_nonce(mined_nonce, ON_CHAIN)
        if not gone:
            return 0
        hashes = [item.hash for sent in self._intents.sent(gone).values() for item in sent]

        def work(transaction: Transaction) -> None:
            for intent in gone:
                self._intents.mark(
                    transaction, intent, IntentStatus.SIGNED, block_number=None, block_hash=None
                )
            self._intents.unbroadcast(transaction, hashes)

        _LOG.warning("a reorganisation took back %d transactions", len(gone))
        self._store.transact(work)
        return len(gone)

    def observe(self, waiting: list[Intent], mined_nonce: int) -> int:
        below = [intent for intent in waiting if intent.nonce is not None and intent.nonce < mined_nonce]
        if not below:
            return 0
        sent = self._intents.sent(below)
        hashes = [
            item.hash for intent in below for item in sent.get(intent.id, ()) if item.nonce == intent.nonce
        ]
        receipts = {found.transaction: found for found in self._node.receipts(hashes) if found is not None}
        deep = self._node.block_number() - self._confirmations
        looked: list[tuple[Intent, Receipt | None, ParleyError | None]] = []
        for intent in below:
            found = next(
                (receipts[item.hash] for item in sent.get(intent.id, ()) if item.hash in receipts), None
            )
            if found is not None and (intent.block_hash != found.block_hash or found.block_number <= deep):
                looked.append((intent, found, None if found.ok else self._reason(intent, found)))
            elif found is None:
                looked.append((intent, None, None))

        def work(transaction: Transaction) -> int:
            seen = 0
            for intent, found, reason in looked:
                if found is None:
                    self._without_receipt(transaction, intent)
                    continue
                self._missing.pop(intent.id, None)
                status = IntentStatus.MINED
                if found.block_number <= deep:
                    status = IntentStatus.CONFIRMED if found.ok else IntentStatus.REVERTED
                seen += self._intents.mark(
                    transaction,
                    intent,
                    status,
                    error=reason,
                    transaction=found.transaction,
                    block_number=found.block_number,
                    block_hash=found.block_hash,
                )
            return seen

        return self._store.transact(work) if looked else 0

    def _reason(self, intent: Intent, receipt: Receipt) -> ParleyError | None:
        """Why a mined transaction reverted, as far as repeating the call in its block tells."""
        try:
            self._node.call(intent.to, intent.data, sender=self._address, block=receipt.block_number)
        except ParleyError as error:
            return error
        return None

    def _without_receipt(self, transaction: Transaction, intent: Intent) -> None:
        """The nonce was used, but by none of our transactions as far as the node says: a late receipt, or a
        foreign one.
        """
        count = self._missing[intent.id] = self._missing.get(intent.id, 0) + 1
        if count < _PATIENCE:
            return
        del self._missing[intent.id]
        _LOG.warning("nonce %s was used by a transaction of someone else", intent.nonce)
        self._intents.mark(
            transaction,
            intent,
            IntentStatus.QUEUED,
            nonce=None,
            gas=None,
            transaction=None,
            block_number=None,
            block_hash=None,
        )
