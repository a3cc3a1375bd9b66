"""The thread that moves settlement: quick while there is work, patient while there is none or the node is
away. Of several processes on one database the holder of a lease does it, and another takes over when it is
gone.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from parley.errors import ParleyError
from parley.settlement.service import Settlement
from parley.store import EventStore, Lease, LeaseLost, StoreError, schema
from parley.store.leases import holder_name, is_gone

LEASE = "settlement"
LEASE_SECONDS = 20
REST = 3
"""After a tick that moved something the thread rests for so many times what it took: what comes meanwhile is
done together, for hardly more than one deal costs, and requests have the processor.
"""
_LOG = logging.getLogger("parley.settlement")


class SettlementWorker:
    """Ticks in a thread of its own: at once when this process has taken something in, else every `idle`
    seconds, which is how work of other processes is found, and blocks. While there is work it rests at least
    `busy` seconds between ticks, and `idle` at most; errors back off up to `patience`. `beside` is done after
    each tick, under the same lease.
    """

    def __init__(
        self,
        settlement: Settlement,
        store: EventStore,
        *,
        busy: float = 0.02,
        idle: float = 0.25,
        patience: float = 5.0,
        beside: Sequence[Callable[[], bool]] = (),
    ) -> None:
        self._beside = tuple(beside)
        self._settlement = settlement
        self._store = store
        self._busy, self._idle, self._patience = busy, idle, patience
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._holder = holder_name()
        self._lease: Lease | None = None
        self._cancel: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None
        self.last_error: ParleyError | None = None

    def start(self) -> SettlementWorker:
        """Start the thread; it ends with `stop`."""
        if self._thread is None:
            self._cancel = self._settlement.on_work(self._wake.set)
            self._thread = threading.Thread(target=self._run, name="parley-settlement", daemon=True)
            self._thread.start()
        return self

    def stop(self, seconds: float = 10) -> None:
        """End after the running tick; what is under way is in the store."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            self._wake.set()
            thread.join(seconds)
        self._cancel()
        lease, self._lease = self._lease, None
        if lease is not None:
            with contextlib.suppress(StoreError):
                self._store.leases.release(lease)

    @property
    def active(self) -> bool:
        """Whether this process settles now; otherwise another one on the same database does."""
        return self._lease is not None

    def anyone(self) -> bool:
        """Whether some process on the same database holds the lease, as far as its clock says. Blocks."""
        table = schema.leases
        query = sa.select(table.c.expires_at).where(table.c.name == LEASE)
        found = self._store.query(query)
        return bool(found) and int(found[0][0]) >= self._store.now()

    @property
    def healthy(self) -> bool:
        """Whether the last tick went well."""
        return self._thread is not None and self.last_error is None

    def _tick(self) -> bool:
        """One tick if this process holds the lease; every write of it is refused once it does not."""
        lease = self._held()
        if lease is None:
            return False
        try:
            with self._store.fenced(lease):
                moved = self._settlement.tick()
                for job in self._beside:
                    moved = job() or moved
                return moved
        except LeaseLost:
            _LOG.warning("another process settles from now on")
            self._lease = None
            return False

    def _held(self) -> Lease | None:
        now = self._store.now()
        if self._lease is None or self._lease.expires_at - now < LEASE_SECONDS // 2:
            before, self._lease = (
                self._lease,
                self._store.leases.acquire(LEASE, self._holder, LEASE_SECONDS, is_gone),
            )
            if before is None and self._lease is not None:
                _LOG.info("this process settles")
        return self._lease

    def _run(self) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(Exception),
            wait=wait_exponential(multiplier=self._idle, max=self._patience),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            before_sleep=self._failed,
            reraise=True,
        )
        while not self._stop.is_set():
            self._wake.clear()
            began = time.monotonic()
            try:
                moved = retrying(self._tick)
            except Exception:  # noqa: BLE001 - it was noted, and only the end of the thread lets it through
                return
            if self.last_error is not None:
                _LOG.info("settlement goes on")
            self.last_error = None
            if moved:
                rest = min(self._idle, REST * (time.monotonic() - began))
                self._stop.wait(max(self._busy, rest))
            else:
                self._wake.wait(self._idle)

    def _failed(self, state: RetryCallState) -> None:
        """Notes why a tick failed. The thread outlives a mistake in one deal."""
        error = None if state.outcome is None else state.outcome.exception()
        if not isinstance(error, ParleyError):
            _LOG.error("a tick of settlement failed unexpectedly", exc_info=error)
            return
        if self.last_error is None or self.last_error.code != error.code:
            _LOG.warning("settlement waits: %s", error)
        self.last_error = error
