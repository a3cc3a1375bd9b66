"""Typed errors of the event store. Foreign exceptions are translated once, in `translate`."""

from __future__ import annotations

import sqlite3

import sqlalchemy.exc

from parley.errors import ParleyError


class StoreError(ParleyError):
    """Base of every error of the store."""

    code = "store"
    next_action = "Check the database and its volume."
    status = 500


class SequenceConflict(StoreError):
    """Someone else appended to the stream first; nothing of this append was kept."""

    code = "store.sequence-conflict"
    next_action = (
        "Read the stream again from the sequence shown, decide again, and append with the new sequence."
    )
    status = 409


class StandingMoved(StoreError):
    """A stream that the append was decided on has moved on; nothing of this append was kept."""

    code = "store.standing-moved"
    next_action = "Read the stream shown again, decide again, and append once more."
    retryable = True
    status = 409


class LeaseLost(StoreError):
    """Somebody else holds the lease by now; nothing of this write was kept."""

    code = "store.lease-lost"
    next_action = "Stop what the lease was for; the holder in values goes on with it."
    retryable = True
    status = 409


class IdempotencyMismatch(StoreError):
    """The idempotency key was used before for another stream or other events."""

    code = "store.idempotency-mismatch"
    next_action = "Use a new idempotency key for different content."
    status = 409


class EventInvalid(StoreError):
    """The event, document or key cannot be stored as it is (not JSON, too large, empty)."""

    code = "store.event-invalid"
    next_action = "Correct the value shown and append again."
    status = 422


class StoreBusy(StoreError):
    """Another process holds the database's write lock for longer than the busy time-out."""

    code = "store.busy"
    next_action = (
        "Try again; if it persists, look for another process that keeps a transaction open on this file."
    )
    retryable = True
    status = 503


class StoreFull(StoreError):
    """The disk, the quota or the page limit is exhausted; nothing of this write was kept."""

    code = "store.full"
    next_action = "Free space on the volume of the database, then send the same request again."
    retryable = True
    status = 507


class StoreReadOnly(StoreError):
    """The database or its folder cannot be written."""

    code = "store.read-only"
    next_action = (
        "Give this user write permission on the database file and its folder, or choose another path."
    )
    status = 503


class StoreCorrupt(StoreError):
    """The file is not an intact database of Parley, or a hash chain in it does not match its events."""

    code = "store.corrupt"
    next_action = (
        "Stop, keep the file as it is, and restore the last back-up; the values name the damaged place."
    )


class StoreUnavailable(StoreError):
    """An input or output error; the write may or may not be durable. Repeat it with the same idempotency
    key.
    """

    code = "store.unavailable"
    next_action = (
        "Check the volume of the database, then repeat the same request with the same idempotency key."
    )
    retryable = True
    status = 503


class StoreClosed(StoreError):
    """The store was closed; the write was not made."""

    code = "store.closed"
    next_action = "Open the store again and repeat the request."
    retryable = True
    status = 503


class StoreSchema(StoreError):
    """The database has a schema this version cannot use."""

    code = "store.schema"
    next_action = "Run the version of Parley that wrote this database, or migrate a copy of it."
    status = 503


class StoreUnfinished(StoreSchema):
    """A database into which another one is being moved, or one that is not fit for it."""

    code = "store.unfinished"
    next_action = (
        "Run parley migrate-store with the same --from and --to until it is done, or name an empty database."
    )


class StoreLive(StoreError):
    """Somebody uses the database."""

    code = "store.live"
    next_action = "Stop every process that uses the database named, then try again."
    retryable = True
    status = 409


class StoreConfig(StoreError):
    """The database URL cannot be used."""

    code = "store.config"
    next_action = "Give a URL such as sqlite:///var/parley.sqlite whose folder exists."


def _of_sqlite(name: str, text: str) -> StoreError | None:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "database is locked" in text:
        return StoreBusy("The database is locked by another process.")
    if name.startswith("SQLITE_FULL") or "disk is full" in text:
        return StoreFull("The database cannot grow: the disk or its limit is full.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")) or "readonly database" in text:
        return StoreReadOnly("The database is read-only.")
    if (
        name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
        or "malformed" in text
        or "not a database" in text
    ):
        return StoreCorrupt("The database file is damaged or is not a database.")
    if name.startswith("SQLITE_CANTOPEN") or "unable to open" in text:
        return StoreConfig("The database file cannot be opened.")
    if name.startswith("SQLITE_IOERR") or "disk i/o" in text:
        return StoreUnavailable("The volume of the database reports an input or output error.")
    return None


def _of_postgresql(state: str) -> StoreError | None:
    """By SQLSTATE, Appendix A of the PostgreSQL manual."""
    if state in ("55P03", "40001", "40P01"):
        return StoreBusy("The database is locked by another process.")
    if state in ("53100", "53200"):
        return StoreFull("The database cannot grow: its disk or memory is full.")
    if state in ("25006", "42501"):
        return StoreReadOnly("The database may not be written.")
    if state in ("XX001", "XX002"):
        return StoreCorrupt("The database reports damaged data.")
    if state in ("3D000", "28000", "28P01", "3F000"):
        return StoreConfig("The database does not exist, or does not let this user in.")
    if state[:2] in ("08", "57", "58", "53"):
        return StoreUnavailable("The database did not answer.")
    return None


def translate(error: BaseException) -> StoreError | None:
    """The typed error for an exception of SQLAlchemy or its driver; None when it is not one of storage."""
    if isinstance(error, StoreError):
        return error
    cause: BaseException | None = error
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        cause = error.orig
    if isinstance(cause, sqlite3.Error):
        name = str(getattr(cause, "sqlite_errorname", "") or "")
        known = _of_sqlite(name, str(cause).lower())
        if known is not None:
            known.values = {"sqlite": name}
            return known
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        known = _of_postgresql(state)
        if known is not None:
            known.values = {"sqlstate": state}
            return known
    names = {kind.__name__ for kind in type(cause).__mro__}  # DB-API prescribes them for every driver
    if "DataError" in names:  # such as a NUL in a text, which PostgreSQL does not take
        return EventInvalid("The database takes no such value.")
    if names & {"OperationalError", "InterfaceError"} and "Error" in names:
        return StoreUnavailable("The database did not answer.", driver=type(cause).__name__)
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return StoreBusy("No database connection became free in time.")
    return None
