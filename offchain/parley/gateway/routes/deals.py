"""Deals: submitting, reading, proving: `/v1/deals`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.gateway.gateway import Gateway
from parley.gateway.routes.deal_access import DealAccess
from parley.gateway.views import deal_summary
from parley.gateway.web import act, answer, count_parameter, read_object


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["deals"])
    settings, access = gateway.settings, DealAccess(gateway)
    limit = settings.max_body_bytes

    @router.post("/v1/deals", status_code=201)
    async def submit(request: Request) -> Response:
        """A deal signed elsewhere with both signatures (an instant one and an amendment too), or `linked`
        ones that open together, or one side's signature (seller first) on an agreed negotiation's deal.
        What could not be opened is refused before anything is stored; repeating it changes nothing.
        """
        caller = await gateway.caller(request, "settle")
        body = await read_object(request, limit)
        if "negotiation" in body:
            return await access.contribute(caller, body)
        return await (access.submit_linked if "linked" in body else access.submit_whole)(caller, body)

    @router.get("/v1/deals")
    async def mine(request: Request) -> Response:
        """The caller's deals, newest first; `before` and `limit` page."""
        caller = await gateway.caller(request, "read")
        before = count_parameter(request, "before", -1, minimum=-1)
        size = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        page = await asyncio.to_thread(
            lambda: gateway.store.deals.page(
                address=caller.agent, before=None if before < 0 else before, limit=size
            )
        )
        return answer(
            {"deals": [deal_summary(row) for row in page.items], "next": page.next},
            [act("submit_deal", "POST", "/v1/deals")],
        )

    @router.get("/v1/deals/{deal_id}")
    async def one(request: Request, deal_id: str) -> Response:
        """Where a deal stands, on the chain's word, and what the caller can do next. For its parties only."""
        caller = await gateway.caller(request, "read")
        return await asyncio.to_thread(access.shown, caller, deal_id)

    @router.get("/v1/deals/{deal_id}/proof")
    async def proof(request: Request, deal_id: str) -> Response:
        """Merkle proof that the message `sequence` stands in the transcript the deal commits to."""
        caller = await gateway.caller(request, "read")
        sequence = count_parameter(request, "sequence", 0, 2**32 - 1)
        found = await asyncio.to_thread(access.visible, caller, deal_id)
        body = await asyncio.to_thread(gateway.evidence.proof, found, sequence)
        return answer({"proof": body}, [act("download_bundle", "GET", f"/v1/deals/{deal_id}/bundle")])

    @router.get("/v1/deals/{deal_id}/bundle")
    async def bundle(request: Request, deal_id: str) -> Response:
        """The evidence bundle of the negotiation behind the deal."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(access.visible, caller, deal_id)
        return answer(
            {"bundle": await asyncio.to_thread(gateway.evidence.of_deal, found)}, [act("verify_offline")]
        )

    return router
