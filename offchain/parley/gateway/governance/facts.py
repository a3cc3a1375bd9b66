"""What the gateway knows about a counterparty, looked up only where a rule asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from parley.chain.fold import PREFIX
from parley.errors import ParleyError
from parley.gateway.deals import DealDesk
from parley.gateway.directory import Directory
from parley.negotiation.status import Status
from parley.policy.facts import Counterparty, History, Market, Own
from parley.settlement.repository import SUBMITTED
from parley.store import schema
from parley.store.service import EventStore
from parley.terms.values import Address

FRESH_SECONDS = 10
"""How long a reputation that was looked up is used again."""
REMEMBERED = 10_000
ASKED = frozenset(f"counterparty.{fact}" for fact in ("jurisdiction", "region", "reputation_ppm"))
OWN = frozenset(f"own.{fact}" for fact in ("jurisdiction", "region"))
HISTORY = frozenset(f"history.{fact}" for fact in History.model_fields)
MARKET = frozenset(f"market.{fact}" for fact in Market.model_fields)


class Acquaintance:
    """Jurisdiction and region are the agent's own claims from its profile; reputation is folded from the
    chain; history from this gateway's own negotiations. What cannot be had stays absent, and a rule that
    needs it refuses.
    """

    def __init__(
        self,
        store: EventStore,
        directory: Directory,
        desk: DealDesk | None,
        clock: Callable[[], int],
        *,
        window: int = 86_400,
    ) -> None:
        self._window = window
        self._store = store
        self._directory = directory
        self._desk = desk
        self._clock = clock
        self._scores: dict[str, tuple[int, int]] = {}

    def counterparty(self, address: Address, asked: frozenset[str]) -> Counterparty:
        """With the facts that `asked` names, such as `counterparty.region`."""
        if asked.isdisjoint(ASKED):
            return Counterparty.unchecked(address=address)
        claims: dict[str, Any] = {}
        if asked & {"counterparty.jurisdiction", "counterparty.region"}:
            try:
                claims = self._directory.get(address)["facts"]
            except ParleyError:
                claims = {}
        return Counterparty(
            address=address,
            jurisdiction=claims.get("jurisdiction"),
            region=claims.get("region"),
            reputation_ppm=self._reputation(address) if "counterparty.reputation_ppm" in asked else None,
        )

    def own(self, address: Address, asked: frozenset[str]) -> Own | None:
        """What the party that speaks says of itself, if a rule asks."""
        if asked.isdisjoint(OWN):
            return None
        try:
            claims = self._directory.get(address)["facts"]
        except ParleyError:
            return None
        return Own(jurisdiction=claims.get("jurisdiction"), region=claims.get("region"))

    def market(
        self, one: Address, other: Address, token: str | None, asked: frozenset[str], now: int
    ) -> Market | None:
        """What the deals of `one` in `token` come to, if a rule asks: those submitted here and those that
        opened on the chain within the window, but not what failed.
        """
        if token is None or asked.isdisjoint(MARKET):
            return None
        events, deals, mine, theirs = (
            schema.events,
            schema.deals,
            schema.deal_parties,
            schema.deal_parties.alias(),
        )
        query = (
            sa.select(deals.c.deal_id, deals.c.price, mine.c.role, theirs.c.address)
            .join(mine, mine.c.deal_id == deals.c.deal_id)
            .join(theirs, sa.and_(theirs.c.deal_id == deals.c.deal_id, theirs.c.role != mine.c.role))
            .join(
                events,
                events.c.stream.in_(
                    (
                        sa.literal("deal:").concat(deals.c.deal_id),
                        sa.literal("chain:").concat(deals.c.deal_id),
                    )
                ),
            )
            .where(
                mine.c.address == one,
                deals.c.token == token,
                deals.c.status.not_in(("failed", "cancelled")),
                events.c.kind.in_((SUBMITTED, f"{PREFIX}Opened", f"{PREFIX}InstantSettled")),
                events.c.recorded_at > now - self._window,
            )
            .distinct()
        )
        volume = bought = sold = 0
        rows = self._store.query(query)
        for _, price, role, address in rows:
            volume += int(price)
            if address == other:
                bought, sold = (bought + int(price), sold) if role == "buyer" else (bought, sold + int(price))
        return Market(
            window=self._window,
            deals=len(rows),
            volume=volume,
            with_counterparty=bought + sold,
            returned=min(bought, sold),
        )

    def history(self, one: Address, other: Address, asked: frozenset[str]) -> History | None:
        """How negotiations between two agents ended here, if a rule asks. `troubled` counts failed ones."""
        if asked.isdisjoint(HISTORY):
            return None
        parties, mine = schema.negotiation_parties, schema.negotiation_parties.alias()
        rows = schema.negotiations
        counted = (
            sa.select(rows.c.status, sa.func.count())
            .join(parties, parties.c.negotiation == rows.c.id)
            .join(mine, mine.c.negotiation == rows.c.id)
            .where(parties.c.address == one, mine.c.address == other)
            .group_by(rows.c.status)
        )
        found = {str(status): int(count) for status, count in self._store.query(counted)}
        return History(
            agreed=found.get(Status.ACCEPTED.value, 0),
            ended=found.get(Status.TERMINATED.value, 0),
            troubled=found.get(Status.FAILED.value, 0),
        )

    def _reputation(self, address: Address) -> int | None:
        now = self._clock()
        known = self._scores.get(address)
        if known is not None and 0 <= now - known[0] < FRESH_SECONDS:
            return known[1]
        if self._desk is None:
            return None
        try:
            found = int(self._desk.reputation(address, now)["score_ppm"])
        except ParleyError:
            return None
        if len(self._scores) >= REMEMBERED:
            self._scores.clear()
        self._scores[address] = (now, found)
        return found
