"""The kill switch: `/v1/controls`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import NotAnOperator
from parley.gateway.gateway import Gateway
from parley.gateway.governance.controls import STREAM
from parley.gateway.governance.watch import STREAM as ANOMALIES
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_object
from parley.policy.controls import ControlOrder
from parley.terms.statement import SignedStatement


class OrderRequest(RequestModel):
    """A control order, and its author's statement about it."""

    order: dict[str, Any]
    statement: dict[str, Any]
    signature: str


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["controls"])
    settings, room = gateway.settings, gateway.controls

    @router.get("/v1/controls")
    async def current(request: Request) -> Response:
        """What is stopped now, and the number that the next order has to carry. For everyone signed in."""
        await gateway.caller(request, "read")
        await asyncio.to_thread(room.folded.refresh)
        state, _ = room.folded.current()
        stops = [{"hash": found, "order": order.as_json()} for found, order in state.active.items()]
        return answer({"active": stops, "number": state.given}, [act("give_order", "POST", "/v1/controls")])

    @router.get("/v1/controls/log")
    async def log(request: Request) -> Response:
        """Every order given, with who signed it, from number `after` + 1 on."""
        await gateway.caller(request, "read")
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        events = await asyncio.to_thread(gateway.store.read, STREAM, after, limit)
        return answer(
            {"orders": [{**event.data, "recorded_at": event.recorded_at} for event in events]},
            [act("see_stops", "GET", "/v1/controls")],
        )

    @router.get("/v1/anomalies")
    async def anomalies(request: Request) -> Response:
        """Thresholds that were crossed, oldest first, from number `after` + 1 on. For operators."""
        caller = await gateway.caller(request, "govern")
        if not gateway.is_operator(caller):
            raise NotAnOperator("only an operator of this gateway sees alarms", agent=caller.agent)
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        events = await asyncio.to_thread(gateway.store.read, ANOMALIES, after, limit)
        return answer(
            {"anomalies": [{"number": event.sequence, **event.data["alarm"]} for event in events]},
            [act("give_order", "POST", "/v1/controls")],
        )

    @router.post("/v1/controls", status_code=201)
    async def give(request: Request) -> Response:
        """Takes an operator's signed order into force: from the next message on, in every process."""
        await gateway.caller(request, "govern")
        body = parse_model(OrderRequest, await read_object(request, settings.max_body_bytes))
        order = ControlOrder.from_json(body.order)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        found = await asyncio.to_thread(room.give, order, signed)
        return answer(
            {"hash": found, "order": order.as_json()}, [act("see_stops", "GET", "/v1/controls")], 201
        )

    return router
