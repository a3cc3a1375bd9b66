"""The tables, one schema for SQLite and PostgreSQL. Portable types only; JSON is kept as the canonical text
that was hashed.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

HEAD: Final = "0004"
"""Revision of the newest migration."""
MOVING: Final = "moving"
"""In the place of a revision: a move into this database is not finished, and no version opens it."""
MOVED: Final = "moved"
"""In the place of a revision: this database was moved, and no version opens it."""

metadata = sa.MetaData()

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HASH = sa.String(66)
_ADDRESS = sa.String(42)
_AMOUNT = sa.String(78)  # decimal: uint256 does not fit any portable integer

events = sa.Table(
    "events",
    metadata,
    sa.Column("position", _BIG, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String(200), nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("stream_hash", _HASH, nullable=False),
    sa.Column("private", sa.Text, nullable=True),  # what can be erased; `data` holds its hash
    sa.UniqueConstraint("stream", "sequence", name="uq_events_stream_sequence"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("stream", sa.String(200), nullable=False),
    sa.Column("first_sequence", sa.BigInteger, nullable=False),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("topic", sa.String(64), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("done_at", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("topic", "key", name="uq_outbox_topic_key"),
    sa.Index("ix_outbox_pending", "done_at", "not_before", "id"),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("kind", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("stored_at", sa.BigInteger, nullable=False),
)

negotiations = sa.Table(
    "negotiations",
    metadata,
    sa.Column("id", _HASH, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("domain", _HASH, nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("messages", sa.BigInteger, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("deadline", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Index("ix_negotiations_position", "position"),
    sa.Index("ix_negotiations_status", "status", "deadline"),
)

negotiation_parties = sa.Table(
    "negotiation_parties",
    metadata,
    sa.Column("negotiation", _HASH, primary_key=True),
    sa.Column("role", sa.String(64), primary_key=True),
    sa.Column("address", _ADDRESS, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Index("ix_negotiation_parties_address", "address", "position"),
)

deals = sa.Table(
    "deals",
    metadata,
    sa.Column("deal_id", _HASH, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("negotiation", _HASH, nullable=True),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("token", _ADDRESS, nullable=False),
    sa.Column("price", _AMOUNT, nullable=False),
    sa.Column("locked", _AMOUNT, nullable=False),
    sa.Column("milestone", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Index("ix_deals_position", "position"),
    sa.Index("ix_deals_negotiation", "negotiation"),
    sa.Index("ix_deals_status", "status", "position"),
)

deal_parties = sa.Table(
    "deal_parties",
    metadata,
    sa.Column("deal_id", _HASH, primary_key=True),
    sa.Column("role", sa.String(64), primary_key=True),
    sa.Column("address", _ADDRESS, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Index("ix_deal_parties_address", "address", "position"),
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("holder", sa.String(120), nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", _HASH, primary_key=True),
    sa.Column("agent", _ADDRESS, nullable=False),
    sa.Column("url", sa.String(400), nullable=False),
    sa.Column("kinds", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("ix_webhooks_agent", "agent"),
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("webhook", _HASH, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("given_up_at", sa.BigInteger, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", _HASH, primary_key=True),
    sa.Column("address", _ADDRESS, nullable=False),
    sa.Column("scope", sa.String(200), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
    sa.Index("ix_sessions_address", "address"),
    sa.Index("ix_sessions_expires", "expires_at"),
)

challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("nonce", _HASH, primary_key=True),
    sa.Column("address", _ADDRESS, nullable=False),
    sa.Column("audience", sa.String(400), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_challenges_expires", "expires_at"),
)

intents = sa.Table(
    "intents",
    metadata,
    sa.Column("id", _BIG, primary_key=True, autoincrement=True),
    sa.Column("chain_id", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("sender", _ADDRESS, nullable=False),
    sa.Column("to", _ADDRESS, nullable=False),
    sa.Column("value", _AMOUNT, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("gas", sa.BigInteger, nullable=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("nonce", sa.BigInteger, nullable=True),
    sa.Column("transaction", _HASH, nullable=True),
    sa.Column("block_number", sa.BigInteger, nullable=True),
    sa.Column("block_hash", _HASH, nullable=True),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("reported", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("chain_id", "key", name="uq_intents_key"),
    sa.UniqueConstraint("chain_id", "sender", "nonce", name="uq_intents_nonce"),
    sa.Index("ix_intents_status", "chain_id", "sender", "status", "id"),
)

transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("hash", _HASH, primary_key=True),
    sa.Column("intent", sa.BigInteger, nullable=False),
    sa.Column("nonce", sa.BigInteger, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("max_fee", _AMOUNT, nullable=False),
    sa.Column("priority_fee", _AMOUNT, nullable=False),
    sa.Column("gas", sa.BigInteger, nullable=False),
    sa.Column("signed_at", sa.BigInteger, nullable=False),
    sa.Column("broadcast_at", sa.BigInteger, nullable=True),
    sa.Column("broadcast_block", sa.BigInteger, nullable=True),
    sa.Index("ix_transactions_intent", "intent"),
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("follower", sa.String(120), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("hash", _HASH, nullable=False),
    sa.Column("parent", _HASH, nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    sa.Column("logs", sa.Text, nullable=False),
)

followers = sa.Table(
    "followers",
    metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("hash", _HASH, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)


def upsert(dialect: str, table: sa.Table, keep: tuple[str, ...] = ()) -> Insert:
    """`INSERT … ON CONFLICT (primary key) DO UPDATE` of every column but the key and `keep`; do nothing if
    none is left.
    """
    key = [column.name for column in table.primary_key]
    statement: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    changed = {
        c.name: statement.excluded[c.name] for c in table.columns if c.name not in key and c.name not in keep
    }
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=key)  # type: ignore[no-any-return]
    return statement.on_conflict_do_update(index_elements=key, set_=changed)  # type: ignore[no-any-return]


def insert_new(dialect: str, table: sa.Table) -> Insert:
    """`INSERT … ON CONFLICT DO NOTHING`: the first row under a key stays."""
    statement: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing()  # type: ignore[no-any-return]
