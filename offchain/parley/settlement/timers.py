"""Exits that parties asked to have called: refunds, lapses and payments by silence, once their time has come.

What was asked for is an event of the deal, so any process that settles takes it over. When an exit is due
follows from the deal's state; it is called like any other, simulated first, and pays who calls it what the
deal says (docs/spec.md section 8).
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Collection
from typing import Final

import sqlalchemy as sa

from parley.chain.node import NodeClient
from parley.errors import ParleyError
from parley.settlement.errors import ActionUnsupported, SettlementError
from parley.settlement.models import Accepted, DealView
from parley.settlement.next_actions import EXITS
from parley.settlement.repository import stream_of
from parley.store import ANY, DocumentPut, EventStore, NewEvent, Statement, parameter, schema

_LOG = logging.getLogger("parley.settlement")
TIMERS: Final = "deal.timers"
_INDEX: Final = "timers"
_EVENTS = schema.events
_NEWS: Final = Statement(
    sa.select(_EVENTS.c.position, _EVENTS.c.stream, _EVENTS.c.kind)
    .where(
        _EVENTS.c.position > parameter("after", sa.BigInteger),
        sa.or_(_EVENTS.c.kind == TIMERS, sa.and_(_EVENTS.c.stream >= "chain:", _EVENTS.c.stream < "chain;")),
    )
    .order_by(_EVENTS.c.position)
    .limit(sa.literal_column("1000"))
)
_AGAIN: Final = 15
"""Seconds after which an exit that was called, or refused, is looked at again."""


class Timers:
    """Knows which deals have exits to be called and when. The memory is a cache of the store."""

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        view: Callable[[str], DealView],
        leave: Callable[[str, str], Accepted],
    ) -> None:
        self._store = store
        self._node = node
        self._view = view
        self._leave = leave
        self._position: int | None = None
        self._due: dict[str, int] = {}
        self._queue: list[tuple[int, str]] = []

    # -------------------------------------------------------------------- asking

    def ask(self, deal_id: str, party: str, exits: Collection[str]) -> tuple[str, ...]:
        """Have these exits called from now on when they are due, for this party; none: no more. What all
        parties ask for together. Raises `ActionUnsupported`.
        """
        unknown = sorted(set(exits) - set(EXITS))
        if unknown:
            raise ActionUnsupported("There is no such timed exit.", name=unknown[0][:40], known=sorted(EXITS))
        event = NewEvent(TIMERS, {"party": party, "exits": sorted(set(exits))})
        self._store.append(
            stream_of(deal_id), ANY, (event,), documents=(DocumentPut(_INDEX, deal_id, {"deal": deal_id}),)
        )
        return self.wanted(deal_id)

    def wanted(self, deal_id: str) -> tuple[str, ...]:
        """The exits that some party of the deal asked for."""
        asked: dict[str, list[str]] = {}
        for event in self._store.read_all(stream_of(deal_id)):
            if event.kind == TIMERS:
                asked[str(event.data["party"])] = list(event.data["exits"])
        return tuple(name for name in EXITS if any(name in exits for exits in asked.values()))

    # -------------------------------------------------------------------- calling

    def tick(self) -> bool:
        """Call what is due; whether anything was called. Raises the node's errors."""
        for deal_id in self._changed():
            self._schedule(deal_id)
        if not self._queue:
            return False
        now = max(self._node.latest().timestamp, self._store.now())
        moved = False
        while self._queue and self._queue[0][0] <= now:
            due, deal_id = heapq.heappop(self._queue)
            if self._due.get(deal_id) == due:
                moved = self._call(deal_id, now) or moved
        return moved

    def _changed(self) -> list[str]:
        """The deals to look at again: all that were ever asked about at first, then those that something
        happened to.
        """
        index = schema.documents
        if self._position is None:
            self._position = self._store.last_position()
            found = self._store.query(sa.select(index.c.key).where(index.c.kind == _INDEX))
            return [str(row[0]) for row in found]
        found = self._store.ask(_NEWS, after=self._position)
        asked: list[str] = []
        for position, stream, kind in found:
            self._position = int(position)
            deal_id = str(stream).partition(":")[2]
            if kind == TIMERS or deal_id in self._due:
                asked.append(deal_id)
        return list(dict.fromkeys(asked))

    def _schedule(self, deal_id: str, not_before: int = 0) -> None:
        found = self._next(deal_id)
        if found is None:
            self._due.pop(deal_id, None)
            return
        self._due[deal_id] = max(found[0], not_before)
        heapq.heappush(self._queue, (self._due[deal_id], deal_id))

    def _next(self, deal_id: str) -> tuple[int, str] | None:
        """When the next wanted exit opens (unix seconds), and which; far ahead while none is in sight; None
        when the deal is over or nobody wants one.
        """
        wanted = self.wanted(deal_id)
        try:
            view = self._view(deal_id)
        except SettlementError:
            return None
        if not wanted or view.chain.closed_at is not None:
            return None
        exits = [(action.opens or 0, action.name) for action in view.actions if action.name in wanted]
        return min(exits, default=(2**40, ""))

    def _call(self, deal_id: str, now: int) -> bool:
        found = self._next(deal_id)
        if found is None or found[0] > now:
            self._schedule(deal_id)
            return False
        called = False
        try:
            called = not self._leave(deal_id, found[1]).duplicate
        except ParleyError as error:
            _LOG.info("%s of %s is not taken yet: %s", found[1], deal_id, error)
        self._schedule(deal_id, now + _AGAIN)
        return called
