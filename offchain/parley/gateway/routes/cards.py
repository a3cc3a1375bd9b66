"""Keys to seal payloads to: `/v1/cards` and `/v1/agents/{address}/card`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer, read_object
from parley.terms.sealed import SignedCard


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["agents"])
    settings = gateway.settings

    @router.post("/v1/cards", status_code=201)
    async def publish(request: Request) -> Response:
        """Publishes the caller's key card: the card itself, and the caller's statement about it."""
        caller = await gateway.caller(request, "negotiate")
        signed = SignedCard.parse(await read_object(request, settings.max_body_bytes))
        kept = await asyncio.to_thread(gateway.cards.publish, caller.agent, signed)
        path = f"/v1/agents/{caller.agent}/card"
        return answer({"card": kept.as_json()}, [act("see_card", "GET", path)], 201, {"Location": path})

    @router.get("/v1/agents/{address}/card")
    async def one(request: Request, address: str) -> Response:
        """An agent's newest key card, with its own signature to check."""
        await gateway.caller(request, "read")
        found = await asyncio.to_thread(gateway.cards.get, address)
        return answer({"card": found.as_json()}, [act("open_negotiation", "POST", "/v1/negotiations")])

    return router
