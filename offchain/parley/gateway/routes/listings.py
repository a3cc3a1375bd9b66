"""What agents offer and look for: `/v1/listings`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import ParameterInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_object
from parley.terms.domain import Domain
from parley.terms.quotes import Listing
from parley.terms.statement import SignedStatement


class ListingRequest(RequestModel):
    """A listing with its agent's statement, and the domain that it names, if any."""

    listing: dict[str, Any]
    statement: dict[str, Any]
    signature: str
    domain: dict[str, Any] | None = None


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["market"])
    settings, listings = gateway.settings, gateway.listings

    @router.post("/v1/listings", status_code=201)
    async def publish(request: Request) -> Response:
        """Publishes a listing that the caller signed. Repeating it changes nothing."""
        caller = await gateway.caller(request, "negotiate")
        body = parse_model(ListingRequest, await read_object(request, settings.max_body_bytes))
        listing = Listing.from_json(body.listing)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        domain = None if body.domain is None else Domain.from_json(body.domain)
        found = await asyncio.to_thread(listings.publish, caller.agent, listing, signed, domain)
        path = f"/v1/listings/{found['hash']}"
        return answer({"listing": found}, [act("withdraw_listing", "DELETE", path)], 201, {"Location": path})

    @router.get("/v1/listings")
    async def find(request: Request) -> Response:
        """Listings in force, oldest first; `capability`, `side` and `agent` filter, `after` and `limit`
        page.
        """
        await gateway.caller(request, "read")
        side = request.query_params.get("side")
        if side not in (None, "sell", "buy"):
            raise ParameterInvalid("side is sell or buy", parameter="side")
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        found, following = await asyncio.to_thread(
            listings.find,
            request.query_params.get("capability"),
            side,
            request.query_params.get("agent"),
            after,
            limit,
        )
        return answer(
            {"listings": found, "next": following}, [act("open_negotiation", "POST", "/v1/negotiations")]
        )

    @router.get("/v1/listings/{listing}")
    async def one(request: Request, listing: str) -> Response:
        """One listing, with its signature and its domain."""
        await gateway.caller(request, "read")
        found = await asyncio.to_thread(listings.get, listing)
        return answer({"listing": found}, [act("open_negotiation", "POST", "/v1/negotiations")])

    @router.delete("/v1/listings/{listing}")
    async def withdraw(request: Request, listing: str) -> Response:
        """Takes one of the caller's listings back."""
        caller = await gateway.caller(request, "negotiate")
        await asyncio.to_thread(listings.withdraw, caller.agent, listing)
        return answer({"hash": listing}, [act("find_listings", "GET", "/v1/listings")])

    return router
