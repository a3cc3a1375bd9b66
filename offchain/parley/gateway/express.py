"""The short way to routes that are taken all the time, as a plain ASGI layer before the framework.

The framework's way from the socket to a handler that needs nothing but the request costs more than checking a
signature does. Handlers, paths and answers are the same: routes are declared once, in `routes`, and whatever
this layer does not know goes on to the framework.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from parley.errors import ParleyError
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
    """Calls the handlers of `FREQUENT` itself. `refused` is told of every typed refusal."""

    def __init__(
        self, app: ASGIApp, routes: Iterable[APIRoute], refused: Callable[[ParleyError], None]
    ) -> None:
        self._app = app
        self._refused = refused
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
                route, values = found
                # What the framework would have noted, for whoever looks at it on the way out.
                scope["route"], scope["endpoint"], scope["path_params"] = route, route.endpoint, values
                response = await self._answered(route, Request(scope, receive), values)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

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

    async def _answered(self, route: APIRoute, request: Request, values: dict[str, str]) -> Response:
        """Typed refusals become answers here; anything else is for the layer around, as it is elsewhere."""
        try:
            response: Response = await route.endpoint(request, **values)
        except ParleyError as error:
            self._refused(error)
            return of_error(error)
        return response
