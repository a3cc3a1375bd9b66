"""Waking subscribers in other processes on PostgreSQL: LISTEN and NOTIFY, as a wake-up and nothing more.

What is heard carries no data and may be lost with the connection: whoever is woken reads the feed, and
whoever is not reads it now and then all the same.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

_LOG = logging.getLogger("parley.store")
CHANNEL = "parley_committed"
LISTEN_SECONDS = 1.0
RETRY_SECONDS = 1.0


class Listener:
    """A thread with a connection of its own that calls `heard` when any process committed."""

    def __init__(self, engine: Engine, heard: Callable[[], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parley-store-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening; a last notification spares waiting for the time-out."""
        self._stopping.set()
        with contextlib.suppress(sa.exc.SQLAlchemyError), self._engine.connect() as connection:
            connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
            connection.commit()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (sa.exc.SQLAlchemyError, OSError) as error:
                _LOG.warning("no wake-ups from the database for now: %s", type(error).__name__)
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "psycopg":
                    raise
                _LOG.warning("no wake-ups from the database for now: %s", type(error).__name__)
            self._stopping.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._heard()  # what was committed while nobody listened
            driver = connection.connection.driver_connection
            while driver is not None and not self._stopping.is_set():
                for _ in driver.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                    self._heard()
