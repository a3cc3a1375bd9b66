"""The short way to routes that are taken all the time, as a plain ASGI layer around the framework.

The framework's way from the socket to a handler that needs nothing but the request costs more than checking a
signature does. Handlers, paths and answers are the same: routes are declared once, in `routes`, and whatever
this layer does not know goes on to the framework.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from parley.errors import ParleyError
from parley.gateway.headers import Answered, protected
from parley.gateway.problems import of_error

FREQUENT = frozenset(
    (
        "/v1/negotiations",
        "/v1/negotiations/{negotiation}/messages",
        "/v1/messages:batch",
        "/v1/deals",
        "/v1/deals/{deal_id}/delivery",
        "/v1/deals/{deal_id}/receipt",
    )
)
"""Paths whose POST takes the short way, which are those of a usual deal; at most one parameter in each."""


class Express:
    """Calls the handlers of `FREQUENT` itself, whose answers are whole: a body and no work after it.

    `refused` is told of every typed refusal, `answered` of every answer, and `failed` makes the answer to
    what nobody expected.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Iterable[APIRoute],
        *,
        refused: Callable[[ParleyError], None],
        answered: Answered,
        failed: Callable[[Request, Exception], Awaitable[Response]],
    ) -> None:
        self._app = app
        self._refused = refused
        self._answered = answered
        self._failed = failed
        self._exact: dict[str, APIRoute] = {}
        self._around: list[tuple[str, str, str, APIRoute]] = []
        for route in routes:
            if route.path not in FREQUENT or route.methods != {"POST"}:
                continue
            before, opened, rest = route.path.partition("{")
            name, _, after = rest.partition("}")
            if opened:
                self._around.append((before, after, name, route))
            else:
                self._exact[route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and not scope.get("root_path"):
            found = self._find(scope["path"])
            if found is not None:
                await self._serve(*found, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _serve(
        self, route: APIRoute, values: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """What the framework and the layers around it would do for this route, in one pass."""
        began = time.perf_counter()
        request, unexpected = Request(scope, receive), None
        try:
            response: Response = await route.endpoint(request, **values)
        except ParleyError as error:
            self._refused(error)
            response = of_error(error)
        except Exception as error:  # noqa: BLE001 - answered, and raised again below for the server to log
            response, unexpected = await self._failed(request, error), error
        self._answered(route.path, response.status_code, time.perf_counter() - began)
        headers = protected(response.raw_headers)
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})
        if unexpected is not None:
            raise unexpected

    def _find(self, path: str) -> tuple[APIRoute, dict[str, str]] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for before, after, name, route in self._around:
            if path.startswith(before) and path.endswith(after):
                value = path[len(before) : len(path) - len(after)]
                if value and "/" not in value:
                    return route, {name: value}
        return None
