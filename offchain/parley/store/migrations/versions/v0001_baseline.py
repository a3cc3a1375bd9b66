"""Baseline: events, idempotency, outbox, documents, read models, sign-in, sender and indexer state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _blocks() -> None:
    op.create_table(
        "blocks",
        sa.Column("follower", sa.String(120), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(66), nullable=False),
        sa.Column("parent", sa.String(66), nullable=False),
        sa.Column("timestamp", sa.BigInteger, nullable=False),
        sa.Column("logs", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("follower", "number"),
    )


def _challenges() -> None:
    op.create_table(
        "challenges",
        sa.Column("nonce", sa.String(66), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("audience", sa.String(400), nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_index("ix_challenges_expires", "challenges", ["expires_at"])


def _deal_parties() -> None:
    op.create_table(
        "deal_parties",
        sa.Column("deal_id", sa.String(66), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("deal_id", "role"),
    )
    op.create_index("ix_deal_parties_address", "deal_parties", ["address", "position"])


def _deals() -> None:
    op.create_table(
        "deals",
        sa.Column("deal_id", sa.String(66), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("negotiation", sa.String(66), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("token", sa.String(42), nullable=False),
        sa.Column("price", sa.String(78), nullable=False),
        sa.Column("locked", sa.String(78), nullable=False),
        sa.Column("milestone", sa.Integer, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("deal_id"),
    )
    op.create_index("ix_deals_negotiation", "deals", ["negotiation"])
    op.create_index("ix_deals_position", "deals", ["position"])
    op.create_index("ix_deals_status", "deals", ["status", "position"])


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", _BIG, nullable=False, autoincrement=False),
        sa.Column("stream", sa.String(200), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("stream_hash", sa.String(66), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("stream", "sequence", name="uq_events_stream_sequence"),
    )


def _followers() -> None:
    op.create_table(
        "followers",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(66), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("stream", sa.String(200), nullable=False),
        sa.Column("first_sequence", sa.BigInteger, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", _BIG, nullable=False, autoincrement=True),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("to", sa.String(42), nullable=False),
        sa.Column("value", sa.String(78), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("gas", sa.BigInteger, nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=True),
        sa.Column("transaction", sa.String(66), nullable=True),
        sa.Column("block_number", sa.BigInteger, nullable=True),
        sa.Column("block_hash", sa.String(66), nullable=True),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("reported", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain_id", "sender", "nonce", name="uq_intents_nonce"),
        sa.UniqueConstraint("chain_id", "key", name="uq_intents_key"),
    )
    op.create_index("ix_intents_status", "intents", ["chain_id", "sender", "status", "id"])


def _negotiation_parties() -> None:
    op.create_table(
        "negotiation_parties",
        sa.Column("negotiation", sa.String(66), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("negotiation", "role"),
    )
    op.create_index("ix_negotiation_parties_address", "negotiation_parties", ["address", "position"])


def _negotiations() -> None:
    op.create_table(
        "negotiations",
        sa.Column("id", sa.String(66), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("domain", sa.String(66), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("messages", sa.BigInteger, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_negotiations_position", "negotiations", ["position"])
    op.create_index("ix_negotiations_status", "negotiations", ["status", "deadline"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _BIG, nullable=False, autoincrement=True),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("done_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("topic", "key", name="uq_outbox_topic_key"),
    )
    op.create_index("ix_outbox_pending", "outbox", ["done_at", "not_before", "id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(66), nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_sessions_address", "sessions", ["address"])
    op.create_index("ix_sessions_expires", "sessions", ["expires_at"])


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("hash", sa.String(66), nullable=False),
        sa.Column("intent", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.Text, nullable=False),
        sa.Column("max_fee", sa.String(78), nullable=False),
        sa.Column("priority_fee", sa.String(78), nullable=False),
        sa.Column("gas", sa.BigInteger, nullable=False),
        sa.Column("signed_at", sa.BigInteger, nullable=False),
        sa.Column("broadcast_at", sa.BigInteger, nullable=True),
        sa.Column("broadcast_block", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_transactions_intent", "transactions", ["intent"])


def upgrade() -> None:
    _blocks()
    _challenges()
    _deal_parties()
    _deals()
    _documents()
    _events()
    _followers()
    _idempotency()
    _intents()
    _negotiation_parties()
    _negotiations()
    _outbox()
    _sessions()
    _transactions()
