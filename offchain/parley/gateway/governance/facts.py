"""What the gateway knows about a counterparty, looked up only where a rule asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from parley.errors import ParleyError
from parley.gateway.deals import DealDesk
from parley.gateway.directory import Directory
from parley.negotiation.status import Status
from parley.policy.facts import Counterparty, History
from parley.store import schema
from parley.store.service import EventStore
from parley.terms.values import Address

FRESH_SECONDS = 10
"""How long a reputation that was looked up is used again."""
REMEMBERED = 10_000
ASKED = frozenset(f"counterparty.{fact}" for fact in ("jurisdiction", "region", "reputation_ppm"))


class Acquaintance:
    """Jurisdiction and region are the agent's own claims from its profile; reputation is folded from the
    chain; history from this gateway's own negotiations. What cannot be had stays absent, and a rule that
    needs it refuses.
    """

    def __init__(
        self, store: EventStore, directory: Directory, desk: DealDesk | None, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._directory = directory
        self._desk = desk
        self._clock = clock
        self._scores: dict[str, tuple[int, int]] = {}

    def counterparty(self, address: Address, asked: frozenset[str]) -> Counterparty:
        """With the facts that `asked` names, such as `counterparty.region`."""
        if not asked & ASKED:
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

    def history(self, one: Address, other: Address, asked: frozenset[str]) -> History | None:
        """How negotiations between two agents ended here, if a rule asks. `troubled` counts failed ones."""
        if not any(name.startswith("history.") for name in asked):
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
