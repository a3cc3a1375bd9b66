"""A source that is read when it is asked, no more often than its description says."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping

import httpx

from parley.connectors.errors import ConnectorError
from parley.connectors.reading import csv_rows, fetch, json_rows, read_file
from parley.connectors.snapshot import Provenance, Snapshot
from parley.connectors.spec import CsvLocation, SourceSpec
from parley.connectors.table import typed

log = logging.getLogger("parley.connectors")


class Source:
    """Thread-safe. While the source fails, what was read last is still given, and ages: whoever uses it asks
    for fresh rows (`Snapshot.fresh`), which end by themselves.
    """

    def __init__(
        self,
        spec: SourceSpec,
        clock: Callable[[], int],
        *,
        environment: Mapping[str, str] = os.environ,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.spec = spec
        self._clock = clock
        self._environment = environment
        self._transport = transport
        self._lock = threading.Lock()
        self._last: Snapshot | None = None
        self._tried_at: int | None = None

    def snapshot(self) -> Snapshot:
        """What the source has. Raises the errors of reading when nothing was ever read. Blocks."""
        with self._lock:
            now = self._clock()
            if (
                self._last is not None
                and self._tried_at is not None
                and 0 <= now - self._tried_at < self.spec.refresh_seconds
            ):
                return self._last
            self._tried_at = now
            try:
                self._last = self._read(now)
            except ConnectorError as error:
                if self._last is None:
                    raise
                log.warning("source %s is not read again: %s", self.spec.id, error)
            return self._last

    def _read(self, now: int) -> Snapshot:
        spec, location = self.spec, self.spec.location
        if isinstance(location, CsvLocation):
            found = read_file(spec, location)
            rows: Iterable[Mapping[str, object]] = csv_rows(spec, found.content)
        else:
            found = fetch(spec, location, environment=self._environment, transport=self._transport)
            rows = json_rows(spec, found.content, location.rows)
        provenance = Provenance(
            source=spec.id,
            version=spec.hash(),
            place=found.place,
            content=hashlib.sha256(found.content).hexdigest(),
            fetched_at=now,
            dated_at=now if found.dated_at is None else found.dated_at,
        )
        return Snapshot(spec, typed(spec, rows), provenance)
