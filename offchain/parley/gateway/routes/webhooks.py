"""Webhooks: `/v1/webhooks`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from parley.gateway.gateway import Gateway
from parley.gateway.web import RequestModel, act, answer, read_model
from parley.gateway.webhooks.repository import Webhook
from parley.gateway.webhooks.targets import MAX_URL, check_url

Kind = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_.-]{0,63}$")]


class WebhookRequest(RequestModel):
    """`kinds` limits it to those kinds of events; none means all that the caller may see."""

    url: str = Field(min_length=1, max_length=MAX_URL)
    kinds: list[Kind] = Field(default_factory=list, max_length=32)


class ReplayRequest(RequestModel):
    """Serves everything after log position `after` again."""

    after: int = Field(ge=0, le=2**53 - 1)


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["webhooks"])
    settings, webhooks = gateway.settings, gateway.webhooks

    def view(webhook: Webhook) -> dict[str, Any]:
        return {
            "id": webhook.id,
            "url": webhook.url,
            "kinds": list(webhook.kinds),
            "position": webhook.position,
            "attempts": webhook.attempts,
            "not_before": webhook.not_before,
            "error": webhook.error,
            "created_at": webhook.created_at,
        }

    @router.post("/v1/webhooks", status_code=201)
    async def add(request: Request) -> Response:
        """Sends the caller every event from now on that it may see, signed as the Standard Webhooks
        specification says, at least once and in order. The secret comes with this answer.
        """
        caller = await gateway.caller(request, "negotiate")
        wanted = await read_model(request, WebhookRequest, settings.max_body_bytes)
        check_url(wanted.url, local=settings.local_webhooks)
        added = await asyncio.to_thread(webhooks.add, caller.agent, wanted.url, tuple(wanted.kinds))
        body = {"webhook": view(added), "secret": gateway.webhook_secrets.of(added.id)}
        return answer(body, [act("see_webhooks", "GET", "/v1/webhooks")], 201)

    @router.get("/v1/webhooks")
    async def mine(request: Request) -> Response:
        """The caller's webhooks and how far each was served."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(webhooks.mine, caller.agent)
        return answer(
            {"webhooks": [view(webhook) for webhook in found]}, [act("add_webhook", "POST", "/v1/webhooks")]
        )

    @router.get("/v1/webhooks/{webhook}")
    async def one(request: Request, webhook: str) -> Response:
        """One webhook, with the events that no attempt could deliver."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(webhooks.of, caller.agent, webhook)
        letters = await asyncio.to_thread(webhooks.dead_letters, webhook)
        body = {
            "webhook": view(found),
            "dead_letters": [
                {"position": letter.position, "error": letter.error, "given_up_at": letter.given_up_at}
                for letter in letters
            ],
        }
        return answer(body, [act("replay", "POST", f"/v1/webhooks/{webhook}/replay")])

    @router.post("/v1/webhooks/{webhook}/replay")
    async def replay(request: Request, webhook: str) -> Response:
        """Serves it again from a position; dead letters behind it are tried again."""
        caller = await gateway.caller(request, "negotiate")
        wanted = await read_model(request, ReplayRequest, settings.max_body_bytes)
        found = await asyncio.to_thread(webhooks.replay, caller.agent, webhook, wanted.after)
        return answer({"webhook": view(found)}, [act("see_webhook", "GET", f"/v1/webhooks/{webhook}")])

    @router.delete("/v1/webhooks/{webhook}")
    async def remove(request: Request, webhook: str) -> Response:
        """Ends it at once."""
        caller = await gateway.caller(request, "negotiate")
        await asyncio.to_thread(webhooks.remove, caller.agent, webhook)
        return answer({"id": webhook}, [act("see_webhooks", "GET", "/v1/webhooks")])

    return router
