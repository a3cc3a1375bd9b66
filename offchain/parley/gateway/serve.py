"""Running a gateway as a process: uvicorn, a port checked first, and a shutdown that does not hang."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
from collections.abc import Iterator

import uvicorn

from parley.gateway.app import app_of
from parley.gateway.errors import PortInUse
from parley.gateway.gateway import Gateway
from parley.gateway.guarded import Limits, guarded
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway

log = logging.getLogger("parley.gateway")
COLLECTING = (20_000, 20, 20)
"""Thresholds of the three generations; Python's own first is 700."""


class _Server(uvicorn.Server):
    """Ends the open event streams when it stops, so that they do not hold the shutdown up."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.feed.release()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortInUse; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # named: asyncio then sets TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1_024)
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"cannot listen on {host}:{port}: {error.strerror}", setting="PARLEY_PORT", host=host, port=port
        ) from error
    return listener


def run(settings: GatewaySettings) -> None:
    """Serves until SIGINT or SIGTERM. Raises what `open_gateway` raises, and PortInUse, before anything is
    served.
    """
    listener = listen(settings.host, settings.port)
    try:
        gateway = open_gateway(settings)
    except BaseException:
        listener.close()
        raise
    try:
        serve_on(listener, gateway)
    finally:
        gateway.close()


def serve_on(listener: socket.socket, gateway: Gateway) -> None:
    """Serves an opened gateway on a bound socket until it is asked to stop."""
    with metrics_of(gateway):
        log.info("serving on %s", gateway.settings.public_audience)
        server = gateway_server(gateway)
        _settle_memory()
        server.run(sockets=[listener])


def _settle_memory() -> None:
    """What was made by now stays for good: the collector need not look at it again. And it looks after more
    new objects than it would by itself, because a request makes hundreds and leaves almost none.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)


@contextlib.contextmanager
def metrics_of(gateway: Gateway) -> Iterator[None]:
    """Serves the process's metrics beside, where a port is set. Raises TelemetryInvalid."""
    settings = gateway.settings
    if settings.metrics_port is None:
        yield
        return
    end = gateway.metrics.listen(settings.metrics_host, settings.metrics_port)
    try:
        yield
    finally:
        end()


def gateway_server(gateway: Gateway) -> uvicorn.Server:
    """The configured server of an opened gateway."""
    config = uvicorn.Config(
        app_of(gateway),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(gateway.settings.trusted_proxies),
        forwarded_allow_ips=gateway.settings.trusted_proxies or None,
        ws="none",
        timeout_graceful_shutdown=gateway.settings.shutdown_seconds,
        timeout_keep_alive=30,
        limit_concurrency=2_048,
        http=guarded(
            Limits(
                head_seconds=gateway.settings.head_seconds,
                connections=gateway.settings.address_connections,
                trusted=frozenset(gateway.settings.trusted_proxies.replace(",", " ").split()),
            )
        ),
    )
    return _Server(config, gateway)
