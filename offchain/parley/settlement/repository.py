"""Deals as they were submitted, kept as events of the stream `deal:<deal id>` and found through the read
model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from parley.chain.intents import IntentStatus
from parley.settlement.models import FAILED, PENDING, SubmittedDeal
from parley.settlement.payments import Need
from parley.store import (
    ANY,
    DealRow,
    EventStore,
    NewEvent,
    Statement,
    Transaction,
    parameter,
    schema,
)
from parley.store.codec import decode

SUBMITTED: Final = "deal.submitted"
_ID_LENGTH: Final = 66
_DEALS, _INTENTS = schema.deals, schema.intents
_PENDING: Final = _DEALS.c.status == PENDING
_ROW: Final = Statement(sa.select(_DEALS).where(_DEALS.c.deal_id == parameter("deal_id")))
_SUBMISSION: Final = Statement(
    sa.select(schema.events.c.position)
    .where(schema.events.c.stream == parameter("stream"), schema.events.c.kind == SUBMITTED)
    .limit(sa.literal_column("1"))
)
_PROMISES: Final = Statement(
    sa.select(_DEALS.c.deal_id, _DEALS.c.summary).where(_PENDING, _DEALS.c.token == parameter("token"))
)
_SUBJECT: Final = sa.func.substr(_INTENTS.c.key, sa.literal_column("1"), sa.literal_column(str(_ID_LENGTH)))
_LOST: Final = Statement(
    sa.select(_INTENTS.c.key)
    .select_from(_INTENTS.join(_DEALS, _DEALS.c.deal_id == _SUBJECT))
    .where(_PENDING, _INTENTS.c.status == str(IntentStatus.DONE))
)
_LINKED: Final = Statement(
    sa.select(_DEALS.c.summary).where(_PENDING, _DEALS.c.summary.like(parameter("pattern")))
)


def stream_of(deal_id: str) -> str:
    """The stream of what happened to a deal off the chain."""
    return f"deal:{deal_id}"


def bundle_stream(bundle: str) -> str:
    """The stream of what was submitted as one bundle."""
    return f"bundle:{bundle}"


class DealRepository:
    """Reads and records submitted deals."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def get(self, deal_id: str) -> SubmittedDeal | None:
        """The deal as it was submitted last; None when it never was."""
        found = [e for e in self._store.read_all(stream_of(deal_id)) if e.kind == SUBMITTED]
        if not found:
            return None
        row = self._store.deals.get(deal_id)
        return SubmittedDeal.of(dict(found[-1].data), row.status if row is not None else PENDING)

    def failure(self, deal_id: str) -> dict[str, Any] | None:
        """The error of the last failure to open; None when there was none."""
        events = [e for e in self._store.read_all(stream_of(deal_id)) if e.kind in (SUBMITTED, "deal.failed")]
        return dict(events[-1].data["error"]) if events and events[-1].kind == "deal.failed" else None

    def of_negotiation(self, negotiation: str) -> list[SubmittedDeal]:
        """The deals of a negotiation, in the order they were submitted."""
        found = [self.get(row.deal_id) for row in self._store.deals.of_negotiation(negotiation)]
        return [deal for deal in found if deal is not None]

    def of_opening(self, subject: str) -> list[SubmittedDeal]:
        """The deals that an opening is about: that of the id, or those of the bundle, in their order."""
        found = self.get(subject)
        if found is not None:
            return [found]
        linked = [event.data["deals"] for event in self._store.read_all(bundle_stream(subject))]
        ids = linked[-1] if linked else []
        return [deal for deal in map(self.get, ids) if deal is not None]

    def link(self, transaction: Transaction, bundle: str, deal_ids: Sequence[str]) -> None:
        """Record which deals open together."""
        transaction.append(
            bundle_stream(bundle), ANY, [NewEvent("bundle.submitted", {"deals": list(deal_ids)})]
        )

    def is_submitted(self, transaction: Transaction, deal_id: str) -> bool:
        """Whether a transaction already sees the deal as submitted and not failed."""
        if not transaction.ask(_SUBMISSION, stream=stream_of(deal_id)):
            return False
        found = transaction.ask(_ROW, deal_id=deal_id)
        return not found or found[0].status != FAILED

    def record(self, transaction: Transaction, submitted: SubmittedDeal, needs: tuple[Need, ...]) -> None:
        """Keep the deal and its row. What the indexer already knows of it stays."""
        rows = transaction.ask(_ROW, deal_id=submitted.deal_id)
        known = rows[0] if rows else None
        summary: dict[str, Any] = {
            "needs": [{"account": need.account, "amount": str(need.amount)} for need in needs]
        }
        if submitted.linked:
            summary["bundle"] = submitted.deal.bundle
        row = DealRow(
            deal_id=submitted.deal_id,
            status=submitted.status,
            token=submitted.deal.token,
            price=submitted.deal.price,
            locked=0,
            milestone=0,
            updated_at=transaction.now,
            parties=submitted.parties,
            negotiation=submitted.negotiation,
            summary=summary,
        )
        if known is not None and known.status not in (FAILED, PENDING):
            row = replace(row, status=known.status, locked=int(known.locked), milestone=known.milestone)
        event = NewEvent(SUBMITTED, submitted.as_document())
        transaction.append(stream_of(submitted.deal_id), ANY, [event], rows=[row])

    def promised(self, transaction: Transaction, token: str, but: Collection[str]) -> dict[str, int]:
        """What accounts have promised, in base units of a token, to deals on their way other than `but`."""
        found: dict[str, int] = {}
        for deal_id, summary in transaction.ask(_PROMISES, token=token):
            if deal_id in but:
                continue
            for need in decode(summary).get("needs", []):
                found[need["account"]] = found.get(need["account"], 0) + int(need["amount"])
        return found

    def fail(self, transaction: Transaction, deal_id: str, error: Mapping[str, Any] | None) -> None:
        """Record that a pending deal could not be opened, and why."""
        table = schema.deals
        change = sa.update(table).where(table.c.deal_id == deal_id, table.c.status == PENDING)
        if transaction.execute(change.values(status=FAILED, updated_at=transaction.now)).rowcount:
            transaction.append(
                stream_of(deal_id), ANY, [NewEvent("deal.failed", {"error": dict(error or {})})]
            )

    def note(self, transaction: Transaction, deal_id: str, kind: str, data: Mapping[str, Any]) -> None:
        """Record something that happened to a deal."""
        transaction.append(stream_of(deal_id), ANY, [NewEvent(kind, data)])

    def lost_openings(self) -> list[str]:
        """Keys of opening intents that were found done, of deals that are pending again after a
        reorganisation.
        """
        intents = schema.intents
        found = self._store.ask(_LOST)
        linked = self._store.ask(_LINKED, pattern='%"bundle":%')
        bundles = {decode(row[0])["bundle"] for row in linked}
        if bundles:
            done = intents.c.status == str(IntentStatus.DONE)
            of_bundle = sa.func.substr(intents.c.key, 1, _ID_LENGTH).in_(sorted(bundles))
            found += self._store.query(sa.select(intents.c.key).where(done, of_bundle))
        return [str(row[0]) for row in found]
