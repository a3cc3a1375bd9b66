"""Several senders as one: each has a key, so a line of nonces of its own; a stuck one stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from parley.chain.batching import Batcher, BatchSettings
from parley.chain.errors import FeeCapReached, SenderUnfunded
from parley.chain.escrow import Call
from parley.chain.intents import UNDER_WAY, Intent, Intents, IntentStatus
from parley.chain.node import NodeClient
from parley.chain.outgoing import Waited, reserved_by
from parley.chain.sender import Sender, SenderSettings, Tick
from parley.chain.spending import GasBudget, Purse, Reserved
from parley.errors import ParleyError
from parley.store import EventStore, Transaction
from parley.terms.signing import Signer

_LOG = logging.getLogger("parley.chain")
_REPLACED: Final = 3
"""A line is stuck when its first transaction has been signed this often and is not mined."""


class Relayer:
    """Sends for one or more accounts on one chain, within one budget."""

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        signers: Sequence[Signer],
        escrow: str,
        settings: SenderSettings | None = None,
        *,
        budget: GasBudget | None = None,
        batches: BatchSettings | None = None,
        nudge: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self.settings = settings or SenderSettings()
        self.purse = Purse(store, node.chain_id(), budget)
        self.lanes = [
            Sender(
                store,
                node,
                signer,
                self.settings,
                nudge=nudge,
                batcher=Batcher(node, escrow, batches),
                purse=self.purse,
            )
            for signer in signers
        ]
        self.last_error: ParleyError | None = None
        for lane in self.lanes:
            lane.watch(reserved=self._reserved)

    @property
    def address(self) -> str:
        """The first account: it is the caller in simulations."""
        return self.lanes[0].address

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every account that sends."""
        return tuple(lane.address for lane in self.lanes)

    @property
    def intents(self) -> Intents:
        """The intents of the chain; questions about one account are about the first."""
        return self.lanes[0].intents

    def submitter(self, named: str) -> str:
        """The account that sends for a deal that names `named` as its relayer: that one, if it is here."""
        return named if named in self.addresses else self.address

    def watch(self, guard: Callable[[Intent], bool] | None = None, waited: Waited | None = None) -> None:
        """See `Sender.watch`."""
        for lane in self.lanes:
            lane.watch(guard, waited)

    # ------------------------------------------------------------------ intents

    def get(self, key: str) -> Intent | None:
        """The intent under a key."""
        return self.intents.get(key)

    def submit(self, key: str, call: Call) -> Intent:
        """Record durably that a call shall be made, once."""
        return self._store.transact(lambda transaction: self.record(transaction, key, call))

    def record(self, transaction: Transaction, key: str, call: Call, *, by: str | None = None) -> Intent:
        """The same inside a transaction of the store; `by` is the account that has to send it."""
        return self._lane(key, by).record(transaction, key, call)

    def requeue(self, transaction: Transaction, key: str) -> bool:
        """See `Sender.requeue`."""
        return self.lanes[0].requeue(transaction, key)

    def retry(self, key: str) -> bool:
        """See `Sender.retry`."""
        return self.lanes[0].retry(key)

    def _lane(self, key: str, by: str | None = None) -> Sender:
        """The line for a new intent: that of the account named, else that in which others about the same deal
        are under way, else the shortest that is not stuck.
        """
        if len(self.lanes) == 1:
            return self.lanes[0]
        named = next((lane for lane in self.lanes if lane.address == by), None)
        if named is not None:
            return named
        free = [lane for lane in self.lanes if not self._stuck(lane)] or self.lanes
        subject = key.partition(":")[0]
        beside = [i for i in self.intents.with_prefix(f"{subject}:") if i.status in UNDER_WAY]
        for lane in free:
            if beside and beside[-1].sender == lane.address:
                return lane
        load = self.intents.load()
        return min(free, key=lambda lane: load.get(lane.address, 0))

    # --------------------------------------------------------------------- tick

    def tick(self) -> Tick:
        """Move every line one step; the first error is raised when all have had their turn."""
        self._rebalance()
        found, first = Tick(), None
        for lane in self.lanes:
            try:
                found += lane.tick()
            except ParleyError as error:
                first = first or error
        self.last_error = first or next((lane.last_error for lane in self.lanes if lane.last_error), None)
        if first is not None:
            raise first
        return found

    def _stuck(self, lane: Sender) -> bool:
        if isinstance(lane.last_error, (FeeCapReached, SenderUnfunded)):
            return True
        first = lane.intents.in_status([IntentStatus.SIGNED], 1)
        return bool(first) and len(lane.intents.sent(first).get(first[0].id, ())) >= _REPLACED

    def _rebalance(self) -> None:
        """What has no nonce yet leaves a line that is stuck, and one whose key is here no more."""
        stuck = {lane.address for lane in self.lanes if self._stuck(lane)} if len(self.lanes) > 1 else set()
        free = [address for address in self.addresses if address not in stuck]
        if not free:
            return
        astray = [
            intent
            for intent in self.intents.unsent()
            if intent.sender in stuck or intent.sender not in self.addresses
        ]
        load = self.intents.load() if astray else {}
        for intent in astray:
            to = min(free, key=lambda address: load.get(address, 0))
            load[to] = load.get(to, 0) + 1
            _LOG.warning("%s moves from the line of %s to that of %s", intent.key, intent.sender, to)

            def work(transaction: Transaction, intent: Intent = intent, to: str = to) -> bool:
                return self.intents.move(transaction, intent, to)

            self._store.transact(work)

    def _reserved(self) -> Reserved:
        found = Reserved()
        for lane in self.lanes:
            found.merge(reserved_by(lane.intents, self.settings.batch))
        return found
