"""Webhooks with their cursors, and what could not be delivered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(66), nullable=False),
        sa.Column("agent", sa.String(42), nullable=False),
        sa.Column("url", sa.String(400), nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_webhooks_agent", "webhooks", ["agent"])
    op.create_table(
        "dead_letters",
        sa.Column("webhook", sa.String(66), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("given_up_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("webhook", "position"),
    )
