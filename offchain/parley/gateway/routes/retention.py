"""How long payloads are kept: `/v1/retention`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import NotAnOperator
from parley.gateway.gateway import Gateway
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_object
from parley.policy.retention import RetentionOrder
from parley.terms.statement import SignedStatement


class RetentionRequest(RequestModel):
    """A retention order, and its author's statement about it."""

    order: dict[str, Any]
    statement: dict[str, Any]
    signature: str


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["retention"])
    settings, desk = gateway.settings, gateway.retention

    @router.get("/v1/retention")
    async def current(request: Request) -> Response:
        """The schedule in force, for everyone signed in. Operators see the holds too, and the number that
        the next order has to carry.
        """
        caller = await gateway.caller(request, "read")
        await asyncio.to_thread(desk.folded.refresh)
        state, _ = desk.folded.current()
        body: dict[str, Any] = {
            "schedule": None if state.schedule is None else state.schedule.as_json(),
            "hash": None if state.schedule is None else state.schedule.hash(),
        }
        if gateway.is_operator(caller):
            body["holds"] = [
                {"hash": found, "order": order.as_json()} for found, order in state.holds.items()
            ]
            body["number"] = state.given
        return answer(body, [act("give_order", "POST", "/v1/retention")])

    @router.get("/v1/retention/due")
    async def due(request: Request) -> Response:
        """Negotiations whose payloads are to be erased now, oldest first. For operators."""
        caller = await gateway.caller(request, "govern")
        if not gateway.is_operator(caller):
            raise NotAnOperator("only an operator of this gateway sees what is due", agent=caller.agent)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        found = await asyncio.to_thread(gateway.eraser.due, limit)
        body = [
            {"negotiation": one.row.id, "ended_at": one.ended.ended_at, "rule": one.rule.id} for one in found
        ]
        return answer({"due": body}, [act("see_schedule", "GET", "/v1/retention")])

    @router.post("/v1/retention", status_code=201)
    async def give(request: Request) -> Response:
        """Takes an operator's signed order: a schedule, a hold, or the release of one."""
        await gateway.caller(request, "govern")
        body = parse_model(RetentionRequest, await read_object(request, settings.max_body_bytes))
        order = RetentionOrder.from_json(body.order)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        found = await asyncio.to_thread(desk.give, order, signed)
        return answer(
            {"hash": found, "order": order.as_json()}, [act("see_schedule", "GET", "/v1/retention")], 201
        )

    return router
