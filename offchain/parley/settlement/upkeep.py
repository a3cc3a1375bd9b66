"""What moves settlement between calls: sending, following the chain, and drawing the consequences for
deals.
"""

from __future__ import annotations

from typing import Final

from parley.chain.indexer import Indexer
from parley.chain.intents import Intent
from parley.chain.relayer import Relayer
from parley.errors import ParleyError
from parley.settlement.openings import Openings
from parley.settlement.repository import DealRepository
from parley.settlement.saga import Saga, Step, StepName
from parley.settlement.timers import Timers
from parley.settlement.ways import OPENINGS
from parley.store import ANY, EventStore, NewEvent, Transaction

FRESH_SECONDS: Final = 10
"""How long the look at the chain made when an intent was recorded stands in for another one."""
RELAYER: Final = "relayer"
"""The stream of what an operator of the relayer has to know."""


class Upkeep:
    """One step after the other; every one may be repeated, and a crash between any two loses nothing."""

    def __init__(
        self,
        store: EventStore,
        sender: Relayer,
        indexer: Indexer,
        openings: Openings,
        deals: DealRepository,
        timers: Timers,
    ) -> None:
        self._store = store
        self._sender = sender
        self._indexer = indexer
        self._openings = openings
        self._deals = deals
        sender.watch(self._still_wanted, self._waits)
        self.saga = Saga(
            (
                Step(StepName.SEND, self._send),
                Step(StepName.FOLLOW, self._follow),
                Step(StepName.TAKE_NOTE, self._take_note),
                Step(StepName.REOPEN, self._reopen),
                Step(StepName.EXITS, timers.tick),
            )
        )

    def _send(self) -> bool:
        if self._indexer.trust.agreed() is not None:
            return False  # nobody can say on which chain it would be
        done = self._sender.tick()
        return any((done.signed, done.broadcast, done.mined, done.replaced, done.revived))

    def _follow(self) -> bool:
        progress = self._indexer.tick()
        return not progress.idle or self._indexer.audit() is not None

    def _take_note(self) -> bool:
        """Turn failed intents into facts about their deals, or about the account whose action it was."""
        failed = self._sender.intents.unreported()
        for intent in failed:
            subject, _, rest = intent.key.partition(":")
            purpose = rest.split(":")[0]
            waiting = [] if purpose not in OPENINGS else self._unopened(subject)

            def work(
                transaction: Transaction,
                intent: Intent = intent,
                subject: str = subject,
                purpose: str = purpose,
                waiting: list[str] = waiting,
            ) -> None:
                for deal_id in waiting:
                    self._deals.fail(transaction, deal_id, intent.error)
                if purpose not in OPENINGS and subject.startswith("0x"):
                    data = {"purpose": purpose, "key": intent.key, "error": intent.error or {}}
                    self._deals.note(transaction, subject, "action.failed", data)
                self._sender.intents.report(transaction, intent)

            self._store.transact(work)
        return bool(failed)

    def _reopen(self) -> bool:
        """Send openings again that somebody else had made, where a reorganisation took them back."""
        moved = False
        for key in self._deals.lost_openings():
            if self._unopened(key.split(":")[0]):
                moved = self._sender.retry(key) or moved
        return moved

    def _unopened(self, subject: str) -> list[str]:
        """Of the deal, or the linked deals, that an opening is about: those the chain does not have."""
        found = self._deals.of_opening(subject)
        return [item.deal_id for item in found if not self._openings.opened(item)]

    def _waits(self, transaction: Transaction, intent: Intent, refused: ParleyError) -> None:
        """Tell the deals of an intent that waits for gas budget, and whoever watches the relayer."""
        data = {"key": intent.key, "error": refused.as_problem()}
        transaction.append(RELAYER, ANY, [NewEvent("relayer.waiting", data)])
        for item in self._deals.of_opening(intent.key.partition(":")[0]):
            self._deals.note(transaction, item.deal_id, "deal.waiting", data)

    def _still_wanted(self, intent: Intent) -> bool:
        """Whether an intent's effect is missing on the chain: a deal is never opened twice, not even in
        vain.
        """
        subject, _, rest = intent.key.partition(":")
        fresh = self._store.now() - intent.created_at <= FRESH_SECONDS
        if rest.split(":")[0] not in OPENINGS or fresh:
            return True
        return bool(self._unopened(subject))
