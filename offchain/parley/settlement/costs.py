"""What transactions that moved deals cost, whoever sent them, kept once each from their receipts; and a span
of each in the trace of its negotiation, from its intent to its block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from parley.chain.fold import PREFIX
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.store import (
    ANY,
    EventStore,
    IdempotencyMismatch,
    NewEvent,
    Statement,
    parameter,
    schema,
)
from parley.store.rows import event_of
from parley.telemetry.tracing import Tracing

STREAM: Final = "costs"
COST: Final = "settlement.cost"
PAGE: Final = 200
_EVENTS = schema.events
_NEWS: Final = Statement(
    sa.select(_EVENTS)
    .where(
        _EVENTS.c.position > parameter("after", sa.BigInteger),
        _EVENTS.c.stream >= "chain:",
        _EVENTS.c.stream < "chain;",
        _EVENTS.c.kind != f"{PREFIX}undone",
    )
    .order_by(_EVENTS.c.position)
    .limit(sa.literal_column(str(PAGE)))
)


class Costs:
    """Called by whoever settles. Reads on from the last transaction that it recorded."""

    def __init__(self, store: EventStore, node: NodeClient, tracing: Tracing | None = None) -> None:
        self._store = store
        self._node = node
        self.tracing = tracing or Tracing()
        self._position: int | None = None

    def tick(self) -> bool:
        """Records the next page of transactions; whether there were any. Raises the node's errors."""
        if self._position is None:
            newest = self._store.read(STREAM, self._store.length(STREAM) - 2, 1)
            self._position = int(newest[0].data["position"]) if newest else 0
        rows = [event_of(row) for row in self._store.ask(_NEWS, after=self._position)]
        found: dict[str, dict[str, Any]] = {}
        for event in rows:
            deal, transaction = event.data.get("deal_id"), event.data.get("transaction")
            if deal is None or transaction is None:
                continue
            kept = found.setdefault(str(transaction), {"deals": [], "kinds": [], "data": event.data})
            kept["deals"] += [deal] if deal not in kept["deals"] else []
            kept["kinds"] += [event.kind] if event.kind not in kept["kinds"] else []
            kept["position"] = event.position
        if found:
            receipts = self._node.receipts(list(found))
            for transaction, receipt in zip(found, receipts, strict=True):
                if receipt is not None:  # else a reorganisation took it: it comes again with its next block
                    self._record(transaction, receipt, found[transaction])
        if rows:
            self._position = rows[-1].position
        return bool(found)

    def _record(self, transaction: str, receipt: Receipt, kept: Mapping[str, Any]) -> None:
        data = {
            "transaction": transaction,
            "block_number": receipt.block_number,
            "gas_used": receipt.gas_used,
            "deals": kept["deals"],
            "kinds": kept["kinds"],
            "position": kept["position"],
        }
        try:
            event = NewEvent(COST, data)
            done = self._store.append(STREAM, ANY, (event,), idempotency_key=f"cost:{transaction}")
        except IdempotencyMismatch:
            return  # recorded before a reorganisation moved it to another block
        if not done.duplicate:
            self._tell(transaction, receipt, kept)

    def _tell(self, transaction: str, receipt: Receipt, kept: Mapping[str, Any]) -> None:
        if not self.tracing.on:
            return
        block_time = int(kept["data"]["block_time"])
        table = schema.intents
        began = sa.select(sa.func.min(table.c.created_at)).where(table.c.transaction == transaction)
        start = self._store.query(began)[0][0]
        for deal in kept["deals"]:
            row = self._store.deals.get(deal)
            self.tracing.past(
                "settlement",
                deal if row is None or row.negotiation is None else row.negotiation,
                block_time if start is None else min(int(start), block_time),
                block_time,
                deal=deal,
                transaction=transaction,
                block=receipt.block_number,
                gas=receipt.gas_used,
                did=",".join(kept["kinds"]),
            )
