"""Waking subscribers in other processes on PostgreSQL: LISTEN and NOTIFY, as a wake-up and nothing more.

What is heard carries no data and may be lost with the connection: whoever is woken reads the feed, and
whoever is not reads it now and then all the same. A process in which nobody waits does not listen, and what
comes in quick succession wakes once.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

_LOG = logging.getLogger("parley.store")
CHANNEL = "parley_committed"
LISTEN_SECONDS = 1.0
RETRY_SECONDS = 1.0
GATHER_SECONDS = 0.005
"""After a wake-up others are gathered for so long."""
LINGER_SECONDS = 30.0
"""How long it goes on listening for the next one who waits."""


class Listener:
    """A thread with a connection of its own that calls `heard` when any process committed, while somebody
    waits for that.
    """

    def __init__(self, engine: Engine, heard: Callable[[], None]) -> None:
        self._engine = engine
        self._heard = heard
        self._waiting = 0
        self._until = 0.0
        self._changing = threading.Lock()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parley-store-listener", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """One more waits. What is committed before it is listened for wakes once it is."""
        with self._changing:
            self._waiting += 1
            self._wanted.set()

    def leave(self) -> None:
        """One less waits."""
        with self._changing:
            self._waiting -= 1
            self._until = time.monotonic() + LINGER_SECONDS

    def close(self) -> None:
        """Stops listening; a last notification spares waiting for the time-out."""
        listening = self._wanted.is_set()
        self._stopping.set()
        self._wanted.set()
        if listening:
            with contextlib.suppress(sa.exc.SQLAlchemyError), self._engine.connect() as connection:
                connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
                connection.commit()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            try:
                self._listen()
                continue
            except (sa.exc.SQLAlchemyError, OSError) as error:
                _LOG.warning("no wake-ups from the database for now: %s", type(error).__name__)
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "psycopg":
                    raise
                _LOG.warning("no wake-ups from the database for now: %s", type(error).__name__)
            self._stopping.wait(RETRY_SECONDS)

    def _listen(self) -> None:
        if self._done():
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            self._heard()  # what was committed while nobody listened
            driver = connection.connection.driver_connection
            while driver is not None and not self._done():
                if list(driver.notifies(timeout=LISTEN_SECONDS, stop_after=1)):
                    self._heard()
                    self._stopping.wait(GATHER_SECONDS)
            connection.exec_driver_sql(f"UNLISTEN {CHANNEL}")  # the connection goes back to the others

    def _done(self) -> bool:
        """Whether nobody waits any more, or everything ends."""
        with self._changing:
            if not self._waiting and time.monotonic() > self._until:
                self._wanted.clear()
            return self._stopping.is_set() or not self._wanted.is_set()
