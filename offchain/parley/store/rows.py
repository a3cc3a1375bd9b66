"""Between table rows and the frozen values of `models`."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from parley.store import schema
from parley.store.codec import decode, encode
from parley.store.models import (
    ChallengeRow,
    DealRow,
    NegotiationRow,
    OutboxItem,
    Row,
    SessionRow,
    StoredEvent,
)
from parley.store.private import joined

Values = tuple[str, tuple[str, ...], dict[str, Any]]
"""Table, primary key, values of one table row."""

READ_MODELS: Final[dict[sa.Table, tuple[str, ...]]] = {
    schema.negotiations: ("position",),
    schema.negotiation_parties: ("position", "address"),
    schema.deals: ("position",),
    schema.deal_parties: ("position", "address"),
    schema.sessions: ("created_at",),
}
"""Tables of the read models, and their columns that keep the value of the first insert."""


def event_of(row: Any) -> StoredEvent:
    """An event from a row with the columns of `events` in order."""
    data, erased = joined(decode(row[4]), row[7])
    return StoredEvent(row[0], row[1], row[2], row[3], data, row[5], row[6], erased)


def outbox_of(row: Any) -> OutboxItem:
    return OutboxItem(
        row.id,
        row.topic,
        row.key,
        decode(row.payload),
        row.created_at,
        row.not_before,
        row.attempts,
        row.error,
    )


def values_of(row: Row, position: int) -> list[Values]:
    """Every table row that makes up one row of a read model."""
    if isinstance(row, NegotiationRow):
        return _negotiation(row, position)
    if isinstance(row, DealRow):
        return _deal(row, position)
    return [("sessions", (row.token_hash,), _session(row))]


def _negotiation(row: NegotiationRow, position: int) -> list[Values]:
    values = {
        "id": row.id,
        "position": position,
        "domain": row.domain,
        "status": row.status,
        "held": row.held,
        "messages": row.messages,
        "opened_at": row.opened_at,
        "deadline": row.deadline,
        "updated_at": row.updated_at,
        "summary": encode(row.summary, f"negotiation {row.id}"),
    }
    found: list[Values] = [("negotiations", (row.id,), values)]
    for role, address in row.parties:
        party = {"negotiation": row.id, "role": role, "address": address, "position": position}
        found.append(("negotiation_parties", (row.id, role), party))
    return found


def _deal(row: DealRow, position: int) -> list[Values]:
    values = {
        "deal_id": row.deal_id,
        "position": position,
        "negotiation": row.negotiation,
        "status": row.status,
        "token": row.token,
        "price": str(row.price),
        "locked": str(row.locked),
        "milestone": row.milestone,
        "updated_at": row.updated_at,
        "summary": encode(row.summary, f"deal {row.deal_id}"),
    }
    found: list[Values] = [("deals", (row.deal_id,), values)]
    for role, address in row.parties:
        party = {"deal_id": row.deal_id, "role": role, "address": address, "position": position}
        found.append(("deal_parties", (row.deal_id, role), party))
    return found


def _session(row: SessionRow) -> dict[str, Any]:
    return {
        "token_hash": row.token_hash,
        "address": row.address,
        "scope": row.scope,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }


def negotiation_of(row: Any, parties: tuple[tuple[str, str], ...]) -> NegotiationRow:
    return NegotiationRow(
        id=row.id,
        domain=row.domain,
        status=row.status,
        held=bool(row.held),
        messages=row.messages,
        opened_at=row.opened_at,
        deadline=row.deadline,
        updated_at=row.updated_at,
        parties=parties,
        summary=decode(row.summary),
        position=row.position,
    )


def deal_of(row: Any, parties: tuple[tuple[str, str], ...]) -> DealRow:
    return DealRow(
        deal_id=row.deal_id,
        status=row.status,
        token=row.token,
        price=int(row.price),
        locked=int(row.locked),
        milestone=row.milestone,
        updated_at=row.updated_at,
        parties=parties,
        negotiation=row.negotiation,
        summary=decode(row.summary),
        position=row.position,
    )


def session_of(row: Any) -> SessionRow:
    return SessionRow(row.token_hash, row.address, row.scope, row.created_at, row.expires_at, row.revoked_at)


def challenge_of(row: Any) -> ChallengeRow:
    return ChallengeRow(row.nonce, row.address, row.audience, row.issued_at, row.expires_at)
