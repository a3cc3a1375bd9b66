"""`parley worker`: settling, indexing, webhooks, time-outs and thresholds in a process that serves nobody.

Any number may run beside any number of gateways on one database: leases decide who settles and who delivers,
and the others wait to take over.
"""

from __future__ import annotations

import asyncio
import logging
import signal

from parley.gateway.errors import SettlementUnavailable
from parley.gateway.gateway import Gateway
from parley.gateway.serve import metrics_of
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway
from parley.gateway.worker import Worker

log = logging.getLogger("parley.gateway")


def run(settings: GatewaySettings) -> None:
    """Works until SIGINT or SIGTERM. Raises what `open_gateway` raises, and SettlementUnavailable without a
    node: there would be nothing to settle.
    """
    if settings.rpc_url is None:
        raise SettlementUnavailable(
            "a worker settles, and has no node to settle on",
            next_action="Set PARLEY_RPC_URL as for the gateways.",
            setting="PARLEY_RPC_URL",
        )
    gateway = open_gateway(settings.model_copy(update={"work": "inside"}), service="parley-worker")
    try:
        with metrics_of(gateway):
            asyncio.run(_work(gateway))
    finally:
        gateway.close()


async def _work(gateway: Gateway) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    worker = Worker(gateway)
    await worker.start()
    log.info("working for the gateways at %s", gateway.settings.public_audience)
    try:
        await ended.wait()
    finally:
        await worker.stop()
