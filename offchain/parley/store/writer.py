"""The one writer thread. It takes whatever waits, writes it in one transaction, and answers after the commit.

While one group is being made durable the next one gathers, and on PostgreSQL whatever comes while other
processes have their turn joins too, so the cost of a durable commit is shared by everyone who waits for it.
A lone write need not change threads where nothing waits: while commits are quick, whoever asks may do it.
A member that breaks a rule gets its error and leaves nothing behind; the others are kept. When the database
itself refuses a group, its members are tried one by one, so that only those that cannot be written fail.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from parley.errors import ParleyError
from parley.store import turns
from parley.store.engine import require_revision
from parley.store.errors import EventInvalid, StoreClosed, StoreError, StoreFull, translate
from parley.store.transaction import Heads, Statements, Transaction

_LOG = logging.getLogger("parley.store")
_GROUP: Final = 512
_QUICK: Final = 0.001
"""Seconds: what a commit may take on average for a caller to wait for it without changing threads."""
_SLOW_UNTIL_SEEN: Final = 0.01
_WEIGHT: Final = 8
"""How many commits the average looks back, about."""


@dataclass(slots=True)
class Job:
    """One write. `atomic` says that `work` raises only before it has written anything, so it needs no
    savepoint.
    """

    work: Callable[[Transaction], Any]
    future: Future[Any]
    atomic: bool


class Writer:
    """Owns the write connection. `submit` from any thread."""

    def __init__(
        self, engine: Engine, clock: Callable[[], int], committed: Callable[[], None], revision: str
    ) -> None:
        self._engine = engine
        self._revision = revision
        self._clock = clock
        self._committed = committed
        self._statements = Statements(engine.dialect)
        self._heads = Heads()
        self._connection: sa.Connection | None = None
        self._version = -1
        self._local = engine.dialect.name == "sqlite"  # elsewhere a commit waits for others' turns
        self._pace = _SLOW_UNTIL_SEEN
        self._patience, self._patient = 0, True  # milliseconds, and whether the connection has them
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._unwritten = 0
        self._gate = threading.Lock()
        self._turn = threading.Lock()  # held by the one thread that uses the connection
        self._closed = self._stopping = False
        self._thread = threading.Thread(target=self._run, name="parley-store-writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[Transaction], Any], *, atomic: bool = False, here: bool = False
    ) -> Future[Any]:
        """Queue a write; the future is done after its commit, or failed. `here`: where nothing waits, nobody
        else has the database and commits are quick, it is written on this thread, and done on return.
        """
        future: Future[Any] = Future()
        job = Job(work, future, atomic)
        with self._gate:
            if self._closed:
                raise StoreClosed("The store is closed.")
            alone = here and self._local and not self._unwritten and self._pace < _QUICK
            self._unwritten += 1
            if not alone:
                self._queue.put(job)
        if alone and not self._written_here(job):
            with self._gate:
                if self._closed:
                    raise StoreClosed("The store is closed.")
                self._queue.put(job)
        return future

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    # ------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._stopping:
            group: list[Job] = []
            self._add(group, self._queue.get())
            self._gather(group)
            if group:
                with self._turn:
                    self._write(group)
        with self._turn:
            self._disconnect()

    def _written_here(self, job: Job) -> bool:
        """Writes on the calling thread, unless another process has the database: that is waited for
        elsewhere.
        """
        with self._turn:
            if self._connection is None or self._closed:
                return False
            raw: Any = self._connection.connection.dbapi_connection
            try:
                self._begin(raw, patient=False)
            except Exception:  # noqa: BLE001 - whatever it is, the writer's thread meets it and says so
                return False
            job.future.set_running_or_notify_cancel()
            self._write([job])
        return True

    def _begin(self, raw: Any, *, patient: bool) -> None:
        """Takes the database; whoever is `patient` waits while another process has it."""
        if patient != self._patient:
            raw.execute(f"PRAGMA busy_timeout = {self._patience if patient else 0}")
            self._patient = patient
        raw.execute("BEGIN IMMEDIATE")

    def _gather(self, group: list[Job]) -> None:
        """Adds what waits."""
        while len(group) < _GROUP and not self._stopping:
            try:
                self._add(group, self._queue.get_nowait())
            except queue.Empty:
                return

    def _add(self, group: list[Job], item: Job | None) -> None:
        if item is None:
            self._stopping = True
        elif item.future.set_running_or_notify_cancel():
            group.append(item)
        else:
            self._done(1)

    def _done(self, number: int) -> None:
        with self._gate:
            self._unwritten -= number

    def _write(self, group: list[Job], *, alone: bool = False) -> None:
        began = time.perf_counter()
        try:
            answers = self._commit(group, alone)
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting caller gets it
            self._refused(group, error)
            return
        self._pace += (time.perf_counter() - began - self._pace) / _WEIGHT
        self._done(len(group))
        for job, answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)
        self._committed()

    def _refused(self, group: list[Job], error: Exception) -> None:
        """The database refused the whole group. Try singly what is certain not to have been written."""
        known: Exception = translate(error) or error
        self._forget()
        # A full disk refuses the large and may still take the small, and a value that the database does not
        # take is one member's. After an input or output error, though, nobody knows whether the commit
        # reached the disk: only the caller, who knows whether its write is idempotent, may repeat it.
        certain = isinstance(known, StoreFull | EventInvalid) or not isinstance(known, StoreError)
        if len(group) > 1 and certain:
            for job in group:
                self._write([job], alone=True)
            return
        if not isinstance(known, ParleyError):
            _LOG.error("an unexpected error ended a write", exc_info=error)
        self._done(len(group))
        for job in group:
            job.future.set_exception(known)

    def _commit(self, group: list[Job], alone: bool) -> list[Any]:
        connection = self._connect()
        if connection.dialect.name == "sqlite":
            return self._commit_here(connection, group)
        raw: Any = connection.connection.dbapi_connection
        try:
            cursor = raw.cursor()
            require_revision(turns.begin(cursor, self._heads), self._revision)
            if not alone:
                self._gather(group)  # what came while others had their turn
            transaction = Transaction(connection, cursor, self._statements, self._heads, self._clock())
            answers = [self._one(job, transaction) for job in group]
            transaction.flush()
            turns.end(cursor, news=transaction.news)
        except BaseException:
            with contextlib.suppress(sa.exc.SQLAlchemyError, raw.Error):  # gone with the connection
                (connection if connection.in_transaction() else raw).rollback()
            raise
        if connection.in_transaction():
            connection.commit()  # SQLAlchemy was used inside, and has to be told
        return answers

    def _commit_here(self, connection: sa.Connection, group: list[Job]) -> list[Any]:
        """The same on SQLite, by the driver alone: most groups are appends, which need nothing else."""
        raw: Any = connection.connection.dbapi_connection
        if not raw.in_transaction:
            self._begin(raw, patient=True)
        try:
            version = raw.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:  # another process has committed since
                require_revision(raw.execute(turns.REVISION).fetchone()[0], self._revision)
                self._version = version
                self._heads.clear()
            transaction = Transaction(connection, raw.cursor(), self._statements, self._heads, self._clock())
            answers = [self._one(job, transaction) for job in group]
            transaction.flush()
        except BaseException:
            # Once SQLAlchemy was used inside, it has to be told how the transaction ended.
            (connection if connection.in_transaction() else raw).rollback()
            raise
        (connection if connection.in_transaction() else raw).commit()
        return answers

    def _one(self, job: Job, transaction: Transaction) -> Any:
        if job.atomic:
            try:
                return job.work(transaction)
            except ParleyError as error:
                return error
        kept = transaction.mark()
        try:
            answer = job.work(transaction)
            transaction.flush()
        except Exception as error:
            if not isinstance(error, ParleyError) and translate(error) is not None:
                raise  # the database itself is in trouble: the whole group ends here
            transaction.restore(kept)
            return error
        transaction.release()
        return answer

    def _connect(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            if self._local:
                raw: Any = self._connection.connection.dbapi_connection
                self._patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
                self._patient = True
            else:  # PostgreSQL, where `turns` begins and ends
                self._connection.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def _forget(self) -> None:
        """After a failure nothing cached about the database is trusted, the connection included."""
        self._heads.clear()
        self._version = -1
        self._disconnect(broken=True)

    def _disconnect(self, *, broken: bool = False) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if broken:
                connection.invalidate()
            connection.close()
        except (sa.exc.SQLAlchemyError, StoreError):
            _LOG.warning("the write connection could not be closed cleanly")
