"""Leases with fencing tokens; cursors of read models that differ within one append."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("holder", sa.String(120), nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    for name in ("negotiations", "negotiation_parties", "deals", "deal_parties"):
        table = sa.table(name, sa.column("position", sa.BigInteger))
        op.execute(sa.update(table).values(position=table.c.position * 1_024))
