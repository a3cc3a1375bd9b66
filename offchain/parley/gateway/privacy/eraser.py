"""Erases the payloads of negotiations when their time is over: messages, what was decided about them, what
reviewers were shown, and deals that were signed, with every salt.

One transaction takes a negotiation's payloads out and appends the gateway's signed statement that it did; it
looks once more for orders, messages and deals that came in between. Any process may run it, and several at
once do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from parley.chain.fold import OUTCOMES
from parley.errors import ParleyError
from parley.gateway.agreements import agreement_stream
from parley.gateway.governance.gate import decision_stream
from parley.gateway.governance.reviews import ASKED
from parley.gateway.live import LiveNegotiations, erasure_stream, stream_of
from parley.gateway.privacy.retention import STREAM, RetentionDesk
from parley.negotiation.status import Status
from parley.policy.retention import DataClass, Ended, RetentionRule
from parley.store import schema
from parley.store.errors import StandingMoved
from parley.store.models import DealRow, NegotiationRow, NewEvent
from parley.store.service import EventStore
from parley.store.transaction import Transaction
from parley.terms.domain import Domain
from parley.terms.erasure import Erasure
from parley.terms.signing import Signer
from parley.terms.statement import state
from parley.terms.values import Hash32

log = logging.getLogger("parley.gateway")
ERASED = "erased"
PAGE = 200
OVER = tuple(status.value for status in Status if not status.live)
CLOSED = frozenset((*OUTCOMES, "cancelled", "failed"))
"""Status words of deals about which nothing more is decided."""
WHOLE = "{}"
"""The summary of a negotiation that was not erased."""


@dataclass(frozen=True, slots=True)
class Due:
    """A negotiation whose payloads are to be erased, and the rule that says so."""

    row: NegotiationRow
    ended: Ended
    rule: RetentionRule


class Eraser:
    """Blocks: call it from a thread."""

    def __init__(
        self,
        store: EventStore,
        desk: RetentionDesk,
        live: LiveNegotiations,
        signer: Signer,
        *,
        chain_id: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._signer = signer
        self._chain_id = chain_id
        self._clock = clock

    def due(self, limit: int = PAGE) -> list[Due]:
        """What would be erased now, oldest first."""
        self._desk.folded.refresh()
        return [found for found, _ in zip(self._due(), range(limit), strict=False)]

    def run(self, limit: int = PAGE) -> list[Erasure]:
        """Erases what is due, at most `limit` negotiations, and cleans the files; what was erased."""
        done = []
        for due in self.due(limit):
            try:
                done.append(self.erase(due))
            except StandingMoved:
                continue  # an order, a message or a deal came in between: the next run looks again
            except ParleyError as error:
                log.warning("negotiation %s was not erased: %s", due.row.id, error)
        if done and not self._store.compact():
            log.warning("a reader kept the write-ahead log open: it is cleaned with the next run")
        return done

    def erase(self, due: Due) -> Erasure:
        """Erases one negotiation. Raises `StandingMoved` when it is no longer due."""
        now, row = self._clock(), due.row
        retention, given = self._desk.folded.current()
        schedule = retention.schedule
        if schedule is None or retention.due(due.ended, now) != due.rule:
            raise StandingMoved("it is no longer due", stream=STREAM)
        ended = self._live.load(row.id).state
        erasure = Erasure.from_json(
            {
                "schema": "parley/erasure",
                "version": 1,
                "negotiation": row.id,
                "messages": ended.sequence,
                "status": row.status,
                **({} if ended.reason is None else {"reason": ended.reason.value}),
                "ended_at": due.ended.ended_at,
                "schedule": schedule.hash(),
                "rule": due.rule.id,
                "erased_at": now,
            }
        )
        signed = state(self._signer, erasure, self._chain_id, now).as_json()
        streams = [stream_of(row.id), decision_stream(row.id), agreement_stream(row.id)]
        self._store.erase(
            streams,
            (erasure_stream(row.id), NewEvent(ERASED, {"erasure": erasure.as_json(), **signed})),
            positions=self._shown_to_reviewers(row.id),
            require=partial(self._still, due, given, ended.sequence, erasure),
        )
        self._live.forget(row.id)
        return erasure

    def _still(self, due: Due, given: int, messages: int, erasure: Erasure, transaction: Transaction) -> None:
        """The last look, with the database to itself."""
        events, deals = schema.events, schema.deals
        lengths = (
            (STREAM, given),
            (stream_of(due.row.id), messages),
            (erasure_stream(due.row.id), 0),
        )
        for stream, expected in lengths:
            count = sa.select(sa.func.count()).where(events.c.stream == stream)
            actual = transaction.execute(count).scalar()
            if actual != expected:
                raise StandingMoved(
                    "What was decided on has changed.", stream=stream, expected=expected, actual=actual
                )
        mine = sa.select(deals.c.status).where(deals.c.negotiation == due.row.id)
        if any(str(found[0]) not in CLOSED for found in transaction.execute(mine)):
            raise StandingMoved("A deal of it is open.", stream=stream_of(due.row.id))
        summary = {"erased_at": erasure.erased_at, "schedule": erasure.schedule, "rule": erasure.rule}
        transaction.put_row(replace(due.row, summary=summary))

    def _due(self) -> Iterator[Due]:
        retention, _ = self._desk.folded.current()
        if retention.shortest is None:
            return
        now, table = self._clock(), schema.negotiations
        query = (
            sa.select(table.c.id, table.c.updated_at)
            .where(
                table.c.status.in_(OVER),
                table.c.summary == WHOLE,
                table.c.updated_at <= now - retention.shortest,
            )
            .order_by(table.c.updated_at, table.c.id)
            .limit(PAGE)
        )
        after: Any = sa.true()
        while rows := self._store.query(query.where(after)):
            for identity, _ in rows:
                row = self._store.negotiations.get(str(identity))
                if row is None:
                    continue
                ended = self._ended(row)
                rule = retention.due(ended, now)
                if rule is not None:
                    yield Due(row, ended, rule)
            last = rows[-1]
            after = sa.tuple_(table.c.updated_at, table.c.id) > sa.tuple_(
                sa.literal(last[1]), sa.literal(last[0])
            )

    def _ended(self, row: NegotiationRow) -> Ended:
        deals: list[DealRow] = self._store.deals.of_negotiation(row.id)
        body = self._store.documents.get("domain", row.domain)
        data_class: DataClass = "personal" if body is None else Domain.parse(body).data_class
        return Ended(
            negotiation=Hash32(row.id),
            data_class=data_class,
            parties=tuple(address for _, address in row.parties),
            ended_at=max((row.updated_at, *(deal.updated_at for deal in deals))),
            open_deals=sum(deal.status not in CLOSED for deal in deals),
        )

    def _shown_to_reviewers(self, negotiation: str) -> list[int]:
        return [
            event.position
            for event in self._store.read_all("reviews")
            if event.kind == ASKED and event.data.get("negotiation") == negotiation
        ]
