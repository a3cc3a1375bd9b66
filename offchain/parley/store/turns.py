"""Taking turns on PostgreSQL: every writer holds one lock from its first statement to its commit.

Positions are gapless and in the order of commits because of it. While the lock is held everybody else waits,
so a turn is as few round trips as can be: one that begins, waits for the lock and says what others appended
since the last turn; the writes; one that wakes listeners and commits.
"""

from __future__ import annotations

from typing import Any, Final

from parley.store.transaction import Heads
from parley.store.wakeup import CHANNEL

LOCK: Final = 0x7061726C6579  # "parley"
REVISION: Final = "SELECT max(version_num) FROM alembic_version"
_BEHIND: Final = 256
"""Events that a process takes in to keep what it knows; further behind it forgets and asks as it needs."""


def begin(cursor: Any, heads: Heads) -> str | None:
    """Waits for the turn and brings `heads` to what is committed then; the schema's revision then. Raises the
    driver's errors.
    """
    # Every statement sees what was committed before it, not before the lock was waited for.
    text = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({LOCK})"
    if not heads.position:
        heads.clear()
        return _revision(_last_of(cursor, f"{text}; {REVISION}")[0][0])
    news = (
        f"SELECT position, stream, sequence, stream_hash, ({REVISION}) FROM events"  # noqa: S608 - a number
        f" WHERE position >= {heads.position:d} ORDER BY position LIMIT {_BEHIND}"
    )
    rows = _last_of(cursor, f"{text}; {news}")
    heads.follow([row[:4] for row in rows] if len(rows) < _BEHIND else ())
    return _revision(rows[0][4] if rows else _last_of(cursor, REVISION)[0][0])


def _revision(found: Any) -> str | None:
    return None if found is None else str(found)


def _last_of(cursor: Any, text: str) -> list[Any]:
    """The rows of the last of several statements, in one round trip."""
    cursor.execute(text, prepare=False)
    while cursor.nextset():
        pass
    return list(cursor.fetchall())


def end(cursor: Any, *, news: bool) -> None:
    """Commits; with `news` listeners hear of it then."""
    cursor.execute(f"NOTIFY {CHANNEL}; COMMIT" if news else "COMMIT", prepare=False)
