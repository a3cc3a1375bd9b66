"""The thread that moves settlement: quick while there is work, patient while there is none or the node is
away.
"""

from __future__ import annotations

import logging
import threading

from parley.errors import ParleyError
from parley.settlement.service import Settlement
from parley.store import EventStore

_LOG = logging.getLogger("parley.settlement")


class SettlementWorker:
    """Ticks in a thread of its own. `busy` and `idle` are seconds between ticks; errors back off up to
    `patience`.
    """

    def __init__(
        self,
        settlement: Settlement,
        store: EventStore,
        *,
        busy: float = 0.02,
        idle: float = 0.25,
        patience: float = 5.0,
    ) -> None:
        self._settlement = settlement
        self._store = store
        self._busy, self._idle, self._patience = busy, idle, patience
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_error: ParleyError | None = None

    def start(self) -> SettlementWorker:
        """Start the thread; it ends with `stop`."""
        if self._thread is None:
            self._cancel = self._store.subscribe(self._wake.set)
            self._thread = threading.Thread(target=self._run, name="parley-settlement", daemon=True)
            self._thread.start()
        return self

    def stop(self, seconds: float = 10) -> None:
        """End after the running tick; what is under way is in the store."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            self._wake.set()
            self._cancel()
            thread.join(seconds)

    @property
    def healthy(self) -> bool:
        """Whether the last tick went well."""
        return self._thread is not None and self.last_error is None

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            self._wake.clear()
            moved = False
            try:
                moved = self._settlement.tick()
                if self.last_error is not None:
                    _LOG.info("settlement goes on")
                failures, self.last_error = 0, None
            except ParleyError as error:
                if self.last_error is None or self.last_error.code != error.code:
                    _LOG.warning("settlement waits: %s", error)
                failures, self.last_error = failures + 1, error
            except Exception:  # noqa: BLE001 - the thread outlives a mistake in one deal
                _LOG.exception("a tick of settlement failed unexpectedly")
                failures += 1
            if failures:
                self._stop.wait(min(self._patience, self._idle * 2 ** min(failures, 8)))
            elif moved:
                self._stop.wait(self._busy)
            else:
                self._wake.wait(self._idle)
