"""Delivery: each webhook served in log order, one event at a time, until an attempt fails.

Signed as the Standard Webhooks specification says. A receiver answers 2xx; anything else is tried again with
growing pauses, and what no attempt could deliver becomes a dead letter that can be replayed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import httpx
import orjson
from standardwebhooks import Webhook as Signature

import parley
from parley.errors import ParleyError
from parley.gateway.errors import WebhookTargetRefused
from parley.gateway.feed import Audiences
from parley.gateway.webhooks.repository import Webhook, Webhooks
from parley.gateway.webhooks.targets import resolve
from parley.store.leases import holder_name, is_gone
from parley.store.models import StoredEvent
from parley.store.service import EventStore
from parley.terms.signing import Signer
from parley.terms.values import keccak

log = logging.getLogger("parley.gateway")
LEASE = "webhooks"
LEASE_SECONDS = 60
ROUND_SECONDS = 15
PAGE = 200
TIMEOUT = 10.0
PAUSES = (5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200)
"""Seconds before each further attempt; after the last one the event is a dead letter."""


class Secrets:
    """Every webhook's secret follows from the gateway's key and its id, so none is stored."""

    def __init__(self, signer: Signer) -> None:
        # RFC 6979 signatures are deterministic: every process with this key has the same secrets.
        self._root = keccak(signer.sign_digest(keccak(b"parley webhook secrets")).encode())

    def of(self, identity: str) -> str:
        """The secret in the form that receivers configure: `whsec_` and base64."""
        digest = hmac.new(self._root, identity.encode(), hashlib.sha256).digest()
        return "whsec_" + base64.b64encode(digest).decode()


class Delivery:
    """Serves every webhook while this process holds the lease. `local` lets it call any address."""

    def __init__(
        self,
        store: EventStore,
        webhooks: Webhooks,
        secrets: Secrets,
        *,
        clock: Callable[[], int],
        local: bool,
        operators: Collection[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._store = store
        self._webhooks = webhooks
        self._secrets = secrets
        self._clock = clock
        self._local = local
        self._audiences = Audiences(store, operators)
        self._holder = holder_name()
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            headers={"User-Agent": f"parley/{parley.__version__}"},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def serve(self) -> int:
        """One round over every webhook that is due; how many events were delivered."""
        due = await asyncio.to_thread(self._webhooks.due, self._clock())
        if not due:
            return 0
        lease = await asyncio.to_thread(
            self._store.leases.acquire, LEASE, self._holder, LEASE_SECONDS, is_gone
        )
        if lease is None:
            return 0
        done = await asyncio.gather(*(self._serve(webhook) for webhook in due), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException) and not isinstance(outcome, ParleyError):
                raise outcome
        return sum(outcome for outcome in done if isinstance(outcome, int))

    async def _serve(self, webhook: Webhook) -> int:
        events = await asyncio.to_thread(self._store.feed, webhook.position, PAGE)
        if not events:
            return 0
        served, count = webhook.position, 0
        end = asyncio.get_running_loop().time() + ROUND_SECONDS  # so that a slow receiver holds up no other
        for event in events:
            if asyncio.get_running_loop().time() > end:
                break
            if self._wanted(webhook, event):
                error = await self._deliver(webhook, event)
                if error is not None:
                    await self._put_off(webhook, served, event, error)
                    return count
                count += 1
            served = event.position
        await asyncio.to_thread(self._webhooks.served, webhook, served)
        return count

    def _wanted(self, webhook: Webhook, event: StoredEvent) -> bool:
        wanted = not webhook.kinds or event.kind in webhook.kinds
        return wanted and webhook.agent in self._audiences.of(event.stream)

    async def _put_off(self, webhook: Webhook, served: int, event: StoredEvent, error: str) -> None:
        # Attempts count for one event: where others were delivered before it, this is its first.
        attempts = webhook.attempts if served == webhook.position else 0
        if attempts >= len(PAUSES):
            log.warning("webhook %s: event %s is given up: %s", webhook.id, event.position, error)
            await asyncio.to_thread(self._webhooks.given_up, webhook, event.position, error)
            return
        retry_at = self._clock() + PAUSES[attempts]
        await asyncio.to_thread(self._webhooks.failed, webhook, attempts, served, error, retry_at)

    async def _deliver(self, webhook: Webhook, event: StoredEvent) -> str | None:
        """None when the receiver took it, else what went wrong. Of its answer only the status is read."""
        identity, moment = f"{webhook.id[2:34]}.{event.position}", datetime.now(UTC)
        body = payload(event)
        sealed = Signature(self._secrets.of(webhook.id)).sign(identity, moment, body.decode())
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": sealed,
        }
        try:
            target = await resolve(webhook.url, local=self._local)
            async with self._http.stream(
                "POST",
                target.url,
                content=body,
                headers={**headers, "host": target.host},
                extensions={"sni_hostname": target.name},
            ) as answer:
                status = answer.status_code
        except WebhookTargetRefused as refused:
            return refused.message
        except (httpx.HTTPError, OSError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        return None if 200 <= status < 300 else f"answered {status}"


def payload(event: StoredEvent) -> bytes:
    """The event as a receiver gets it; `position` is the place in the gateway's log."""
    kind, _, subject = event.stream.partition(":")
    return orjson.dumps(
        {
            "type": event.kind,
            "position": event.position,
            "stream": kind,
            "subject": subject,
            "sequence": event.sequence,
            "recorded_at": event.recorded_at,
            "data": event.data,
        }
    )
