"""What the chain says of an agent: `/v1/reputation/{agent}`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.errors import ParleyError
from parley.gateway.errors import ParameterInvalid, SettlementUnavailable
from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer
from parley.terms.values import Address


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["reputation"])

    @router.get("/v1/reputation/{agent}")
    async def reputation(request: Request, agent: str) -> Response:
        """The score in ppm, folded from the escrow's events: anyone with a node gets the same number."""
        await gateway.caller(request, "read")
        try:
            address = Address(agent)
        except ParleyError:
            raise ParameterInvalid("not an address", parameter="agent") from None
        if gateway.deals is None:
            raise SettlementUnavailable("this gateway follows no chain")
        found = await asyncio.to_thread(gateway.deals.reputation, address, gateway.clock())
        return answer({"reputation": found}, [act("read_profile", "GET", f"/v1/agents/{address}")])

    return router
