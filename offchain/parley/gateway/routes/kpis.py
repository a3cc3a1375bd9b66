"""Key figures: `/v1/kpis`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import NotAnOperator, ParameterInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer, count_parameter
from parley.terms.values import Address

WEEK = 7 * 86_400


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["kpis"])

    @router.get("/v1/kpis")
    async def kpis(request: Request) -> Response:
        """The key figures from `since` to before `until` (unix seconds; the last week): time to agreement,
        agreement rate, discount, policy, approvals, disputes, settlement latency, gas. An agent sees its
        own; an operator, with the scope govern, everybody's or those of `agent`.
        """
        caller = await gateway.caller(request, "read")
        now = gateway.clock()
        until = count_parameter(request, "until", now + 1)
        since = count_parameter(request, "since", max(0, until - WEEK))
        if since >= until:
            raise ParameterInvalid("since must lie before until", parameter="since")
        named = request.query_params.get("agent")
        if "govern" in caller.scopes and gateway.is_operator(caller):
            agent = None if named is None else Address(named)
        elif named is not None and Address(named) != caller.agent:
            raise NotAnOperator(
                "only an operator of this gateway sees the figures of others", agent=caller.agent
            )
        else:
            agent = caller.agent
        found = await asyncio.to_thread(gateway.kpis.of, since, until, agent)
        return answer({"kpis": found.as_json()}, [act("list_negotiations", "GET", "/v1/negotiations")])

    return router
