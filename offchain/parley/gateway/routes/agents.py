"""Who is on the market: `/v1/agents`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.gateway.directory import Profile
from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer, count_parameter, read_model


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["agents"])
    settings = gateway.settings

    @router.post("/v1/agents", status_code=201)
    async def register(request: Request) -> Response:
        """Publishes or replaces the caller's profile. Its facts are the agent's own claims."""
        caller = await gateway.caller(request, "negotiate")
        profile = await read_model(request, Profile, settings.max_body_bytes)
        stored = await asyncio.to_thread(gateway.directory.register, caller.agent, profile)
        return answer({"agent": stored}, [act("find_agents", "GET", "/v1/agents")], 201)

    @router.get("/v1/agents")
    async def find(request: Request) -> Response:
        """Agents in order of registration; `capability` filters, `after` and `limit` page."""
        await gateway.caller(request, "read")
        offset = count_parameter(request, "after", 0)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        capability = request.query_params.get("capability")
        found, following = await asyncio.to_thread(gateway.directory.find, capability, offset, limit)
        return answer(
            {"agents": found, "next": following}, [act("open_negotiation", "POST", "/v1/negotiations")]
        )

    @router.get("/v1/agents/{address}")
    async def one(request: Request, address: str) -> Response:
        """One agent's profile."""
        await gateway.caller(request, "read")
        found = await asyncio.to_thread(gateway.directory.get, address)
        actions = [
            act("open_negotiation", "POST", "/v1/negotiations"),
            act("read_reputation", "GET", f"/v1/reputation/{address}"),
        ]
        return answer({"agent": found}, actions)

    return router
