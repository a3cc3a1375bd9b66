"""Reputation from the chain alone: closed deals as the indexer has them, folded on demand into a score."""

from __future__ import annotations

import threading
from typing import Any

import sqlalchemy as sa

from parley.chain.fold import OUTCOMES, ChainDeal
from parley.chain.indexer import Indexer
from parley.reputation.fold import score_ppm, weights
from parley.reputation.models import ClosedDeal, Outcome
from parley.store import EventStore, schema
from parley.terms.values import Address, Hash32

CHAIN_STREAM = "chain:"


class Standing:
    """Follows the indexed streams incrementally; a reorganisation replaces what it touched. Thread-safe."""

    def __init__(self, store: EventStore, indexer: Indexer) -> None:
        self._store = store
        self._indexer = indexer
        self._lock = threading.Lock()
        self._position = 0
        self._closed: dict[str, ClosedDeal] = {}

    def of(self, agent: Address, now: int) -> dict[str, Any]:
        """JSON: agent, score_ppm, deals, counterparties, and the weights behind the score in millionths."""
        with self._lock:
            self._catch_up()
            deals = sorted(self._closed.values(), key=lambda deal: (deal.closed_at, deal.deal_id))
        found = weights(agent, deals, now)
        return {
            "agent": agent,
            "score_ppm": score_ppm(agent, deals, now),
            "deals": found.deals,
            "counterparties": found.counterparties,
            "good": found.good,
            "bad": found.bad,
        }

    def _catch_up(self) -> None:
        end = self._store.last_position()
        table = schema.events
        query = sa.select(table.c.stream).where(
            table.c.position > self._position,
            table.c.position <= end,
            table.c.stream >= CHAIN_STREAM,
            table.c.stream < CHAIN_STREAM[:-1] + ";",
        )
        for stream in {str(row[0]) for row in self._store.query(query)}:
            deal_id = stream.removeprefix(CHAIN_STREAM)
            closed = closed_deal(self._indexer.deal_view(deal_id))
            if closed is None:
                self._closed.pop(deal_id, None)
            else:
                self._closed[deal_id] = closed
        self._position = end


def closed_deal(deal: ChainDeal) -> ClosedDeal | None:
    """The facts of a deal that is over; None while it is not, or when it never opened."""
    if (
        deal.outcome is None
        or deal.buyer is None
        or deal.seller is None
        or deal.token is None
        or deal.opened_at is None
        or deal.closed_at is None
    ):
        return None
    return ClosedDeal(
        deal_id=Hash32(deal.deal_id),
        buyer=Address(deal.buyer),
        seller=Address(deal.seller),
        token=Address(deal.token),
        price=deal.price,
        opened_at=deal.opened_at,
        closed_at=deal.closed_at,
        outcome=Outcome(OUTCOMES.index(deal.outcome)),
        rulings=tuple(int(event.arguments["sellerBps"]) for event in deal.events if event.name == "Ruled"),
        lapses=sum(event.name == "Lapsed" for event in deal.events),
    )
