"""Webhooks as kept: whose they are, how far they were served, what was given up."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from parley.gateway.errors import NotFound, TooManyWebhooks
from parley.store import schema
from parley.store.service import EventStore
from parley.store.statements import Statement, parameter
from parley.store.transaction import Transaction
from parley.terms.values import Address

MOST = 10
"""Webhooks an agent may have."""
_DUE = Statement(
    sa.select(schema.webhooks).where(schema.webhooks.c.not_before <= parameter("now", sa.BigInteger))
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook. Everything up to log position `position` was delivered or given up; `not_before` unix
    seconds.
    """

    id: str
    agent: Address
    url: str
    kinds: tuple[str, ...]
    position: int
    attempts: int
    not_before: int
    error: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that no attempt could deliver."""

    position: int
    error: str
    given_up_at: int


class Webhooks:
    """All of it blocks."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def add(self, agent: Address, url: str, kinds: tuple[str, ...]) -> Webhook:
        """From the newest event on. Raises `TooManyWebhooks`."""
        table = schema.webhooks
        identity = "0x" + secrets.token_hex(32)

        def work(transaction: Transaction) -> None:
            count = transaction.execute(sa.select(sa.func.count()).where(table.c.agent == agent)).scalar_one()
            if count >= MOST:
                raise TooManyWebhooks("an agent has a limited number of webhooks", limit=MOST)
            position = transaction.execute(sa.select(sa.func.max(schema.events.c.position))).scalar()
            transaction.execute(
                sa.insert(table).values(
                    id=identity,
                    agent=agent,
                    url=url,
                    kinds=json.dumps(list(kinds)),
                    position=int(position or 0),
                    attempts=0,
                    not_before=0,
                    error=None,
                    created_at=transaction.now,
                )
            )

        self._store.transact(work)
        return self.of(agent, identity)

    def of(self, agent: Address, identity: str) -> Webhook:
        """Raises `NotFound`, for those of others too."""
        table = schema.webhooks
        found = self._store.query(sa.select(table).where(table.c.id == identity, table.c.agent == agent))
        if not found:
            raise NotFound("there is no such webhook for you", id=identity)
        return _webhook(found[0])

    def mine(self, agent: Address) -> list[Webhook]:
        table = schema.webhooks
        query = sa.select(table).where(table.c.agent == agent).order_by(table.c.created_at, table.c.id)
        return [_webhook(row) for row in self._store.query(query)]

    def due(self, now: int) -> list[Webhook]:
        """Those that may be tried at `now`."""
        return [_webhook(row) for row in self._store.ask(_DUE, now=now)]

    def remove(self, agent: Address, identity: str) -> None:
        """Raises `NotFound`."""
        self.of(agent, identity)

        def work(transaction: Transaction) -> None:
            transaction.execute(sa.delete(schema.webhooks).where(schema.webhooks.c.id == identity))
            transaction.execute(
                sa.delete(schema.dead_letters).where(schema.dead_letters.c.webhook == identity)
            )

        self._store.transact(work)

    def replay(self, agent: Address, identity: str, after: int) -> Webhook:
        """Serves it again from after position `after`; dead letters behind that are tried again. Raises
        `NotFound`.
        """
        before = self.of(agent, identity)
        table, dead = schema.webhooks, schema.dead_letters

        def work(transaction: Transaction) -> None:
            transaction.execute(
                sa.update(table)
                .where(table.c.id == identity)
                .values(position=min(after, before.position), attempts=0, not_before=0, error=None)
            )
            transaction.execute(sa.delete(dead).where(dead.c.webhook == identity, dead.c.position > after))

        self._store.transact(work)
        return self.of(agent, identity)

    def dead_letters(self, identity: str) -> list[DeadLetter]:
        table = schema.dead_letters
        query = sa.select(table).where(table.c.webhook == identity).order_by(table.c.position)
        return [DeadLetter(row.position, row.error, row.given_up_at) for row in self._store.query(query)]

    def served(self, webhook: Webhook, position: int) -> None:
        """Everything up to `position` was delivered. A replay that was asked for meanwhile is not undone."""
        self._move(webhook, {"position": position, "attempts": 0, "error": None})

    def failed(self, webhook: Webhook, attempts: int, served: int, error: str, retry_at: int) -> None:
        """The event after `served` could not be delivered, after `attempts` others for it; it is tried again
        from `retry_at` on.
        """
        self._move(
            webhook,
            {"position": served, "attempts": attempts + 1, "error": error[:500], "not_before": retry_at},
        )

    def given_up(self, webhook: Webhook, position: int, error: str) -> None:
        """The event at `position` becomes a dead letter, and what follows it is served."""
        self._move(webhook, {"position": position, "attempts": 0, "error": None}, (position, error[:500]))

    def _move(
        self, webhook: Webhook, values: dict[str, object], letter: tuple[int, str] | None = None
    ) -> None:
        table = schema.webhooks

        def work(transaction: Transaction) -> None:
            moved = transaction.execute(
                sa.update(table)
                .where(table.c.id == webhook.id, table.c.position == webhook.position)
                .values(**values)
            )
            if letter is not None and moved.rowcount:
                transaction.execute(
                    sa.insert(schema.dead_letters).values(
                        webhook=webhook.id, position=letter[0], error=letter[1], given_up_at=transaction.now
                    )
                )

        self._store.transact(work)


def _webhook(row: sa.Row[tuple[object, ...]]) -> Webhook:
    return Webhook(
        id=row.id,
        agent=Address(row.agent),
        url=row.url,
        kinds=tuple(json.loads(row.kinds)),
        position=row.position,
        attempts=row.attempts,
        not_before=row.not_before,
        error=row.error,
        created_at=row.created_at,
    )
