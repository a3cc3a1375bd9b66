"""The HTTP protocol with limits that uvicorn does not have: time and size of a request's head, and
connections of one network address. Without them a few thousand half-sent requests hold every place there is,
and one endless head all the memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from parley.gateway.rates import network

HEAD_BYTES: Final = 32_768


@dataclass(frozen=True, slots=True)
class Limits:
    """`head_seconds` from the first byte of a request (or the connection) to the end of its head; as many
    `connections` from one address at once. `trusted` addresses, such as a proxy's, may have any number.
    """

    head_seconds: float
    connections: int
    trusted: frozenset[str] = frozenset()


class _Guarded(HttpToolsProtocol):
    limits: ClassVar[Limits]
    opened: ClassVar[Counter[str]]

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True
    _peer = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = network(str(peer[0])) if peer else ""
        self.opened[self._peer] += 1
        if self.opened[self._peer] > self.limits.connections and self._peer not in self.limits.trusted:
            transport.abort()
            return
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        self.opened[self._peer] -= 1
        if self.opened[self._peer] <= 0:
            del self.opened[self._peer]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_head:
            self._begin_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._timer = self.loop.call_later(self.limits.head_seconds, self._too_slow)

    def _end_head(self) -> None:
        self._in_head = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> Any:
        if self._in_head and not self.transport.is_closing():
            self.transport.abort()


def guarded(limits: Limits) -> type[asyncio.Protocol]:
    """A protocol class for one server; all of its connections share the counts."""
    return type("Guarded", (_Guarded,), {"limits": limits, "opened": Counter()})
