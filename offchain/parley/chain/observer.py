"""Seeing what became of the sender's transactions: mined, deep enough, reverted, reorganised away, or
displaced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parley.chain.broadcast import CANCEL_GAS
from parley.chain.contract_error import RevertSilent
from parley.chain.intents import ON_CHAIN, Intent, Intents, IntentStatus, Sent
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.chain.spending import Purse, subject_of
from parley.errors import ParleyError
from parley.store import EventStore, Transaction

_LOG = logging.getLogger("parley.chain")
_PATIENCE: Final = 3
"""Looks in which a used nonce shows no receipt of ours before the intent gets another nonce."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """`error` of the whole transaction; `failed` are items of a batch, by place."""

    error: ParleyError | Mapping[str, Any] | None = None
    cancelled: bool = False
    failed: Mapping[int, ParleyError] = field(default_factory=dict)


def _cancelling(intent: Intent) -> Mapping[str, Any] | None:
    """The reason that a cancelled intent keeps; a reverted one has none before it is mined again."""
    return intent.error if intent.status is IntentStatus.FAILED else None


class Observer:
    """Observes the transactions of one account; `confirmations` is how many blocks must lie on top."""

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        intents: Intents,
        address: str,
        confirmations: int,
        *,
        purse: Purse,
        failed_in: Callable[[Receipt], Mapping[int, ParleyError]] | None = None,
    ) -> None:
        self._store = store
        self._node = node
        self._intents = intents
        self._address = address
        self._confirmations = confirmations
        self._purse = purse
        self._failed_in = failed_in
        self._missing: dict[int, int] = {}

    def revive(self, mined_nonce: int) -> int:
        """Transactions at or above the account's nonce are not on the chain (any more): they wait again."""
        gone = self._intents.above_nonce(mined_nonce, ON_CHAIN)
        if not gone:
            return 0
        hashes = [item.hash for sent in self._intents.sent(gone).values() for item in sent]

        def work(transaction: Transaction) -> None:
            for intent in gone:
                nowhere: dict[str, Any] = {"block_number": None, "block_hash": None}
                self._intents.mark(
                    transaction, intent, IntentStatus.SIGNED, error=_cancelling(intent), **nowhere
                )
                self._intents.follow(transaction, intent, IntentStatus.CARRIED, **nowhere)
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
        looked: list[tuple[Intent, Receipt | None, _Outcome]] = []
        for intent in below:
            found = next(
                (receipts[item.hash] for item in sent.get(intent.id, ()) if item.hash in receipts), None
            )
            if found is not None and (intent.block_hash != found.block_hash or found.block_number <= deep):
                looked.append((intent, found, self._outcome(intent, sent[intent.id], found)))
            elif found is None:
                looked.append((intent, None, _Outcome()))

        def work(transaction: Transaction) -> int:
            seen = 0
            for intent, found, outcome in looked:
                if found is None:
                    self._without_receipt(transaction, intent)
                    continue
                self._missing.pop(intent.id, None)
                deep_enough = found.block_number <= deep
                seen += self._take(transaction, intent, found, outcome, deep_enough)
            return seen

        return self._store.transact(work) if looked else 0

    def _take(
        self, write: Transaction, intent: Intent, found: Receipt, outcome: _Outcome, final: bool
    ) -> bool:
        """Write down what became of a transaction, and of everything that it carried."""
        status = IntentStatus.MINED
        if final:
            status = IntentStatus.CONFIRMED if outcome.error is None else IntentStatus.REVERTED
            status = IntentStatus.FAILED if outcome.cancelled else status
        place: dict[str, Any] = {
            "transaction": found.transaction,
            "block_number": found.block_number,
            "block_hash": found.block_hash,
        }
        if not self._intents.mark(write, intent, status, error=outcome.error, **place):
            return False
        items = self._intents.items(intent)
        if final:
            self._purse.pay(write, [subject_of(item) for item in items or [intent]], found)
        if status in (IntentStatus.REVERTED, IntentStatus.FAILED):
            again: dict[str, Any] = {"transaction": None, "gas": None}
            self._intents.follow(write, intent, IntentStatus.QUEUED, alone=outcome.error, **again)
        else:
            failed = outcome.failed if final else None
            self._intents.follow(write, intent, status, failed, **place)
        return True

    def _outcome(self, intent: Intent, sent: list[Sent], receipt: Receipt) -> _Outcome:
        """What a mined transaction did: its error, whether it stood in for the call, which items failed."""
        mined = next(item for item in sent if item.hash == receipt.transaction)
        if mined.gas == CANCEL_GAS:
            return _Outcome(intent.error, cancelled=True)
        if not receipt.ok:
            return _Outcome(self._reason(intent, receipt))
        return _Outcome(failed={} if self._failed_in is None else self._failed_in(receipt))

    def _reason(self, intent: Intent, receipt: Receipt) -> ParleyError:
        """Why a mined transaction reverted, as far as repeating the call in its block tells."""
        try:
            self._node.call(intent.to, intent.data, sender=self._address, block=receipt.block_number)
        except ParleyError as error:
            return error
        return RevertSilent()

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
