"""Reading the read models and the documents. Listings are newest first, paged by the cursor `before`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from parley.store import rows, schema
from parley.store.codec import decode
from parley.store.models import (
    ANY,
    ChallengeRow,
    DealRow,
    DocumentPut,
    NegotiationRow,
    NewEvent,
    Page,
    SessionRow,
)
from parley.store.reader import Prepared, Reader, parameter
from parley.store.transaction import Transaction

Transact = Callable[[Callable[[Transaction], Any]], Any]
ENDED = "session-ended"
"""The event of sessions that were ended before their time; it names them by the hashes of their tokens."""


def ended_stream(agent: str) -> str:
    """Where it is said which sessions of an agent were ended."""
    return f"sessions:{agent}"


class Documents:
    """Documents by kind and key (their hash), write-once."""

    def __init__(self, reader: Reader, transact: Transact) -> None:
        table = schema.documents
        one = sa.select(table.c.body).where(
            table.c.kind == parameter("kind"), table.c.key == parameter("key")
        )
        self._one = reader.prepare(one)
        self._transact = transact

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document, or None."""
        found = self._one.one(kind=kind, key=key)
        return None if found is None else decode(found.body)

    def put(self, kind: str, key: str, body: dict[str, Any]) -> None:
        """Keep a document durably; one already there stays. To keep it together with events use
        `append(documents=…)`.
        """
        self._transact(lambda transaction: transaction.put_document(DocumentPut(kind, key, body)))

    def erase(self, kind: str, key: str) -> bool:
        """Erase a document for good; False when there is none. Events refer to documents by hash and stay
        verifiable.
        """
        table = schema.documents
        gone = sa.delete(table).where(table.c.kind == kind, table.c.key == key)
        count: int = self._transact(lambda transaction: transaction.execute(gone).rowcount)
        return count > 0


class Negotiations:
    """The read model of negotiations."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._live: dict[tuple[str, ...], Prepared] = {}

    def get(self, negotiation: str) -> NegotiationRow | None:
        table = schema.negotiations
        found = self._reader.one(sa.select(table).where(table.c.id == negotiation))
        return None if found is None else self._with_parties([found])[0]

    def page(
        self, *, address: str | None = None, before: int | None = None, limit: int = 100
    ) -> Page[NegotiationRow]:
        """Negotiations (of one party), newest first."""
        table, party = schema.negotiations, schema.negotiation_parties
        query = sa.select(table).order_by(table.c.position.desc()).limit(limit + 1)
        if address is not None:
            chosen = (
                sa.select(party.c.negotiation, party.c.position).where(party.c.address == address).distinct()
            )
            if before is not None:
                chosen = chosen.where(party.c.position < before)
            mine = chosen.order_by(party.c.position.desc()).limit(limit + 1).subquery()
            query = query.join(mine, mine.c.negotiation == table.c.id)
        elif before is not None:
            query = query.where(table.c.position < before)
        return _page(self._with_parties(self._reader.all(query)), limit)

    def live(
        self, statuses: tuple[str, ...], *, deadline_before: int, limit: int = 1000
    ) -> list[NegotiationRow]:
        """Negotiations in one of `statuses` whose deadline lies before a time: what a gateway has to time
        out.
        """
        prepared = self._live.get(statuses)
        if prepared is None:  # asked several times a second, and always for the same ones
            table = schema.negotiations
            query = sa.select(table).where(
                sa.or_(*(table.c.status == status for status in statuses)),
                table.c.deadline < parameter("before", sa.BigInteger),
            )
            prepared = self._reader.prepare(query.limit(parameter("most", sa.Integer)))
            self._live[statuses] = prepared
        return self._with_parties(prepared.all(before=deadline_before, most=limit))

    def _with_parties(self, found: list[Any]) -> list[NegotiationRow]:
        parties = _parties(self._reader, schema.negotiation_parties, "negotiation", [row.id for row in found])
        return [rows.negotiation_of(row, parties.get(row.id, ())) for row in found]


class Deals:
    """The read model of deals."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        table, party = schema.deals, schema.deal_parties
        self._one = reader.prepare(sa.select(table).where(table.c.deal_id == parameter("deal_id")))
        self._parties = reader.prepare(
            sa.select(party.c.role, party.c.address)
            .where(party.c.deal_id == parameter("deal_id"))
            .order_by(party.c.role)
        )
        of_one = sa.select(table).where(table.c.negotiation == parameter("negotiation"))
        self._of_negotiation = reader.prepare(of_one.order_by(table.c.position))

    def get(self, deal_id: str) -> DealRow | None:
        found = self._one.one(deal_id=deal_id)
        return None if found is None else self._with_its_parties(found)

    def of_negotiation(self, negotiation: str) -> list[DealRow]:
        return [self._with_its_parties(found) for found in self._of_negotiation.all(negotiation=negotiation)]

    def _with_its_parties(self, found: Any) -> DealRow:
        parties = self._parties.all(deal_id=found.deal_id)
        return rows.deal_of(found, tuple((party.role, party.address) for party in parties))

    def in_status(self, statuses: tuple[str, ...], limit: int = 1000) -> list[DealRow]:
        """Deals in one of the statuses, oldest first."""
        table = schema.deals
        query = sa.select(table).where(table.c.status.in_(statuses)).order_by(table.c.position).limit(limit)
        return self._with_parties(self._reader.all(query))

    def page(
        self, *, address: str | None = None, before: int | None = None, limit: int = 100
    ) -> Page[DealRow]:
        """Deals (of one address in any role), newest first."""
        table, party = schema.deals, schema.deal_parties
        query = sa.select(table).order_by(table.c.position.desc()).limit(limit + 1)
        if address is not None:
            chosen = sa.select(party.c.deal_id, party.c.position).where(party.c.address == address).distinct()
            if before is not None:
                chosen = chosen.where(party.c.position < before)
            mine = chosen.order_by(party.c.position.desc()).limit(limit + 1).subquery()
            query = query.join(mine, mine.c.deal_id == table.c.deal_id)
        elif before is not None:
            query = query.where(table.c.position < before)
        return _page(self._with_parties(self._reader.all(query)), limit)

    def _with_parties(self, found: list[Any]) -> list[DealRow]:
        parties = _parties(self._reader, schema.deal_parties, "deal_id", [row.deal_id for row in found])
        return [rows.deal_of(row, parties.get(row.deal_id, ())) for row in found]


