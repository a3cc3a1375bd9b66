"""Negotiations and their messages: `/v1/negotiations`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from parley.gateway.admission import Posted
from parley.gateway.batches import take_batch
from parley.gateway.gateway import Gateway
from parley.gateway.live import Live
from parley.gateway.views import negotiation_actions, negotiation_path, negotiation_summary, negotiation_view
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_body, read_object
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening
from parley.terms.values import Address

BATCH = 100


class BatchRequest(RequestModel):
    """Signed messages as they would be posted singly, in the order of each negotiation."""

    messages: list[dict[str, Any]] = Field(min_length=1, max_length=BATCH)


class OpenRequest(RequestModel):
    domain: dict[str, Any]
    opening: dict[str, Any]
    message: dict[str, Any]


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["negotiations"])
    settings, service = gateway.settings, gateway.negotiations

    def posted(result: Posted, agent: Address) -> Response:
        live = result.live
        body = {
            "receipt": result.receipt.as_json(),
            "negotiation": live.state.negotiation,
            "status": live.state.status.value,
            "turn": live.state.turn if live.state.live else None,
            "round": live.state.round,
            "duplicate": result.duplicate,
        }
        actions = negotiation_actions(live, agent, gateway.clock(), [])
        location = {"Location": negotiation_path(live.state.negotiation)}
        return answer(body, actions, 200 if result.duplicate else 201, location)

    async def agreements(live: Live) -> list[dict[str, Any]]:
        return [] if live.state.live else await asyncio.to_thread(gateway.agreement_views, live)

    @router.post("/v1/negotiations", status_code=201)
    async def open_one(request: Request) -> Response:
        """Opens a negotiation: domain, opening and the initiator's signed message 0. Repeating it gives the
        same receipt.
        """
        caller = gateway.sender(request, "negotiate")
        body = parse_model(OpenRequest, await read_object(request, settings.max_body_bytes))
        domain, opening = Domain.from_json(body.domain), Opening.from_json(body.opening)
        return posted(
            await service.open(caller, domain, opening, Message.from_json(body.message)), caller.agent
        )

    @router.get("/v1/negotiations")
    async def mine(request: Request) -> Response:
        """The caller's negotiations, newest first; `before` and `limit` page."""
        caller = await gateway.caller(request, "read")
        before = count_parameter(request, "before", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        page = await asyncio.to_thread(service.page, caller.agent, None if before < 0 else before, limit)
        body = {"negotiations": [negotiation_summary(row) for row in page.items], "next": page.next}
        return answer(body, [act("open_negotiation", "POST", "/v1/negotiations")])

    @router.get("/v1/negotiations/{negotiation}")
    async def one(request: Request, negotiation: str) -> Response:
        """State, documents, agreements and what the caller can do next. For the parties only."""
        caller = await gateway.caller(request, "read")
        live = await service.readable(caller.agent, negotiation)
        signing = await agreements(live)
        body = {
            "negotiation": negotiation_view(live, caller.agent, signing),
            "domain": live.domain.as_json(),
            "opening": live.opening.as_json(),
            "equivocations": await asyncio.to_thread(service.equivocations, negotiation),
        }
        return answer(body, negotiation_actions(live, caller.agent, gateway.clock(), signing))

    @router.post("/v1/negotiations/{negotiation}/messages", status_code=201)
    async def post(request: Request, negotiation: str) -> Response:
        """Takes one signed message: 201 with its receipt, 200 with the same receipt when it was there
        already.
        """
        caller = gateway.sender(request, "negotiate")
        message = Message.parse(await read_body(request, settings.max_body_bytes))
        return posted(await service.post(caller, negotiation, message), caller.agent)

    @router.post("/v1/messages:batch")
    async def batch(request: Request) -> Response:
        """Takes up to 100 signed messages of any of the caller's negotiations. One entry each, in order: its
        receipt, or the problem that refused it. After a refusal later messages of the same negotiation are
        not looked at; other negotiations are not affected.
        """
        caller = gateway.sender(request, "negotiate")
        body = parse_model(BatchRequest, await read_object(request, settings.max_batch_bytes))
        gateway.rates.agent(caller.agent, len(body.messages) - 1)  # the request itself counted as one
        results = await take_batch(service, caller, body.messages)
        return answer({"results": results}, [act("open_negotiation", "POST", "/v1/negotiations")])

    @router.get("/v1/negotiations/{negotiation}/messages")
    async def messages(request: Request, negotiation: str) -> Response:
        """Messages with a sequence above `after`, each with its receipt."""
        caller = await gateway.caller(request, "read")
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        found = await service.messages(caller.agent, negotiation, after, limit)
        live = await service.readable(caller.agent, negotiation)
        return answer({"messages": found}, negotiation_actions(live, caller.agent, gateway.clock(), []))

    @router.get("/v1/negotiations/{negotiation}/bundle")
    async def bundle(request: Request, negotiation: str) -> Response:
        """The evidence bundle so far: verifiable offline, without this gateway."""
        caller = await gateway.caller(request, "read")
        live = await service.readable(caller.agent, negotiation)
        body = await asyncio.to_thread(gateway.evidence.of_negotiation, live)
        return answer({"bundle": body}, [act("verify_offline")])

    return router
