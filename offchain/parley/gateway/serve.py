"""Running a gateway as a process: uvicorn, a port that is checked first, and a shutdown that does not hang."""

from __future__ import annotations

import logging
import socket
from types import FrameType

import uvicorn

from parley.gateway.app import app_of
from parley.gateway.errors import PortInUse
from parley.gateway.gateway import Gateway
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway

log = logging.getLogger("parley.gateway")


class _Server(uvicorn.Server):
    """Ends the open event streams as soon as it is asked to stop, so that they do not hold the shutdown up."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._gateway.feed.release()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortInUse; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
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
    config = uvicorn.Config(
        app_of(gateway),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=gateway.settings.shutdown_seconds,
        timeout_keep_alive=30,
        limit_concurrency=2_048,
        h11_max_incomplete_event_size=16_384,
    )
    server = _Server(config, gateway)
    log.info("serving on %s", gateway.settings.public_audience)
    server.run(sockets=[listener])
