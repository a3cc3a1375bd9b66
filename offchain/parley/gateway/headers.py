"""Security headers on every answer, as a plain ASGI layer that also counts the answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_NAMES = frozenset(name for name, _ in _RAW)

Answered = Callable[[str, int, float], None]
"""Told of an answer: the template of its route, its status, and the seconds until it began."""
RawHeaders = list[tuple[bytes, bytes]]


def protected(given: RawHeaders) -> RawHeaders:
    """`given`, and `SECURITY_HEADERS` where they are not in it."""
    named = {name.lower() for name, _ in given}
    if named.isdisjoint(_NAMES):
        return given + _RAW
    return given + [pair for pair in _RAW if pair[0] not in named]


class SecurityHeaders:
    """Adds `SECURITY_HEADERS` where the answer does not set them itself."""

    def __init__(self, app: ASGIApp, answered: Answered = lambda *_: None) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        began = time.perf_counter()

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._answered(route, message["status"], time.perf_counter() - began)
                message["headers"] = protected(list(message.get("headers", ())))
            await send(message)

        await self._app(scope, receive, guarded)
