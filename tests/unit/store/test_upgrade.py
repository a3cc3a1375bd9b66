"""A database brought forward while an older process serves: that one writes nothing more and says why."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from parley.store import ANY, EventStore, NewEvent, StoreSchema, engine
from parley.store.engine import HEAD
from parley.store.leases import Lease

NEXT = "9001"
STEP = f'''"""What another version brings: a column, and streams that are chained anew."""

import sqlalchemy as sa
from alembic import op

from parley.store.codec import chain

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{HEAD}", None, None


def upgrade():
    op.add_column("events", sa.Column("origin", sa.Text, nullable=True))
    connection, previous = op.get_bind(), "0x" + "00" * 32
    rows = connection.execute(sa.text("SELECT * FROM events WHERE stream = 's' ORDER BY sequence")).all()
    for row in rows:
        text = row.data.replace("said", "kept")
        previous = chain(previous, "s", row.sequence, row.kind, row.recorded_at, text)
        connection.execute(
            sa.text("UPDATE events SET data = :d, stream_hash = :h WHERE position = :p"),
            {{"d": text, "h": previous, "p": row.position}},
        )
'''


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: Any, reopen: Any) -> Any:
    """Opens the database as a version does that brings one more revision."""
    folder = tmp_path / "migrations"
    shutil.copytree(engine._MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "next.py").write_text(STEP)

    def opened() -> EventStore:
        with monkeypatch.context() as version:
            version.setattr(engine, "_MIGRATIONS", folder)
            version.setattr(engine, "HEAD", NEXT)
            found: EventStore = reopen(busy_ms=60_000)
            return found

    return opened


def test_an_older_process_writes_nothing_more_and_says_why(reopen: Any, newer: Any) -> None:
    old = reopen(busy_ms=60_000)
    stop, kept, refused = threading.Event(), [0], []

    def serve() -> None:
        while not stop.is_set():
            try:
                kept[0] = old.append("s", ANY, [NewEvent("k", {"text": "said"})]).last.sequence + 1
            except StoreSchema as error:
                refused.append(error)
                return

    serving = threading.Thread(target=serve)
    serving.start()
    while kept[0] < 20 and serving.is_alive():
        stop.wait(0.001)
    new = newer()
    serving.join(60)
    stop.set()
    assert [error.values for error in refused] == [{"found": NEXT, "known": HEAD}], "and nothing else before"
    assert "start it in the version" in refused[0].next_action
    for write in (
        lambda: old.append("other", ANY, [NewEvent("k", {})]),
        lambda: old.documents.put("d", "k", {}),
        lambda: old.leases.acquire("sender", "old", 10),
        old.require_schema,
    ):
        with pytest.raises(StoreSchema):
            write()
    assert new.verify_stream("s") == kept[0], "what was acknowledged, and no more"
    assert {event.data["text"] for event in new.read("s", limit=10_000)} == {"kept"}
    assert isinstance(new.leases.acquire("sender", "new", 10), Lease)
    assert new.append("s", kept[0], [NewEvent("k", {"text": "kept"})]).first.sequence == kept[0]
    assert new.verify_stream("s") == kept[0] + 1
    new.require_schema()
