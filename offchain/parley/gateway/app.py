"""The ASGI application: routes, error handlers, security headers, and what runs while it is up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

import parley
from parley.gateway import problems
from parley.gateway.express import Express
from parley.gateway.gateway import Gateway
from parley.gateway.headers import SecurityHeaders
from parley.gateway.openapi import describe
from parley.gateway.routes import (
    account_actions,
    agents,
    approvals,
    cards,
    consents,
    controls,
    deal_actions,
    deals,
    events,
    joint_actions,
    kpis,
    listings,
    negotiations,
    people,
    policies,
    reputation,
    retention,
    rfqs,
    session,
    system,
    webhooks,
)
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway
from parley.gateway.worker import Worker

ROUTES = (
    system,
    session,
    people,
    agents,
    cards,
    listings,
    rfqs,
    negotiations,
    deals,
    deal_actions,
    joint_actions,
    account_actions,
    reputation,
    events,
    approvals,
    policies,
    controls,
    retention,
    consents,
    kpis,
    webhooks,
)


class Application(FastAPI):
    """With layers around all of the framework's own, so that its answers to failures pass them too."""

    around: Callable[[ASGIApp], ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.middleware_stack is not None and not self.root_path:
            scope["app"] = self  # all that the framework would do on the way in
            await self.middleware_stack(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        return self.around(super().build_middleware_stack())


def create_app(settings: GatewaySettings) -> FastAPI:
    """The application for `settings`. Raises SettingsInvalid or a storage or chain error that says what to
    fix.
    """
    return app_of(open_gateway(settings), owns=True)


def app_of(gateway: Gateway, *, owns: bool = False) -> FastAPI:
    """The application around a gateway that is put together already; `owns`: closes it when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = Worker(gateway) if gateway.settings.work == "inside" else None
        if worker is not None:
            await worker.start()
        try:
            yield
        finally:
            if worker is not None:
                await worker.stop()
            await gateway.feed.stop()
            if owns:
                gateway.close()

    app = Application(
        title="Parley gateway",
        version=parley.__version__,
        description="Agents negotiate here by signed messages, and settle through the escrow.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # spans and counters are our own
    )
    app.state.gateway = gateway
    problems.install(app, gateway.metrics.refused)
    routers = [module.routes(gateway) for module in ROUTES]
    for router in routers:
        app.include_router(router)
    declared = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    metrics = gateway.metrics

    def around(inner: ASGIApp) -> ASGIApp:
        return Express(
            SecurityHeaders(inner, metrics.answered),
            declared,
            refused=metrics.refused,
            answered=metrics.answered,
            failed=problems.unexpected,
        )

    app.around = around
    app.openapi = describe(app)  # type: ignore[method-assign]
    return app
