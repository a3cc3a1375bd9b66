"""What can be erased lies apart from its event. Events of older stores are parted, and their streams chained
anew.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PRIVATE = {
    "message": ("message.payload",),
    "decision": ("decision",),
    "shadow-difference": ("decision",),
    "review-asked": ("request",),
    "seller_signed": ("authorization", "deal", "deal_id", "signature"),
}
EVENTS = sa.table(
    "events",
    *(sa.column(name, sa.BigInteger) for name in ("position", "sequence", "recorded_at")),
    *(sa.column(name, sa.Text) for name in ("stream", "kind", "data", "stream_hash", "private")),
)


def _dump(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _parted(kind: str, text: str) -> tuple[str, str | None]:
    data, taken = orjson.loads(text), {}
    for path in PRIVATE.get(kind, ()):
        inside, *steps = data, *path.split(".")
        for step in steps[:-1]:
            inside = inside.get(step, {})
        if inside.get(steps[-1]) is not None:
            taken[path] = inside.pop(steps[-1])
    if not taken:
        return text, None
    if kind == "review-asked":
        data["negotiation"] = taken["request"]["negotiation"]
    private = _dump({"salt": secrets.token_hex(16), "values": taken})
    data["~"] = {"paths": sorted(taken), "sha256": hashlib.sha256(private.encode()).hexdigest()}
    return _dump(data), private


def _rechain(stream: str) -> None:
    connection, previous = op.get_bind(), "0x" + "00" * 32
    rows = connection.execute(
        sa.select(EVENTS).where(EVENTS.c.stream == stream).order_by(EVENTS.c.sequence)
    ).all()
    for row in rows:
        text, private = _parted(row.kind, row.data)
        header = orjson.dumps([stream, row.sequence, row.kind, row.recorded_at])
        digest = hashlib.sha256(bytes.fromhex(previous[2:]))
        digest.update(len(header).to_bytes(8, "big") + header + text.encode())
        previous = "0x" + digest.hexdigest()
        values = {"data": text, "private": private, "stream_hash": previous}
        connection.execute(sa.update(EVENTS).where(EVENTS.c.position == row.position).values(**values))


def upgrade() -> None:
    op.add_column("events", sa.Column("private", sa.Text, nullable=True))
    concerned = sa.select(EVENTS.c.stream).where(EVENTS.c.kind.in_(PRIVATE)).distinct()
    for (stream,) in op.get_bind().execute(concerned).all():
        _rechain(stream)
