"""Reputation from the chain alone: closed deals as the indexer has them, folded on demand into a score."""

from __future__ import annotations

import threading
from typing import Any

import sqlalchemy as sa

from parley.chain.closed_deals import closed_deal
from parley.chain.indexer import Indexer
from parley.reputation.fold import score_ppm, weights
from parley.reputation.models import ClosedDeal
from parley.store import EventStore, schema
from parley.terms.values import Address

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
