"""Opening a database: URL, pragmas, schema revision. SQLite in WAL mode with synchronous=FULL, one writer,
many readers.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import ArgumentError

from parley.store.errors import StoreConfig, StoreReadOnly, StoreSchema, StoreUnfinished, translate
from parley.store.schema import HEAD, MOVED, MOVING
from parley.store.turns import LOCK as TURN_LOCK

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATING = threading.Lock()  # Alembic's environment is process-global
TARGET = "head"
_MIGRATION_LOCK: Final = 0x7061726C65792D6D  # any number that nobody else uses: "parley-m"


def parse_url(url: str) -> URL:
    """The database URL, checked. Raises `StoreConfig`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreConfig("The database URL cannot be read.") from None
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise StoreConfig(
                "SQLite needs a plain file path: nothing survives in memory.", database=parsed.database
            )
        folder = Path(parsed.database).resolve().parent
        if not folder.is_dir():
            raise StoreConfig("The folder of the database does not exist.", folder=str(folder))
    elif parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
    else:
        raise StoreConfig("Only sqlite and postgresql URLs are supported.", backend=parsed.get_backend_name())
    return parsed


def make_engine(url: URL, *, busy_ms: int, read_only: bool) -> Engine:
    """An engine whose connections carry the pragmas. `busy_ms` is how long a lock is waited for."""
    if url.get_backend_name() != "sqlite":
        # Reading connections cannot write here either; synchronous_commit is what makes an answer durable.
        settings = "-c synchronous_commit=on" + (" -c default_transaction_read_only=on" if read_only else "")
        return sa.create_engine(
            url,
            pool_pre_ping=not read_only,  # who reads asks again where a connection was gone
            pool_size=8,
            max_overflow=56,
            # One select sees one snapshot by itself: without a transaction around it it is one round trip.
            **({"isolation_level": "AUTOCOMMIT"} if read_only else {}),
            connect_args={"options": f"{settings} -c lock_timeout={busy_ms}"},
        )
    engine = sa.create_engine(
        url,
        pool_size=8,
        max_overflow=56,
        connect_args={"timeout": busy_ms / 1000, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        try:
            if read_only:
                cursor.execute("PRAGMA query_only = ON")
            else:
                cursor.execute("PRAGMA journal_mode = WAL")
                cursor.execute("PRAGMA synchronous = FULL")
                cursor.execute("PRAGMA wal_autocheckpoint = 2000")
                cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten with zeros
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute("PRAGMA cache_size = -16000")
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # The writer takes the lock at once: a deferred transaction could fail half-way with a busy error no
        # waiting cures.
        raw: Any = connection.connection.dbapi_connection
        if not raw.in_transaction:  # else the writer has begun it by the driver
            raw.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def require_writable(engine: Engine) -> None:
    """Takes the write lock for a moment, so that a read-only volume shows at the start and not at the first
    message.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            refused = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
            if refused:
                raise StoreReadOnly("The database takes no writes: it may be a standby.")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        if not inspector.has_table("alembic_version"):
            if inspector.get_table_names():
                raise StoreSchema(
                    "The database belongs to another program.", tables=inspector.get_table_names()[:5]
                )
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def require_settled(found: str | None) -> None:
    """Raises `StoreUnfinished` or `StoreSchema` for a database that is being moved, or has been."""
    if found == MOVING:
        raise StoreUnfinished("A move into this database is not finished.", found=found)
    if found == MOVED:
        raise StoreSchema(
            "This database has been moved to another one.",
            next_action="Set PARLEY_DATABASE to the database that it was moved to.",
            found=found,
        )


def require_revision(found: str | None, known: str) -> None:
    """Raises `StoreSchema` where the schema is no longer the one that this process was started for."""
    if found != known:
        raise StoreSchema(
            "Another version has changed the database's schema while this process ran.",
            next_action="Stop this process, and start it in the version that brought the schema.",
            found=found,
            known=known,
        )


def migrate(engine: Engine) -> str:
    """Bring an empty or older database to the newest schema; its revision. Raises `StoreSchema` for an
    unknown one. Processes of an older version that run meanwhile write nothing more (`require_revision`).
    """
    found = _revision(engine)
    if found == HEAD:
        return HEAD
    require_settled(found)
    from alembic import command  # slow to import; needed only when there is something to migrate
    from alembic.config import Config
    from alembic.util import CommandError

    with _MIGRATING, engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Several processes may start at once: one migrates, and the others find it done.
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            if found is not None:  # nobody is in the middle of a turn: the next one sees the new revision
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN_LOCK})")
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, TARGET)
            connection.commit()  # the lock began a transaction that Alembic takes part in
        except CommandError:
            raise StoreSchema(
                "This version does not know the database's schema.", found=found, known=HEAD
            ) from None
        except sa.exc.SQLAlchemyError as error:
            known = translate(error)
            if known is None:
                raise
            raise known from error
    return HEAD