class Sessions:
    """Sign-in challenges and sessions."""

    def __init__(self, reader: Reader, transact: Transact) -> None:
        self._transact = transact
        table, events = schema.sessions, schema.events
        newest = (
            sa.select(events.c.sequence + 1)
            .where(events.c.stream == sa.literal(ended_stream(""), sa.String) + table.c.address)
            .order_by(events.c.sequence.desc())
            .limit(1)
            .scalar_subquery()
        )
        one = sa.select(table, sa.func.coalesce(newest, 0).label("endings"))
        self._one = reader.prepare(one.where(table.c.token_hash == parameter("token_hash")))

    def put_challenge(self, row: ChallengeRow) -> None:
        """Keep a challenge that may be answered once."""
        self._transact(
            lambda transaction: transaction.execute(
                sa.insert(schema.challenges),
                {
                    "nonce": row.nonce,
                    "address": row.address,
                    "audience": row.audience,
                    "issued_at": row.issued_at,
                    "expires_at": row.expires_at,
                },
            )
        )

    def take_challenge(self, nonce: str) -> ChallengeRow | None:
        """Use a challenge up and return it; None when it is unknown or was used. Of several callers one gets
        it.
        """
        table = schema.challenges

        def work(transaction: Transaction) -> ChallengeRow | None:
            found = transaction.execute(sa.select(table).where(table.c.nonce == nonce)).fetchone()
            if found is None:
                return None
            transaction.execute(sa.delete(table).where(table.c.nonce == nonce))
            return rows.challenge_of(found)

        taken: ChallengeRow | None = self._transact(work)
        return taken

    def put(self, row: SessionRow) -> None:
        """Insert or replace a session."""
        self._transact(lambda transaction: transaction.put_row(row))

    def get(self, token_hash: str) -> SessionRow | None:
        return self.look(token_hash)[0]

    def look(self, token_hash: str) -> tuple[SessionRow | None, int]:
        """The session, and how many events the stream of its agent's ended sessions has, seen together."""
        found = self._one.one(token_hash=token_hash)
        return (None, 0) if found is None else (rows.session_of(found), int(found.endings))

    def revoke(self, *, at: int, token_hash: str | None = None, address: str | None = None) -> int:
        """Revoke one session, or every one of an address; how many were live. Naming neither revokes none.
        An event in the agent's stream says which have ended, so that whoever remembers one finds out.
        """
        if token_hash is None and address is None:
            return 0
        table = schema.sessions
        chosen: list[sa.ColumnElement[bool]] = [table.c.revoked_at.is_(None)]
        if token_hash is not None:
            chosen.append(table.c.token_hash == token_hash)
        if address is not None:
            chosen.append(table.c.address == address)

        def work(transaction: Transaction) -> int:
            live = transaction.execute(sa.select(table.c.token_hash, table.c.address).where(*chosen)).all()
            transaction.execute(sa.update(table).where(*chosen).values(revoked_at=at))
            for agent in sorted({row.address for row in live}):
                ended = sorted(row.token_hash for row in live if row.address == agent)
                transaction.append(ended_stream(agent), ANY, [NewEvent(ENDED, {"sessions": ended})])
            return len(live)

        count: int = self._transact(work)
        return count

    def purge(self, *, before: int) -> None:
        """Forget challenges and sessions that expired before a time."""

        def work(transaction: Transaction) -> None:
            transaction.execute(sa.delete(schema.challenges).where(schema.challenges.c.expires_at < before))
            transaction.execute(sa.delete(schema.sessions).where(schema.sessions.c.expires_at < before))

        self._transact(work)


def _parties(
    reader: Reader, table: sa.Table, key: str, ids: list[str]
) -> dict[str, tuple[tuple[str, str], ...]]:
    if not ids:
        return {}
    column = table.c[key]
    found: dict[str, list[tuple[str, str]]] = {}
    for row in reader.all(
        sa.select(column, table.c.role, table.c.address).where(column.in_(ids)).order_by(table.c.role)
    ):
        found.setdefault(row[0], []).append((row[1], row[2]))
    return {identity: tuple(parties) for identity, parties in found.items()}


def _page(items: list[Any], limit: int) -> Page[Any]:
    shown = items[:limit]
    return Page(shown, shown[-1].position if len(items) > limit else None)
