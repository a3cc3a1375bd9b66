"""What a gateway does unasked: signs time-outs when deadlines pass, watches its thresholds, serves
webhooks, and drops sessions that have expired.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from parley.errors import ParleyError
from parley.gateway.gateway import Gateway
from parley.gateway.live import Live
from parley.negotiation.status import Status
from parley.terms.message import Message, Performative, build_message
from parley.terms.payloads import Timeout
from parley.terms.values import new_salt

log = logging.getLogger("parley.gateway")
LIVE = tuple(status.value for status in Status if status.live)
BATCH = 200
PURGE_SECONDS = 60.0


class Worker:
    """Runs on the event loop of the app. Nothing it does is lost by stopping it at any moment."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: list[asyncio.Task[None]] = []
        self._others: set[str] = set()  # overdue negotiations whose openings do not count this gateway

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._run(), name="parley-worker"),
            asyncio.create_task(self._serve(), name="parley-webhooks"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._gateway.delivery.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        purged = loop.time()
        while True:
            try:
                await self.expire()
                await asyncio.to_thread(self._gateway.watch.check)
                if loop.time() - purged > PURGE_SECONDS:
                    purged = loop.time()
                    await asyncio.to_thread(self._gateway.authenticator.purge)
                    await asyncio.to_thread(self._gateway.eraser.run)
                self._gateway.metrics.worked("upkeep", well=True)
            except ParleyError as error:
                self._gateway.metrics.worked("upkeep", well=False)
                log.warning("the worker will try again: %s", error)
            except Exception:
                self._gateway.metrics.worked("upkeep", well=False)
                log.exception("the worker met an unexpected failure and goes on")
            await asyncio.sleep(self._gateway.settings.worker_seconds)

    async def _serve(self) -> None:
        while True:
            try:
                await self._gateway.delivery.serve()
                self._gateway.metrics.worked("webhooks", well=True)
            except ParleyError as error:
                self._gateway.metrics.worked("webhooks", well=False)
                log.warning("webhooks wait: %s", error)
            except Exception:
                self._gateway.metrics.worked("webhooks", well=False)
                log.exception("webhooks met an unexpected failure and go on")
            await asyncio.sleep(self._gateway.settings.worker_seconds)

    async def expire(self) -> int:
        """Ends negotiations whose deadline has passed and whose opening counts this gateway; how many it
        ended.
        """
        gateway, ended = self._gateway, 0
        overdue = await asyncio.to_thread(
            gateway.store.negotiations.live,
            LIVE,
            deadline_before=gateway.clock(),
            limit=BATCH + len(self._others),
        )
        for row in overdue:
            if row.id in self._others:
                continue
            try:
                if await gateway.negotiations.post_own(row.id, self._timeout) is None:
                    self._others.add(row.id)
                else:
                    ended += 1
            except ParleyError as error:
                log.warning("no time-out for negotiation %s: %s", row.id, error)
        return ended

    def _timeout(self, live: Live) -> Message | None:
        gateway, state = self._gateway, live.state
        now = max(gateway.clock(), state.last_sent_at)
        if (
            not state.live
            or gateway.signer.address not in live.opening.gateways
            or now <= live.opening.deadline
        ):
            return None
        return build_message(
            gateway.signer,
            gateway.settings.chain_id,
            state.negotiation,
            state.sequence,
            state.last,
            Performative.TIMEOUT,
            Timeout(reason="the deadline passed", salt=new_salt(secrets.token_bytes)),
            now,
        )
