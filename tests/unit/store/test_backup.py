"""A back-up made while the store is written to: consistent, whole up to a moment, and fit to go on from."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from parley.store import ANY, EventStore, NewEvent, NewOutbox


def test_a_backup_under_load_restores_to_a_moment(tmp_path: Path) -> None:
    live, copy = tmp_path / "live.sqlite", tmp_path / "backup.sqlite"
    acknowledged: list[str] = []
    stop = threading.Event()
    with EventStore.open(f"sqlite:///{live}") as store:

        def write(part: int) -> None:
            number = 0
            while not stop.is_set():
                key = f"{part}:{number}"
                event = NewEvent("said", {"key": key, "pad": "x" * 200})
                store.append(
                    f"s{part}", ANY, (event,), outbox=(NewOutbox("t", key, {}),), idempotency_key=key
                )
                acknowledged.append(key)
                number += 1

        writers = [threading.Thread(target=write, args=(part,)) for part in range(3)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 100:
            stop.wait(0.001)
        before = acknowledged[:]
        with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        stop.set()
        for writer in writers:
            writer.join()
    with EventStore.open(f"sqlite:///{copy}") as restored:
        events = restored.feed(limit=1_000_000)
        held = {event.data["key"] for event in events}
        assert set(before) <= held, "what was acknowledged before the back-up is in it"
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        assert sum(restored.verify_stream(f"s{part}") for part in range(3)) == len(events)
        assert {item.key for item in restored.outbox_pending(1_000_000)} == held
        assert (
            restored.append("s0", ANY, (NewEvent("said", {"key": "on"}),)).first.position == len(events) + 1
        )
