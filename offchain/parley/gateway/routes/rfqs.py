"""Requests for quotes, broadcast to the agents that can do what is asked: `/v1/rfqs`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import QuotesMismatch
from parley.gateway.gateway import Gateway
from parley.gateway.web import (
    NextAction,
    RequestModel,
    act,
    answer,
    count_parameter,
    parse_model,
    read_model,
    read_object,
)
from parley.terms.domain import Domain
from parley.terms.quotes import QuoteAnswer, QuoteRequest
from parley.terms.statement import SignedStatement
from parley.terms.values import Hash32


class RfqRequest(RequestModel):
    """A request for quotes with its requester's statement, and the sealed-bid template that it names."""

    rfq: dict[str, Any]
    statement: dict[str, Any]
    signature: str
    domain: dict[str, Any]


class AnswerRequest(RequestModel):
    """An answer to a request, with its agent's statement."""

    answer: dict[str, Any]
    statement: dict[str, Any]
    signature: str


class OpeningRequest(RequestModel):
    """The negotiation that came of a request."""

    negotiation: Hash32


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["market"])
    settings, desk = gateway.settings, gateway.quotes

    def actions(rfq: str, *, mine: bool) -> list[NextAction]:
        path = f"/v1/rfqs/{rfq}"
        if not mine:
            return [act("answer", "POST", f"{path}/answers")]
        return [
            act("read_answers", "GET", f"{path}/answers"),
            act("open_negotiation", "POST", "/v1/negotiations"),
            act("tie_negotiation", "POST", f"{path}/opening"),
        ]

    @router.post("/v1/rfqs", status_code=201)
    async def post(request: Request) -> Response:
        """Broadcasts a request that the caller signed to every agent with the capabilities it names: they
        find it in their feed, webhooks and list. It counts against the caller's rate once for each.
        """
        caller = await gateway.caller(request, "negotiate")
        body = parse_model(RfqRequest, await read_object(request, settings.max_body_bytes))
        asked, domain = QuoteRequest.from_json(body.rfq), Domain.from_json(body.domain)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        reached = await asyncio.to_thread(desk.matching, asked, domain)
        gateway.rates.agent(caller.agent, len(reached))
        found, invited = await asyncio.to_thread(desk.post, caller.agent, asked, signed, domain)
        return answer(
            {"hash": found, "invited": invited},
            actions(found, mine=True),
            201,
            {"Location": f"/v1/rfqs/{found}"},
        )

    @router.get("/v1/rfqs")
    async def mine(request: Request) -> Response:
        """Requests that the caller made or was asked by, newest first; `before` and `limit` page."""
        caller = await gateway.caller(request, "read")
        before = count_parameter(request, "before", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        page, following = await asyncio.to_thread(
            desk.page, caller.agent, None if before < 0 else before, limit
        )
        return answer({"rfqs": page, "next": following}, [act("ask_for_quotes", "POST", "/v1/rfqs")])

    @router.get("/v1/rfqs/{rfq}")
    async def one(request: Request, rfq: str) -> Response:
        """A request with its template and signature. For its requester, and those that were asked."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(desk.get, caller.agent, rfq)
        return answer({"rfq": found}, actions(rfq, mine="invited" in found))

    @router.get("/v1/rfqs/{rfq}/answers")
    async def answers(request: Request, rfq: str) -> Response:
        """Every answer for the requester; the own one for who was asked."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(desk.answers, caller.agent, rfq)
        return answer({"answers": found}, [act("see_request", "GET", f"/v1/rfqs/{rfq}")])

    @router.post("/v1/rfqs/{rfq}/answers", status_code=201)
    async def say(request: Request, rfq: str) -> Response:
        """Takes the answer of an agent that was asked: whether it wants to bid. The first one stays."""
        caller = await gateway.caller(request, "negotiate")
        body = parse_model(AnswerRequest, await read_object(request, settings.max_body_bytes))
        given = QuoteAnswer.from_json(body.answer)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        if given.rfq != rfq:
            raise QuotesMismatch("the answer is to another request", expected=rfq)
        await asyncio.to_thread(desk.answer, caller.agent, given, signed)
        return answer({"rfq": rfq}, [act("see_request", "GET", f"/v1/rfqs/{rfq}")], 201)

    @router.post("/v1/rfqs/{rfq}/opening", status_code=201)
    async def opened(request: Request, rfq: str) -> Response:
        """Ties a request to the sealed-bid negotiation that its requester opened with who answered."""
        caller = await gateway.caller(request, "negotiate")
        body = await read_model(request, OpeningRequest, settings.max_body_bytes)
        await asyncio.to_thread(desk.get, caller.agent, rfq)
        live = await gateway.negotiations.readable(caller.agent, body.negotiation)
        await asyncio.to_thread(desk.opened, caller.agent, rfq, live)
        path = f"/v1/negotiations/{body.negotiation}"
        return answer({"rfq": rfq, "negotiation": body.negotiation}, [act("negotiate", "GET", path)], 201)

    return router
