"""A back-up made while the store is written to: consistent, whole up to a moment, and fit to go on from."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from parley.store import ANY, EventStore, NewEvent, NewOutbox

PARTS = 3


@contextlib.contextmanager
def written_to(store: EventStore) -> Iterator[list[str]]:
    """Appends to it from several threads; gives the keys that were acknowledged so far."""
    acknowledged: list[str] = []
    stop = threading.Event()

    def write(part: int) -> None:
        number = 0
        while not stop.is_set():
            key = f"{part}:{number}"
            event = NewEvent("said", {"key": key, "pad": "x" * 200})
            store.append(f"s{part}", ANY, (event,), outbox=(NewOutbox("t", key, {}),), idempotency_key=key)
            acknowledged.append(key)
            number += 1

    writers = [threading.Thread(target=write, args=(part,)) for part in range(PARTS)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 100 and any(writer.is_alive() for writer in writers):
        stop.wait(0.001)
    try:
        yield acknowledged
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def check(url: str, before: list[str]) -> None:
    """What was acknowledged before is there, everything belongs together, and it goes on."""
    with EventStore.open(url) as restored:
        events = restored.feed(limit=1_000_000)
        held = {event.data["key"] for event in events}
        assert set(before) <= held, "what was acknowledged before the back-up is in it"
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert sum(restored.verify_stream(f"s{part}") for part in range(PARTS)) == len(events)
        assert {item.key for item in restored.outbox_pending(1_000_000)} == held
        on = NewEvent("said", {"key": "on"})
        again = restored.append(
            "s0",
            ANY,
            (NewEvent("said", {"key": "0:0", "pad": "x" * 200}),),
            idempotency_key="0:0",
        )
        assert again.duplicate, "what was said before is known"
        assert restored.append("s0", ANY, (on,)).first.position == len(events) + 1
        assert restored.leases.acquire("sender", "new", 10) is not None


def test_a_backup_under_load_restores_to_a_moment(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "backup.sqlite"
    with EventStore.open(f"sqlite:///{live}") as store, written_to(store) as acknowledged:
        before = acknowledged[:]
        with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    check(f"sqlite:///{copy}", before)


def test_a_dump_of_postgresql_under_load_restores_to_a_moment(postgres: Any, tmp_path: Path) -> None:
    copy = tmp_path / "parley.dump"
    with postgres.database() as live, postgres.database(empty=True) as other:
        with EventStore.open(live) as store, written_to(store) as acknowledged:
            before = acknowledged[:]
            postgres.tool("pg_dump", "--format=custom", f"--file={copy}", live)
        postgres.tool("pg_restore", "--exit-on-error", str(copy), into=other)
        check(other, before)
